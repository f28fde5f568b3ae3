//! SentencePiece-style vocabularies (Llama 2, TinyLlama) as byte parsers.
//!
//! Their tokens are characters with U+2581 for the space, and `<0x41>` for single bytes. Here a
//! token is its bytes: the space is a space, and a byte token is that byte. Where a piece and a
//! byte token spell the same, the piece is fed back, because text was trained that way, and the
//! byte token's row is a further row of it.

use super::cuts::Cuts;
use super::pretokenizer::Pattern;
use super::sorted::{MAX_ROWS, MAX_TOKEN_BYTES, SortedTokens, too_long};
use super::spare::lend_rows;
use super::spec::{Merge, SpecParts, Special, TokenizerSpec};
use crate::error::{Error, Result};
use std::collections::HashMap;

/// One entry of a vocabulary that has scores instead of merges.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// As published, with U+2581 for spaces.
    pub text: &'a str,
    /// The model's row.
    pub id: u32,
    /// Of two possible merges the one with the higher score of its result comes first.
    pub score: f64,
}

impl TokenizerSpec {
    /// A vocabulary with merges in order of priority.
    ///
    /// # Errors
    /// As [`TokenizerSpec::new`].
    pub(crate) fn from_pieces(
        vocab: &[(&str, u32)],
        merges: &[(&str, &str)],
        mut special: Vec<Special>,
        n_rows: usize,
    ) -> Result<Self> {
        let n_rows = u32::try_from(n_rows).map_err(|_| Error::invalid("too many rows"))?;
        // In the order of their ids, as the spec wants them.
        let is_special = |id: u32| special.binary_search_by_key(&id, |special| special.id).is_ok();
        let mut coded: Vec<(Vec<u8>, bool, u32)> = vocab
            .iter()
            .filter(|&&(text, id)| !text.is_empty() && !is_special(id))
            .map(|&(text, id)| (bytes_of(text), byte_token(text).is_some(), id))
            .collect();
        let known = coded.iter().map(|(token, _, id)| (&token[..], *id));
        let lent = lend_rows(known, &mut special, n_rows);
        coded.extend(lent.into_iter().map(|(byte, id)| (vec![byte], true, id)));
        // Pieces stand before byte tokens of the same bytes, then the lower id.
        coded.sort_unstable();
        let mut tokens = SortedTokens::default();
        let (mut original_ids, mut duplicates) = (Vec::new(), Vec::new());
        for (i, (token, _, id)) in coded.iter().enumerate() {
            if i > 0 && coded[i - 1].0 == *token {
                duplicates.push((tokens.len() as u32 - 1, *id));
            } else {
                tokens.push(token)?;
                original_ids.push(*id);
            }
        }
        duplicates.sort_unstable();
        let ranks = tokens.ranks();
        let rank = |text: &str| ranks.get(&bytes_of(text)[..]).copied();
        let mut seen = HashMap::new();
        let mut ranked: Vec<Merge> = Vec::new();
        for &(left, right) in merges {
            let joined = format!("{left}{right}");
            if let (Some(left), Some(right), Some(result)) =
                (rank(left), rank(right), rank(&joined))
                && seen.insert((left, right), ()).is_none()
            {
                ranked.push(Merge { left, right, result });
            }
        }
        TokenizerSpec::new(SpecParts {
            original_ids,
            duplicates,
            merges: ranked,
            pattern: Pattern::SentencePiece,
            ignore_merges: false,
            special,
            n_rows,
            tokens,
        })
    }

