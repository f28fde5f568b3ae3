//! The token lists of the families that people use, as they are published.
//!
//! `scripts/fetch_token_lists.sh` and `scripts/fetch_smollm2.sh` bring them; where one is missing, its test says so and
//! passes. With `LLMZIP_TEST_TOKEN_LISTS=1` in the environment, for SmolLM2's `LLMZIP_TEST_MODELS=1`, it fails.

use crate::common::{Random, hostile::gguf_of, shared};
use crate::sentencepiece::{BYTE, Entry, NORMAL, entries, json as pieces_json};
use crate::texts::{assert_same_ids, reference};
use crate::whole::{assert_spells, assert_whole_with_best, hostile_bytes};
use candle_core::quantized::gguf_file::{Content, Value};
use llmzip::import::{ImportOptions, import_model};
use llmzip::model::{Model, Storage};
use llmzip::tokenizer::{MAX_PIECE_BYTES, Pattern, Tokenizer, TokenizerSpec};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value as Json, json};
use std::path::Path;

/// A list as its publisher has it, and what it is known to be.
struct Published {
    /// As a `tokenizer.json`.
    json: Json,
    /// Rows of the models that have it.
    n_rows: usize,
    pattern: Pattern,
    ignore_merges: bool,
    /// Tokens that can be coded.
    coded: usize,
    /// Rows that are never coded.
    masked: usize,
    /// Rows of bytes that a token before them has already.
    duplicates: usize,
    /// Bytes that borrow rows.
    borrowing: usize,
}

/// A file of a folder below `target`; `None`, with a word to the reader, if it is not there.
fn fetched(name: &str, script: &str, variable: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target").join(name);
    if path.exists() {
        return Some(std::fs::read(path).unwrap());
    }
    let wanted = std::env::var_os(variable).is_some_and(|wanted| wanted == "1");
    assert!(!wanted, "{} is not there: {script} brings it", path.display());
    println!("skipped: no {} ({script} brings it)", path.display());
    None
}

fn list(name: &str) -> Option<Vec<u8>> {
    fetched(
        &format!("token_lists/{name}"),
        "scripts/fetch_token_lists.sh",
        "LLMZIP_TEST_TOKEN_LISTS",
    )
}

/// A text without what the crate reads otherwise: it takes the mark for spaces for a space, and cuts nothing, however
/// long it is without a space.
fn for_pieces(mut text: String) -> String {
    text.retain(|c| c != '\u{2581}');
    let mut out = String::new();
    let mut run = 0;
    for c in text.chars() {
        run = if c == ' ' { 1 } else { run + c.len_utf8() };
        if run > MAX_PIECE_BYTES {
            out.push(' ');
            run = 1 + c.len_utf8();
        }
        out.push(c);
    }
    out
}

/// Reads a list, compares it with the crate on texts, and with itself on bytes, alone and in a tiny model.
fn check(list: &Published) -> TokenizerSpec {
    let text = list.json.to_string();
    let spec = TokenizerSpec::from_tokenizer_json(text.as_bytes(), list.n_rows).unwrap();
    assert_eq!((spec.pattern(), spec.ignore_merges()), (list.pattern, list.ignore_merges));
    assert_eq!(spec.tokens().len(), list.coded);
    assert_eq!((spec.masked_rows().len(), spec.duplicates().len()), (list.masked, list.duplicates));
    assert!(spec.rowless().is_empty());
    let named = list.json["added_tokens"].as_array().map_or(0, Vec::len);
    let padding = list.n_rows - list.coded - list.duplicates;
    assert!(spec.special().len() <= named && padding + list.borrowing >= spec.special().len());
    assert!(TokenizerSpec::from_bytes(&spec.to_bytes()).unwrap() == spec);
    let tokenizer = Tokenizer::new(spec.clone()).unwrap();
    let by_pieces = list.pattern == Pattern::SentencePiece;
    let prepare = |text| if by_pieces { for_pieces(text) } else { text };
    assert_same_ids(&tokenizer, &reference(list.json.clone()), prepare);
    assert_bytes(&tokenizer);
    assert_whole_with_best(&text, list.n_rows, &hostile_bytes(0)[..400]);
    spec
}

/// Any bytes come back.
fn assert_bytes(tokenizer: &Tokenizer) {
    assert_spells(tokenizer, &hostile_bytes(100_000));
    for text in ["日", " ", "\n", "a", "\u{2581}", "\0", "1"] {
        assert_spells(tokenizer, text.repeat(20_000).as_bytes());
    }
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    // Noise, and parts of texts cut anywhere.
    let noise = prop::collection::vec(any::<u8>(), 0..400);
    let parts = "( |the|é|日本|\u{2581}|\r\n|1234|<0x0A>|'ll|\u{1F600}){0,60}";
    let strategy = (noise, parts, any::<prop::sample::Index>());
    let comes_back = |(noise, parts, cut): (Vec<u8>, String, prop::sample::Index)| {
        let text = [&noise[..], &parts.as_bytes()[..cut.index(parts.len() + 1)]].concat();
        prop_assert_eq!(tokenizer.decode(&tokenizer.encode(&text).unwrap()), text);
        Ok(())
    };
    runner.run(&strategy, comes_back).unwrap();
}

