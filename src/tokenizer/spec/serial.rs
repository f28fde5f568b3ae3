//! The description in a model file.
//!
//! All numbers are unsigned, seven bits a byte, least significant first, in their shortest form:
//!
//! | what | how |
//! |---|---|
//! | layout | one byte, 1 |
//! | pattern | one byte, see [`Pattern`] |
//! | flags | one byte: bit 0 `ignore_merges`, bit 1 that there are bytes without a row, the others 0 |
//! | rows | number |
//! | tokens | their number; each: bytes shared with the one before, number of further bytes (1 and more), those bytes |
//! | original ids | for each rank a number; only single bytes may have the same, or the number of rows, which is none |
//! | duplicates | their number; each: rank minus the last rank, original id |
//! | merges | their number; each: id of the result minus (the last such id + 1), zigzag; length of the left part |
//! | specials | their number; each: id, length, UTF-8 text |
//!
//! In published vocabularies the results of the merges have consecutive ids, so a merge takes two bytes; its two
//! parts are looked up again when reading.

use super::{Merge, Pattern, SpecParts, Special, TokenizerSpec};
use crate::error::{Error, Result};
use crate::tokenizer::sorted::{MAX_ROWS, SortedTokens};
use crate::tokenizer::wire::{Reader, put_number, unzigzag, zigzag};

const LAYOUT: u8 = 1;
const IGNORE_MERGES: u8 = 1;
/// Redundant, so that programs that do not know of bytes without a row say so.
const ROWLESS: u8 = 2;

impl TokenizerSpec {
    /// The bytes that a model file stores; the same description always gives the same ones.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut flags = 0;
        for (flag, is_set) in
            [(IGNORE_MERGES, self.ignore_merges), (ROWLESS, !self.rowless.is_empty())]
        {
            flags |= if is_set { flag } else { 0 };
        }
        let mut out = vec![LAYOUT, self.pattern.code(), flags];
        put_number(&mut out, self.n_rows);
        put_tokens(&mut out, &self.tokens);
        self.original_ids.iter().for_each(|&id| put_number(&mut out, id));
        put_number(&mut out, self.duplicates.len() as u32);
        let mut last_rank = 0;
        for &(rank, id) in &self.duplicates {
            put_number(&mut out, rank - last_rank);
            put_number(&mut out, id);
            last_rank = rank;
        }
        put_number(&mut out, self.merges.len() as u32);
        let mut expected = 0;
        for merge in &self.merges {
            // Ids stay below MAX_ROWS, far from the ends of an i32.
            let id = self.original_ids[merge.result as usize] as i32;
            put_number(&mut out, zigzag(id - expected));
            put_number(&mut out, self.tokens.bytes(merge.left).len() as u32);
            expected = id + 1;
        }
        put_number(&mut out, self.special.len() as u32);
        for special in &self.special {
            put_number(&mut out, special.id);
            put_number(&mut out, special.text.len() as u32);
            out.extend_from_slice(special.text.as_bytes());
        }
        out
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote; the bytes may come from anywhere.
    ///
    /// # Errors
    /// [`Error::Truncated`] or [`Error::Damaged`] if they are nothing that `to_bytes` writes, [`Error::Unsupported`]
    /// for layouts, patterns and flags of later versions. Memory stays within a small multiple of the input and the
    /// limits of [`SortedTokens`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let layout = reader.byte()?;
        if layout != LAYOUT {
            return Err(Error::unsupported(format!("the tokenizer's layout {layout}")));
        }
        let pattern = Pattern::from_code(reader.byte()?)?;
        let flags = reader.byte()?;
        if flags & !(IGNORE_MERGES | ROWLESS) != 0 {
            return Err(Error::unsupported(format!("the tokenizer's flags {flags:#04x}")));
        }
        let n_rows = reader.number()?;
        let tokens = read_tokens(&mut reader)?;
        let original_ids =
            (0..tokens.len()).map(|_| reader.number()).collect::<Result<Vec<u32>>>()?;
        let duplicates = read_duplicates(&mut reader)?;
        let merges = read_merges(&mut reader, &tokens, &original_ids)?;
        let special = read_special(&mut reader)?;
        reader.end()?;
        let ignore_merges = flags & IGNORE_MERGES != 0;
        let parts = SpecParts {
            tokens,
            original_ids,
            duplicates,
            merges,
            pattern,
            ignore_merges,
            special,
            n_rows,
        };
        let spec = TokenizerSpec::new(parts).map_err(damaged)?;
        if (flags & ROWLESS != 0) == spec.rowless.is_empty() {
            return Err(Error::damaged("the tokenizer: its flags"));
        }
        Ok(spec)
    }
}

/// What would be the caller's mistake in parts is damage in a file.
fn damaged(error: Error) -> Error {
    Error::damaged(format!("the tokenizer: {error}"))
}

fn put_tokens(out: &mut Vec<u8>, tokens: &SortedTokens) {
    put_number(out, tokens.len() as u32);
    let mut last: &[u8] = &[];
    for token in tokens.iter() {
        let shared = last.iter().zip(token).take_while(|(a, b)| a == b).count();
        put_number(out, shared as u32);
        put_number(out, (token.len() - shared) as u32);
        out.extend_from_slice(&token[shared..]);
        last = token;
    }
}

fn read_tokens(reader: &mut Reader) -> Result<SortedTokens> {
    let count = reader.count(3, MAX_ROWS)?;
    let mut tokens = SortedTokens::default();
    let mut token = Vec::new();
    for _ in 0..count {
        let shared = reader.number()? as usize;
        let further = reader.number()? as usize;
        let further = reader.take(further)?;
        if shared > token.len() || token.get(shared) == further.first() {
            return Err(Error::damaged("the tokenizer: a token's shared bytes"));
        }
        token.truncate(shared);
        token.extend_from_slice(further);
        tokens.push(&token).map_err(damaged)?;
    }
    Ok(tokens)
}

