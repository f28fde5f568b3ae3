//! Made-up token lists that lack bytes: none, one, all 256; with rows to lend them, with too few, and with none.

use crate::common::hostile::directory_of;
use crate::whole::{assert_whole, hostile_bytes};
use llmzip::import::{ImportOptions, import_model};
use llmzip::tokenizer::TokenizerSpec;
use serde_json::{Value, json};
use std::process::Command;

/// Tokens of several bytes, so that a list without single bytes is one.
const WORDS: [&str; 8] = ["the", " the", " and", "\r\n", "  ", "日", "é", " Th"];

/// The letter of a byte in GPT-2's convention.
fn letter(byte: u8) -> char {
    let printable = |byte: u8| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    match printable(byte) {
        true => char::from(byte),
        false => {
            let before = (0..byte).filter(|&other| !printable(other)).count() as u32;
            char::from_u32(0x100 + before).unwrap()
        }
    }
}

/// A byte-level list, in the first rows of a model, without some bytes. Words are found by being tokens.
fn byte_level(missing: &[u8]) -> (Value, usize) {
    let mut vocab = serde_json::Map::new();
    for byte in (0..=255).filter(|byte| !missing.contains(byte)) {
        vocab.insert(letter(byte).to_string(), json!(vocab.len()));
    }
    for word in WORDS {
        let letters: String = word.bytes().map(letter).collect();
        vocab.insert(letters, json!(vocab.len()));
    }
    let n_tokens = vocab.len();
    let list = json!({
        "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false, "use_regex": true },
        "model": { "type": "BPE", "ignore_merges": true, "vocab": vocab, "merges": [] },
    });
    (list, n_tokens)
}

/// The same in SentencePiece's manner: bytes as `<0x41>`, and words of which some are merged.
fn sentence_piece(missing: &[u8]) -> (Value, usize) {
    let mut vocab = serde_json::Map::new();
    for byte in (0..=255u8).filter(|byte| !missing.contains(byte)) {
        vocab.insert(format!("<0x{byte:02X}>"), json!(vocab.len()));
    }
    for word in WORDS.into_iter().chain(["日日", "éé"]) {
        vocab.insert(word.replace(' ', "\u{2581}"), json!(vocab.len()));
    }
    let n_tokens = vocab.len();
    let list = json!({
        "normalizer": { "type": "Replace", "pattern": { "String": " " }, "content": "\u{2581}" },
        "model": {
            "type": "BPE", "byte_fallback": true, "unk_token": null, "vocab": vocab,
            "merges": ["日 日", "é é"],
        },
    });
    (list, n_tokens)
}

type Kind = fn(&[u8]) -> (Value, usize);

const KINDS: [Kind; 2] = [byte_level, sentence_piece];

fn read(json: &Value, n_rows: usize) -> TokenizerSpec {
    TokenizerSpec::from_tokenizer_json(json.to_string().as_bytes(), n_rows).unwrap()
}

/// All rows of single bytes that some list lacks.
fn rows(spec: &TokenizerSpec, missing: &[u8]) -> Vec<u32> {
    let rank = |byte: &u8| spec.tokens().find(&[*byte]).unwrap() as usize;
    missing.iter().map(|byte| spec.original_ids()[rank(byte)]).collect()
}

#[test]
fn bytes_are_lent_rows_and_have_none_where_there_is_none() {
    let all: Vec<u8> = (0..=255).collect();
    for kind in KINDS {
        for missing in [&[][..], &[4], &[0xc0, 0xff], &all] {
            let (json, n) = kind(missing);
            let none = read(&json, n);
            assert_eq!(rows(&none, missing), vec![n as u32; missing.len()]);
            assert_eq!(none.rowless().len(), missing.len());
            assert!(none.masked_rows().is_empty());
            let one = read(&json, n + 1);
            assert_eq!(rows(&one, missing), vec![n as u32; missing.len()]);
            assert!(one.rowless().is_empty());
            let enough = read(&json, n + 300);
            let lent = (n as u32 + 300 - missing.len() as u32..n as u32 + 300).rev();
            assert_eq!(rows(&enough, missing), lent.collect::<Vec<_>>());
            for spec in [none, one, enough] {
                assert_eq!(TokenizerSpec::from_bytes(&spec.to_bytes()).unwrap(), spec);
            }
        }
    }
}

#[test]
fn hostile_bytes_come_back_where_no_byte_is_missing() {
    for kind in KINDS {
        let (json, n) = kind(&[]);
        assert_whole(&json.to_string(), n, &hostile_bytes(200));
    }
}

#[test]
fn hostile_bytes_come_back_where_one_is_missing() {
    for kind in KINDS {
        let (json, n) = kind(&[4]);
        for spare in [0, 1] {
            assert_whole(&json.to_string(), n + spare, &hostile_bytes(200));
        }
    }
}

#[test]
fn hostile_bytes_come_back_where_all_are_missing() {
    let all: Vec<u8> = (0..=255).collect();
    for kind in KINDS {
        let (json, n) = kind(&all);
        for spare in [0, 1, 256] {
            assert_whole(&json.to_string(), n + spare, &hostile_bytes(200));
        }
    }
}

#[test]
fn a_list_of_nothing_is_refused() {
    for kind in KINDS {
        let (mut json, _) = kind(&[]);
        json["model"]["vocab"] = json!({});
        json["model"]["merges"] = json!([]);
        let error = TokenizerSpec::from_tokenizer_json(json.to_string().as_bytes(), 1);
        assert!(error.unwrap_err().to_string().contains("row"));
    }
}

#[test]
fn lists_that_lack_bytes_make_other_models() {
    let dir = tempfile::tempdir().unwrap();
    let import = |missing: &[u8], spare| {
        let (json, n) = byte_level(missing);
        directory_of(dir.path(), &json.to_string(), n + spare);
        import_model(dir.path(), &ImportOptions::large("x")).unwrap()
    };
    let none = import(&[4], 0);
    assert!(none == import(&[4], 0));
    assert!(none != import(&[5], 0) && none != import(&[4], 1));
}

#[test]
fn the_program_takes_a_list_without_bytes_like_any_other() {
    let dir = tempfile::tempdir().unwrap();
    let all: Vec<u8> = (0..=255).collect();
    let (json, n) = byte_level(&all);
    directory_of(&dir.path().join("words"), &json.to_string(), n);
    // Short, so that the model is worth its while; the rest is for the check, which takes text and bytes alike.
    let text = b"the and the and the and\xff\x00 the and the and the\r\n".repeat(4);
    std::fs::write(dir.path().join("a"), &text).unwrap();
    let run = |arguments: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_llmzip"));
        command.args(arguments.split(' ')).current_dir(dir.path());
        let output = command.env("LLMZIP_CACHE", dir.path().join("cache")).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments}: {said}");
        output.stdout
    };
    run("models import words");
    let info = String::from_utf8(run("models info words")).unwrap();
    assert!(info.contains(&format!("{} tokens", 256 + n)), "{info}");
    run("models verify words");
    let check: Value =
        serde_json::from_slice(&run("models check --json -q words a --dir words")).unwrap();
    let bits = |field: &str| check[field].as_f64().unwrap();
    assert!((bits("bits_per_byte") / bits("float_bits_per_byte") - 1.0).abs() < 0.01, "{check}");
    run("--model words a");
    assert_eq!(run("-d -c a.llmz"), text);
}
