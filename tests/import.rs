//! Other people's model files, whole and damaged, by every route into the same numbers.

#![cfg(feature = "cli")]

mod common;
#[path = "import/export.rs"]
mod export;
#[path = "import/four_bits.rs"]
mod four_bits;
#[path = "import/hostile.rs"]
mod hostile;
#[path = "import/interrupted.rs"]
mod interrupted;
#[path = "import/onnx.rs"]
mod onnx;
#[path = "import/outliers.rs"]
mod outliers;
#[path = "import/published.rs"]
mod published;
#[cfg(unix)]
#[path = "common/signals.rs"]
mod signals;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use common::{Random, shared, tiny_llmw};
use llmzip::container::WindowPolicy;
use llmzip::import::{Bits, ImportOptions, compare_with_float, import_model, import_to_file};
use llmzip::kernels::Isa;
use llmzip::model::{Feed, Model, Session, Storage, builtin, inspect_llmw};
use llmzip::tokenizer::TokenizerSpec;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder that goes when the test ends.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn dir(&self) -> &Path {
        self.0.path()
    }
}

/// The tensors of a safetensors file as bytes: kind, shape, data.
type Tensors = BTreeMap<String, (String, Vec<usize>, Vec<u8>)>;

fn read_tensors(path: &Path) -> Tensors {
    let bytes = fs::read(path).unwrap();
    let header_len = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: BTreeMap<String, Json> = serde_json::from_slice(&bytes[8..8 + header_len]).unwrap();
    let data = &bytes[8 + header_len..];
    let number = |value: &Json| value.as_u64().unwrap() as usize;
    let entries = header.into_iter().filter(|(name, _)| name != "__metadata__");
    entries
        .map(|(name, entry)| {
            let shape = entry["shape"].as_array().unwrap().iter().map(number).collect();
            let place = number(&entry["data_offsets"][0])..number(&entry["data_offsets"][1]);
            (name, (entry["dtype"].as_str().unwrap().to_owned(), shape, data[place].to_vec()))
        })
        .collect()
}

fn write_tensors(path: &Path, tensors: &Tensors) {
    let mut header = serde_json::Map::new();
    let mut data = Vec::new();
    for (name, (kind, shape, bytes)) in tensors {
        let offsets = [data.len(), data.len() + bytes.len()];
        header.insert(
            name.clone(),
            json!({ "dtype": kind, "shape": shape, "data_offsets": offsets }),
        );
        data.extend_from_slice(bytes);
    }
    let header = serde_json::to_vec(&header).unwrap();
    let mut out = (header.len() as u64).to_le_bytes().to_vec();
    out.extend(header);
    out.extend(data);
    fs::write(path, out).unwrap();
}

fn floats(kind: &str, bytes: &[u8]) -> Vec<f32> {
    match kind {
        "F32" => bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        "BF16" => {
            let pairs = bytes.as_chunks::<2>().0.iter();
            pairs.map(|b| f32::from_bits(u32::from(u16::from_le_bytes(*b)) << 16)).collect()
        }
        _ => panic!("{kind}"),
    }
}

/// A directory with a small random model of a family: 256 bytes and no merges.
fn small_model(folder: &Folder, config: Json) {
    let printable = |b: u32| (0x21..=0x7e).contains(&b) || (0xa1..=0xac).contains(&b) || b >= 0xae;
    let mut next = 256;
    let mut vocab = serde_json::Map::new();
    for byte in 0..256u32 {
        let letter = if printable(byte) {
            byte
        } else {
            next += 1;
            next - 1
        };
        vocab.insert(char::from_u32(letter).unwrap().to_string(), json!(byte + 1));
    }
    let tokenizer = json!({
        "added_tokens": [{ "id": 0, "content": "<s>", "special": true }],
        "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false, "use_regex": true },
        "model": { "type": "BPE", "vocab": vocab, "merges": [] },
    });
    let number = |field: &str| config[field].as_u64().unwrap() as usize;
    let (hidden, wide) = (number("hidden_size"), number("intermediate_size"));
    let head_dim = config["head_dim"].as_u64().map_or(64, |n| n as usize);
    let query = number("num_attention_heads") * head_dim;
    let key = number("num_key_value_heads") * head_dim;
    let mut random = Random(7);
    let mut tensors = Tensors::new();
    let mut add = |name: String, shape: &[usize], at: f32, spread: f32| {
        let values = (0..shape.iter().product()).map(|_| at + spread * random.weight());
        let bytes = values.flat_map(f32::to_le_bytes).collect();
        tensors.insert(name, ("F32".to_owned(), shape.to_vec(), bytes));
    };
    add("model.embed_tokens.weight".into(), &[number("vocab_size"), hidden], 0.0, 0.2);
    if config["tie_word_embeddings"] != true {
        add("lm_head.weight".into(), &[number("vocab_size"), hidden], 0.0, 0.1);
    }
    add("model.norm.weight".into(), &[hidden], 1.0, 0.3);
    for layer in 0..number("num_hidden_layers") {
        let name = |part: &str| format!("model.layers.{layer}.{part}");
        for (part, rows, cols) in [
            ("self_attn.q_proj.weight", query, hidden),
            ("self_attn.k_proj.weight", key, hidden),
            ("self_attn.v_proj.weight", key, hidden),
            ("self_attn.o_proj.weight", hidden, query),
            ("mlp.gate_proj.weight", wide, hidden),
            ("mlp.up_proj.weight", wide, hidden),
            ("mlp.down_proj.weight", hidden, wide),
        ] {
            add(name(part), &[rows, cols], 0.0, 0.15);
        }
        add(name("input_layernorm.weight"), &[hidden], 1.0, 0.3);
        add(name("post_attention_layernorm.weight"), &[hidden], 1.0, 0.3);
        match config["model_type"].as_str().unwrap() {
            "qwen3" => {
                add(name("self_attn.q_norm.weight"), &[head_dim], 1.0, 0.3);
                add(name("self_attn.k_norm.weight"), &[head_dim], 1.0, 0.3);
            }
            "qwen2" => {
                add(name("self_attn.q_proj.bias"), &[query], 0.0, 1.0);
                add(name("self_attn.k_proj.bias"), &[key], 0.0, 1.0);
                add(name("self_attn.v_proj.bias"), &[key], 0.0, 1.0);
            }
            _ => {}
        }
    }
    write_tensors(&folder.path("model.safetensors"), &tensors);
    fs::write(folder.path("tokenizer.json"), tokenizer.to_string()).unwrap();
    fs::write(folder.path("config.json"), config.to_string()).unwrap();
}

