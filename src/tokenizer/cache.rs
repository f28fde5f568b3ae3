//! A small memory of pieces that were merged before.
//!
//! Most words of a text come again and again, and looking one up takes a tenth of the time of merging it. The table
//! has one place for each hash and forgets what was there; it never changes an answer.

use std::ops::Range;

/// The longest piece that is remembered, in bytes.
const KEY_BYTES: usize = 31;
/// The most tokens that are remembered of a piece.
const KEPT_TOKENS: usize = 7;
/// 16,384 entries of a cache line each: 1 MB.
const MOST_ENTRIES: usize = 1 << 14;

/// One piece and its tokens.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Entry {
    key: Key,
    n_tokens: u32,
    tokens: [u32; KEPT_TOKENS],
}

/// A piece's bytes, zeros behind them, its length in the last byte; all zero is no piece.
type Key = [u64; 4];

/// The table; it belongs to one text being encoded.
pub(super) struct PieceCache {
    entries: Vec<Entry>,
    /// 64 minus the number of bits of an entry's index.
    shift: u32,
}

/// Where a piece that was not found may be put.
pub(super) struct Vacancy {
    key: Key,
    index: usize,
}

impl PieceCache {
    /// A cache for a text of this many bytes: no larger than is of use.
    pub(super) fn new(text_bytes: usize) -> Self {
        let n_entries = (text_bytes / 16).next_power_of_two().clamp(16, MOST_ENTRIES);
        let empty = Entry { key: [0; 4], n_tokens: 0, tokens: [0; KEPT_TOKENS] };
        PieceCache { entries: vec![empty; n_entries], shift: 64 - n_entries.trailing_zeros() }
    }

    /// The tokens of a piece of the text; or where to put them, `None` if it is too long.
    #[inline]
    pub(super) fn find(
        &self,
        text: &[u8],
        piece: &Range<usize>,
    ) -> Result<&[u32], Option<Vacancy>> {
        let Some(key) = key(text, piece) else { return Err(None) };
        let index = (hash(&key) >> self.shift) as usize;
        let entry = &self.entries[index];
        if entry.key == key {
            Ok(&entry.tokens[..entry.n_tokens as usize])
        } else {
            Err(Some(Vacancy { key, index }))
        }
    }

    /// Remembers the tokens of a piece, unless there are too many.
    pub(super) fn put(&mut self, vacancy: Vacancy, tokens: &[u32]) {
        if tokens.len() <= KEPT_TOKENS {
            let entry = &mut self.entries[vacancy.index];
            entry.key = vacancy.key;
            entry.n_tokens = tokens.len() as u32;
            entry.tokens[..tokens.len()].copy_from_slice(tokens);
        }
    }
}

/// The key of a piece, `None` if it is too long. Reads 32 bytes at once where the text has them.
#[inline]
fn key(text: &[u8], piece: &Range<usize>) -> Option<Key> {
    let len = piece.len();
    if len > KEY_BYTES {
        return None;
    }
    let mut key = [0; 4];
    if let Some(window) = text.get(piece.start..piece.start + 32) {
        for (i, (word, bytes)) in key.iter_mut().zip(window.as_chunks::<8>().0).enumerate() {
            let n_bits = len.saturating_sub(i * 8).min(8) * 8;
            let mask = if n_bits == 64 { u64::MAX } else { (1 << n_bits) - 1 };
            *word = u64::from_le_bytes(*bytes) & mask;
        }
    } else {
        for (i, &byte) in text[piece.clone()].iter().enumerate() {
            key[i / 8] |= u64::from(byte) << (i % 8 * 8);
        }
    }
    key[3] |= (len as u64) << 56;
    Some(key)
}

#[inline]
fn hash(key: &Key) -> u64 {
    // Odd constants made of the digits of pi; a product spreads upwards only, so halves are exchanged in between.
    let ab = (key[0] ^ key[1].rotate_left(23)).wrapping_mul(0xa409_3822_299f_31d1);
    let cd = (key[2] ^ key[3].rotate_left(23)).wrapping_mul(0x1319_8a2e_0370_7345);
    (ab.rotate_left(32) ^ cd ^ key[1]).wrapping_mul(0x243f_6a88_85a3_08d3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_do_not_depend_on_what_follows_and_tell_lengths_apart() {
        let long: Vec<u8> = (1..=80).collect();
        for len in 1..=KEY_BYTES {
            let inside = key(&long, &(5..5 + len)).unwrap();
            assert_eq!(Some(inside), key(&long[..5 + len], &(5..5 + len)));
            assert_ne!(Some(inside), key(&long, &(5..4 + len)));
        }
        assert_ne!(key(b"a\0", &(0..1)), key(b"a\0", &(0..2)));
        assert_eq!(key(&long, &(0..32)), None);
    }

    #[test]
    fn remembers_what_was_put_last() {
        let mut cache = PieceCache::new(0);
        let text = b"one two";
        let Err(Some(vacancy)) = cache.find(text, &(0..3)) else { panic!("nothing is there yet") };
        cache.put(vacancy, &[7, 8]);
        assert!(matches!(cache.find(text, &(0..3)), Ok([7, 8])));
        let Err(Some(vacancy)) = cache.find(text, &(3..7)) else { panic!("another piece") };
        cache.put(vacancy, &[0; 8]);
        assert!(cache.find(text, &(3..7)).is_err());
    }
}
