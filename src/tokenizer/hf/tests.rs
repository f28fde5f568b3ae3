use serde_json::json;

use super::*;

/// The character that stands for a byte in published vocabularies.
fn character(byte: u8) -> String {
    let bytes = byte_of_character();
    bytes.iter().find(|&(_, &of)| of == byte).map(|(c, _)| c.to_string()).unwrap()
}

/// A small tokenizer.json in GPT-2's manner: bytes at 1 to 256, four words, a special token at 0 and another at 262.
fn small_json() -> Value {
    let mut vocab = serde_json::Map::new();
    vocab.insert("<|endoftext|>".into(), json!(0));
    for byte in 0..=255u8 {
        vocab.insert(character(byte), json!(u32::from(byte) + 1));
    }
    for (word, id) in [("th", 257), ("the", 258), ("Ġthe", 259), ("Ċ Ċ", 260)] {
        vocab.insert(word.into(), json!(id));
    }
    json!({
        "added_tokens": [
            {"id": 262, "content": "<think>", "special": false},
            {"id": 0, "content": "<|endoftext|>", "special": true},
        ],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true},
        "model": {"type": "BPE", "vocab": vocab, "merges": ["t h", ["th", "e"], "Ġ the"]},
    })
}

fn read(json: &Value) -> Result<TokenizerSpec> {
    TokenizerSpec::from_tokenizer_json(json.to_string().as_bytes(), 270)
}

#[test]
fn reads_both_forms_of_merges_and_masks_what_has_no_bytes() {
    let spec = read(&small_json()).unwrap();
    assert_eq!(spec.pattern(), Pattern::Gpt2);
    assert_eq!(spec.tokens().len(), 259);
    let results = spec.merges().iter().map(|merge| spec.tokens().bytes(merge.result));
    assert_eq!(results.collect::<Vec<_>>(), [&b"th"[..], b"the", b" the"]);
    let the = spec.tokens().find(b" the").unwrap();
    assert_eq!(spec.original_ids()[the as usize], 259);
    // "Ċ Ċ" has a space, which is no character of such vocabularies.
    let masked: Vec<u32> = [0].into_iter().chain(260..270).collect();
    assert_eq!(spec.masked_rows(), masked);
    assert_eq!(spec.special_id("<think>"), Some(262));
}

#[test]
fn the_later_of_two_equal_merges_counts() {
    let mut json = small_json();
    json["model"]["merges"] = json!(["t h", "th e", "t h"]);
    let spec = read(&json).unwrap();
    let results = spec.merges().iter().map(|merge| spec.tokens().bytes(merge.result));
    assert_eq!(results.collect::<Vec<_>>(), [&b"the"[..], b"th"]);
}

#[test]
fn recognises_the_known_ways_of_splitting() {
    let behind = |first: Value, use_regex: bool| {
        let last = json!({"type": "ByteLevel", "add_prefix_space": false, "use_regex": use_regex});
        json!({"type": "Sequence", "pretokenizers": [first, last]})
    };
    let split = |regex: &str| {
        let pattern = json!({ "Regex": regex });
        json!({"type": "Split", "pattern": pattern, "behavior": "Isolated", "invert": false})
    };
    let digits = json!({"type": "Digits", "individual_digits": true});
    let qwen2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    let llama3 = qwen2.replace(r"|\p{N}|", r"|\p{N}{1,3}|");
    let known = [
        (behind(split(qwen2), false), Pattern::Qwen2),
        (behind(split(&llama3), false), Pattern::Llama3),
        (behind(digits.clone(), true), Pattern::Gpt2Digits),
    ];
    for (pre, pattern) in known {
        assert_eq!(read_pattern(&pre).unwrap(), pattern);
    }
    let unknown = [
        behind(split(r"\w+"), false),
        behind(split(qwen2), true),
        behind(digits, false),
        json!({"type": "Metaspace"}),
        json!({"type": "ByteLevel", "add_prefix_space": true}),
        json!({"type": "Sequence", "pretokenizers": []}),
        Value::Null,
    ];
    for pre in unknown {
        let error = read_pattern(&pre).unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }), "{pre}");
        assert!(error.to_string().contains("pre_tokenizer"), "{error}");
    }
}

#[test]
fn refuses_models_of_another_kind_by_the_name_of_the_field() {
    let fields = [
        ("type", json!("Unigram")),
        ("dropout", json!(0.1)),
        ("end_of_word_suffix", json!("</w>")),
        ("ignore_merges", json!("maybe")),
    ];
    for (field, value) in fields {
        let mut json = small_json();
        json["model"][field] = value;
        let error = read(&json).unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }));
        assert!(error.to_string().contains(field), "{error}");
    }
}

#[test]
fn refuses_what_contradicts_itself() {
    let spoil: [fn(&mut Value); 7] = [
        |json| json["model"]["vocab"]["th"] = json!(3),
        |json| json["model"]["vocab"]["th"] = json!(300),
        |json| json["model"]["vocab"]["th"] = json!(-1),
        |json| json["model"]["vocab"] = json!({}),
        |json| json["model"]["merges"] = json!(["th is"]),
        |json| json["model"]["merges"] = json!(["the"]),
        |json| json["added_tokens"] = json!({"id": 1}),
    ];
    for (number, spoil) in spoil.iter().enumerate() {
        let mut json = small_json();
        spoil(&mut json);
        assert!(matches!(read(&json), Err(Error::Invalid { .. })), "{number}");
    }
    let result = TokenizerSpec::from_tokenizer_json(b"{", 270);
    assert!(matches!(result, Err(Error::Invalid { .. })));
}

