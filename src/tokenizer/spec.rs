//! A tokenizer as data: what a model file stores, independent of how it was published.
//!
//! Inside llmzip a token is its *rank* among the sorted byte strings; the *original id* is the row that the model's
//! matrices have for it. Rows without a rank (special tokens, padding) can never be coded and are masked. A vocabulary
//! may have neither tokens for all bytes nor rows to lend them: those single bytes are tokens without a row, which the
//! model is never asked about. They have the least frequency that there is.

use std::sync::Arc;

use super::pretokenizer::Pattern;
use super::sorted::{MAX_ROWS, SortedTokens};
use crate::error::{Error, Result};

mod serial;

/// One rule of the vocabulary: two tokens side by side become one. All three are ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The first of the two.
    pub left: u32,
    /// The second of the two.
    pub right: u32,
    /// The token whose bytes are theirs together.
    pub result: u32,
}

/// A row that stands for something other than bytes, such as `<|endoftext|>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Special {
    /// Its original id.
    pub id: u32,
    /// What its publisher writes for it. It is a name only: the same characters in a text are text.
    pub text: String,
}

/// The parts of a [`TokenizerSpec`], before they are checked.
#[derive(Clone, Debug)]
pub struct SpecParts {
    /// The coded tokens in byte order, all 256 single bytes among them.
    pub tokens: SortedTokens,
    /// The original id of each rank; of several entries with the same bytes, the one fed back. Single bytes may
    /// share one, or have `n_rows` here, which is none.
    pub original_ids: Vec<u32>,
    /// The further original ids of the same bytes, as (rank, id), ascending.
    pub duplicates: Vec<(u32, u32)>,
    /// The rules, the first to be applied first.
    pub merges: Vec<Merge>,
    /// How text is cut before the rules are applied.
    pub pattern: Pattern,
    /// Whether a piece that is a token is that token, whatever the rules say (Llama 3).
    pub ignore_merges: bool,
    /// Named rows that are never coded, ascending by id.
    pub special: Vec<Special>,
    /// The number of rows of the output matrix, above all ids.
    pub n_rows: u32,
}

/// A checked description of a tokenizer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenizerSpec {
    tokens: Arc<SortedTokens>,
    original_ids: Vec<u32>,
    duplicates: Vec<(u32, u32)>,
    merges: Vec<Merge>,
    pattern: Pattern,
    ignore_merges: bool,
    special: Vec<Special>,
    n_rows: u32,
    /// The ranks of bytes that have no row, ascending.
    rowless: Vec<u32>,
}

impl TokenizerSpec {
    /// Checks that the parts fit together.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a single byte has no token, an id is used twice (but by bytes) or is not a row (but of
    /// bytes), no token has a row, a rule does not join what it says, or a list is not in order.
    pub fn new(parts: SpecParts) -> Result<Self> {
        let SpecParts {
            tokens,
            original_ids,
            duplicates,
            merges,
            pattern,
            ignore_merges,
            special,
            n_rows,
        } = parts;
        check_bytes(&tokens)?;
        // A vocabulary that lacks bytes may lend several of them the same row, or none at all.
        let is_byte = |rank: usize| rank < tokens.len() && tokens.bytes(rank as u32).len() == 1;
        let ids = original_ids.iter().enumerate().map(|(rank, &id)| (id, is_byte(rank)));
        let is_rowless = |&(id, is_byte): &(u32, bool)| is_byte && id == n_rows;
        let rowless: Vec<u32> =
            ids.clone().zip(0..).filter(|(row, _)| is_rowless(row)).map(|(_, rank)| rank).collect();
        if rowless.len() == tokens.len() {
            return Err(Error::invalid("none of the tokens has a row"));
        }
        let ids = ids.filter(|row| !is_rowless(row));
        let alone = duplicates.iter().map(|&(_, id)| id).chain(special.iter().map(|s| s.id));
        check_rows(ids.chain(alone.map(|id| (id, false))), n_rows)?;
        let rank_ok = |rank: u32| (rank as usize) < tokens.len();
        let ascending = duplicates.is_sorted() && special.is_sorted_by_key(|special| special.id);
        let known = duplicates.iter().all(|&(rank, _)| rank_ok(rank));
        if original_ids.len() != tokens.len() || !ascending || !known {
            return Err(Error::invalid("the tokenizer's lists of ids do not fit its tokens"));
        }
        if merges.len() > MAX_ROWS {
            return Err(Error::invalid(format!(
                "{} merges; at most {MAX_ROWS} are possible",
                merges.len()
            )));
        }
        for (number, merge) in merges.iter().enumerate() {
            let &Merge { left, right, result } = merge;
            let fits = rank_ok(left) && rank_ok(right) && rank_ok(result) && {
                let (start, rest) = (tokens.bytes(left), tokens.bytes(result));
                rest.strip_prefix(start) == Some(tokens.bytes(right))
            };
            if !fits {
                return Err(Error::invalid(format!("merge {number} does not make its result")));
            }
        }
        let tokens = Arc::new(tokens);
        Ok(TokenizerSpec {
            tokens,
            original_ids,
            duplicates,
            merges,
            pattern,
            ignore_merges,
            special,
            n_rows,
            rowless,
        })
    }