#[test]
fn gpt2() {
    let (Some(vocab), Some(merges)) = (list("gpt2/vocab.json"), list("gpt2/merges.txt")) else {
        return;
    };
    let lines = std::str::from_utf8(&merges).unwrap().lines();
    let lines: Vec<_> =
        lines.filter(|line| !line.starts_with("#version") && !line.is_empty()).collect();
    let json = json!({
        "added_tokens": [{ "id": 50_256, "content": "<|endoftext|>", "special": true }],
        "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true },
        "model": {
            "type": "BPE", "vocab": serde_json::from_slice::<Json>(&vocab).unwrap(), "merges": lines,
        },
    });
    let spec = check(&Published {
        json,
        n_rows: 50_257,
        pattern: Pattern::Gpt2,
        ignore_merges: false,
        coded: 50_256,
        masked: 1,
        duplicates: 0,
        borrowing: 0,
    });
    // The older pair of files names no special tokens; this one is spelled like text.
    let pair =
        TokenizerSpec::from_vocab_and_merges(&vocab, &merges, Pattern::Gpt2, 50_257).unwrap();
    assert_eq!((pair.tokens().len(), pair.merges().len()), (50_257, spec.merges().len()));
    assert_bytes(&Tokenizer::new(pair).unwrap());
}

#[test]
fn llama_3() {
    let Some(file) = list("llama3/tokenizer.json") else { return };
    let spec = check(&Published {
        json: serde_json::from_slice(&file).unwrap(),
        n_rows: 128_256,
        pattern: Pattern::Llama3,
        ignore_merges: true,
        coded: 128_000,
        masked: 256,
        duplicates: 0,
        borrowing: 0,
    });
    assert_eq!(spec.special_id("<|begin_of_text|>"), Some(128_000));
}

#[test]
fn llama_2_and_tinyllama() {
    let Some(file) = list("llama2/tokenizer.json") else { return };
    let json: Json = serde_json::from_slice(&file).unwrap();
    let spec = check(&Published {
        n_rows: 32_000,
        pattern: Pattern::SentencePiece,
        ignore_merges: false,
        coded: 32_000 - 3 - 125,
        masked: 3,
        duplicates: 125,
        borrowing: 0,
        json: json.clone(),
    });
    // A GGUF file has scores instead of merges; those of runs of spaces are all alike.
    let score = |id: usize, text: &str| match text.strip_prefix("\u{2581}\u{2581}") {
        Some(rest) if rest.chars().all(|c| c == '\u{2581}') => -1e9,
        _ => -(id as f32 - 259.0).max(0.0),
    };
    let mut all: Vec<_> = (0..32_000).map(|_| None).collect();
    for (text, id) in json["model"]["vocab"].as_object().unwrap() {
        let id = id.as_u64().unwrap() as usize;
        let kind = match id {
            0 => 2,
            1 | 2 => 3,
            3..259 => BYTE,
            _ => NORMAL,
        };
        all[id] = Some(Entry { text: text.clone(), score: score(id, text), kind });
    }
    let all: Vec<Entry> = all.into_iter().map(Option::unwrap).collect();
    assert!(read_as_gguf(&all) == spec);
}

#[test]
fn mistral_of_32000() {
    let Some(file) = list("mistral-v1/tokenizer.model") else { return };
    check_pieces(&file, 32_000, 3);
}

#[test]
fn mistral_of_32768_with_control_tokens_before_the_bytes() {
    let Some(file) = list("mistral-v3/tokenizer.model") else { return };
    let spec = check_pieces(&file, 32_768, 771);
    assert_eq!(spec.special_id("[INST]"), Some(3));
    assert_eq!(spec.special_id("[REFERENCE_DOC_0]"), Some(770));
}

/// A list of SentencePiece's with so many special tokens.
fn check_pieces(file: &[u8], n_rows: usize, special: usize) -> TokenizerSpec {
    let all = entries(file);
    assert_eq!(all.len(), n_rows);
    let one_byte =
        |entry: &&Entry| entry.kind == NORMAL && entry.text.replace('\u{2581}', " ").len() == 1;
    let duplicates = all.iter().filter(one_byte).count();
    let spec = check(&Published {
        json: pieces_json(&all),
        n_rows,
        pattern: Pattern::SentencePiece,
        ignore_merges: false,
        coded: n_rows - special - duplicates,
        masked: special,
        duplicates,
        borrowing: 0,
    });
    assert!(read_as_gguf(&all) == spec);
    spec
}

/// The list as it is in a GGUF file, by way of a tiny model.
fn read_as_gguf(all: &[Entry]) -> TokenizerSpec {
    let list = |values: Vec<Value>| Value::Array(values);
    let tokenizer = [
        ("tokenizer.ggml.model", Value::String("llama".into())),
        ("tokenizer.ggml.bos_token_id", Value::U32(1)),
        ("tokenizer.ggml.scores", list(all.iter().map(|e| Value::F32(e.score)).collect())),
        (
            "tokenizer.ggml.tokens",
            list(all.iter().map(|e| Value::String(e.text.clone())).collect()),
        ),
        ("tokenizer.ggml.token_type", list(all.iter().map(|e| Value::I32(e.kind)).collect())),
    ];
    imported(&gguf_of(&tokenizer, all.len()))
}

