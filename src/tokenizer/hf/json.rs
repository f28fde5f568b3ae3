//! The parts of a tokenizer.json that matter here.
//!
//! Texts are those of the file where they can be, lists have limits, and whatever else a file holds
//! is passed over without being kept: memory is a few times the file's size at most.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::bounded::{Small, UpTo};
use crate::tokenizer::sorted::MAX_ROWS;

/// The file.
#[derive(Deserialize)]
pub(super) struct TokenizerJson<'a> {
    #[serde(borrow)]
    pub(super) model: Model<'a>,
    #[serde(default)]
    pub(super) pre_tokenizer: Small,
    #[serde(default)]
    pub(super) normalizer: Small,
    #[serde(borrow, default)]
    pub(super) added_tokens: Option<UpTo<Added<'a>, MAX_ROWS>>,
}

/// Its `model`.
#[derive(Deserialize)]
pub(super) struct Model<'a> {
    #[serde(rename = "type", default)]
    pub(super) kind: Small,
    #[serde(default)]
    pub(super) dropout: Small,
    #[serde(default)]
    pub(super) continuing_subword_prefix: Small,
    #[serde(default)]
    pub(super) end_of_word_suffix: Small,
    #[serde(default)]
    pub(super) byte_fallback: Small,
    #[serde(default)]
    pub(super) ignore_merges: Small,
    #[serde(borrow, default)]
    pub(super) vocab: Vocab<'a>,
    #[serde(borrow, default)]
    pub(super) merges: Merges<'a>,
}

/// One of `added_tokens`.
#[derive(Deserialize)]
pub(super) struct Added<'a> {
    pub(super) id: u32,
    #[serde(borrow)]
    pub(super) content: Text<'a>,
}

/// A text that is the file's own where it has no escapes.
#[derive(Deserialize, PartialEq, Eq, Hash)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Texts with their ids, in any order; of two with the same text the later counts. `None` for a
/// vocabulary of another form, which belongs to another kind of model.
#[derive(Default)]
pub(super) struct Vocab<'a>(Option<HashMap<Text<'a>, u32>>);

impl Vocab<'_> {
    pub(super) fn entries(&self) -> Option<Vec<(&str, u32)>> {
        let entries = self.0.as_ref()?.iter();
        Some(entries.map(|(text, &id)| (text.as_str(), id)).collect())
    }
}

/// Pairs of texts; `None` for what is no list.
#[derive(Default)]
pub(super) struct Merges<'a>(Option<UpTo<Pair<'a>, MAX_ROWS>>);

impl Merges<'_> {
    pub(super) fn pairs(&self) -> Option<Vec<(&str, &str)>> {
        let pairs = self.0.as_ref()?.0.iter();
        Some(pairs.map(Pair::both).collect())
    }
}

/// `"a b"` in older files, `["a", "b"]` in newer ones.
struct Pair<'a> {
    /// Both, with a space in between, or the left one.
    text: Text<'a>,
    right: Option<Text<'a>>,
}

impl Pair<'_> {
    fn both(&self) -> (&str, &str) {
        match &self.right {
            Some(right) => (self.text.as_str(), right.as_str()),
            None => self.text.as_str().split_once(' ').expect("looked at when it was read"),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Vocab<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Vocab<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a vocabulary: texts with their ids")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = HashMap::new();
                while let Some(text) = map.next_key::<Text<'de>>()? {
                    if entries.len() == MAX_ROWS {
                        return Err(A::Error::custom(format_args!(
                            "the vocabulary has more than {MAX_ROWS} entries"
                        )));
                    }
                    entries.insert(text, map.next_value()?);
                }
                Ok(Vocab(Some(entries)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Vocab(None))
            }
        }
        deserializer.deserialize_any(Form)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Merges<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Merges(Option::deserialize(deserializer)?))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Pair<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl Form {
            fn split<'a, E: Error>(text: Cow<'a, str>) -> Result<Pair<'a>, E> {
                match text.contains(' ') {
                    true => Ok(Pair { text: Text(text), right: None }),
                    false => Err(E::custom("a merge without a space")),
                }
            }
        }
        impl<'de> Visitor<'de> for Form {
            type Value = Pair<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a merge: two texts")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Form::split(Cow::Borrowed(text))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Form::split(Cow::Owned(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let two = (list.next_element()?, list.next_element()?);
                match (two, list.next_element::<IgnoredAny>()?) {
                    ((Some(text), right @ Some(_)), None) => Ok(Pair { text, right }),
                    _ => Err(A::Error::custom("a merge that is not two texts")),
                }
            }
        }
        deserializer.deserialize_any(Form)
    }
}
