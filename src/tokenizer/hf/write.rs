//! A tokenizer as the tokenizer.json that [`TokenizerSpec::from_tokenizer_json`] makes the same one of.

use std::collections::HashSet;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Value, json};

use super::{byte_of_character, wrong};
use crate::error::{Error, Result};
use crate::tokenizer::pretokenizer::Pattern;
use crate::tokenizer::spec::TokenizerSpec;

/// The file; fields in the order in which they are published.
#[derive(Serialize)]
struct Written<'a> {
    version: &'static str,
    truncation: (),
    padding: (),
    added_tokens: Vec<Value>,
    normalizer: Value,
    pre_tokenizer: Value,
    post_processor: (),
    decoder: Value,
    model: Bpe<'a>,
}

#[derive(Serialize)]
struct Bpe<'a> {
    r#type: &'static str,
    dropout: (),
    unk_token: (),
    continuing_subword_prefix: (),
    end_of_word_suffix: (),
    fuse_unk: bool,
    byte_fallback: bool,
    ignore_merges: bool,
    vocab: Vocab<'a>,
    merges: Vec<[&'a str; 2]>,
}

/// Texts with their ids, by id.
struct Vocab<'a>(Vec<(&'a str, u32)>);

impl Serialize for Vocab<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(text, id)| map.serialize_entry(text, id))?;
        map.end()
    }
}

impl TokenizerSpec {
    /// Writes a tokenizer.json. Other programs that read it give a text the same ids; what they call special is
    /// special for them.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a tokenizer that such a file cannot say.
    pub fn to_tokenizer_json(&self) -> Result<Vec<u8>> {
        let spelling = Spelling::of(self.pattern());
        let tokens: Vec<String> = self
            .tokens()
            .iter()
            .map(|token| spelling.text(token).ok_or_else(|| wrong("vocabulary")))
            .collect::<Result<_>>()?;
        let further: Vec<(String, u32)> = self
            .duplicates()
            .iter()
            .map(|&(rank, id)| {
                // Of two tokens of the same bytes, the one fed back is a piece and the other a byte.
                let byte = <[u8; 1]>::try_from(self.tokens().bytes(rank)).ok();
                Some((spelling.byte_token(byte?[0])?, id))
            })
            .map(|text| text.ok_or_else(|| not_written("two tokens of the same bytes")))
            .collect::<Result<_>>()?;
        let twice: HashSet<u32> = self.duplicates().iter().map(|&(rank, _)| rank).collect();
        let lent = self.lent();
        let mut vocab: Vec<(String, u32)> = further;
        for (rank, (text, &id)) in (0u32..).zip(tokens.iter().zip(self.original_ids())) {
            let byte = match self.tokens().bytes(rank) {
                [byte] if !twice.contains(&rank) => spelling.byte_token(*byte),
                _ => None,
            };
            // A byte that the vocabulary lacks is lent the same row again by whoever reads it.
            if !lent.contains(&rank) {
                vocab.push((byte.unwrap_or_else(|| text.clone()), id));
            }
        }
        let used: HashSet<&str> = vocab.iter().map(|(text, _)| text.as_str()).collect();
        // Programs give an added token the id that the vocabulary has for it.
        let named = self.special().iter().filter(|special| !used.contains(&special.text[..]));
        let named: Vec<_> = named.map(|special| (special.text.as_str(), special.id)).collect();
        let mut all: Vec<_> = vocab.iter().map(|(text, id)| (text.as_str(), *id)).collect();
        all.extend(named);
        all.sort_unstable_by_key(|&(_, id)| id);
        let merges = self.merges().iter();
        let merges = merges.map(|m| [m.left, m.right].map(|rank| tokens[rank as usize].as_str()));
        let json = serde_json::to_vec_pretty(&Written {
            version: "1.0",
            truncation: (),
            padding: (),
            added_tokens: self.special().iter().map(|s| added(s.id, &s.text)).collect(),
            normalizer: spelling.normalizer(),
            pre_tokenizer: pre_tokenizer(self.pattern()),
            post_processor: (),
            decoder: spelling.decoder(),
            model: Bpe {
                r#type: "BPE",
                dropout: (),
                unk_token: (),
                continuing_subword_prefix: (),
                end_of_word_suffix: (),
                fuse_unk: self.pattern() == Pattern::SentencePiece,
                byte_fallback: self.pattern() == Pattern::SentencePiece,
                ignore_merges: self.ignore_merges(),
                vocab: Vocab(all),
                merges: merges.collect(),
            },
        });
        let json = json.map_err(|error| Error::invalid(error.to_string()))?;
        // Whatever such a file cannot say shows here, and not in a model that predicts something else.
        match TokenizerSpec::from_tokenizer_json(&json, self.n_rows()) {
            Ok(again) if again == *self => Ok(json),
            _ => Err(not_written("tokens, rows or merges that it would not give back")),
        }
    }