/// The tokenizer of a model that a GGUF file becomes.
fn imported(gguf: &[u8]) -> TokenizerSpec {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("tiny.gguf");
    std::fs::write(&path, gguf).unwrap();
    let bytes = import_model(&path, &ImportOptions::large("tiny")).unwrap();
    Model::open(Storage::copy(&bytes)).unwrap().tokenizer().spec().clone()
}

#[test]
fn smollm2_as_its_gguf_has_it() {
    let name = "models/SmolLM2-135M-Instruct.Q4_1.gguf";
    let Some(file) = fetched(name, "scripts/fetch_smollm2.sh", "LLMZIP_TEST_MODELS") else {
        return;
    };
    let content = Content::read(&mut std::io::Cursor::new(&file)).unwrap();
    let metadata = &content.metadata;
    let of_tokenizer = metadata.iter().filter(|(key, _)| key.starts_with("tokenizer.ggml."));
    let tokenizer: Vec<_> = of_tokenizer.map(|(key, value)| (&key[..], value.clone())).collect();
    let texts = |key: &str| -> Vec<String> {
        let values = metadata[key].to_vec().unwrap();
        values.iter().map(|value| value.to_string().unwrap().clone()).collect()
    };
    let tokens = texts("tokenizer.ggml.tokens");
    let kinds = metadata["tokenizer.ggml.token_type"].to_vec().unwrap();
    let is_text = |id: usize| kinds[id].to_i32().unwrap() == NORMAL;
    let ids = || tokens.iter().enumerate();
    let vocab: serde_json::Map<_, _> =
        ids().filter(|(id, _)| is_text(*id)).map(|(id, text)| (text.clone(), json!(id))).collect();
    let special = ids().filter(|(id, _)| !is_text(*id));
    let added: Vec<_> = special.map(|(id, text)| json!({ "id": id, "content": text })).collect();
    let json = json!({
        "added_tokens": added,
        "pre_tokenizer": { "type": "Sequence", "pretokenizers": [
            { "type": "Digits", "individual_digits": true },
            { "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true },
        ] },
        "model": { "type": "BPE", "vocab": vocab, "merges": texts("tokenizer.ggml.merges") },
    });
    let spec = TokenizerSpec::from_tokenizer_json(json.to_string().as_bytes(), 49_152).unwrap();
    assert_eq!((spec.pattern(), spec.masked_rows().len()), (Pattern::Gpt2Digits, 1));
    assert_eq!(spec.tokens().len(), 49_152 - 17 + 21);
    assert!(imported(&gguf_of(&tokenizer, 49_152)) == spec);
    let ours = Tokenizer::new(spec).unwrap();
    // The crate leaves out what it has no token for.
    let mut known = [false; 256];
    for (rank, token) in (0..).zip(ours.spec().tokens().iter()) {
        let id = ours.spec().original_ids()[rank as usize];
        if let [byte] = token {
            known[usize::from(*byte)] = is_text(id as usize);
        }
    }
    assert_eq!(known.iter().filter(|known| !**known).count(), 21);
    let lacks = |c: char| c.encode_utf8(&mut [0; 4]).bytes().any(|byte| !known[usize::from(byte)]);
    assert_same_ids(&ours, &reference(json.clone()), |mut text| {
        text.retain(|c| !lacks(c));
        text
    });
    assert_bytes(&ours);
    assert_whole_with_best(&json.to_string(), 49_152, &hostile_bytes(0)[..400]);
}

#[test]
fn qwen() {
    let Some(folder) = shared("qwen-tokenizer") else { return };
    let [vocab, merges] =
        ["vocab.json", "merges.txt"].map(|name| std::fs::read(folder.join(name)).unwrap());
    // Models of 151,936 rows have this list, and smaller ones with no row to spare could.
    for n_rows in [151_936, 151_643] {
        let spec =
            TokenizerSpec::from_vocab_and_merges(&vocab, &merges, Pattern::Qwen2, n_rows).unwrap();
        assert_eq!((spec.tokens().len(), spec.rowless().len()), (151_643, 0));
        assert_eq!(spec.masked_rows().len(), n_rows - 151_643);
        assert_bytes(&Tokenizer::new(spec).unwrap());
    }
    let vocab: Json = serde_json::from_slice(&vocab).unwrap();
    let lines = std::str::from_utf8(&merges).unwrap().lines();
    let lines: Vec<_> =
        lines.filter(|line| !line.starts_with("#version") && !line.is_empty()).collect();
    let json = json!({
        "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false, "use_regex": true },
        "model": { "type": "BPE", "vocab": vocab, "merges": lines },
    });
    // Its ids are compared in tests/tokenizer.rs.
    let noise = Random(5).bytes(100);
    assert_whole_with_best(
        &json.to_string(),
        151_936,
        &[&hostile_bytes(0)[..300], &noise].concat(),
    );
}
