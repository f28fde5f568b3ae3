//! The doors of `import`; those that need no import are in `doors.rs`, with what a door is.

use super::doors::{Door, in_folder};
use super::onnx::{self, Embedding, Form, Kind, Writer, Zeros};
use super::{Random, byte_level_json};
use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use llmzip::import::{ImportOptions, import_model, inspect_onnx};
use rten_onnx::onnx::TensorProto;

/// All of them, by name.
pub const DOORS: [(&str, Door); 4] =
    [("config_json", config_json), ("safetensors", safetensors), ("gguf", gguf), ("onnx", onnx)];

/// A `config.json` of one tiny block, for weights that are hostile.
pub const CONFIG: &str = r#"{
    "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 1,
    "num_key_value_heads": 1, "intermediate_size": 64, "vocab_size": 260, "rms_norm_eps": 1e-6,
    "tie_word_embeddings": true, "rope_theta": 10000.0, "bos_token_id": 0
}"#;

/// A `config.json` in a directory where all else is right for [`CONFIG`].
pub fn config_json(data: &[u8]) {
    in_folder(|dir| {
        directory(dir);
        std::fs::write(dir.join("config.json"), data).unwrap();
        drop(import_model(dir, &ImportOptions::large("x")));
    });
}

/// A `model.safetensors` in a directory where all else is right.
pub fn safetensors(data: &[u8]) {
    in_folder(|dir| {
        directory(dir);
        std::fs::write(dir.join("model.safetensors"), data).unwrap();
        drop(import_model(dir, &ImportOptions::large("x")));
    });
}

/// A GGUF file, tokenizer and all.
pub fn gguf(data: &[u8]) {
    in_folder(|dir| {
        let path = dir.join("x.gguf");
        std::fs::write(&path, data).unwrap();
        drop(import_model(&path, &ImportOptions::large("x")));
    });
}

/// Rows of [`CONFIG`].
const N_ROWS: usize = 260;

/// An ONNX file in a directory where all else is right, with a file for external data.
pub fn onnx(data: &[u8]) {
    in_folder(|dir| {
        onnx_folder(dir, data);
        drop(import_model(&dir.join("x.onnx"), &ImportOptions::large("x")));
        drop(inspect_onnx(&dir.join("x.onnx")));
    });
}

/// `x.onnx` and what belongs to it.
pub fn onnx_folder(dir: &std::path::Path, data: &[u8]) {
    directory(dir);
    std::fs::write(dir.join("x.onnx"), data).unwrap();
    std::fs::write(dir.join("x.onnx_data"), [5; 4096]).unwrap();
}

/// Puts a directory's worth of files, of one tiny block, into a folder.
pub fn directory(dir: &std::path::Path) {
    directory_of(dir, &byte_level_json(), N_ROWS);
}

/// The same with another `tokenizer.json`, of a model of so many rows.
pub fn directory_of(dir: &std::path::Path, tokenizer: &str, n_rows: usize) {
    std::fs::create_dir_all(dir).unwrap();
    let config = CONFIG.replace(&N_ROWS.to_string(), &n_rows.to_string());
    std::fs::write(dir.join("config.json"), config).unwrap();
    std::fs::write(dir.join("tokenizer.json"), tokenizer).unwrap();
    std::fs::write(dir.join("model.safetensors"), safetensors_of(n_rows)).unwrap();
}

/// Names, sizes and places of the tensors of [`CONFIG`], with so many rows.
fn tensors(n_rows: usize) -> Vec<(String, Vec<usize>)> {
    let mut all = vec![("model.embed_tokens".to_owned(), vec![n_rows, 64])];
    all.push(("model.norm".to_owned(), vec![64]));
    for part in ["q_proj", "k_proj", "v_proj", "o_proj"] {
        all.push((format!("model.layers.0.self_attn.{part}"), vec![64, 64]));
    }
    for part in ["gate_proj", "up_proj", "down_proj"] {
        all.push((format!("model.layers.0.mlp.{part}"), vec![64, 64]));
    }
    for part in ["input_layernorm", "post_attention_layernorm"] {
        all.push((format!("model.layers.0.{part}"), vec![64]));
    }
    all
}

fn values(shape: &[usize]) -> Vec<f32> {
    let mut random = Random(9);
    (0..shape.iter().product()).map(|_| random.weight()).collect()
}

fn safetensors_of(n_rows: usize) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, shape) in tensors(n_rows) {
        let start = data.len();
        data.extend(values(&shape).into_iter().flat_map(f32::to_le_bytes));
        let entry = serde_json::json!({
            "dtype": "F32", "shape": shape, "data_offsets": [start, data.len()],
        });
        header.insert(format!("{name}.weight"), entry);
    }
    let header = serde_json::to_vec(&header).unwrap();
    [&(header.len() as u64).to_le_bytes(), &header[..], &data].concat()
}