fn small_config(family: &str) -> Json {
    json!({
        "model_type": family,
        "hidden_size": 192,
        "num_hidden_layers": 3,
        "num_attention_heads": 3,
        "num_key_value_heads": 1,
        "intermediate_size": 320,
        "vocab_size": 260,
        "rms_norm_eps": 1e-6,
        "max_position_embeddings": 256,
        "tie_word_embeddings": true,
        "rope_theta": 10000.0,
        "bos_token_id": 0,
    })
}

fn options() -> ImportOptions {
    ImportOptions { group: 64, ..ImportOptions::large("small") }
}

fn open(bytes: &[u8]) -> Arc<Model> {
    Arc::new(Model::open(Storage::copy(bytes)).unwrap())
}

/// What the float model says of the same text must be nearly what we say.
fn assert_agrees(source: &Path, what: &str) {
    let model = open(&import_model(source, &options()).unwrap());
    let text = Random(3).bytes(150);
    let found = compare_with_float(&model, source, &text).unwrap();
    println!("{what}: {found:?}");
    assert!(found.worst_cosine > 0.999, "{what}: {found:?}");
    assert!((found.exact_bits / found.float_bits - 1.0).abs() < 0.01, "{what}: {found:?}");
}

/// The configuration of a small model of a family, with other values in some fields.
fn changed_config(family: &str, change: &[(&str, Json)]) -> Json {
    let mut config = small_config(family);
    for (field, value) in change {
        config[*field] = value.clone();
    }
    config
}

