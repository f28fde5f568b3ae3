//! Rows for single bytes that a vocabulary has no tokens for.
//!
//! SmolLM2's vocabulary cannot spell 21 bytes, six control characters among them; one made of words alone may lack all
//! 256. The highest rows without bytes stand in: special tokens that seldom were trained, or padding. What they predict
//! is worth nothing, but every byte can be coded. Where there are fewer rows than bytes, bytes share them; then they
//! are equally likely. Where there is no row at all, the bytes have none: the model never speaks of them.
//!
//! Having none costs nothing: with SmolLM2 (8 bits, 4 lanes, a window of 512) 14,900 bytes of English became 3,238 bytes
//! either way, 6,001 with one such byte in them 1,408, 8,291 of lines with four around each 2,105 instead of 2,111, and
//! 8,000 of a program's code 4,402 instead of 4,396.

use super::spec::Special;
use std::collections::HashSet;

/// The bytes that `tokens` lack, each with the row it is lent, of a model of `n_rows` rows; `n_rows` itself is none.
///
/// `tokens` are all that are coded, with their rows. What is lent is no longer special.
pub(super) fn lend_rows<'a>(
    tokens: impl Iterator<Item = (&'a [u8], u32)>,
    special: &mut Vec<Special>,
    n_rows: u32,
) -> Vec<(u8, u32)> {
    let (mut has, mut used) = ([false; 256], HashSet::new());
    for (token, id) in tokens {
        if let [byte] = token {
            has[usize::from(*byte)] = true;
        }
        used.insert(id);
    }
    let missing: Vec<u8> = (0..=255).filter(|&byte| !has[usize::from(byte)]).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    // Row 0 is where the token before every text usually is.
    let free = (1..n_rows).rev().filter(|id| !used.contains(id));
    let mut lent: Vec<u32> = free.take(missing.len()).collect();
    special.retain(|special| !lent.contains(&special.id));
    if lent.is_empty() {
        lent.push(n_rows);
    }
    missing.into_iter().zip(lent.into_iter().cycle()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lent(n_known: usize, n_rows: u32) -> (Vec<(u8, u32)>, Vec<u32>) {
        let bytes: Vec<u8> = (0..=255).collect();
        let tokens = bytes[..n_known].chunks(1).chain([&b"word"[..]]).zip(2..);
        let named = |id| Special { id, text: String::new() };
        let mut special = vec![named(0), named(1)];
        let lent = lend_rows(tokens, &mut special, n_rows);
        (lent, special.iter().map(|special| special.id).collect())
    }

    #[test]
    fn the_highest_rows_are_lent_and_shared_where_they_are_few() {
        assert_eq!(lent(256, 300), (vec![], vec![0, 1]));
        // The word has row 256.
        assert_eq!(lent(254, 260), (vec![(254, 259), (255, 258)], vec![0, 1]));
        assert_eq!(lent(254, 257), (vec![(254, 1), (255, 1)], vec![0]));
    }

    #[test]
    fn where_there_is_no_row_to_lend_there_is_none() {
        let words = [(&b"word"[..], 1)];
        let all = lend_rows(words.into_iter(), &mut Vec::new(), 2);
        assert_eq!(all, (0..=255).map(|byte| (byte, 2)).collect::<Vec<_>>());
    }
}