#[test]
fn reads_the_older_pair_of_files() {
    let vocab = small_json()["model"]["vocab"].to_string();
    let merges = "#version: 0.2\nt h\nth e\r\nĠ the\n";
    let read = |merges: &str| {
        let (vocab, merges) = (vocab.as_bytes(), merges.as_bytes());
        TokenizerSpec::from_vocab_and_merges(vocab, merges, Pattern::Llama3, 261)
    };
    assert_eq!(read(merges).unwrap().merges().len(), 3);
    assert!(read("t  h\n").is_err() && read("th\n").is_err());
}

/// A tokenizer.json that lacks six bytes, with two rows that nothing has: one special, one padding.
fn lacking_json() -> Value {
    let vocab: serde_json::Map<_, _> =
        (0..=249u8).map(|byte| (character(byte), json!(u32::from(byte) + 1))).collect();
    json!({
        "added_tokens": [{"id": 0, "content": "<s>"}, {"id": 251, "content": "<x>"}],
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
        "model": {"type": "BPE", "vocab": vocab, "merges": []},
    })
}

#[test]
fn bytes_without_a_token_share_rows_where_there_are_too_few() {
    let json = lacking_json();
    let read = |n_rows| TokenizerSpec::from_tokenizer_json(json.to_string().as_bytes(), n_rows);
    let ids = |spec: &TokenizerSpec| spec.original_ids()[250..].to_vec();
    let spec = read(253).unwrap();
    assert_eq!(ids(&spec), [252, 251, 252, 251, 252, 251]);
    assert_eq!((spec.special_id("<s>"), spec.special_id("<x>")), (Some(0), None));
    assert_eq!(TokenizerSpec::from_bytes(&spec.to_bytes()).unwrap(), spec);
    let text: Vec<u8> = (0..=255).rev().collect();
    let tokenizer = crate::tokenizer::Tokenizer::new(spec).unwrap();
    assert_eq!(tokenizer.decode(&tokenizer.encode(&text).unwrap()), text);
    // Each has its own where there are enough, the highest first.
    assert_eq!(ids(&read(260).unwrap()), [259, 258, 257, 256, 255, 254]);
    // Row 0 is not to be lent: where there is no other, they have none.
    let json =
        json.to_string().replace(r#"{"content":"<x>","id":251}"#, r#"{"content":"<s>","id":0}"#);
    let spec = TokenizerSpec::from_tokenizer_json(json.as_bytes(), 251).unwrap();
    assert_eq!(ids(&spec), [251; 6]);
    assert_eq!(spec.rowless(), [250, 251, 252, 253, 254, 255]);
    assert_eq!(TokenizerSpec::from_bytes(&spec.to_bytes()).unwrap(), spec);
    let tokenizer = crate::tokenizer::Tokenizer::new(spec).unwrap();
    assert_eq!(tokenizer.decode(&tokenizer.encode(&text).unwrap()), text);
}

/// What is written of it, as this program and others read it.
fn written(spec: &TokenizerSpec) -> (TokenizerSpec, tokenizers::Tokenizer) {
    let json = spec.to_tokenizer_json().unwrap();
    let again = TokenizerSpec::from_tokenizer_json(&json, spec.n_rows()).unwrap();
    (again, std::str::from_utf8(&json).unwrap().parse().unwrap())
}

#[test]
fn comes_back_from_what_is_written() {
    let plain = read(&small_json()).unwrap();
    let text = "the  the\n\n 12 the123's é<think>\u{1F600}";
    for pattern in [Pattern::Gpt2, Pattern::Gpt2Digits, Pattern::Qwen2, Pattern::Llama3] {
        let parts = SpecParts {
            tokens: (**plain.tokens()).clone(),
            original_ids: plain.original_ids().to_vec(),
            duplicates: Vec::new(),
            merges: plain.merges().to_vec(),
            pattern,
            ignore_merges: pattern == Pattern::Llama3,
            special: plain.special().to_vec(),
            n_rows: 270,
        };
        let spec = TokenizerSpec::new(parts).unwrap();
        let (again, mut theirs) = written(&spec);
        assert_eq!(again, spec);
        theirs.set_encode_special_tokens(true);
        let wanted = theirs.encode_fast(text, false).unwrap();
        let ours = crate::tokenizer::Tokenizer::new(spec).unwrap();
        let ranks = ours.encode(text.as_bytes()).unwrap();
        let ids: Vec<u32> =
            ranks.iter().map(|&rank| ours.spec().original_ids()[rank as usize]).collect();
        assert_eq!(ids, wanted.get_ids(), "{pattern:?}");
        assert_eq!(theirs.token_to_id("<think>"), Some(262));
    }
}

#[test]
fn lent_rows_are_lent_again_from_what_is_written() {
    let json = lacking_json();
    // One, two, four or six rows for six bytes.
    for n_rows in [252, 253, 255, 260] {
        let spec = TokenizerSpec::from_tokenizer_json(json.to_string().as_bytes(), n_rows).unwrap();
        assert_eq!(written(&spec).0, spec, "{n_rows}");
    }
    let rowless =
        json.to_string().replace(r#"{"content":"<x>","id":251}"#, r#"{"content":"<s>","id":0}"#);
    let spec = TokenizerSpec::from_tokenizer_json(rowless.as_bytes(), 251).unwrap();
    assert_eq!(spec.rowless().len(), 6);
    assert_eq!(written(&spec).0, spec);
}

#[test]
fn what_no_tokenizer_json_says_is_not_written() {
    let parts = crate::tokenizer::spec::tests::small_parts();
    let mut alone = parts.clone();
    alone.duplicates.clear();
    assert!(TokenizerSpec::new(alone).unwrap().to_tokenizer_json().is_ok());
    let error = TokenizerSpec::new(parts).unwrap().to_tokenizer_json().unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }));
    assert!(error.to_string().contains("two tokens of the same bytes"), "{error}");
}
