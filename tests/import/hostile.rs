//! Numbers and texts that no model has: refused, quickly, and for little memory.

use super::*;
use allocation_counter::measure;
use std::time::{Duration, Instant};

/// What an import of a few hundred kilobytes may have in memory at once.
const MOST_BYTES: u64 = 24 << 20;

/// Imports what is there and tells what it said, after a look at what it took.
fn said(source: &Path) -> Result<usize, String> {
    let start = Instant::now();
    let mut result = Err(String::new());
    let taken = measure(|| {
        result = import_model(source, &options()).map(|m| m.len()).map_err(|e| e.to_string());
    });
    assert!(taken.bytes_max < MOST_BYTES, "{} bytes for {result:?}", taken.bytes_max);
    // Generous, for machines that are busy; what this is about took minutes or all memory.
    assert!(start.elapsed() < Duration::from_secs(10), "{result:?}");
    result
}

#[test]
fn whatever_number_a_configuration_has_an_import_stays_small() {
    let fields = [
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
        "head_dim",
        "intermediate_size",
        "vocab_size",
        "max_position_embeddings",
        "sliding_window",
        "max_window_layers",
        "bos_token_id",
        "rope_theta",
        "rms_norm_eps",
    ];
    let integers = [
        0,
        1,
        2,
        63,
        255,
        257,
        16_384,
        65_536,
        65_537,
        1 << 20,
        1 << 31,
        1 << 32,
        10u64.pow(15),
        1 << 62,
        1 << 63,
        u64::MAX,
    ];
    let mut values: Vec<Json> = integers.map(Json::from).into();
    values.extend([json!(-1), json!(0.5), json!(1e300), json!("64"), json!([64]), json!(null)]);
    for family in ["llama", "qwen3"] {
        let folder = Folder::new();
        let mut config = small_config(family);
        config["head_dim"] = json!(64);
        small_model(&folder, config.clone());
        for field in fields {
            for value in &values {
                let mut config = config.clone();
                config["use_sliding_window"] = json!(family == "qwen3");
                config["sliding_window"] = json!(24);
                config[field] = value.clone();
                fs::write(folder.path("config.json"), config.to_string()).unwrap();
                drop(said(folder.dir()));
            }
        }
    }
}

