//! Every door through which foreign bytes come in, as a function that must come back: with a result
//! or an error, never with a panic. The tests throw changed files at them, `fuzz/` whatever it likes.

use super::tiny_model;
use llmzip::codec::{BuiltinModels, Codec};
use llmzip::container::{
    CodedGroup, GroupCodec, GroupParams, LONG_MAGIC, Method, SHORT_MAGIC, Unwatched,
};
use llmzip::import::{ImportOptions, import_model};
use llmzip::mixer::MixerKind;
use llmzip::model::{Model, Storage, inspect_llmw};
use llmzip::stream::{DecompressOptions, NoProgress, decompress};
use llmzip::tokenizer::{Tokenizer, TokenizerSpec};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::OnceLock;

/// What a group may become at most: enough to go past every edge of lanes and windows.
const GROUP_BYTES: usize = 3000;
const MEMORY_LIMIT: u64 = 256 << 20;

/// Takes bytes, and comes back.
pub type Door = fn(&[u8]);

/// All of them, by name.
pub const DOORS: [(&str, Door); 10] = [
    ("safetensors", safetensors),
    ("gguf", gguf),
    ("llmw", llmw),
    ("llmw_resealed", llmw_resealed),
    ("tokenizer_json", tokenizer_json),
    ("tokenizer_bytes", tokenizer_bytes),
    ("container_long", container_long),
    ("container_short", container_short),
    ("group_mixer", group_mixer),
    ("group_model", group_model),
];

/// A `config.json` of one tiny block, for weights that are hostile.
pub const CONFIG: &str = r#"{
    "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 1,
    "num_key_value_heads": 1, "intermediate_size": 64, "vocab_size": 260, "rms_norm_eps": 1e-6,
    "tie_word_embeddings": true, "rope_theta": 10000.0, "bos_token_id": 0
}"#;

/// A tokenizer of 256 bytes in the form of a `tokenizer.json`.
pub fn byte_level_json() -> String {
    let printable = |b: u32| (0x21..=0x7e).contains(&b) || (0xa1..=0xac).contains(&b) || b >= 0xae;
    let mut next = 255;
    let mut letter = |byte: u32| {
        let other = !printable(byte);
        next += u32::from(other);
        char::from_u32(if other { next } else { byte }).unwrap()
    };
    let mut vocab: serde_json::Map<_, _> =
        (0..256).map(|byte| (letter(byte).to_string(), (byte + 1).into())).collect();
    vocab.extend([("th".to_owned(), 257.into()), ("he".to_owned(), 258.into())]);
    serde_json::json!({
        "added_tokens": [{ "id": 0, "content": "<s>", "special": true }],
        "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false, "use_regex": true },
        "model": { "type": "BPE", "vocab": vocab, "merges": [["t", "h"], ["h", "e"]] },
    })
    .to_string()
}

fn in_folder(work: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    work(folder.path());
}

/// A `model.safetensors` in a directory where all else is right.
pub fn safetensors(data: &[u8]) {
    in_folder(|dir| {
        std::fs::write(dir.join("config.json"), CONFIG).unwrap();
        std::fs::write(dir.join("tokenizer.json"), byte_level_json()).unwrap();
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

/// A `.llmw`, whose hashes are looked at first.
pub fn llmw(data: &[u8]) {
    drop(Model::open(Storage::copy(data)));
    in_folder(|dir| {
        let path = dir.join("x.llmw");
        std::fs::write(&path, data).unwrap();
        drop(inspect_llmw(&path));
    });
}

/// The beginning of a `.llmw`, up to the end of its tensors, under hashes that are right.
pub fn llmw_resealed(content: &[u8]) {
    let mut file = content.to_vec();
    let hash = Sha256::new_with_prefix(content);
    file.extend([0; 32]);
    file.extend(hash.finalize());
    file.extend(b"\x01x");
    let check = Sha256::digest(&file);
    file.extend(&check[..8]);
    drop(Model::open(Storage::copy(&file)));
}

/// A `tokenizer.json`; what can be read must give every text back.
pub fn tokenizer_json(data: &[u8]) {
    let Ok(spec) = TokenizerSpec::from_tokenizer_json(data, 1000) else { return };
    let Ok(tokenizer) = Tokenizer::new(spec) else { return };
    let text = "the Größe of 12 \u{65e5}\u{672c}\n\0\u{ff}".as_bytes();
    if let Ok(ranks) = tokenizer.encode(text) {
        assert!(tokenizer.decode(&ranks) == text);
    }
}

/// A tokenizer as a `.llmw` has it.
pub fn tokenizer_bytes(data: &[u8]) {
    if let Ok(tokenizer) = TokenizerSpec::from_bytes(data).and_then(Tokenizer::new)
        && let Ok(ranks) = tokenizer.encode(b"the end 12")
    {
        assert!(tokenizer.decode(&ranks) == b"the end 12");
    }
}

/// What follows the magic of a long frame.
pub fn container_long(data: &[u8]) {
    container(&[&LONG_MAGIC, data].concat());
}

/// What follows the magic of a short frame.
pub fn container_short(data: &[u8]) {
    container(&[&SHORT_MAGIC, data].concat());
}

fn container(file: &[u8]) {
    let options = DecompressOptions { memory_limit: MEMORY_LIMIT, ..DecompressOptions::default() };
    let mut out = Vec::new();
    drop(decompress(file, &mut out, &BuiltinModels, &options, &NoProgress));
}

/// A group's payload for the mixer alone, after its length and parameters.
pub fn group_mixer(data: &[u8]) {
    static CODEC: OnceLock<Codec> = OnceLock::new();
    group(CODEC.get_or_init(Codec::without_model), Method::Mixer, data);
}

/// A group's payload for a model and the mixer, after its length and parameters.
pub fn group_model(data: &[u8]) {
    static CODEC: OnceLock<Codec> = OnceLock::new();
    let codec = CODEC.get_or_init(|| Codec::with_model(tiny_model(1)).unwrap());
    group(codec, Method::Model, data);
}

fn group(codec: &Codec, method: Method, data: &[u8]) {
    let Some((&[low, high, lanes, mixer], payload)) = data.split_first_chunk() else { return };
    let plain_len = usize::from(u16::from_le_bytes([low, high])) % GROUP_BYTES + 1;
    let mut params = GroupParams { lanes: u32::from(lanes % 9), ..GroupParams::default() };
    params.mixer.0 = MixerKind::ALL[usize::from(mixer) % MixerKind::ALL.len()].code();
    let group = CodedGroup { method, payload, plain_len, params };
    if let Ok(decoded) = codec.decode(&group, &Unwatched) {
        assert_eq!(decoded.plain.len(), plain_len);
    }
}
