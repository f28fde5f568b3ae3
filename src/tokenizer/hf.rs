//! Reading the tokenizers that are published with models: Hugging Face's tokenizer.json, or vocab.json and merges.txt.
//!
//! Only byte-level BPE is understood, with the split patterns of [`Pattern`]. What would change the tokens and is
//! not known is refused by name. The normalizer is passed over on purpose: it would change the text (Qwen's has NFC).

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::pretokenizer::Pattern;
use super::sorted::{MAX_ROWS, SortedTokens};
use super::spare::lend_rows;
use super::spec::{Merge, SpecParts, Special, TokenizerSpec};
use crate::bounded::UpTo;
use crate::error::{Error, Result, shown};
use json::{Added, Model, TokenizerJson, Vocab};

mod json;
mod write;

impl TokenizerSpec {
    /// Reads a tokenizer.json; `n_rows` is the number of rows of the model's output matrix.
    ///
    /// All `added_tokens` become special rows, whatever they are: the same characters in a text are text.
    ///
    /// # Errors
    /// [`Error::Unsupported`] naming the field that is of a kind not known here, [`Error::Invalid`] if the file is
    /// damaged or contradicts itself or `n_rows`.
    pub fn from_tokenizer_json(json: &[u8], n_rows: usize) -> Result<Self> {
        let file: TokenizerJson<'_> =
            serde_json::from_slice(json).map_err(|error| bad_json("JSON", &error))?;
        let TokenizerJson { model, pre_tokenizer, normalizer, added_tokens } = &file;
        check_model(model)?;
        let by_characters = model.byte_fallback.0 == true;
        let pattern = match by_characters {
            true => check_spaces(&normalizer.0, &pre_tokenizer.0)?,
            false => read_pattern(&pre_tokenizer.0)?,
        };
        let special = special_of(added_tokens.as_ref());
        let vocab = model.vocab.entries().ok_or_else(|| wrong("vocab"))?;
        let merges = model.merges.pairs().ok_or_else(|| wrong("model.merges"))?;
        if by_characters {
            return Self::from_pieces(&vocab, &merges, special, n_rows);
        }
        let ignore_merges = model.ignore_merges.0.as_bool().unwrap_or(false);
        assemble(vocab, &merges, pattern, ignore_merges, special, n_rows)
    }

    /// A byte-level vocabulary whose parts were read elsewhere, in the characters of its publisher.
    ///
    /// # Errors
    /// As [`from_tokenizer_json`](Self::from_tokenizer_json).
    pub fn from_byte_level(
        vocab: Vec<(&str, u32)>,
        merges: &[(&str, &str)],
        pattern: Pattern,
        ignore_merges: bool,
        special: Vec<Special>,
        n_rows: usize,
    ) -> Result<Self> {
        assemble(vocab, merges, pattern, ignore_merges, special, n_rows)
    }

    /// Reads the older pair of files; they say neither how text is split nor which tokens are special.
    ///
    /// # Errors
    /// As [`from_tokenizer_json`](Self::from_tokenizer_json).
    pub fn from_vocab_and_merges(
        vocab_json: &[u8],
        merges_txt: &[u8],
        pattern: Pattern,
        n_rows: usize,
    ) -> Result<Self> {
        let vocab: Vocab<'_> = serde_json::from_slice(vocab_json)
            .map_err(|error| bad_json("JSON of the vocabulary", &error))?;
        let vocab = vocab.entries().ok_or_else(|| wrong("vocab"))?;
        let text = std::str::from_utf8(merges_txt)
            .map_err(|_| Error::invalid("merges.txt is not UTF-8"))?;
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with("#version"));
        // One more than there may be, so that too many are still seen.
        let merges = lines.take(MAX_ROWS + 1);
        let merges = merges.map(|line| line.split_once(' ').ok_or_else(|| wrong("merges.txt")));
        let merges = merges.collect::<Result<Vec<_>>>()?;
        assemble(vocab, &merges, pattern, false, Vec::new(), n_rows)
    }
}

/// A field that does not have the form it must have.
fn wrong(field: &str) -> Error {
    Error::invalid(format!("the tokenizer's {field} is not what it should be"))
}

/// A field that asks for something not known here.
fn unknown(field: &str, value: &Value) -> Error {
    let mut value = value.to_string();
    if let Some((end, _)) = value.char_indices().nth(80) {
        value.truncate(end);
        value.push_str("...");
    }
    Error::unsupported(format!("the tokenizer's {field} is {value}, which is not supported"))
}

