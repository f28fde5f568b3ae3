//! SentencePiece's own files, as far as their lists of pieces go.

use serde_json::{Value, json};
use std::collections::HashMap;

/// Kinds of pieces that text consists of.
pub const NORMAL: i32 = 1;
pub const BYTE: i32 = 6;

/// One entry of a list, by its row.
pub struct Entry {
    pub text: String,
    pub score: f32,
    pub kind: i32,
}

/// A field of a protocol buffer: its number, and its bytes or its number.
struct Field<'a> {
    number: u64,
    bytes: &'a [u8],
    value: u64,
}

fn varint(rest: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let (byte, behind) = rest.split_first().unwrap();
        *rest = behind;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

fn fields(mut rest: &[u8]) -> Vec<Field<'_>> {
    let mut all = Vec::new();
    while !rest.is_empty() {
        let key = varint(&mut rest);
        let (mut bytes, mut value) = (&[][..], 0);
        match key & 7 {
            0 => value = varint(&mut rest),
            2 => {
                let len = varint(&mut rest) as usize;
                (bytes, rest) = rest.split_at(len);
            }
            5 => (bytes, rest) = rest.split_at(4),
            other => panic!("a field of type {other}"),
        }
        all.push(Field { number: key >> 3, bytes, value });
    }
    all
}

/// All entries of a file.
pub fn entries(file: &[u8]) -> Vec<Entry> {
    let pieces = fields(file).into_iter().filter(|field| field.number == 1);
    let entry = |piece: Field<'_>| {
        let mut entry = Entry { text: String::new(), score: 0.0, kind: NORMAL };
        for field in fields(piece.bytes) {
            match field.number {
                1 => entry.text = String::from_utf8(field.bytes.to_vec()).unwrap(),
                2 => entry.score = f32::from_le_bytes(field.bytes.try_into().unwrap()),
                3 => entry.kind = field.value as i32,
                other => panic!("field {other} of a piece"),
            }
        }
        entry
    };
    pieces.map(entry).collect()
}

/// The `tokenizer.json` that says the same: every way to cut a piece in two is a merge, the piece of the highest score
/// first, and of the lowest id among equals.
pub fn json(entries: &[Entry]) -> Value {
    let ids: HashMap<&str, usize> =
        entries.iter().enumerate().map(|(id, entry)| (&entry.text[..], id)).collect();
    let mut merges = Vec::new();
    for (id, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.kind == NORMAL) {
        for (at, _) in entry.text.char_indices().skip(1) {
            let (left, right) = entry.text.split_at(at);
            if let (Some(&l), Some(&r)) = (ids.get(left), ids.get(right)) {
                merges.push((-entry.score as i64, id, l, r));
            }
        }
    }
    merges.sort_unstable();
    let text = |id: usize| &entries[id].text[..];
    let merges: Vec<_> = merges.iter().map(|&(_, _, l, r)| [text(l), text(r)]).collect();
    let special =
        entries.iter().enumerate().filter(|(_, entry)| ![NORMAL, BYTE].contains(&entry.kind));
    let added: Vec<_> = special
        .map(|(id, entry)| json!({ "id": id, "content": entry.text, "special": true }))
        .collect();
    json!({
        "added_tokens": added,
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                { "type": "Prepend", "prepend": "\u{2581}" },
                { "type": "Replace", "pattern": { "String": " " }, "content": "\u{2581}" },
            ],
        },
        "model": {
            "type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true, "vocab": ids,
            "merges": merges,
        },
    })
}