/// Fields for layers of which some see less than the others.
fn windows_of_layers() -> [(&'static str, Json); 4] {
    [
        ("head_dim", json!(128)),
        ("use_sliding_window", json!(true)),
        ("sliding_window", json!(24)),
        ("layer_types", json!(["sliding_attention", "full_attention", "sliding_attention"])),
    ]
}

#[test]
fn every_family_agrees_with_its_float_model() {
    let llama3 = json!({
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    });
    let windows = &windows_of_layers()[..];
    let older_windows: &[(&str, Json)] = &[
        ("use_sliding_window", json!(true)),
        ("sliding_window", json!(40)),
        ("max_window_layers", json!(1)),
    ];
    let newer = json!({ "rope_theta": 500.0, "rope_type": "default" });
    let configs = [
        ("qwen3", changed_config("qwen3", &[("head_dim", json!(128))])),
        (
            "qwen3, other form",
            changed_config(
                "qwen3",
                &[("rope_theta", Json::Null), ("rope_parameters", newer), ("head_dim", json!(64))],
            ),
        ),
        ("qwen2", changed_config("qwen2", &[])),
        ("qwen3, windows", changed_config("qwen3", windows)),
        ("qwen2, windows in the older form", changed_config("qwen2", older_windows)),
        ("llama", changed_config("llama", &[])),
        ("llama, untied", changed_config("llama", &[("tie_word_embeddings", json!(false))])),
        ("llama 3", changed_config("llama", &[("rope_scaling", llama3)])),
    ];
    for (what, config) in configs {
        let folder = Folder::new();
        small_model(&folder, config);
        assert_agrees(folder.dir(), what);
    }
}

#[test]
fn both_forms_of_the_rotary_base_mean_the_same() {
    let (old, new) = (Folder::new(), Folder::new());
    small_model(&old, small_config("llama"));
    let mut config = small_config("llama");
    config.as_object_mut().unwrap().remove("rope_theta");
    config["rope_parameters"] = json!({ "rope_theta": 10000.0, "rope_type": "default" });
    small_model(&new, config);
    let import = |folder: &Folder| import_model(folder.dir(), &options()).unwrap();
    assert!(import(&old) == import(&new));
}

#[test]
fn what_the_engine_cannot_do_is_refused_by_its_field() {
    let cases = [
        ("model_type", json!("mamba"), "model_type is mamba"),
        ("hidden_act", json!("gelu"), "hidden_act is gelu"),
        ("attention_bias", json!(true), "attention_bias"),
        ("mlp_bias", json!(true), "mlp_bias"),
        ("rope_scaling", json!({ "rope_type": "yarn", "factor": 4.0 }), "yarn"),
        ("rope_scaling", json!({ "type": "linear" }), "factor"),
        ("rope_theta", json!(0.5), "rope_theta"),
        ("head_dim", json!(80), "head_dim"),
        ("num_key_value_heads", json!(2), "kv_heads"),
        ("num_hidden_layers", json!(0), "layers"),
        ("hidden_size", json!(1u64 << 40), "hidden"),
        ("layer_types", json!(vec!["sliding_attention"; 3]), "sliding_attention"),
        ("layer_types", json!(vec!["linear_attention"; 3]), "linear_attention"),
        ("quantization_config", json!({ "quant_method": "gptq" }), "gptq"),
        ("bos_token_id", json!(9999), "9999"),
        ("intermediate_size", json!(64), "mlp.gate_proj"),
        ("num_hidden_layers", json!(4), "layers.3"),
        ("hidden_size", Json::Null, "hidden_size"),
    ];
    let folder = Folder::new();
    small_model(&folder, small_config("llama"));
    for (field, value, says) in cases {
        let mut config = small_config("llama");
        match value {
            Json::Null => drop(config.as_object_mut().unwrap().remove(field)),
            value => config[field] = value,
        }
        fs::write(folder.path("config.json"), config.to_string()).unwrap();
        let error = import_model(folder.dir(), &options()).unwrap_err().to_string();
        assert!(error.contains(says), "{field}: {error}");
    }
}

#[test]
fn linear_scaling_stretches_positions() {
    let (plain, linear) = (Folder::new(), Folder::new());
    small_model(&plain, small_config("llama"));
    let mut config = small_config("llama");
    config["rope_scaling"] = json!({ "type": "linear", "factor": 2.0 });
    small_model(&linear, config);
    let bytes = [&plain, &linear].map(|folder| import_model(folder.dir(), &options()).unwrap());
    assert_eq!(bytes[0].len(), bytes[1].len());
    assert!(bytes[0] != bytes[1]);
}

#[test]
fn windows_of_layers_hide_what_is_far_and_nothing_else() {
    let text = Random(3).bytes(150);
    let compare = |windows: Option<usize>| {
        let folder = Folder::new();
        let mut config = small_config("qwen3");
        config["head_dim"] = json!(64);
        if let Some(window) = windows {
            config["use_sliding_window"] = json!(true);
            config["sliding_window"] = json!(window);
            config["max_window_layers"] = json!(0);
        }
        small_model(&folder, config);
        let model = open(&import_model(folder.dir(), &options()).unwrap());
        compare_with_float(&model, folder.dir(), &text).unwrap()
    };
    let (plain, wide, narrow) = (compare(None), compare(Some(151)), compare(Some(20)));
    assert_eq!(plain.exact_bits, wide.exact_bits);
    // candle's model, and the one for windows.
    assert!((plain.float_bits / wide.float_bits - 1.0).abs() < 1e-5, "{plain:?} {wide:?}");
    assert!((plain.float_bits / narrow.float_bits - 1.0).abs() > 1e-3, "{plain:?} {narrow:?}");
}

#[test]
fn mistral_is_llama_with_a_window_in_every_layer() {
    let text = Random(3).bytes(150);
    let compare = |family: &str, window: Option<usize>| {
        let folder = Folder::new();
        let mut config = small_config(family);
        config["sliding_window"] = json!(window);
        small_model(&folder, config);
        let model = open(&import_model(folder.dir(), &options()).unwrap());
        compare_with_float(&model, folder.dir(), &text).unwrap()
    };
    let (llama, wide) = (compare("llama", None), compare("mistral", None));
    assert_eq!((llama.exact_bits, llama.float_bits), (wide.exact_bits, wide.float_bits));
    let narrow = compare("mistral", Some(20));
    assert!((narrow.exact_bits / narrow.float_bits - 1.0).abs() < 1e-2, "{narrow:?}");
    assert!((wide.float_bits / narrow.float_bits - 1.0).abs() > 1e-3, "{wide:?} {narrow:?}");
}

#[test]
fn windows_that_contradict_themselves_are_refused() {
    let sliding = json!(vec!["sliding_attention"; 3]);
    let cases = [
        (json!({ "layer_types": sliding }), "use_sliding_window"),
        (
            json!({ "layer_types": sliding, "use_sliding_window": true }),
            "sliding_window is missing",
        ),
        (
            json!({ "layer_types": ["sliding_attention"], "use_sliding_window": true }),
            "length of layer_types is 1",
        ),
        (
            json!({ "use_sliding_window": true, "max_window_layers": 2, "sliding_window": 0 }),
            "sliding_window is missing",
        ),
    ];
    for (fields, says) in cases {
        let folder = Folder::new();
        let mut config = small_config("qwen3");
        config["head_dim"] = json!(64);
        config.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        small_model(&folder, config);
        let error = import_model(folder.dir(), &options()).unwrap_err().to_string();
        assert!(error.contains(says), "{fields}: {error}");
    }
}

/// Cuts the tensors into two files with an index.
fn shard(tensors: &Tensors, folder: &Folder) {
    let mut files = [Tensors::new(), Tensors::new()];
    let mut map = serde_json::Map::new();
    for (i, (name, tensor)) in tensors.iter().enumerate() {
        files[i % 2].insert(name.clone(), tensor.clone());
        map.insert(name.clone(), json!(format!("model-0000{}-of-00002.safetensors", i % 2 + 1)));
    }
    for (i, file) in files.iter().enumerate() {
        write_tensors(&folder.path(&format!("model-0000{}-of-00002.safetensors", i + 1)), file);
    }
    let index = json!({ "metadata": {}, "weight_map": map }).to_string();
    fs::write(folder.path("model.safetensors.index.json"), index).unwrap();
}

/// Cuts a file into pieces of odd lengths.
fn cut(path: &Path, folder: &Folder, name: &str) {
    let bytes = fs::read(path).unwrap();
    let ends = [5, bytes.len() / 3 + 1, bytes.len() / 3 + 2, bytes.len()];
    let mut start = 0;
    for (i, end) in ends.into_iter().enumerate() {
        fs::write(folder.path(&format!("{name}.part.{i}")), &bytes[start..end]).unwrap();
        start = end;
    }
}

#[test]
fn the_builtin_is_the_same_model_by_every_route() {
    let Some(dir) = shared("builtin-v0") else { return };
    let tensors = read_tensors(&dir.join("model.safetensors"));
    let options = ImportOptions::builtin();
    let import = |folder: &Path| open(&import_model(folder, &options).unwrap());
    let whole = import(&dir);
    if whole.id() != builtin().id() {
        println!("the builtin has other start values than a plain import");
    }
    let config = |folder: &Folder| {
        for file in ["config.json", "tokenizer.json"] {
            fs::copy(dir.join(file), folder.path(file)).unwrap();
        }
    };
    let sharded = Folder::new();
    config(&sharded);
    shard(&tensors, &sharded);
    assert_eq!(import(sharded.dir()).id(), whole.id(), "sharded");

    let pieces = Folder::new();
    config(&pieces);
    cut(&dir.join("model.safetensors"), &pieces, "model.safetensors");
    assert_eq!(import(pieces.dir()).id(), whole.id(), "pieces");

    let gguf = Folder::new();
    // Half precision holds each of these weights but the tiniest, and those not to a step.
    for kind in [GgmlDType::F32, GgmlDType::BF16, GgmlDType::F16] {
        let path = gguf.path(&format!("{kind:?}.gguf"));
        builtin_gguf(&dir, &tensors, kind, &path);
        assert_eq!(import(&path).id(), whole.id(), "GGUF, {kind:?}");
        let pieces = Folder::new();
        cut(&path, &pieces, "m.gguf");
        assert_eq!(import(&pieces.path("m.gguf")).id(), whole.id(), "GGUF in pieces, {kind:?}");
    }
    let path = gguf.path("q8.gguf");
    builtin_gguf(&dir, &tensors, GgmlDType::Q8_0, &path);
    let found = compare_with_float(&import(&path), &dir, b"The quick brown fox.").unwrap();
    println!("Q8_0 beside the weights it was made of: {found:?}");
    assert!(found.worst_cosine > 0.99);

    let file = gguf.path("made.llmw");
    let id = import_to_file(&dir, &options, &file).unwrap();
    assert_eq!((id, inspect_llmw(&file).unwrap().id), (*whole.id(), id));
    assert!(fs::read(&file).unwrap() == import_model(&dir, &options).unwrap());
}

/// The builtin's weights and tokenizer as llama.cpp's converter would write them.
fn builtin_gguf(dir: &Path, tensors: &Tensors, kind: GgmlDType, path: &Path) {
    let config: Json = serde_json::from_slice(&fs::read(dir.join("config.json")).unwrap()).unwrap();
    let tokenizer: Json =
        serde_json::from_slice(&fs::read(dir.join("tokenizer.json")).unwrap()).unwrap();
    let number = |field: &str| Value::U32(config[field].as_u64().unwrap() as u32);
    let n_rows = config["vocab_size"].as_u64().unwrap() as usize;
    let mut tokens: Vec<String> = (0..n_rows).map(|i| format!("[PAD{i}]")).collect();
    let mut kinds = vec![5i32; n_rows];
    for (text, id) in tokenizer["model"]["vocab"].as_object().unwrap() {
        let id = id.as_u64().unwrap() as usize;
        (tokens[id], kinds[id]) = (text.clone(), 1);
    }
    for added in tokenizer["added_tokens"].as_array().unwrap() {
        let id = added["id"].as_u64().unwrap() as usize;
        (tokens[id], kinds[id]) = (added["content"].as_str().unwrap().to_owned(), 3);
    }
    let merges = tokenizer["model"]["merges"].as_array().unwrap().iter().map(|merge| match merge {
        Json::String(text) => Value::String(text.clone()),
        pair => {
            Value::String(format!("{} {}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()))
        }
    });
    let pre = match tokenizer["pre_tokenizer"].to_string().contains("{1,3}") {
        true => "llama-bpe",
        false => "qwen2",
    };
    let text = |text: &str| Value::String(text.to_owned());
    let metadata = [
        ("general.architecture", text("qwen3")),
        ("qwen3.embedding_length", number("hidden_size")),
        ("qwen3.block_count", number("num_hidden_layers")),
        ("qwen3.attention.head_count", number("num_attention_heads")),
        ("qwen3.attention.head_count_kv", number("num_key_value_heads")),
        ("qwen3.attention.key_length", number("head_dim")),
        ("qwen3.feed_forward_length", number("intermediate_size")),
        ("qwen3.context_length", number("max_position_embeddings")),
        ("qwen3.attention.layer_norm_rms_epsilon", Value::F32(1e-6)),
        ("qwen3.rope.freq_base", Value::F32(config["rope_theta"].as_f64().unwrap() as f32)),
        ("tokenizer.ggml.model", text("gpt2")),
        ("tokenizer.ggml.pre", text(pre)),
        ("tokenizer.ggml.bos_token_id", number("bos_token_id")),
        ("tokenizer.ggml.merges", Value::Array(merges.collect())),
        ("tokenizer.ggml.tokens", Value::Array(tokens.into_iter().map(Value::String).collect())),
        ("tokenizer.ggml.token_type", Value::Array(kinds.into_iter().map(Value::I32).collect())),
    ];
    write_gguf(path, &metadata, tensors, kind, None);
}

/// Writes tensors under llama.cpp's names; of `heads`, q and k are permuted as its converter does.
fn write_gguf(
    path: &Path,
    metadata: &[(&str, Value)],
    tensors: &Tensors,
    kind: GgmlDType,
    heads: Option<[usize; 2]>,
) {
    let mut stored = Vec::new();
    for (name, (float, shape, bytes)) in tensors {
        let mut values = floats(float, bytes);
        let n_heads = heads.and_then(|[query, key]| match name {
            name if name.contains("q_proj") => Some(query),
            name if name.contains("k_proj") => Some(key),
            _ => None,
        });
        if let Some(n_heads) = n_heads {
            let (rows, cols) = (shape[0], shape[1]);
            let half = rows / n_heads / 2;
            let original = values.clone();
            for row in 0..rows {
                let (head, within) = (row / (2 * half), row % (2 * half));
                let from = head * 2 * half + within % 2 * half + within / 2;
                values[row * cols..(row + 1) * cols]
                    .copy_from_slice(&original[from * cols..(from + 1) * cols]);
            }
        }
        let renamed = name
            .replace("model.embed_tokens", "token_embd")
            .replace("lm_head", "output")
            .replace("model.norm", "output_norm")
            .replace("model.layers.", "blk.")
            .replace("self_attn.q_proj", "attn_q")
            .replace("self_attn.k_proj", "attn_k")
            .replace("self_attn.v_proj", "attn_v")
            .replace("self_attn.o_proj", "attn_output")
            .replace("self_attn.q_norm", "attn_q_norm")
            .replace("self_attn.k_norm", "attn_k_norm")
            .replace("input_layernorm", "attn_norm")
            .replace("post_attention_layernorm", "ffn_norm")
            .replace("mlp.gate_proj", "ffn_gate")
            .replace("mlp.up_proj", "ffn_up")
            .replace("mlp.down_proj", "ffn_down");
        let tensor = Tensor::from_vec(values, shape.clone(), &Device::Cpu).unwrap();
        let kind = if shape.len() == 1 { GgmlDType::F32 } else { kind };
        stored.push((renamed, QTensor::quantize(&tensor, kind).unwrap()));
    }
    let tensors: Vec<_> = stored.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let metadata: Vec<_> = metadata.iter().map(|(key, value)| (*key, value)).collect();
    let mut file = fs::File::create(path).unwrap();
    gguf_file::write(&mut file, &metadata, &tensors).unwrap();
}

/// A small Llama as GGUF, with a SentencePiece vocabulary.
fn llama_gguf(folder: &Folder, kind: GgmlDType) -> PathBuf {
    let mut config = small_config("llama");
    config["hidden_size"] = json!(256);
    config["num_attention_heads"] = json!(4);
    config["num_key_value_heads"] = json!(2);
    config["intermediate_size"] = json!(512);
    config["vocab_size"] = json!(280);
    small_model(folder, config);
    let mut tensors = read_tensors(&folder.path("model.safetensors"));
    tensors.retain(|name, _| !name.ends_with("rotary_emb.inv_freq"));
    let mut tokens = vec!["<unk>".to_owned(), "<s>".to_owned(), "</s>".to_owned()];
    let mut kinds = vec![2i32, 3, 3];
    tokens.extend((0..256).map(|byte| format!("<0x{byte:02X}>")));
    kinds.extend([6; 256]);
    let words = [
        "\u{2581}t",
        "he",
        "\u{2581}the",
        "\u{2581}",
        "t",
        "h",
        "e",
        "é",
        "日",
        "\u{2581}\u{2581}",
    ];
    tokens.extend(words.map(str::to_owned));
    kinds.resize(tokens.len(), 1);
    let scores: Vec<f32> = (0..tokens.len()).map(|i| -(i as f32)).collect();
    let number = |n: u32| Value::U32(n);
    let metadata = [
        ("general.architecture", Value::String("llama".into())),
        ("llama.embedding_length", number(256)),
        ("llama.block_count", number(3)),
        ("llama.attention.head_count", number(4)),
        ("llama.attention.head_count_kv", number(2)),
        ("llama.feed_forward_length", number(512)),
        ("llama.context_length", number(256)),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-6)),
        ("llama.rope.freq_base", Value::F32(10000.0)),
        ("tokenizer.ggml.model", Value::String("llama".into())),
        ("tokenizer.ggml.bos_token_id", number(1)),
        ("tokenizer.ggml.tokens", Value::Array(tokens.into_iter().map(Value::String).collect())),
        ("tokenizer.ggml.token_type", Value::Array(kinds.into_iter().map(Value::I32).collect())),
        ("tokenizer.ggml.scores", Value::Array(scores.into_iter().map(Value::F32).collect())),
    ];
    let path = folder.path(&format!("{kind:?}.gguf"));
    write_gguf(&path, &metadata, &tensors, kind, Some([4, 2]));
    path
}

#[test]
fn every_kind_of_gguf_block_is_read() {
    let kinds = [
        GgmlDType::F32,
        GgmlDType::F16,
        GgmlDType::BF16,
        GgmlDType::Q8_0,
        GgmlDType::Q4_0,
        GgmlDType::Q2K,
        GgmlDType::Q3K,
        GgmlDType::Q4K,
        GgmlDType::Q5K,
        GgmlDType::Q6K,
    ];
    for kind in kinds {
        let folder = Folder::new();
        assert_agrees(&llama_gguf(&folder, kind), &format!("{kind:?}"));
    }
}

#[test]
fn permuted_heads_of_a_gguf_are_put_right() {
    // The same matrices from safetensors must give the same weights; only the tokenizers differ,
    // so the products of one layer are compared through the float models of both.
    let folder = Folder::new();
    let path = llama_gguf(&folder, GgmlDType::F32);
    let spec = open(&import_model(&path, &options()).unwrap());
    let hugging_face = open(&import_model(folder.dir(), &options()).unwrap());
    let run = |model: &Arc<Model>, ids: &[u32]| {
        let tokens: Vec<u32> = ids
            .iter()
            .map(|id| {
                model.tokenizer().spec().original_ids().iter().position(|i| i == id).unwrap() as u32
            })
            .collect();
        let mut session =
            Session::new(model.clone(), Isa::choose().unwrap(), 1, 64, WindowPolicy::Slide, 64)
                .unwrap();
        let mut last = BTreeMap::new();
        session.advance(&[Feed { lane: 0, tokens: &tokens }], |_, index, frequencies| {
            if index == tokens.len() - 1 {
                let ids = model.tokenizer().spec().original_ids();
                last = ids.iter().copied().zip(frequencies.as_slice().iter().copied()).collect();
            }
        });
        last
    };
    // Rows that are single bytes, and nothing else, in both vocabularies.
    let ids = [10, 40, 130, 200, 11, 12, 199, 255];
    let (a, b) = (run(&spec, &ids), run(&hugging_face, &ids));
    let shared = [140u32, 150, 160, 170, 180, 190];
    for pair in shared.windows(2) {
        let ratio = |of: &BTreeMap<u32, u32>| f64::from(of[&pair[0]]) / f64::from(of[&pair[1]]);
        assert!((ratio(&a) / ratio(&b) - 1.0).abs() < 1e-3, "{} beside {}", ratio(&a), ratio(&b));
    }
}

/// Whatever happens to a file, importing it ends with an error or a model, and soon.
fn survives(path: &Path, bytes: &[u8], source: &Path, must_fail: bool, what: &str) {
    fs::write(path, bytes).unwrap();
    let result = import_model(source, &options());
    assert!(!must_fail || result.is_err(), "{what} went unnoticed");
}

#[test]
fn damaged_safetensors_are_refused() {
    let folder = Folder::new();
    small_model(&folder, small_config("llama"));
    let path = folder.path("model.safetensors");
    let whole = fs::read(&path).unwrap();
    let header_len = 8 + u64::from_le_bytes(whole[..8].try_into().unwrap()) as usize;
    let mut lens: Vec<usize> = (0..header_len).step_by(97).collect();
    lens.extend([7, 8, 9, header_len - 1, header_len, header_len + 1, whole.len() - 1]);
    for len in lens {
        survives(&path, &whole[..len], folder.dir(), true, &format!("the first {len} bytes"));
    }
    for at in (0..header_len).step_by(29).chain(0..9) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        // A flipped letter of a tensor's name or of a remark may leave a header that is right.
        survives(&path, &bytes, folder.dir(), at < 8, &format!("a flipped bit of byte {at}"));
    }
    let mut huge = u64::MAX.to_le_bytes().to_vec();
    huge.extend(b"{}");
    survives(&path, &huge, folder.dir(), true, "a header of 2^64 bytes");
    let entry = br#"{"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,0]}}"#;
    let mut overflow = (entry.len() as u64).to_le_bytes().to_vec();
    overflow.extend(entry);
    survives(&path, &overflow, folder.dir(), true, "a shape that overflows");
    let mut longer = whole.clone();
    longer.push(0);
    survives(&path, &longer, folder.dir(), true, "a byte behind the end");
}