    /// The coded tokens by rank.
    pub fn tokens(&self) -> &Arc<SortedTokens> {
        &self.tokens
    }

    /// The original id of each rank; [`n_rows`](Self::n_rows), which is no row, for those that have none.
    pub fn original_ids(&self) -> &[u32] {
        &self.original_ids
    }

    /// The ranks that have no row, ascending: single bytes that the vocabulary lacks, where it had no rows to lend.
    pub fn rowless(&self) -> &[u32] {
        &self.rowless
    }

    /// Further rows of the same bytes, as (rank, original id): their frequencies belong to the rank.
    pub fn duplicates(&self) -> &[(u32, u32)] {
        &self.duplicates
    }

    /// The rules by priority.
    pub fn merges(&self) -> &[Merge] {
        &self.merges
    }

    /// How text is cut into pieces.
    pub fn pattern(&self) -> Pattern {
        self.pattern
    }

    /// Whether a piece that is a token is never taken apart.
    pub fn ignore_merges(&self) -> bool {
        self.ignore_merges
    }

    /// The named rows that are never coded.
    pub fn special(&self) -> &[Special] {
        &self.special
    }

    /// The original id of a special token by its name.
    pub fn special_id(&self, text: &str) -> Option<u32> {
        self.special.iter().find(|special| special.text == text).map(|special| special.id)
    }

    /// The number of rows of the model's output matrix.
    pub fn n_rows(&self) -> usize {
        self.n_rows as usize
    }

    /// The original ids that no bytes stand behind, ascending: special tokens and padding.
    pub fn masked_rows(&self) -> Vec<u32> {
        let mut coded = vec![false; self.n_rows()];
        let further = self.duplicates.iter().map(|(_, id)| id);
        let rows = self.original_ids.iter().filter(|&&id| id < self.n_rows);
        rows.chain(further).for_each(|&id| coded[id as usize] = true);
        (0..self.n_rows).filter(|&id| !coded[id as usize]).collect()
    }
}

/// Any byte string can be encoded only if every single byte can.
fn check_bytes(tokens: &SortedTokens) -> Result<()> {
    let missing = (0..=255u8).find(|&byte| tokens.find(&[byte]).is_none());
    missing.map_or(Ok(()), |byte| {
        Err(Error::invalid(format!("the vocabulary has no token for the single byte {byte:#04x}")))
    })
}

