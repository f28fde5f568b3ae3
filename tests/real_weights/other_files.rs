//! The same weights in the other files that they are published in: a directory of safetensors, and an ONNX graph.

use super::{IDENTITY, weights};
use crate::common::onnx::{file_of, node, set_external, tensor, text};
use candle_core::Device;
use candle_core::quantized::gguf_file::{Content, Value};
use llmzip::import::{ImportOptions, import_to_file};
use rten_onnx::onnx::{DataType, GraphProto};
use serde_json::json;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

/// Names in Hugging Face's files, and in a GGUF.
const PARTS: [(&str, &str); 9] = [
    ("input_layernorm", "attn_norm"),
    ("post_attention_layernorm", "ffn_norm"),
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
];

/// Rows in the order of Hugging Face, which rotates halves of a head where llama.cpp rotates neighbours.
fn reordered(values: &[f32], heads: usize, cols: usize) -> Vec<f32> {
    let head_dim = values.len() / cols / heads;
    let row =
        |head: usize, j: usize, i: usize| &values[(head * head_dim + 2 * i + j) * cols..][..cols];
    let mut out = Vec::with_capacity(values.len());
    for head in 0..heads {
        for j in 0..2 {
            (0..head_dim / 2).for_each(|i| out.extend(row(head, j, i)));
        }
    }
    out
}

/// Writes the directory, and in it a graph whose data is that of the safetensors file.
fn write(gguf: &Path, dir: &Path) {
    let mut file = File::open(gguf).unwrap();
    let content = Content::read(&mut file).unwrap();
    let number = |key: &str| content.metadata[key].to_u32().unwrap() as usize;
    let n_layers = number("llama.block_count");
    let heads = [number("llama.attention.head_count"), number("llama.attention.head_count_kv")];
    let mut names = vec![("model.embed_tokens".to_owned(), "token_embd".to_owned())];
    for layer in 0..n_layers {
        names.extend(PARTS.map(|(name, stored)| {
            (format!("model.layers.{layer}.{name}"), format!("blk.{layer}.{stored}"))
        }));
    }
    names.push(("model.norm".to_owned(), "output_norm".to_owned()));
    // The header first: its length moves the data.
    let (mut header, mut at) = (serde_json::Map::new(), 0);
    for (name, stored) in &names {
        let shape = content.tensor_infos[&format!("{stored}.weight")].shape.dims().to_vec();
        let end = at + 4 * shape.iter().product::<usize>();
        let entry = json!({ "dtype": "F32", "shape": shape, "data_offsets": [at, end] });
        header.insert(format!("{name}.weight"), entry);
        at = end;
    }
    let header_text = serde_json::to_vec(&header).unwrap();
    let data_start = 8 + header_text.len();
    let mut out = BufWriter::new(File::create(dir.join("model.safetensors")).unwrap());
    out.write_all(&(header_text.len() as u64).to_le_bytes()).unwrap();
    out.write_all(&header_text).unwrap();
    let mut graph = GraphProto::default();
    for (name, stored) in &names {
        let stored = content.tensor(&mut file, &format!("{stored}.weight"), &Device::Cpu).unwrap();
        let floats = stored.dequantize(&Device::Cpu).unwrap();
        let shape = floats.dims().to_vec();
        let mut values: Vec<f32> = floats.flatten_all().unwrap().to_vec1().unwrap();
        for (part, heads) in [("q_proj", heads[0]), ("k_proj", heads[1])] {
            if name.ends_with(part) {
                values = reordered(&values, heads, shape[1]);
            }
        }
        for value in &values {
            out.write_all(&value.to_le_bytes()).unwrap();
        }
        let full = format!("{name}.weight");
        let place = &header[&full]["data_offsets"];
        let [start, end] = [0, 1].map(|i| place[i].as_u64().unwrap());
        let mut constant = tensor(&full, DataType::FLOAT, &shape, Vec::new());
        constant.raw_data = None;
        set_external(&mut constant, "model.safetensors", start + data_start as u64, end - start);
        graph.initializer.push(constant);
        let (input, output) = ("x", format!("{name}/output"));
        let mut node = match shape[..] {
            [_] => node("", "SimplifiedLayerNormalization", "", &[input, &full], &[&output]),
            _ if name == "model.embed_tokens" => {
                node("", "Gather", "", &[&full, "input_ids"], &[&output])
            }
            _ => {
                let mut product = node("", "Gemm", "", &[input, &full], &[&output]);
                product.attribute.push(crate::common::onnx::int("transB", 1));
                product
            }
        };
        node.name = text(&format!("/{}/Op", name.replace('.', "/").replace("layers/", "layers.")));
        graph.node.push(node);
    }
    out.into_inner().unwrap().sync_all().unwrap();
    fs::write(dir.join("model.onnx"), file_of(graph)).unwrap();
    describe(&content.metadata, &number, dir);
}

