//! The bytes of all coded tokens in one buffer, in byte order.

use std::collections::HashMap;

use crate::error::{Error, Result};

/// The longest token in bytes; the longest in the vocabulary of Qwen3 has 128.
pub const MAX_TOKEN_BYTES: usize = 1024;
/// The most bytes that all tokens together may have. A vocabulary of 151,643 tokens has 1 MB.
pub const MAX_VOCABULARY_BYTES: usize = 1 << 24;
/// The most rows of an output matrix, and so the most tokens.
pub const MAX_ROWS: usize = 1 << 20;

/// Distinct, non-empty byte strings in ascending order; a token's *rank* is its place among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SortedTokens {
    /// All strings, one behind the other.
    flat: Vec<u8>,
    /// Where each one ends in `flat`; at most [`MAX_VOCABULARY_BYTES`].
    ends: Vec<u32>,
}

impl SortedTokens {
    /// Collects strings that come in ascending order.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn new<T: AsRef<[u8]>>(tokens: impl IntoIterator<Item = T>) -> Result<Self> {
        let mut sorted = SortedTokens::default();
        tokens.into_iter().try_for_each(|token| sorted.push(token.as_ref()))?;
        Ok(sorted)
    }

    /// Adds one more string behind the others.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is empty, not greater than the last one, too long, or one too many.
    pub fn push(&mut self, token: &[u8]) -> Result<()> {
        if token.is_empty() || token.len() > MAX_TOKEN_BYTES {
            return Err(too_long(token.len()));
        }
        if self.len() == MAX_ROWS || self.flat.len() + token.len() > MAX_VOCABULARY_BYTES {
            return Err(Error::invalid("the vocabulary is too large"));
        }
        if !self.is_empty() && self.bytes(self.len() as u32 - 1) >= token {
            return Err(Error::invalid(format!(
                "token {} does not follow the one before it in byte order",
                self.len()
            )));
        }
        self.flat.extend_from_slice(token);
        self.ends.push(self.flat.len() as u32);
        Ok(())
    }

    /// The number of tokens.
    #[inline]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no token at all.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bytes of one token. Panics if there is no such rank.
    #[inline]
    pub fn bytes(&self, rank: u32) -> &[u8] {
        let rank = rank as usize;
        let start = if rank == 0 { 0 } else { self.ends[rank - 1] };
        &self.flat[start as usize..self.ends[rank] as usize]
    }

    /// All tokens, by rank.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.len() as u32).map(|rank| self.bytes(rank))
    }

    /// The rank of a byte string; `None` if it is no token.
    pub fn find(&self, token: &[u8]) -> Option<u32> {
        let (mut low, mut high) = (0, self.len() as u32);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.bytes(middle).cmp(token) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The ranks of all tokens, for looking up many of them.
    pub(super) fn ranks(&self) -> HashMap<&[u8], u32> {
        self.iter().zip(0..).collect()
    }
}

/// Refuses a token of so many bytes.
pub(super) fn too_long(bytes: usize) -> Error {
    Error::invalid(format!("a token of {bytes} bytes; 1 to {MAX_TOKEN_BYTES} are possible"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_each_token_and_nothing_else() {
        let sorted = SortedTokens::new(["a", "ab", "b", "bc"]).unwrap();
        for (rank, token) in sorted.iter().enumerate() {
            assert_eq!(sorted.find(token), Some(rank as u32));
        }
        for other in ["", "aa", "abc", "c"] {
            assert_eq!(sorted.find(other.as_bytes()), None);
        }
        assert_eq!(SortedTokens::default().find(b"a"), None);
    }

    #[test]
    fn refuses_empty_long_equal_and_descending_tokens() {
        let long = "x".repeat(MAX_TOKEN_BYTES + 1);
        for tokens in [vec![""], vec!["a", "a"], vec!["b", "a"], vec!["ab", "a"], vec![&long]] {
            assert!(matches!(SortedTokens::new(tokens), Err(Error::Invalid { .. })));
        }
        assert!(SortedTokens::new([&long[1..]]).is_ok());
    }
}