/// A file that is no JSON, or not of the form that is wanted; what it says of itself is clipped.
fn bad_json(what: &str, error: &serde_json::Error) -> Error {
    Error::invalid(format!("{what}: {}", shown(&error.to_string())))
}

/// Refuses everything but plain byte-level BPE.
fn check_model(model: &Model<'_>) -> Result<()> {
    let off = |value: &Value| {
        value.is_null() || value == false || value == "" || value.as_f64() == Some(0.0)
    };
    if model.kind.0 != "BPE" && !model.kind.0.is_null() {
        return Err(unknown("model.type", &model.kind.0));
    }
    // `unk_token` and `fuse_unk` say what happens to characters without a token; every byte has one.
    for (field, value) in [
        ("dropout", &model.dropout.0),
        ("continuing_subword_prefix", &model.continuing_subword_prefix.0),
        ("end_of_word_suffix", &model.end_of_word_suffix.0),
    ] {
        if !off(value) {
            return Err(unknown(&format!("model.{field}"), value));
        }
    }
    for (field, value) in
        [("byte_fallback", &model.byte_fallback.0), ("ignore_merges", &model.ignore_merges.0)]
    {
        if !(off(value) || value == true) {
            return Err(unknown(&format!("model.{field}"), value));
        }
    }
    Ok(())
}

/// Refuses whatever SentencePiece-style files do not do: U+2581 for spaces, in one place or the other.
///
/// The space that they put before a text is left out, since it would have to come out again.
fn check_spaces(normalizer: &Value, pre_tokenizer: &Value) -> Result<Pattern> {
    let marks_spaces = |step: &Value| match step["type"].as_str() {
        Some("Replace") => step["pattern"]["String"] == " " && step["content"] == "\u{2581}",
        Some("Prepend") => step["prepend"] == "\u{2581}",
        Some("Metaspace") => step["replacement"] == "\u{2581}" && step["split"] != true,
        _ => false,
    };
    for (field, step) in [("normalizer", normalizer), ("pre_tokenizer", pre_tokenizer)] {
        let inner = step["normalizers"].as_array().or(step["pretokenizers"].as_array());
        let fits = match inner {
            _ if step.is_null() => true,
            Some(steps) => steps.iter().all(marks_spaces),
            None => marks_spaces(step),
        };
        if !fits {
            return Err(unknown(field, step));
        }
    }
    Ok(Pattern::SentencePiece)
}

/// The pattern behind `pre_tokenizer`: `ByteLevel` alone, or behind one `Split` or `Digits`.
fn read_pattern(pre: &Value) -> Result<Pattern> {
    let whole = std::slice::from_ref(pre);
    let steps = match &pre["pretokenizers"] {
        Value::Array(steps) if pre["type"] == "Sequence" => steps.as_slice(),
        _ => whole,
    };
    let Some((last, first)) = steps.split_last() else {
        return Err(unknown("pre_tokenizer", pre));
    };
    if last["type"] != "ByteLevel" || last["add_prefix_space"] != false {
        return Err(unknown("pre_tokenizer", pre));
    }
    // Where the field is missing, the regular expression is on.
    let built_in = last["use_regex"] != false;
    match first {
        [] if built_in => Ok(Pattern::Gpt2),
        [digits]
            if digits["type"] == "Digits" && digits["individual_digits"] == true && built_in =>
        {
            Ok(Pattern::Gpt2Digits)
        }
        [split] if split["type"] == "Split" && !built_in => {
            if split["behavior"] != "Isolated" {
                return Err(unknown("pre_tokenizer.behavior", &split["behavior"]));
            }
            if split["invert"] == true {
                return Err(unknown("pre_tokenizer.invert", &split["invert"]));
            }
            let pattern = &split["pattern"];
            let regex = pattern["Regex"].as_str().and_then(Pattern::from_regex);
            regex.ok_or_else(|| unknown("pre_tokenizer.pattern", pattern))
        }
        _ => Err(unknown("pre_tokenizer", pre)),
    }
}

/// The special rows, ascending; of two with the same id the later counts.
fn special_of(added: Option<&UpTo<Added<'_>, MAX_ROWS>>) -> Vec<Special> {
    let added = added.map_or(&[][..], |added| &added.0);
    let by_id: BTreeMap<u32, &str> =
        added.iter().map(|token| (token.id, token.content.as_str())).collect();
    by_id.into_iter().map(|(id, text)| Special { id, text: text.to_owned() }).collect()
}

