//! Texts to compare token ids with, and the `tokenizers` crate to compare with.

use crate::common::shared;
use llmzip::tokenizer::Tokenizer;
use serde_json::{Value, json};

/// As much of each text as is compared; whole texts take a minute and a half, and were equal too.
const TEXT_BYTES: usize = 20_000;

/// The beginnings of all texts of the corpora beside the project, if these are there, and one of odd characters.
fn texts() -> Vec<(String, String)> {
    let mut texts = vec![("odd".to_owned(), odd_text())];
    let Some(corpora) = shared("corpora") else { return texts };
    for group in std::fs::read_dir(corpora).unwrap() {
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
    texts
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

/// The crate's tokenizer without what a lossless program must not do: added tokens and the normalizer, of which only
/// the mark for spaces is kept.
pub fn reference(mut json: Value) -> tokenizers::Tokenizer {
    json["added_tokens"] = json!([]);
    json["normalizer"] = match json["model"]["byte_fallback"] == true {
        true => json!({ "type": "Replace", "pattern": { "String": " " }, "content": "\u{2581}" }),
        false => Value::Null,
    };
    json["post_processor"] = Value::Null;
    json.to_string().parse().unwrap()
}

/// All texts, as `prepare` makes them ones that can be compared, have the same ids here and there; of several rows with
/// the same bytes one stands for all.
pub fn assert_same_ids(
    ours: &Tokenizer,
    reference: &tokenizers::Tokenizer,
    prepare: impl Fn(String) -> String,
) {
    let mut fed_back: Vec<u32> = (0..=ours.spec().n_rows() as u32).collect();
    for &(rank, id) in ours.spec().duplicates() {
        fed_back[id as usize] = ours.spec().original_ids()[rank as usize];
    }
    for (name, text) in texts() {
        let text = prepare(text);
        let ranks = ours.encode(text.as_bytes()).unwrap();
        assert_eq!(ours.decode(&ranks), text.as_bytes());
        let ids = ranks.iter().map(|&rank| ours.spec().original_ids()[rank as usize]);
        let want = reference.encode_fast(text.as_str(), false).unwrap();
        let want = want.get_ids().iter().map(|&id| fed_back[id as usize]);
        let first = ids.clone().zip(want.clone()).position(|(id, want)| id != want);
        assert_eq!(first, None, "{name}");
        assert_eq!(ids.len(), want.len(), "{name}");
    }
}