/// Each id is a row, and a row of its own, unless it may share one with others that may.
fn check_rows(ids: impl Iterator<Item = (u32, bool)>, n_rows: u32) -> Result<()> {
    if n_rows as usize > MAX_ROWS {
        return Err(Error::invalid(format!("{n_rows} rows; at most {MAX_ROWS} are possible")));
    }
    // What is known of a row: whether who has it may share it.
    let mut used: Vec<Option<bool>> = vec![None; n_rows as usize];
    for (id, may_share) in ids {
        match used.get_mut(id as usize) {
            None => {
                return Err(Error::invalid(format!(
                    "token id {id}, but the model has {n_rows} rows"
                )));
            }
            Some(Some(shared)) if !(*shared && may_share) => {
                return Err(Error::invalid(format!("token id {id} is used twice")));
            }
            Some(row) => *row = Some(may_share),
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::HashMap;

    use super::*;

    /// All single bytes and a few words, ids in another order than ranks, gaps, a duplicate and a special row.
    pub(crate) fn small_parts() -> SpecParts {
        let words = ["th", "the", " the", "he", " t", "  ", "abc", "ab", "\n\n", "é"];
        let bytes = (0..=255u8).map(|byte| vec![byte]);
        let mut all: Vec<_> = bytes.chain(words.map(|word| word.as_bytes().to_vec())).collect();
        let position: HashMap<Vec<u8>, u32> = all.iter().cloned().zip(3..).collect();
        all.sort();
        let tokens = SortedTokens::new(&all).unwrap();
        let merge = |left: &str, right: &str| Merge {
            left: tokens.find(left.as_bytes()).unwrap(),
            right: tokens.find(right.as_bytes()).unwrap(),
            result: tokens.find((left.to_owned() + right).as_bytes()).unwrap(),
        };
        let mut merges = vec![merge("h", "e"), merge("t", "h"), merge(" ", " ")];
        merges.extend([merge("th", "e"), merge(" ", "the"), merge("t", "he"), merge("a", "b")]);
        let accent = |byte: u8| tokens.find(&[byte]).unwrap();
        merges.push(Merge {
            left: accent(0xc3),
            right: accent(0xa9),
            result: tokens.find("é".as_bytes()).unwrap(),
        });
        SpecParts {
            original_ids: all.iter().map(|token| position[token]).collect(),
            duplicates: vec![(5, 290), (5, 291), (7, 280)],
            merges,
            pattern: Pattern::Qwen2,
            ignore_merges: false,
            special: vec![Special { id: 0, text: "<|endoftext|>".into() }],
            n_rows: 300,
            tokens,
        }
    }

    #[test]
    fn rows_without_bytes_are_masked() {
        let spec = TokenizerSpec::new(small_parts()).unwrap();
        let masked = spec.masked_rows();
        assert_eq!(masked.len(), 300 - 266 - 3);
        assert!(masked.starts_with(&[0, 1, 2, 269]) && !masked.contains(&290));
        assert_eq!(spec.special_id("<|endoftext|>"), Some(0));
        assert_eq!(spec.special_id("<s>"), None);
    }

    #[test]
    fn single_bytes_may_have_no_row() {
        let mut parts = small_parts();
        let ranks = [b"Q", b"\xff"].map(|byte| parts.tokens.find(byte).unwrap());
        let lost = ranks.map(|rank| std::mem::replace(&mut parts.original_ids[rank as usize], 300));
        let spec = TokenizerSpec::new(parts).unwrap();
        assert_eq!(spec.rowless(), ranks);
        assert!(lost.iter().all(|id| spec.masked_rows().contains(id)));
        assert!(TokenizerSpec::new(small_parts()).unwrap().rowless().is_empty());
    }

    #[test]
    fn refuses_parts_that_do_not_fit() {
        let spoil: [fn(&mut SpecParts); 10] = [
            |parts| {
                parts.tokens = SortedTokens::new((0..=255u8).map(|byte| [byte])).unwrap();
                (parts.merges, parts.duplicates) = (Vec::new(), Vec::new());
                parts.original_ids = vec![300; 256];
            },
            |parts| parts.original_ids[parts.tokens.find(b"the").unwrap() as usize] = 300,
            |parts| parts.original_ids[3] = 301,
            |parts| parts.original_ids[11] = parts.original_ids[4],
            |parts| parts.original_ids.truncate(9),
            |parts| parts.duplicates[0] = (500, 295),
            |parts| parts.merges[0].result += 1,
            |parts| parts.merges[0].left = 500,
            |parts| parts.special.push(Special { id: 4, text: String::new() }),
            |parts| parts.n_rows = u32::MAX,
        ];
        for (number, spoil) in spoil.iter().enumerate() {
            let mut parts = small_parts();
            spoil(&mut parts);
            assert!(matches!(TokenizerSpec::new(parts), Err(Error::Invalid { .. })), "{number}");
        }
    }

    #[test]
    fn refuses_a_vocabulary_without_all_bytes() {
        let mut parts = small_parts();
        let kept: Vec<_> = parts.tokens.iter().filter(|&token| token != b"Q").collect();
        parts.tokens = SortedTokens::new(kept).unwrap();
        parts.original_ids.pop();
        parts.merges.clear();
        let error = TokenizerSpec::new(parts).unwrap_err().to_string();
        assert!(error.contains("0x51"), "{error}");
    }
}