/// The byte behind each character of a byte-level vocabulary.
///
/// GPT-2's convention: the printable characters of Latin-1 stand for themselves, and the other bytes, in order, for
/// the characters from U+0100 on.
fn byte_of_character() -> HashMap<char, u8> {
    let printable = |byte: u8| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let plain = (0..=255u8).filter(|&byte| printable(byte)).map(|byte| (char::from(byte), byte));
    let others = ('\u{100}'..).zip((0..=255u8).filter(|&byte| !printable(byte)));
    plain.chain(others).collect()
}

/// Sorts the vocabulary by its bytes and writes the merges in ranks.
fn assemble(
    vocab: Vec<(&str, u32)>,
    merges: &[(&str, &str)],
    pattern: Pattern,
    ignore_merges: bool,
    mut special: Vec<Special>,
    n_rows: usize,
) -> Result<TokenizerSpec> {
    let n_rows = u32::try_from(n_rows).map_err(|_| wrong("number of rows"))?;
    let bytes = byte_of_character();
    let to_bytes =
        |text: &str| -> Option<Vec<u8>> { text.chars().map(|c| bytes.get(&c).copied()).collect() };
    let is_special = |id| special.binary_search_by_key(&id, |special| special.id).is_ok();
    // An entry that no bytes can have (empty, or with other characters) is a masked row.
    let mut coded: Vec<(Vec<u8>, u32)> = vocab
        .iter()
        .filter(|&&(_, id)| !is_special(id))
        .filter_map(|&(text, id)| Some((to_bytes(text)?, id)))
        .filter(|(token, _)| !token.is_empty())
        .collect();
    let tokens = coded.iter().map(|(token, id)| (&token[..], *id));
    let lent = lend_rows(tokens, &mut special, n_rows);
    coded.extend(lent.into_iter().map(|(byte, id)| (vec![byte], id)));
    coded.sort_unstable();
    let mut tokens = SortedTokens::default();
    let (mut original_ids, mut duplicates) = (Vec::with_capacity(coded.len()), Vec::new());
    for (i, (token, id)) in coded.iter().enumerate() {
        if i > 0 && coded[i - 1].0 == *token {
            duplicates.push((tokens.len() as u32 - 1, *id));
        } else {
            tokens.push(token)?;
            original_ids.push(*id);
        }
    }
    let merges = rank_merges(&vocab, merges, &tokens, to_bytes)?;
    TokenizerSpec::new(SpecParts {
        tokens,
        original_ids,
        duplicates,
        merges,
        pattern,
        ignore_merges,
        special,
        n_rows,
    })
}

/// Merges as ranks. Those of special tokens are left out; of a pair given twice the later place counts, as it does
/// for the program that wrote the file.
fn rank_merges(
    vocab: &[(&str, u32)],
    merges: &[(&str, &str)],
    tokens: &SortedTokens,
    to_bytes: impl Fn(&str) -> Option<Vec<u8>>,
) -> Result<Vec<Merge>> {
    let ranks = tokens.ranks();
    // Each text once: its rank, or `None` if it is special.
    let ranks: HashMap<&str, Option<u32>> = vocab
        .iter()
        .map(|&(text, _)| (text, to_bytes(text).and_then(|token| ranks.get(&token[..]).copied())))
        .collect();
    let rank = |text: &str| {
        let rank = ranks.get(text).copied();
        rank.ok_or_else(|| {
            Error::invalid(format!("merges name \"{}\", which is no token", shown(text)))
        })
    };
    let mut ranked = Vec::with_capacity(merges.len());
    let mut last_place = HashMap::with_capacity(merges.len());
    let mut joined = String::new();
    for &(left, right) in merges {
        joined.clear();
        joined.extend([left, right]);
        if let (Some(left), Some(right), Some(result)) = (rank(left)?, rank(right)?, rank(&joined)?)
        {
            last_place.insert((left, right), ranked.len());
            ranked.push(Merge { left, right, result });
        }
    }
    let mut place = 0..;
    ranked.retain(|merge| place.next() == last_place.get(&(merge.left, merge.right)).copied());
    Ok(ranked)
}

#[cfg(test)]
mod tests;
