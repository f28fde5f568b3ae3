//! Reading the tokenizers that are published with models: Hugging Face's tokenizer.json, or vocab.json and merges.txt.
//!
//! Only byte-level BPE is understood, with the split patterns of [`Pattern`]. What would change the tokens and is
//! not known is refused by name. The normalizer is passed over on purpose: it would change the text (Qwen's has NFC).

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::pretokenizer::Pattern;
use super::sorted::SortedTokens;
use super::spec::{Merge, SpecParts, Special, TokenizerSpec};
use crate::error::{Error, Result};

impl TokenizerSpec {
    /// Reads a tokenizer.json; `n_rows` is the number of rows of the model's output matrix.
    ///
    /// All `added_tokens` become special rows, whatever they are: the same characters in a text are text.
    ///
    /// # Errors
    /// [`Error::Unsupported`] naming the field that is of a kind not known here, [`Error::Invalid`] if the file is
    /// damaged or contradicts itself or `n_rows`.
    pub fn from_tokenizer_json(json: &[u8], n_rows: usize) -> Result<Self> {
        let json: Value = serde_json::from_slice(json)
            .map_err(|error| Error::invalid(format!("tokenizer.json: {error}")))?;
        let pattern = read_pattern(&json["pre_tokenizer"])?;
        let model = &json["model"];
        check_model(model)?;
        let special = read_added(&json["added_tokens"])?;
        let vocab = read_vocab(&model["vocab"])?;
        let merges = model["merges"].as_array().ok_or_else(|| wrong("model.merges"))?;
        let merges: Vec<_> = merges.iter().map(read_merge).collect::<Result<_>>()?;
        let ignore_merges = model["ignore_merges"].as_bool().unwrap_or(false);
        assemble(vocab, &merges, pattern, ignore_merges, special, n_rows)
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
        let vocab: Value = serde_json::from_slice(vocab_json)
            .map_err(|error| Error::invalid(format!("vocab.json: {error}")))?;
        let vocab = read_vocab(&vocab)?;
        let text = std::str::from_utf8(merges_txt)
            .map_err(|_| Error::invalid("merges.txt is not UTF-8"))?;
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with("#version"));
        let merges = lines.map(|line| line.split_once(' ').ok_or_else(|| wrong("merges.txt")));
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

/// Refuses everything but plain byte-level BPE.
fn check_model(model: &Value) -> Result<()> {
    let off = |value: &Value| {
        value.is_null() || value == false || value == "" || value.as_f64() == Some(0.0)
    };
    if model["type"] != "BPE" && !model["type"].is_null() {
        return Err(unknown("model.type", &model["type"]));
    }
    // `unk_token` and `fuse_unk` say what happens to characters without a token; every byte has one.
    for field in ["dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback"] {
        if !off(&model[field]) {
            return Err(unknown(&format!("model.{field}"), &model[field]));
        }
    }
    if !(off(&model["ignore_merges"]) || model["ignore_merges"] == true) {
        return Err(unknown("model.ignore_merges", &model["ignore_merges"]));
    }
    Ok(())
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

fn read_id(id: &Value, field: &str) -> Result<u32> {
    id.as_u64().and_then(|id| u32::try_from(id).ok()).ok_or_else(|| wrong(field))
}

fn read_added(added: &Value) -> Result<Vec<Special>> {
    let Some(list) = added.as_array() else {
        return if added.is_null() { Ok(Vec::new()) } else { Err(wrong("added_tokens")) };
    };
    let mut special = BTreeMap::new();
    for token in list {
        let id = read_id(&token["id"], "added_tokens.id")?;
        let text = token["content"].as_str().ok_or_else(|| wrong("added_tokens.content"))?;
        special.insert(id, text.to_owned());
    }
    Ok(special.into_iter().map(|(id, text)| Special { id, text }).collect())
}

fn read_vocab(vocab: &Value) -> Result<Vec<(&str, u32)>> {
    let vocab = vocab.as_object().ok_or_else(|| wrong("vocab"))?;
    vocab.iter().map(|(text, id)| Ok((text.as_str(), read_id(id, "vocab")?))).collect()
}

/// A merge is `"a b"` in older files, `["a", "b"]` in newer ones.
fn read_merge(merge: &Value) -> Result<(&str, &str)> {
    let pair = match merge {
        Value::String(both) => both.split_once(' '),
        Value::Array(pair) => match pair.as_slice() {
            [left, right] => left.as_str().zip(right.as_str()),
            _ => None,
        },
        _ => None,
    };
    pair.ok_or_else(|| wrong("model.merges"))
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
    special: Vec<Special>,
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
        rank.ok_or_else(|| Error::invalid(format!("merges name {text:?}, which is no token")))
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