    /// The ranks of bytes that were lent a row which others have too, or none.
    fn lent(&self) -> HashSet<u32> {
        let mut uses = vec![0u32; self.n_rows() + 1];
        self.original_ids().iter().for_each(|&id| uses[id as usize] += 1);
        let shares = |id: u32| uses[id as usize] > 1 || id as usize == self.n_rows();
        let ranks = (0u32..).zip(self.original_ids());
        ranks.filter(|&(_, &id)| shares(id)).map(|(rank, _)| rank).collect()
    }
}

fn not_written(what: &str) -> Error {
    Error::unsupported(format!("the tokenizer has {what}, and cannot be a tokenizer.json"))
}

fn added(id: u32, text: &str) -> Value {
    json!({
        "id": id, "content": text, "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": true,
    })
}

fn pre_tokenizer(pattern: Pattern) -> Value {
    let byte_level = |use_regex: bool| {
        json!({
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
            "use_regex": use_regex,
        })
    };
    let first = match (pattern, pattern.regex()) {
        (Pattern::SentencePiece, _) => return Value::Null,
        (Pattern::Gpt2Digits, _) => json!({ "type": "Digits", "individual_digits": true }),
        (_, Some(regex)) => json!({
            "type": "Split", "pattern": { "Regex": regex }, "behavior": "Isolated", "invert": false,
        }),
        (_, None) => return byte_level(true),
    };
    let built_in = pattern.regex().is_none();
    json!({ "type": "Sequence", "pretokenizers": [first, byte_level(built_in)] })
}

/// How a publisher writes bytes as characters.
enum Spelling {
    /// One character for each.
    Bytes(Vec<char>),
    /// UTF-8 with another space, and `<0x41>` for single bytes.
    Pieces,
}

impl Spelling {
    fn of(pattern: Pattern) -> Spelling {
        if pattern == Pattern::SentencePiece {
            return Spelling::Pieces;
        }
        let mut characters = vec!['\0'; 256];
        for (character, byte) in byte_of_character() {
            characters[usize::from(byte)] = character;
        }
        Spelling::Bytes(characters)
    }

    /// A token; a single byte that is no character is a byte token.
    fn text(&self, token: &[u8]) -> Option<String> {
        match self {
            Spelling::Bytes(characters) => {
                Some(token.iter().map(|&byte| characters[usize::from(byte)]).collect())
            }
            Spelling::Pieces => match (std::str::from_utf8(token), token) {
                (Ok(text), _) => Some(text.replace(' ', "\u{2581}")),
                (Err(_), &[byte]) => self.byte_token(byte),
                _ => None,
            },
        }
    }

    fn byte_token(&self, byte: u8) -> Option<String> {
        match self {
            Spelling::Bytes(_) => None,
            Spelling::Pieces => Some(format!("<0x{byte:02X}>")),
        }
    }

    fn normalizer(&self) -> Value {
        match self {
            Spelling::Bytes(_) => Value::Null,
            Spelling::Pieces => {
                json!({ "type": "Replace", "pattern": { "String": " " }, "content": "\u{2581}" })
            }
        }
    }

    fn decoder(&self) -> Value {
        match self {
            Spelling::Bytes(_) => json!({
                "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true,
                "use_regex": true,
            }),
            Spelling::Pieces => json!({ "type": "Sequence", "decoders": [
                { "type": "Replace", "pattern": { "String": "\u{2581}" }, "content": " " },
                { "type": "ByteFallback" },
                { "type": "Fuse" },
            ]}),
        }
    }
}