    /// A vocabulary with scores, from which the merges follow: every cut of a piece into two others.
    ///
    /// Of equal scores, which runs of spaces have in Llama 2's, the piece of the lower id comes first. So they do where
    /// the same list is published with merges.
    ///
    /// # Errors
    /// As [`TokenizerSpec::new`].
    pub fn from_scored_pieces(
        pieces: &[Piece<'_>],
        special: Vec<Special>,
        n_rows: usize,
    ) -> Result<Self> {
        // A space has one byte here and three as it is published.
        if let Some(long) = pieces.iter().find(|piece| piece.text.len() > 3 * MAX_TOKEN_BYTES) {
            return Err(too_long(long.text.len()));
        }
        let known: HashMap<&str, &Piece<'_>> =
            pieces.iter().map(|piece| (piece.text, piece)).collect();
        let cuts = Cuts::new(known.keys().copied().collect());
        let mut merges = Vec::new();
        for piece in pieces.iter().filter(|piece| byte_token(piece.text).is_none()) {
            for (left, right) in cuts.of(piece.text) {
                let (left, right) = (known[left], known[right]);
                merges.push((piece.score, [piece.id, left.id, right.id], left.text, right.text));
            }
            if merges.len() > MAX_ROWS {
                return Err(Error::invalid(format!(
                    "the vocabulary makes more than {MAX_ROWS} merges"
                )));
            }
        }
        merges.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let merges: Vec<_> = merges.iter().map(|merge| (merge.2, merge.3)).collect();
        let vocab: Vec<_> = pieces.iter().map(|piece| (piece.text, piece.id)).collect();
        Self::from_pieces(&vocab, &merges, special, n_rows)
    }
}

/// The byte behind `<0x41>`.
fn byte_token(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
    (digits.len() == 2).then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

/// What a token spells.
fn bytes_of(text: &str) -> Vec<u8> {
    match byte_token(text) {
        Some(byte) => vec![byte],
        None => text.replace('\u{2581}', " ").into_bytes(),
    }
}

/// The ranks with which merging begins: a character that is a token, or else its bytes.
pub(super) fn characters(tokens: &SortedTokens, piece: &[u8], out: &mut Vec<u32>) {
    let byte = |byte: &u8| tokens.find(&[*byte]).expect("the spec has every byte");
    for chunk in piece.utf8_chunks() {
        for character in chunk.valid().chars() {
            let mut buffer = [0; 4];
            let bytes = character.encode_utf8(&mut buffer).as_bytes();
            match tokens.find(bytes) {
                Some(rank) => out.push(rank),
                None => out.extend(bytes.iter().map(byte)),
            }
        }
        out.extend(chunk.invalid().iter().map(byte));
    }
}

/// The end of the piece that begins at `at`: before the next space that follows something else.
///
/// No published vocabulary of this kind has a token with a space behind another character, so
/// nothing merges across such a place.
pub(super) fn word_end(text: &[u8], at: usize) -> usize {
    let mut ends = text[at..].windows(2).enumerate();
    ends.find(|(_, pair)| pair[0] != b' ' && pair[1] == b' ')
        .map_or(text.len(), |(i, _)| at + i + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::Tokenizer;

    #[test]
    fn of_equal_scores_the_piece_of_the_lower_id_comes_first() {
        // As in Llama 2's list: longer runs first, and the single space last of all.
        let runs = [2usize, 4, 8, 3, 6, 7, 5];
        let runs: Vec<String> = runs.iter().map(|&n| "\u{2581}".repeat(n)).collect();
        let bytes: Vec<String> = (0..=255).map(|byte| format!("<0x{byte:02X}>")).collect();
        let texts = bytes.iter().chain(&runs).map(|text| &text[..]).chain(["\u{2581}"]);
        let pieces: Vec<_> =
            texts.zip(0..).map(|(text, id)| Piece { text, id, score: -1e9 }).collect();
        let spec = TokenizerSpec::from_scored_pieces(&pieces, Vec::new(), 300).unwrap();
        let tokenizer = Tokenizer::new(spec).unwrap();
        let lens = |n| {
            let ranks = tokenizer.encode(&vec![b' '; n]).unwrap();
            ranks.iter().map(|&rank| tokenizer.vocabulary().bytes(rank).len()).collect::<Vec<_>>()
        };
        // Pairs come first, then fours, eights and what is left of them.
        assert_eq!(lens(9), [8, 1]);
        assert_eq!(lens(11), [8, 3]);
        assert_eq!(lens(15), [8, 7]);
        assert_eq!(lens(16), [8, 8]);
    }
}
