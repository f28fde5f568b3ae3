//! Long repeats, taken out before anything else sees them.
//!
//! What stood 512 bytes or more ago in the same order need be neither predicted nor mixed: a copy
//! of any length costs about ten bytes and no time. The rest is coded as if the copies had never
//! been there.

use crate::entropy::{BinaryCoder, code_bits};
use crate::error::{Error, Result};

/// Copies shorter than this stay: the match model codes them about as well.
const MIN_BYTES: usize = 512;
/// Bytes of the blocks that are looked up. A repeat of `2 * BLOCK` bytes covers a whole block of
/// its source, wherever it begins.
const BLOCK: usize = MIN_BYTES / 2;
/// Multiplier of the rolling hash, odd so that no byte is ever multiplied away.
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
/// P(another copy follows): groups without any pay 0.0004 bits for having none.
const MORE_Q22: [u32; 2] = [1 << 10, 3 << 20];

/// `len` bytes at `position` that stand `distance` bytes earlier, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Where they begin, in the group.
    pub position: usize,
    /// How far back; less than `len` where the copy repeats its own beginning.
    pub distance: usize,
    /// How many.
    pub len: usize,
}

/// Finds the copies of a group, in the order of their positions, none touching another's bytes.
pub fn find(plain: &[u8]) -> Vec<Copy> {
    let mut copies = Vec::new();
    if plain.len() < MIN_BYTES + BLOCK {
        return copies;
    }
    // Sixteen slots a block, and a second one to go to: what loses both is not found.
    let slot_bits = (16 * plain.len() / BLOCK).ilog2().max(12);
    let slot = |hash: u64| (hash.wrapping_mul(MULTIPLIER) >> (64 - slot_bits)) as usize;
    // Block number + 1; 0 for none.
    let mut blocks = vec![0u32; 1 << slot_bits];
    let oldest = (0..BLOCK).fold(1u64, |power, _| power.wrapping_mul(MULTIPLIER));
    let hash_at = |at: usize| {
        plain[at..at + BLOCK].iter().fold(0u64, |hash, &byte| {
            hash.wrapping_mul(MULTIPLIER).wrapping_add(u64::from(byte) + 1)
        })
    };
    let mut end_of_last = 0;
    let mut at = 0;
    let mut hash = hash_at(0);
    loop {
        let home = slot(hash);
        let copy = [blocks[home], blocks[home ^ 1]].into_iter().find_map(|block| {
            let source = block.checked_sub(1)? as usize * BLOCK;
            extend(plain, source, at, end_of_last)
        });
        if let Some(copy) = copy {
            end_of_last = copy.position + copy.len;
            copies.push(copy);
            at = end_of_last;
            if at + BLOCK > plain.len() {
                return copies;
            }
            hash = hash_at(at);
            continue;
        }
        if at.is_multiple_of(BLOCK) {
            let free = if blocks[home] == 0 { home } else { home ^ 1 };
            blocks[free] = (at / BLOCK) as u32 + 1;
        }
        if at + BLOCK >= plain.len() {
            return copies;
        }
        let (old, new) = (u64::from(plain[at]) + 1, u64::from(plain[at + BLOCK]) + 1);
        hash = hash.wrapping_mul(MULTIPLIER).wrapping_add(new);
        hash = hash.wrapping_sub(old.wrapping_mul(oldest));
        at += 1;
    }
}

/// The longest repeat that matches `source` with `at`, reaching back to `floor` at most.
fn extend(plain: &[u8], source: usize, at: usize, floor: usize) -> Option<Copy> {
    if source >= at || plain[source..source + BLOCK] != plain[at..at + BLOCK] {
        return None;
    }
    let same = |(a, b): &(&u8, &u8)| a == b;
    let back =
        plain[..source].iter().rev().zip(plain[floor..at].iter().rev()).take_while(same).count();
    let forward = plain[source..].iter().zip(&plain[at..]).take_while(same).count();
    let len = back + forward;
    (len >= MIN_BYTES).then_some(Copy { position: at - back, distance: at - source, len })
}