#[test]
fn missing_pieces_and_shards_are_named() {
    let folder = Folder::new();
    small_model(&folder, small_config("llama"));
    let path = folder.path("model.safetensors");
    let tensors = read_tensors(&path);
    cut(&path, &folder, "model.safetensors");
    fs::remove_file(&path).unwrap();
    fs::remove_file(folder.path("model.safetensors.part.2")).unwrap();
    let error = import_model(folder.dir(), &options()).unwrap_err().to_string();
    assert!(error.contains("part.2 is missing"), "{error}");
    shard(&tensors, &folder);
    fs::remove_file(folder.path("model-00002-of-00002.safetensors")).unwrap();
    let error = import_model(folder.dir(), &options()).unwrap_err().to_string();
    assert!(error.contains("model-00002-of-00002.safetensors"), "{error}");
    let index = r#"{"weight_map":{"a":"../../etc/passwd"}}"#;
    fs::write(folder.path("model.safetensors.index.json"), index).unwrap();
    let error = import_model(folder.dir(), &options()).unwrap_err().to_string();
    assert!(error.contains("no plain file name"), "{error}");
}

#[test]
fn damaged_ggufs_are_refused() {
    let folder = Folder::new();
    let path = llama_gguf(&folder, GgmlDType::Q4_0);
    let whole = fs::read(&path).unwrap();
    let data_at = whole.len() - 200_000;
    for len in (0..data_at.min(12_000)).step_by(211).chain([whole.len() - 40]) {
        survives(&path, &whole[..len], &path, true, &format!("the first {len} bytes"));
    }
    for at in (0..9_000).step_by(67).chain(0..24) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        survives(&path, &bytes, &path, at < 4, &format!("a flipped bit of byte {at}"));
    }
    for at in [8, 16] {
        let mut bytes = whole.clone();
        bytes[at..at + 8].copy_from_slice(&(u64::MAX / 3).to_le_bytes());
        survives(&path, &bytes, &path, true, "a huge count");
    }
    let alignment = |value: u32| {
        let mut bytes = b"GGUF\x03\0\0\0".to_vec();
        bytes.extend([0u64, 1].iter().flat_map(|n| n.to_le_bytes()));
        bytes.extend(17u64.to_le_bytes());
        bytes.extend(b"general.alignment");
        bytes.extend(4u32.to_le_bytes());
        bytes.extend(value.to_le_bytes());
        bytes
    };
    for value in [0, 3, u32::MAX] {
        survives(&path, &alignment(value), &path, true, "an alignment that cannot be");
    }
}