/// `config.json` and `tokenizer.json`.
fn describe(
    metadata: &std::collections::HashMap<String, Value>,
    number: &dyn Fn(&str) -> usize,
    dir: &Path,
) {
    let float = |key: &str| metadata[key].to_f32().unwrap();
    let config = json!({
        "model_type": "llama",
        "hidden_size": number("llama.embedding_length"),
        "num_hidden_layers": number("llama.block_count"),
        "num_attention_heads": number("llama.attention.head_count"),
        "num_key_value_heads": number("llama.attention.head_count_kv"),
        "intermediate_size": number("llama.feed_forward_length"),
        "vocab_size": number("llama.vocab_size"),
        "rms_norm_eps": float("llama.attention.layer_norm_rms_epsilon"),
        "rope_theta": float("llama.rope.freq_base"),
        "max_position_embeddings": number("llama.context_length"),
        "tie_word_embeddings": true,
        "bos_token_id": number("tokenizer.ggml.bos_token_id"),
    });
    fs::write(dir.join("config.json"), config.to_string()).unwrap();
    let list = |key: &str| metadata[key].to_vec().unwrap();
    let tokens: Vec<&String> =
        list("tokenizer.ggml.tokens").iter().map(|token| token.to_string().unwrap()).collect();
    let kinds = list("tokenizer.ggml.token_type").iter().map(|kind| kind.to_i32().unwrap());
    let special: Vec<_> = kinds
        .enumerate()
        .filter(|(_, kind)| !matches!(kind, 1 | 6))
        .map(|(id, _)| json!({ "id": id, "content": tokens[id], "special": true }))
        .collect();
    let merges = list("tokenizer.ggml.merges").iter().map(|merge| merge.to_string().unwrap());
    let vocab: serde_json::Map<_, _> =
        tokens.iter().enumerate().map(|(id, token)| ((*token).clone(), id.into())).collect();
    let tokenizer = json!({
        "added_tokens": special,
        "pre_tokenizer": { "type": "Sequence", "pretokenizers": [
            { "type": "Digits", "individual_digits": true },
            { "type": "ByteLevel", "add_prefix_space": false, "use_regex": true },
        ]},
        "model": { "type": "BPE", "vocab": vocab, "merges": merges.collect::<Vec<_>>() },
    });
    fs::write(dir.join("tokenizer.json"), tokenizer.to_string()).unwrap();
}

/// The safetensors file has half a gigabyte; the graph reads the same bytes.
#[test]
fn the_same_weights_in_other_files_are_the_same_model() {
    let Some(gguf) = weights() else { return };
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("other_files");
    drop(fs::remove_dir_all(&dir));
    fs::create_dir_all(&dir).unwrap();
    write(&gguf, &dir);
    let graph = dir.join("model.onnx");
    for source in [&dir, &graph] {
        let options = ImportOptions::large("smollm2");
        let id = import_to_file(source, &options, &dir.join("made.llmw")).unwrap();
        assert_eq!(id.to_string(), IDENTITY, "{}", source.display());
    }
    fs::remove_dir_all(&dir).unwrap();
}