/// What is left of a group without its copies.
pub fn take_out(plain: &[u8], copies: &[Copy]) -> Vec<u8> {
    let mut rest = Vec::new();
    let mut at = 0;
    for copy in copies {
        rest.extend_from_slice(&plain[at..copy.position]);
        at = copy.position + copy.len;
    }
    rest.extend_from_slice(&plain[at..]);
    rest
}

/// The group again, `len` bytes of it, from copies that [`code`] has checked.
pub fn put_back(rest: &[u8], copies: &[Copy], len: usize) -> Vec<u8> {
    let mut restored = Restored::new(copies, len);
    restored.extend(rest);
    restored.plain
}

/// The beginning of a group as more and more of what is left without its copies becomes known.
#[derive(Debug)]
pub struct Restored<'a> {
    /// So much of the group.
    pub plain: Vec<u8>,
    /// Copies that are not in it yet.
    copies: &'a [Copy],
    /// Bytes of the rest that are in it.
    taken: usize,
}

impl<'a> Restored<'a> {
    /// Nothing yet of a group of `len` bytes with these copies, which [`code`] has checked.
    pub fn new(copies: &'a [Copy], len: usize) -> Self {
        Restored { plain: Vec::with_capacity(len), copies, taken: 0 }
    }

    /// Goes as far as the beginning of the rest reaches that is known now.
    pub fn extend(&mut self, rest: &[u8]) {
        loop {
            let known = rest.len() - self.taken;
            let literals = match self.copies.first() {
                Some(copy) => known.min(copy.position - self.plain.len()),
                None => known,
            };
            self.plain.extend_from_slice(&rest[self.taken..self.taken + literals]);
            self.taken += literals;
            match self.copies.split_first() {
                Some((copy, others)) if copy.position == self.plain.len() => {
                    self.copies = others;
                    self.copy(copy);
                }
                _ => return,
            }
        }
    }

    fn copy(&mut self, copy: &Copy) {
        // In pieces of at most the distance, so that a piece never reads what it writes.
        let mut left = copy.len;
        while left > 0 {
            let from = self.plain.len() - copy.distance;
            let piece = left.min(copy.distance);
            self.plain.extend_from_within(from..from + piece);
            left -= piece;
        }
    }
}

/// Codes the list of copies of a group of `len` bytes, and returns it.
///
/// When decoding, `copies` is ignored.
///
/// # Errors
/// `Damaged` for a list that no group of this length can have.
pub fn code<C: BinaryCoder>(copies: &[Copy], len: usize, coder: &mut C) -> Result<Vec<Copy>> {
    let mut coded = Vec::new();
    let mut end = 0;
    loop {
        let next = copies.get(coded.len()).copied();
        if !coder.code(next.is_some(), MORE_Q22[usize::from(!coded.is_empty())]) {
            return Ok(coded);
        }
        let next = next.unwrap_or(Copy { position: end, distance: 1, len: MIN_BYTES });
        let position = end + number(next.position - end, coder);
        let distance = 1 + number(next.distance - 1, coder);
        let copy =
            Copy { position, distance, len: MIN_BYTES + number(next.len - MIN_BYTES, coder) };
        end = position + copy.len;
        if distance > position || end > len {
            return Err(Error::damaged("a copy reaches over the group's edge"));
        }
        coded.push(copy);
    }
}

/// What each copy of a list costs in bits; what ends the list is the group's.
pub fn bits(copies: &[Copy]) -> Vec<f64> {
    let number = |value: usize| 5.0 + f64::from((value as u64 + 1).ilog2());
    let mut end = 0;
    let bits = copies.iter().enumerate().map(|(i, copy)| {
        let more = f64::from(MORE_Q22[usize::from(i > 0)]) / 4_194_304.0;
        let numbers = [copy.position - end, copy.distance - 1, copy.len - MIN_BYTES].map(number);
        end = copy.position + copy.len;
        numbers.iter().sum::<f64>() - more.log2()
    });
    bits.collect()
}

