//! Changed, cut and made-up files at every door: an error or a result, never a panic.

#![cfg(feature = "cli")]

mod common;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use common::hostile::{self, DOORS, Door};
use common::{Random, tiny_llmw, tiny_model, tiny_spec};
use llmzip::codec::{Codec, Level};
use llmzip::container::{GroupCodec, GroupParams};
use llmzip::import::{ImportOptions, import_model};
use llmzip::{Options, compress};
use proptest::prelude::*;
use std::sync::OnceLock;

const TEXT: &[u8] = b"the bytes that go in are those that come out, whatever they are; ";

/// Names, sizes and places of the tensors of `hostile::CONFIG`.
fn tensors() -> Vec<(String, Vec<usize>)> {
    let mut all = vec![("model.embed_tokens".to_owned(), vec![260, 64])];
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

fn safetensors() -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, shape) in tensors() {
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

fn gguf() -> Vec<u8> {
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
    for (name, shape) in tensors() {
        let tensor = Tensor::from_vec(values(&shape), shape.clone(), &Device::Cpu).unwrap();
        let kind = if shape.len() == 1 { GgmlDType::F32 } else { GgmlDType::Q8_0 };
        let renamed = names.iter().find(|(from, _)| *from == name).unwrap().1;
        stored.push((format!("{renamed}.weight"), QTensor::quantize(&tensor, kind).unwrap()));
    }
    let mut tokens = vec!["<unk>".to_owned(), "<s>".to_owned(), "</s>".to_owned()];
    tokens.extend((0..256).map(|byte| format!("<0x{byte:02X}>")));
    tokens.push("\u{2581}t".to_owned());
    let mut kinds = vec![2i32, 3, 3];
    kinds.resize(259, 6);
    kinds.push(1);
    let list = |values: Vec<Value>| Value::Array(values);
    let metadata = [
        ("general.architecture", Value::String("llama".into())),
        ("llama.embedding_length", Value::U32(64)),
        ("llama.block_count", Value::U32(1)),
        ("llama.attention.head_count", Value::U32(1)),
        ("llama.attention.head_count_kv", Value::U32(1)),
        ("llama.feed_forward_length", Value::U32(64)),
        ("llama.context_length", Value::U32(64)),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-6)),
        ("tokenizer.ggml.model", Value::String("llama".into())),
        ("tokenizer.ggml.bos_token_id", Value::U32(1)),
        ("tokenizer.ggml.scores", list((0..260).map(|i| Value::F32(-(i as f32))).collect())),
        ("tokenizer.ggml.tokens", list(tokens.into_iter().map(Value::String).collect())),
        ("tokenizer.ggml.token_type", list(kinds.into_iter().map(Value::I32).collect())),
    ];
    let tensors: Vec<_> = stored.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let metadata: Vec<_> = metadata.iter().map(|(key, value)| (*key, value)).collect();
    let mut out = std::io::Cursor::new(Vec::new());
    gguf_file::write(&mut out, &metadata, &tensors).unwrap();
    out.into_inner()
}

/// A payload with the length and parameters that `hostile` reads before it.
fn group(codec: &Codec) -> Vec<u8> {
    let plain = TEXT.repeat(20);
    let mut params = GroupParams { lanes: 2, ..GroupParams::default() };
    params.mixer.0 = 1;
    let payload = codec.encode(&plain, &params, &|_| ()).unwrap().payload;
    let [low, high] = (plain.len() as u16 - 1).to_le_bytes();
    [&[low, high, 2, 1], &payload[..]].concat()
}

/// A file for each door that it lets in.
fn samples() -> &'static [(&'static str, Door, Vec<u8>)] {
    static SAMPLES: OnceLock<Vec<(&'static str, Door, Vec<u8>)>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let frame = |len: usize, level| {
            let options = Options { level, ..Options::default() };
            compress(&TEXT.repeat(len), &options).unwrap()
        };
        let llmw = tiny_llmw(3, |_| ());
        let sample = |name: &str| match name {
            "config_json" => hostile::CONFIG.as_bytes().to_vec(),
            "safetensors" => safetensors(),
            "gguf" => gguf(),
            "llmw" => llmw.clone(),
            // Without the known answer, the identity, the name `tiny` and the check.
            "llmw_resealed" => llmw[..llmw.len() - 32 - 32 - 5 - 8].to_vec(),
            "tokenizer_json" => hostile::byte_level_json().into_bytes(),
            "tokenizer_bytes" => tiny_spec().to_bytes(),
            "container_long" => frame(1100, Level::Light)[4..].to_vec(),
            "container_short" => frame(4, Level::Default)[2..].to_vec(),
            "group_mixer" => group(&Codec::without_model()),
            "group_model" => group(&Codec::with_model(tiny_model(1)).unwrap()),
            other => panic!("no sample for {other}"),
        };
        DOORS.map(|(name, door)| (name, door, sample(name))).into()
    })
}

#[test]
fn the_samples_are_files_that_come_in() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    for (name, door, sample) in samples() {
        door(sample);
        match *name {
            "safetensors" => {
                std::fs::write(dir.join("config.json"), hostile::CONFIG).unwrap();
                std::fs::write(dir.join("tokenizer.json"), hostile::byte_level_json()).unwrap();
                std::fs::write(dir.join("model.safetensors"), sample).unwrap();
                import_model(dir, &ImportOptions::large("x")).unwrap();
            }
            "gguf" => {
                std::fs::write(dir.join("x.gguf"), sample).unwrap();
                import_model(&dir.join("x.gguf"), &ImportOptions::large("x")).unwrap();
            }
            "container_long" => {
                let file = [&llmzip::container::LONG_MAGIC, &sample[..]].concat();
                assert!(llmzip::decompress(&file).unwrap() == TEXT.repeat(1100));
            }
            "container_short" => {
                let file = [&llmzip::container::SHORT_MAGIC, &sample[..]].concat();
                assert!(llmzip::decompress(&file).unwrap() == TEXT.repeat(4));
            }
            _ => {}
        }
    }
}

/// Bits that flip, a cut, a part put elsewhere, and bytes of nobody's making.
fn spoilt(sample: &[u8], seed: u64) -> Vec<u8> {
    let mut random = Random(seed | 1);
    let mut bytes = sample.to_vec();
    // Headers are where the decisions are made.
    let place = |random: &mut Random, len: usize| match random.below(3) {
        0 => random.below(len),
        1 => random.below(len.min(64)),
        _ => random.below(len.min(2000)),
    };
    for _ in 0..1 + random.below(4) {
        if bytes.is_empty() {
            break;
        }
        let at = place(&mut random, bytes.len());
        match random.below(6) {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)],
            3 => {
                let end = (at + 8).min(bytes.len());
                bytes[at..end].fill([0, 0xff][random.below(2)]);
            }
            4 => {
                let (from, len) = (random.below(bytes.len()), random.below(40));
                let part = bytes[from..(from + len).min(bytes.len())].to_vec();
                bytes.splice(at..at, part);
            }
            _ => {
                let len = random.below(30);
                let noise = random.bytes(len);
                let end = (at + len).min(bytes.len());
                bytes.splice(at..end, noise);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spoilt_files_end_in_an_error_or_a_result(seed in any::<u64>()) {
        for (_, door, sample) in samples() {
            door(&spoilt(sample, seed));
        }
    }

    #[test]
    fn made_up_bytes_end_in_an_error_or_a_result(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        for (_, door, _) in samples() {
            door(&bytes);
        }
    }
}