#[test]
fn damaged_model_files_are_refused() {
    let whole = tiny_llmw(3, |_| ());
    let folder = Folder::new();
    let path = folder.path("x.llmw");
    for len in (0..whole.len()).step_by(whole.len() / 150) {
        assert!(Model::open(Storage::copy(&whole[..len])).is_err(), "{len}");
        fs::write(&path, &whole[..len]).unwrap();
        drop(inspect_llmw(&path));
    }
    for at in (0..whole.len()).step_by(whole.len() / 300).chain(0..64) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        assert!(Model::open(Storage::copy(&bytes)).is_err(), "a flipped bit of byte {at}");
        fs::write(&path, &bytes).unwrap();
        drop(inspect_llmw(&path));
    }
}

/// A SentencePiece-style tokenizer.json in either of its published forms.
fn sentencepiece_json(newer: bool) -> Json {
    let mut vocab = serde_json::Map::new();
    let words = ["<unk>", "<s>", "</s>"].map(str::to_owned);
    let bytes = (0..256).map(|byte| format!("<0x{byte:02X}>"));
    let merges = [
        ["\u{2581}", "t"],
        ["h", "e"],
        ["\u{2581}t", "he"],
        ["i", "n"],
        ["a", "n"],
        ["e", "r"],
        ["\u{2581}", "\u{2581}"],
        ["\u{2581}\u{2581}", "\u{2581}\u{2581}"],
        ["\u{2581}", "a"],
        ["\u{2581}a", "n"],
        ["an", "d"],
        ["\u{2581}an", "d"],
        ["\u{2581}", "c"],
        ["a", "f"],
        ["\u{2581}c", "af"],
        ["\u{2581}caf", "é"],
        ["日", "本"],
    ];
    let letters =
        "\u{2581}abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,!?'\"-é日本語0123456789";
    let joined = merges.iter().map(|[left, right]| format!("{left}{right}"));
    for text in
        words.into_iter().chain(bytes).chain(joined).chain(letters.chars().map(String::from))
    {
        let id = vocab.len();
        vocab.entry(text).or_insert(json!(id));
    }
    let space = "\u{2581}";
    let replace = json!({ "type": "Replace", "pattern": { "String": " " }, "content": space });
    let (normalizer, pre) = match newer {
        true => (
            Json::Null,
            json!({ "type": "Metaspace", "replacement": space, "prepend_scheme": "never", "split": false }),
        ),
        false => (json!({ "type": "Sequence", "normalizers": [replace] }), Json::Null),
    };
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [],
        "normalizer": normalizer,
        "pre_tokenizer": pre,
        "post_processor": null,
        "decoder": null,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true,
            "vocab": vocab, "merges": merges.map(|pair| pair.join(" ")),
        },
    })
}