/// Codes a number below 2^32: how many bits it has, then those behind the first.
fn number<C: BinaryCoder>(value: usize, coder: &mut C) -> usize {
    let value = value as u64 + 1;
    let n = code_bits(value.ilog2().into(), 5, coder) as u32;
    (1 << n | code_bits(value, n, coder)) as usize - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::{Decoder, Encoder};
    use proptest::prelude::*;

    fn round_trip(plain: &[u8]) -> (Vec<Copy>, usize) {
        let copies = find(plain);
        let rest = take_out(plain, &copies);
        let mut coder = Encoder::new(Vec::new());
        assert_eq!(code(&copies, plain.len(), &mut coder).unwrap(), copies);
        let coded = coder.finish();
        let decoded = code(&[], plain.len(), &mut Decoder::new(&coded)).unwrap();
        assert_eq!(decoded, copies);
        assert!(put_back(&rest, &copies, plain.len()) == plain);
        let mut restored = Restored::new(&copies, plain.len());
        for known in (0..rest.len()).step_by(rest.len() / 7 + 1) {
            restored.extend(&rest[..known]);
            assert!(restored.plain.len() >= known && plain.starts_with(&restored.plain));
        }
        restored.extend(&rest);
        assert!(restored.plain == plain);
        // Ending the list takes 2 bits behind copies, and the coder up to a byte and a bit; zeros at the end are left out.
        let ideal = bits(&copies).iter().sum::<f64>() / 8.0;
        let over = coded.len() as f64 - ideal;
        assert!(copies.is_empty() || (-8.0..=2.0).contains(&over), "{ideal} {}", coded.len());
        (copies, coded.len())
    }

    fn noise(len: usize) -> Vec<u8> {
        let mut state = 1u64;
        let step = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        };
        (0..len).map(step).collect()
    }

    #[test]
    fn finds_a_doubled_file() {
        let half = noise(100_003);
        let (copies, coded_bytes) = round_trip(&half.repeat(2));
        assert_eq!(copies, [Copy { position: 100_003, distance: 100_003, len: 100_003 }]);
        assert!(coded_bytes <= 10);
    }

    #[test]
    fn finds_every_repeat_of_the_least_length_at_any_offset() {
        for offset in 0..BLOCK {
            let mut plain = noise(2000);
            plain.extend_from_within(offset..offset + MIN_BYTES);
            assert_eq!(round_trip(&plain).0.len(), 1, "offset {offset}");
        }
    }

    #[test]
    fn leaves_text_without_repeats_alone() {
        assert_eq!(round_trip(&noise(100_000)).0, []);
        assert_eq!(round_trip(b"").0, []);
    }

    #[test]
    fn a_run_repeats_its_own_beginning() {
        let (copies, coded_bytes) = round_trip(&[7; 1 << 20]);
        assert_eq!(copies.len(), 1);
        assert!(coded_bytes <= 10);
    }

    proptest! {
        #[test]
        fn round_trips_pieces_of_itself(
            pieces in prop::collection::vec((any::<u16>(), 1usize..3000), 1..12)
        ) {
            let mut plain = noise(700);
            for (from, len) in pieces {
                let from = from as usize % plain.len();
                let end = (from + len).min(plain.len());
                plain.extend_from_within(from..end);
            }
            round_trip(&plain);
        }

        #[test]
        fn any_bytes_decode_to_a_list_or_an_error(coded in prop::collection::vec(any::<u8>(), 0..60)) {
            let len = 100_000;
            if let Ok(copies) = code(&[], len, &mut Decoder::new(&coded)) {
                let copied: usize = copies.iter().map(|copy| copy.len).sum();
                let rest = vec![0; len - copied];
                prop_assert_eq!(put_back(&rest, &copies, len).len(), len);
            }
        }
    }
}