fn read_duplicates(reader: &mut Reader) -> Result<Vec<(u32, u32)>> {
    let mut rank = 0u32;
    let count = reader.count(2, MAX_ROWS)?;
    let read = |_| {
        // Past the end of the ranks it is refused with the other lists.
        rank = rank.saturating_add(reader.number()?);
        Ok((rank, reader.number()?))
    };
    (0..count).map(read).collect()
}

fn read_merges(
    reader: &mut Reader,
    tokens: &SortedTokens,
    original_ids: &[u32],
) -> Result<Vec<Merge>> {
    let bad = || Error::damaged("the tokenizer: a merge");
    // One that is no row may be as many as there are rows.
    if original_ids.iter().any(|&id| id as usize > MAX_ROWS) {
        return Err(Error::damaged("the tokenizer: an original id"));
    }
    let n_ids = original_ids.iter().max().map_or(0, |&id| id as usize + 1);
    let mut rank_of_id = vec![None; n_ids];
    for (&id, rank) in original_ids.iter().zip(0u32..) {
        rank_of_id[id as usize] = Some(rank);
    }
    let ranks = tokens.ranks();
    let count = reader.count(2, MAX_ROWS)?;
    let mut expected = 0i32;
    let read = |_| {
        let id = expected.checked_add(unzigzag(reader.number()?)).ok_or_else(bad)?;
        let result =
            usize::try_from(id).ok().and_then(|id| *rank_of_id.get(id)?).ok_or_else(bad)?;
        let left_len = reader.number()? as usize;
        let (left, right) = tokens.bytes(result).split_at_checked(left_len).ok_or_else(bad)?;
        expected = id + 1;
        Ok(Merge {
            left: *ranks.get(left).ok_or_else(bad)?,
            right: *ranks.get(right).ok_or_else(bad)?,
            result,
        })
    };
    (0..count).map(read).collect()
}

fn read_special(reader: &mut Reader) -> Result<Vec<Special>> {
    let count = reader.count(2, MAX_ROWS)?;
    let read = |_| {
        let id = reader.number()?;
        let len = reader.number()? as usize;
        let text = String::from_utf8(reader.take(len)?.to_vec());
        let text = text.map_err(|_| Error::damaged("the tokenizer: a special token's name"))?;
        Ok(Special { id, text })
    };
    (0..count).map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokenizer::spec::tests::small_parts;

    fn small_spec() -> TokenizerSpec {
        TokenizerSpec::new(small_parts()).unwrap()
    }

    /// With two bytes that have no row.
    fn rowless_spec() -> TokenizerSpec {
        let mut parts = small_parts();
        for byte in [b"Q", b"\xff"] {
            let rank = parts.tokens.find(byte).unwrap();
            parts.original_ids[rank as usize] = parts.n_rows;
        }
        TokenizerSpec::new(parts).unwrap()
    }

    #[test]
    fn bytes_without_a_row_are_said_to_be_there() {
        for (spec, flag) in [(small_spec(), 0), (rowless_spec(), ROWLESS)] {
            let mut bytes = spec.to_bytes();
            assert_eq!(bytes[2], flag);
            bytes[2] ^= ROWLESS;
            assert!(matches!(TokenizerSpec::from_bytes(&bytes), Err(Error::Damaged { .. })));
        }
    }

    #[test]
    fn comes_back_from_its_bytes() {
        let mut parts = small_parts();
        parts.ignore_merges = true;
        parts.pattern = Pattern::Llama3;
        for spec in [small_spec(), rowless_spec(), TokenizerSpec::new(parts).unwrap()] {
            let bytes = spec.to_bytes();
            assert_eq!(TokenizerSpec::from_bytes(&bytes).unwrap(), spec);
        }
    }

    #[test]
    fn refuses_every_prefix_and_anything_behind_the_end() {
        let mut bytes = small_spec().to_bytes();
        for len in 0..bytes.len() {
            let result = TokenizerSpec::from_bytes(&bytes[..len]);
            assert!(matches!(result, Err(Error::Truncated { .. })), "{len}");
        }
        bytes.push(0);
        assert!(matches!(TokenizerSpec::from_bytes(&bytes), Err(Error::Damaged { .. })));
    }

    #[test]
    fn a_flipped_bit_is_refused_or_read_as_what_it_now_says() {
        for bytes in [small_spec(), rowless_spec()].map(|spec| spec.to_bytes()) {
            for at in 0..bytes.len() {
                for bit in 0..8 {
                    let mut flipped = bytes.clone();
                    flipped[at] ^= 1 << bit;
                    if let Ok(spec) = TokenizerSpec::from_bytes(&flipped) {
                        assert_eq!(spec.to_bytes(), flipped, "byte {at}, bit {bit}");
                    }
                }
            }
        }
    }

    #[test]
    fn huge_counts_are_refused_before_anything_is_allocated() {
        let head = [LAYOUT, 3, 0, 0x80, 0x02];
        for count in [&[0xff, 0xff, 0x3f][..], &[0xff, 0xff, 0xff, 0xff, 0x0f]] {
            let bytes = [&head, count].concat();
            assert!(TokenizerSpec::from_bytes(&bytes).is_err());
        }
        let layouts = [[2, 3, 0], [1, 99, 0], [1, 3, 4]].map(|b| TokenizerSpec::from_bytes(&b));
        assert!(layouts.iter().all(|result| matches!(result, Err(Error::Unsupported { .. }))));
    }
}