#[test]
fn sentencepiece_vocabularies_cut_text_as_the_tokenizers_crate_does() {
    let texts = [
        "the cat and the café an  end",
        "    four spaces\n\nand a tab\there",
        "日本語 and Größe, then\u{1F600} the end.",
        "a",
        " ",
        "aan andthe the  the   the",
        "Don't, \"quoted\" 0123",
        "\u{2581} is a mark of its own",
    ];
    for newer in [false, true] {
        let json = sentencepiece_json(newer).to_string();
        let spec = TokenizerSpec::from_tokenizer_json(json.as_bytes(), 400).unwrap();
        let ours = llmzip::tokenizer::Tokenizer::new(spec).unwrap();
        let theirs: tokenizers::Tokenizer = json.parse().unwrap();
        for text in &texts[..7] {
            let ranks = ours.encode(text.as_bytes()).unwrap();
            let ids: Vec<u32> =
                ranks.iter().map(|&rank| ours.spec().original_ids()[rank as usize]).collect();
            // A byte that is also a character has the character's row here.
            let canonical = |id: u32| {
                let found = ours.spec().duplicates().iter().find(|(_, further)| *further == id);
                found.map_or(id, |(rank, _)| ours.spec().original_ids()[*rank as usize])
            };
            let wanted = theirs.encode_fast(*text, false).unwrap();
            let wanted: Vec<u32> = wanted.get_ids().iter().map(|&id| canonical(id)).collect();
            assert_eq!(ids, wanted, "{text:?}, newer form: {newer}");
        }
        let mut hostile: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
        hostile.push((0..=255).collect());
        hostile.push(Random(4).bytes(100_000));
        hostile.push(vec![b' '; 50_000]);
        hostile.push("日".repeat(5_000).into_bytes());
        hostile.push(b"\xe6\x97 \xe6\x97\xa5\xff<0x41><s></s>".to_vec());
        for text in hostile {
            assert!(ours.decode(&ours.encode(&text).unwrap()) == text);
        }
        let bytes = ours.spec().to_bytes();
        assert_eq!(TokenizerSpec::from_bytes(&bytes).unwrap(), *ours.spec());
    }
}

#[test]
fn a_vocabulary_without_some_bytes_borrows_rows_for_them() {
    let folder = Folder::new();
    small_model(&folder, small_config("llama"));
    let path = folder.path("tokenizer.json");
    let mut json: Json = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    // The letters of the bytes 4 and 6, which SmolLM2's vocabulary lacks, too.
    for letter in ["\u{104}", "\u{106}"] {
        json["model"]["vocab"].as_object_mut().unwrap().remove(letter).unwrap();
    }
    fs::write(&path, json.to_string()).unwrap();
    let model = open(&import_model(folder.dir(), &options()).unwrap());
    let text = [4, 6, 4, b'a', 255, 0];
    let ranks = model.tokenizer().encode(&text).unwrap();
    assert_eq!(model.tokenizer().decode(&ranks), text);
}