#[test]
fn a_shape_is_not_believed_before_its_tensors_are_found() {
    let folder = Folder::new();
    small_model(&folder, small_config("llama"));
    for (changes, says) in [
        (&[("intermediate_size", 65_536), ("num_hidden_layers", 256)][..], "mlp.gate_proj"),
        (&[("hidden_size", 16_384), ("num_hidden_layers", 256)], "embed_tokens"),
        (&[("num_attention_heads", 256), ("num_key_value_heads", 256)], "q_proj"),
        (&[("num_hidden_layers", 256)], "layers.3"),
    ] {
        let mut config = small_config("llama");
        config["head_dim"] = json!(64);
        for (field, value) in changes {
            config[*field] = json!(value);
        }
        fs::write(folder.path("config.json"), config.to_string()).unwrap();
        let error = said(folder.dir()).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn tensors_that_share_bytes_are_refused() {
    let folder = Folder::new();
    small_model(&folder, small_config("llama"));
    let path = folder.path("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    let header_len = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let mut header: Json = serde_json::from_slice(&bytes[8..8 + header_len]).unwrap();
    let [gate, up] = ["gate", "up"].map(|part| format!("model.layers.0.mlp.{part}_proj.weight"));
    header[&gate]["data_offsets"] = header[&up]["data_offsets"].clone();
    let header = header.to_string();
    let len = (header.len() as u64).to_le_bytes();
    fs::write(&path, [&len, header.as_bytes(), &bytes[8 + header_len..]].concat()).unwrap();
    let error = said(folder.dir()).unwrap_err();
    assert!(error.contains("lie in the same bytes"), "{error}");
}

#[test]
fn fields_that_nobody_reads_cost_nothing() {
    let zeros = format!("[{}0]", "0,".repeat(4 << 20));
    let folder = Folder::new();
    small_model(&folder, small_config("llama"));
    let with_field = |name: &str| {
        let text = fs::read_to_string(folder.path(name)).unwrap();
        fs::write(folder.path(name), format!("{},\"x\":{zeros}}}", &text[..text.len() - 1]))
    };
    with_field("tokenizer.json").unwrap();
    said(folder.dir()).unwrap();
    // A header's notes.
    let path = folder.path("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    let header_len = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let (header, data) = bytes[8..].split_at(header_len);
    let header = [b"{\"__metadata__\":", zeros.as_bytes(), b",", &header[1..]].concat();
    let len = (header.len() as u64).to_le_bytes();
    fs::write(&path, [&len, &header[..], data].concat()).unwrap();
    said(folder.dir()).unwrap();
    // A configuration has a size that it cannot have.
    with_field("config.json").unwrap();
    let error = said(folder.dir()).unwrap_err();
    assert!(error.contains("such a file has at most"), "{error}");
}

#[test]
fn long_texts_are_clipped_in_messages_and_spelt_out() {
    let folder = Folder::new();
    let long = format!("\u{1b}[2J\n{}", "x".repeat(1 << 20));
    for (field, says) in [("model_type", "model_type is \\u{1b}[2J\\nxxx"), ("hidden_size", "...")]
    {
        small_model(&folder, small_config("llama"));
        let mut config = small_config("llama");
        config[field] = json!(long);
        fs::write(folder.path("config.json"), config.to_string()).unwrap();
        let error = said(folder.dir()).unwrap_err();
        assert!(error.contains(says) && error.len() < 600, "{}", error.len());
        assert!(!error.contains(char::is_control), "{error}");
    }
}

#[test]
fn an_index_names_plain_files_and_not_too_many() {
    let folder = Folder::new();
    small_model(&folder, small_config("llama"));
    let map = |n: usize, name: &dyn Fn(usize) -> String| -> serde_json::Map<String, Json> {
        (0..n).map(|i| (format!("t{i}"), json!(name(i)))).collect()
    };
    for (map, says) in [
        (map(1, &|_| "../../etc/passwd".into()), "no plain file name"),
        (map(1, &|_| "..".into()), "no plain file name"),
        (map(1, &|_| "a\nb".into()), "no plain file name"),
        (map(2000, &|i| format!("{i}.safetensors")), "2000 files"),
        (map(70_000, &|_| "model.safetensors".into()), "more than 65536 tensors"),
    ] {
        let index = json!({ "weight_map": map }).to_string();
        fs::write(folder.path("model.safetensors.index.json"), index).unwrap();
        let error = said(folder.dir()).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_ordinary_file_is_refused_instead_of_waited_for() {
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        let folder = Folder::new();
        small_model(&folder, small_config("llama"));
        fs::remove_file(folder.path(name)).unwrap();
        let made = std::process::Command::new("mkfifo").arg(folder.path(name)).status();
        if !made.is_ok_and(|status| status.success()) {
            println!("skipped: no mkfifo here");
            return;
        }
        let error = said(folder.dir()).unwrap_err();
        assert!(error.contains("not an ordinary file"), "{error}");
    }
}

#[test]
fn a_failed_import_leaves_no_file() {
    let folder = Folder::new();
    small_model(&folder, small_config("llama"));
    let target = folder.path("new.llmw");
    let name = "x".repeat(300);
    let options = ImportOptions { name, ..options() };
    assert!(import_to_file(folder.dir(), &options, &target).is_err());
    assert!(!target.exists());
}

/// A GGUF file of nothing but this metadata, written by hand: candle would not write all of it.
fn bare_gguf(n_values: u64, metadata: &[u8]) -> Vec<u8> {
    let mut out = b"GGUF\x03\0\0\0".to_vec();
    out.extend(0u64.to_le_bytes());
    out.extend(n_values.to_le_bytes());
    out.extend(metadata);
    out
}

fn key(name: &str, kind: u32) -> Vec<u8> {
    let mut out = (name.len() as u64).to_le_bytes().to_vec();
    out.extend(name.as_bytes());
    out.extend(kind.to_le_bytes());
    out
}

fn list(kind: u32, count: u64, values: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &count.to_le_bytes(), values].concat()
}

#[test]
fn arrays_of_a_gguf_stay_in_the_file_until_they_are_wanted() {
    let folder = Folder::new();
    let path = folder.path("x.gguf");
    let big = 8 << 20;
    let empty_lists = list(0, 0, &[]).repeat(1 << 18);
    for (what, value) in [
        ("bytes", list(0, big, &vec![1; big as usize])),
        ("texts", list(8, big / 8, &vec![0; big as usize])),
        ("lists", list(9, 1 << 18, &empty_lists)),
    ] {
        fs::write(&path, bare_gguf(1, &[key("x", 9), value].concat())).unwrap();
        let error = said(&path).unwrap_err();
        assert!(error.contains("general.architecture is missing"), "{what}: {error}");
    }
    let text = |len: u64| [key("general.architecture", 8), len.to_le_bytes().to_vec()].concat();
    for (what, n_values, metadata, says) in [
        ("a long text", 1, text(1 << 60), "cut short"),
        ("many keys", 1 << 40, vec![], "cut short"),
        ("more keys than there may be", 70_000, vec![0; 70_000 * 13], "at most 65536"),
        (
            "a long key",
            1,
            [(1u64 << 17).to_le_bytes().to_vec(), vec![b'k'; 1 << 18]].concat(),
            "a name of",
        ),
        ("deep lists", 1, [key("x", 9), list(9, 1, &[]).repeat(1000)].concat(), "a list of kind 9"),
        ("a count beyond the end", 1, [key("x", 9), list(10, 1 << 61, &[])].concat(), "cut short"),
    ] {
        fs::write(&path, bare_gguf(n_values, &metadata)).unwrap();
        let error = said(&path).unwrap_err();
        assert!(error.contains(says), "{what}: {error}");
    }
}

#[test]
fn long_tokens_and_many_special_ones_take_no_time_that_grows_with_their_square() {
    use llmzip::tokenizer::{Piece, Special};
    let bytes: Vec<String> = (0..=255).map(|byte| format!("<0x{byte:02X}>")).collect();
    let words: Vec<String> = (0..20_000).map(|i| format!("w{i}")).collect();
    let texts = bytes.iter().chain(&words).zip(0..);
    let pieces: Vec<Piece> =
        texts.map(|(text, id)| Piece { text, id, score: -f64::from(id) }).collect();
    let name = |id| Special { id, text: format!("<{id}>") };
    let special: Vec<_> = (30_000..230_000).map(name).collect();
    let start = Instant::now();
    TokenizerSpec::from_scored_pieces(&pieces, special, 230_000).unwrap();
    let long = "ab".repeat(1 << 19);
    let mut with_long = pieces.clone();
    with_long.push(Piece { text: &long, id: 29_000, score: 0.0 });
    let error = TokenizerSpec::from_scored_pieces(&with_long, Vec::new(), 230_000).unwrap_err();
    assert!(error.to_string().contains("1048576 bytes"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}
