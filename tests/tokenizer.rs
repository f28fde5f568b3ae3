//! Our token ids against those of the `tokenizers` crate, with real vocabularies and real texts.
//!
//! The vocabularies and texts lie outside the repository, in `../shared` or in the folder that `LLMZIP_SHARED` names;
//! where they are missing, the tests say so and pass.

use std::path::{Path, PathBuf};

use llmzip::tokenizer::{Pattern, Tokenizer, TokenizerSpec};
use serde_json::{Value, json};

/// As much of each text as is compared; whole texts take a minute and a half, and were equal too.
const TEXT_BYTES: usize = 20_000;

/// A file or folder among the shared ones; `None`, with a word to the reader, if it is not there.
fn shared(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("LLMZIP_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = folder.join(name);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

/// The beginnings of all texts of the corpora, and one of odd characters.
fn texts() -> Option<Vec<(String, String)>> {
    let mut texts = vec![("odd".to_owned(), odd_text())];
    for group in std::fs::read_dir(shared("corpora")?).unwrap() {
        let group = group.unwrap().path();
        if !group.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(group).unwrap() {
            let path = file.unwrap().path();
            let Ok(mut text) = String::from_utf8(std::fs::read(&path).unwrap()) else { continue };
            let end = (0..=TEXT_BYTES.min(text.len())).rfind(|&end| text.is_char_boundary(end));
            text.truncate(end.unwrap_or(0));
            texts.push((path.display().to_string(), text));
        }
    }
    Some(texts)
}

fn odd_text() -> String {
    let mut text = String::from(
        "I'll IT'S it'\u{17f} we'RE  \t\u{a0}x \r\n\r\n  \u{3000}\u{2028}y 123456 ١٢٣ ½Ⅷ<|endoftext|><think>\0\0\
         e\u{301} é ﬁ Å \u{212b} ｆｕｌｌ\u{200d}👩‍👩‍👧‍👦🏽 नमस्ते สวัสดี 한국어 \u{1112}\u{1161}\u{11ab} \u{feff}\u{e000}\u{10ffff}     ",
    );
    // Every character of the first planes beside letters, spaces and digits; sparser behind.
    let characters = (0..0x3000).chain((0x3000..0x10_ffff).step_by(37));
    for c in characters.filter_map(char::from_u32) {
        text.extend(['a', c, 'b', ' ', c, '1', c, '\n']);
    }
    text
}

/// The crate's tokenizer without what a lossless program must not do: added tokens and the normalizer.
fn reference(mut json: Value) -> tokenizers::Tokenizer {
    json["added_tokens"] = json!([]);
    json["normalizer"] = Value::Null;
    json["post_processor"] = Value::Null;
    json.to_string().parse().unwrap()
}

fn assert_same_ids(ours: &Tokenizer, reference: &tokenizers::Tokenizer) {
    let Some(texts) = texts() else { return };
    for (name, text) in texts {
        let ranks = ours.encode(text.as_bytes()).unwrap();
        assert_eq!(ours.decode(&ranks), text.as_bytes());
        let ids = ranks.iter().map(|&rank| ours.spec().original_ids()[rank as usize]);
        let want = reference.encode_fast(text.as_str(), false).unwrap();
        let first = ids.clone().zip(want.get_ids()).position(|(id, &want)| id != want);
        assert_eq!(first, None, "{name}");
        assert_eq!(ids.len(), want.get_ids().len(), "{name}");
    }
}

/// A tokenizer.json's `pre_tokenizer` for each pattern.
fn pre_tokenizer(pattern: Pattern) -> Value {
    let qwen2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    let regex = match pattern {
        Pattern::Llama3 => qwen2.replace(r"|\p{N}|", r"|\p{N}{1,3}|"),
        _ => qwen2.to_owned(),
    };
    let byte_level = |use_regex| {
        let (prefix, trim) = (false, true);
        json!({"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": trim, "use_regex": use_regex})
    };
    let first = match pattern {
        Pattern::Gpt2 => return byte_level(true),
        Pattern::Gpt2Digits => json!({"type": "Digits", "individual_digits": true}),
        _ => {
            json!({"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": false})
        }
    };
    let last = byte_level(pattern == Pattern::Gpt2Digits);
    json!({"type": "Sequence", "pretokenizers": [first, last]})
}

#[test]
fn the_builtin_vocabulary_gives_the_ids_of_the_crate_behind_every_pattern() {
    let Some(path) = shared("builtin-v0/tokenizer.json") else { return };
    let mut json: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let published = TokenizerSpec::from_tokenizer_json(json.to_string().as_bytes(), 8192).unwrap();
    assert_eq!(published.pattern(), Pattern::Qwen2);
    assert_eq!(published.masked_rows(), [0]);
    assert_eq!(published.special_id("<|endoftext|>"), Some(0));
    for pattern in [Pattern::Qwen2, Pattern::Gpt2, Pattern::Gpt2Digits, Pattern::Llama3] {
        json["pre_tokenizer"] = pre_tokenizer(pattern);
        let spec = TokenizerSpec::from_tokenizer_json(json.to_string().as_bytes(), 8192).unwrap();
        assert_eq!(spec.pattern(), pattern);
        assert_same_ids(&Tokenizer::new(spec).unwrap(), &reference(json.clone()));
    }
    json["model"]["ignore_merges"] = json!(true);
    let spec = TokenizerSpec::from_tokenizer_json(json.to_string().as_bytes(), 8192).unwrap();
    assert_same_ids(&Tokenizer::new(spec).unwrap(), &reference(json));
}

#[test]
fn qwens_vocabulary_gives_the_ids_of_the_crate_and_comes_back_from_its_bytes() {
    let Some(folder) = shared("qwen-tokenizer") else { return };
    let vocab = std::fs::read(folder.join("vocab.json")).unwrap();
    let merges = std::fs::read(folder.join("merges.txt")).unwrap();
    let spec = TokenizerSpec::from_vocab_and_merges(&vocab, &merges, Pattern::Qwen2, 151_936);
    let spec = spec.unwrap();
    assert_eq!(spec.tokens().len(), 151_643);
    assert_eq!(spec.masked_rows().len(), 151_936 - 151_643);
    let bytes = spec.to_bytes();
    assert!(bytes.len() < vocab.len());
    assert_eq!(TokenizerSpec::from_bytes(&bytes).unwrap(), spec);

    let vocab: Value = serde_json::from_slice(&vocab).unwrap();
    let lines = std::str::from_utf8(&merges).unwrap().lines();
    let merges: Vec<_> = lines.filter(|line| !line.starts_with("#version")).collect();
    let json = json!({
        "version": "1.0",
        "pre_tokenizer": pre_tokenizer(Pattern::Qwen2),
        "model": {"type": "BPE", "vocab": vocab, "merges": merges},
    });
    let ours = Tokenizer::new(spec).unwrap();
    // The tree's leaves, walked to from the root, at some distance from each other.
    for rank in (0..ours.vocabulary().len() as u32).step_by(101) {
        let step = ours.vocabulary().path(rank).last().unwrap();
        assert!(step.low <= rank && rank < step.high);
        assert_eq!(step.took_right, rank >= step.node);
    }
    assert_same_ids(&ours, &reference(json));
}