/// A file that the door of this name lets in.
fn gguf_sample() -> Vec<u8> {
    let mut tokens = vec!["<unk>".to_owned(), "<s>".to_owned(), "</s>".to_owned()];
    tokens.extend((0..256).map(|byte| format!("<0x{byte:02X}>")));
    tokens.push("\u{2581}t".to_owned());
    let mut kinds = vec![2i32, 3, 3];
    kinds.resize(259, 6);
    kinds.push(1);
    let list = |values: Vec<Value>| Value::Array(values);
    let tokenizer = [
        ("tokenizer.ggml.model", Value::String("llama".into())),
        ("tokenizer.ggml.bos_token_id", Value::U32(1)),
        ("tokenizer.ggml.scores", list((0..260).map(|i| Value::F32(-(i as f32))).collect())),
        ("tokenizer.ggml.tokens", list(tokens.into_iter().map(Value::String).collect())),
        ("tokenizer.ggml.token_type", list(kinds.into_iter().map(Value::I32).collect())),
    ];
    gguf_of(&tokenizer, N_ROWS)
}

/// A GGUF file of one tiny block, with this tokenizer and so many rows.
pub fn gguf_of(tokenizer: &[(&str, Value)], n_rows: usize) -> Vec<u8> {
    let names = [
        ("model.embed_tokens", "token_embd"),
        ("model.norm", "output_norm"),
        ("model.layers.0.self_attn.q_proj", "blk.0.attn_q"),
        ("model.layers.0.self_attn.k_proj", "blk.0.attn_k"),
        ("model.layers.0.self_attn.v_proj", "blk.0.attn_v"),
        ("model.layers.0.self_attn.o_proj", "blk.0.attn_output"),
        ("model.layers.0.mlp.gate_proj", "blk.0.ffn_gate"),
        ("model.layers.0.mlp.up_proj", "blk.0.ffn_up"),
        ("model.layers.0.mlp.down_proj", "blk.0.ffn_down"),
        ("model.layers.0.input_layernorm", "blk.0.attn_norm"),
        ("model.layers.0.post_attention_layernorm", "blk.0.ffn_norm"),
    ];
    let mut stored = Vec::new();
    for (name, shape) in tensors(n_rows) {
        let tensor = Tensor::from_vec(values(&shape), shape.clone(), &Device::Cpu).unwrap();
        let kind = if shape.len() == 1 { GgmlDType::F32 } else { GgmlDType::Q8_0 };
        let renamed = names.iter().find(|(from, _)| *from == name).unwrap().1;
        stored.push((format!("{renamed}.weight"), QTensor::quantize(&tensor, kind).unwrap()));
    }
    let metadata = [
        ("general.architecture", Value::String("llama".into())),
        ("llama.embedding_length", Value::U32(64)),
        ("llama.block_count", Value::U32(1)),
        ("llama.attention.head_count", Value::U32(1)),
        ("llama.attention.head_count_kv", Value::U32(1)),
        ("llama.feed_forward_length", Value::U32(64)),
        ("llama.context_length", Value::U32(64)),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-6)),
    ];
    let tensors: Vec<_> = stored.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let metadata: Vec<_> =
        metadata.iter().chain(tokenizer).map(|(key, value)| (*key, value)).collect();
    let mut out = std::io::Cursor::new(Vec::new());
    gguf_file::write(&mut out, &metadata, &tensors).unwrap();
    out.into_inner()
}

/// A file that the door of this name lets in: blocks with zero points, a part of them in the other file.
fn onnx_sample() -> Vec<u8> {
    let tensors = tensors(N_ROWS).into_iter();
    let tensors: onnx::Floats = tensors
        .map(|(name, shape)| (format!("{name}.weight"), (shape.clone(), values(&shape))))
        .collect();
    let kind = Kind::Blocks { bits: 4, block: 32, zeros: Zeros::Packed };
    let mut writer = Writer::default();
    writer.fill(&Form { kind, embedding: Embedding::Bytes, ..Form::PLAIN }, &tensors, [1, 1]);
    let is_up = |tensor: &&mut TensorProto| {
        tensor.name.as_deref().is_some_and(|name| name.ends_with("up_proj.MatMul.weight_Q4"))
    };
    let up = writer.graph.initializer.iter_mut().find(is_up).unwrap();
    onnx::make_external(up, "x.onnx_data", &mut vec![0; 32]);
    onnx::file_of(writer.graph)
}

/// The sample of a door.
pub fn sample(name: &str) -> Vec<u8> {
    match name {
        "config_json" => CONFIG.as_bytes().to_vec(),
        "safetensors" => safetensors_of(N_ROWS),
        "gguf" => gguf_sample(),
        "onnx" => onnx_sample(),
        other => panic!("no sample for {other}"),
    }
}
