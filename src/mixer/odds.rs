//! What hashed contexts have seen, as probabilities of their own beside the bit histories of `slots.rs`.
//!
//! A history forgets fast and counts few bits; digits and codes want the mean of many. A line of 64 bytes has two blocks,
//! each of one context at one half of a byte: a 16-bit check, and a counter for each of the 15 nodes of four bits.
//!
//! A counter has 16 bits: 12 of probability, 4 of age in halves of `log2`. It learns as those of `counters.rs` do, and
//! what does not fit is rounded up as often as it is worth, by one number for all counters of a decision: so it
//! comes as near to 0, and grows as old, as one of 32 bits.

use super::counters::{AGE_NEW, Counter, update_each};
use super::platform::{prefetch, zeros};
use crate::kernels::vectors::{Numbers, Vector, WIDTH};

/// Numbers of a line, and of a block.
const LINE: usize = 32;
const BLOCK: usize = 16;
const _: () = assert!(LINE * size_of::<u16>() == 64);
/// A counter that has seen nothing; the table holds what counters differ from it by.
const START: i32 = 2048 << 4;
/// The oldest that a counter becomes.
const AGE_MAX: i32 = 14;

/// The table of blocks.
#[derive(Clone)]
pub struct Odds {
    numbers: Vec<u16>,
    /// Numbers in front of the first line, so that lines are cache lines.
    lead: usize,
    line_bits: u32,
}

impl Odds {
    /// A table of `2^line_bits` lines; none at all without any bits.
    pub fn new(line_bits: u32) -> Self {
        if line_bits == 0 {
            return Self { numbers: Vec::new(), lead: 0, line_bits };
        }
        let numbers: Vec<u16> = zeros((LINE << line_bits) + 2 * LINE);
        // Only speed depends on where the allocation lies.
        let lead = numbers.as_ptr().align_offset(LINE * size_of::<u16>()).min(LINE);
        Self { numbers, lead, line_bits }
    }

    /// Bytes that a table takes.
    pub const fn memory_bytes(line_bits: u32) -> u64 {
        if line_bits == 0 { 0 } else { ((LINE * size_of::<u16>()) as u64) << line_bits }
    }

    /// The first number of the line that belongs to a line of slots.
    #[inline(always)]
    fn line(&self, slot_line: usize) -> usize {
        self.lead + LINE * (slot_line & ((1 << self.line_bits) - 1))
    }

    /// Asks for the line that belongs to a line of slots.
    #[inline(always)]
    pub fn prefetch(&self, slot_line: usize) {
        prefetch(&self.numbers, self.line(slot_line));
    }

    /// Finds the block of a context, or gives it the younger one of its line.
    #[inline(always)]
    pub fn find(&mut self, slot_line: usize, check: u16) -> i32 {
        let at = self.line(slot_line);
        let line: &mut [u16; LINE] =
            (&mut self.numbers[at..at + LINE]).try_into().expect("a whole line");
        if line[0] == check {
            return at as i32;
        }
        if line[BLOCK] == check {
            return (at + BLOCK) as i32;
        }
        // By the first node, which each visit comes through.
        let age = |block: usize| line[block + 1] & 15;
        let block = if age(BLOCK) < age(0) { BLOCK } else { 0 };
        line[block..block + BLOCK].fill(0);
        line[block] = check;
        (at + block) as i32
    }

    /// A block that is no context's.
    #[inline(always)]
    pub fn spare(&self) -> i32 {
        (self.numbers.len() - BLOCK) as i32
    }

    /// The counters of a node in sixteen blocks.
    #[inline(always)]
    pub fn ask<V: Vector>(&self, blocks: &Numbers, node: usize) -> V {
        let number = |i| i32::from(self.numbers[blocks.0[i] as usize + node]);
        let number: [i32; WIDTH] = std::array::from_fn(number);
        let number = V::of(&number) ^ V::splat(START);
        let age = (number & V::splat(15)).shl(6) + V::splat(AGE_NEW as i32);
        number.shr(4).shl(20) + age
    }

    /// Teaches them what came, 0 or -1; of `chance` the upper half decides what is rounded up.
    #[inline(always)]
    pub fn teach<V: Vector>(
        &mut self,
        blocks: &Numbers,
        node: usize,
        said: V,
        bit: V,
        chance: u32,
    ) {
        let learned = update_each(said, bit);
        let rounds_p = V::splat((chance >> 22) as i32);
        let p = (learned.shr(10) + rounds_p).sar(10).max(V::splat(1)).min(V::splat(4095));
        let (before, after) = (said & V::splat(1023), learned & V::splat(1023));
        let rounds_age = V::splat((chance >> 16 & 63) as i32);
        let older = (after - before + rounds_age).sar(6);
        let age = (before - V::splat(AGE_NEW as i32)).sar(6) + older;
        let number = (p.shl(4) + age.min(V::splat(AGE_MAX))) ^ V::splat(START);
        let mut numbers = Numbers::ZERO;
        number.store(&mut numbers);
        for (&block, number) in blocks.0.iter().zip(numbers.0) {
            self.numbers[block as usize + node] = number as u16;
        }
    }
}

/// The number by which a decision's counters are rounded: every so often up, the next time down.
#[inline(always)]
pub fn chance(decisions: u32) -> u32 {
    decisions.wrapping_mul(0x9e37_79b1)
}

const _: () = assert!(Counter::HALF.word() as u32 == (2048 << 20) + AGE_NEW);

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(odds: &mut Odds) -> Numbers {
        Numbers(std::array::from_fn(|i| odds.find(i * 3, 7 + i as u16)))
    }

    #[test]
    fn a_new_counter_is_one_half() {
        let mut odds = Odds::new(6);
        let blocks = blocks(&mut odds);
        for node in 1..16 {
            let said: Numbers = odds.ask(&blocks, node);
            assert_eq!(said, Numbers([Counter::HALF.word(); WIDTH]));
        }
    }

    #[test]
    fn counters_follow_the_share_of_ones() {
        let mut odds = Odds::new(6);
        let blocks = blocks(&mut odds);
        for decision in 0..6000u32 {
            // One in 2 of the first counter's bits, one in 4 of the next, and so on.
            let bits = std::array::from_fn(|i| -i32::from(decision % (2 << i.min(7)) == 0));
            let said: Numbers = odds.ask(&blocks, 9);
            odds.teach(&blocks, 9, said, Numbers(bits), chance(decision));
        }
        let said: Numbers = odds.ask(&blocks, 9);
        for (i, &word) in said.0.iter().enumerate() {
            let p = f64::from(Counter::from_word(word).p()) / f64::from(1 << 22);
            let wanted = 1.0 / f64::from(2u32 << i.min(7));
            assert!((p - wanted).abs() < 0.02 + wanted / 4.0, "{i}: {p}, not {wanted}");
        }
    }

    #[test]
    fn what_never_comes_ends_below_a_thousandth() {
        let mut odds = Odds::new(6);
        let blocks = blocks(&mut odds);
        for decision in 0..2000 {
            let said: Numbers = odds.ask(&blocks, 3);
            let bits = Numbers(std::array::from_fn(|i| -(i as i32 & 1)));
            odds.teach(&blocks, 3, said, bits, chance(decision));
        }
        let said: Numbers = odds.ask(&blocks, 3);
        for (i, &word) in said.0.iter().enumerate() {
            let p = Counter::from_word(word).p();
            let wrong = if i % 2 == 1 { (1 << 22) - p } else { p };
            assert!(wrong < 1 << 12, "{i}: {wrong}");
        }
    }

    #[test]
    fn the_younger_block_gives_way() {
        let mut odds = Odds::new(6);
        let learn = |odds: &mut Odds, block: i32, times: u32| {
            let blocks = Numbers([block; WIDTH]);
            for decision in 0..times {
                let said: Numbers = odds.ask(&blocks, 1);
                odds.teach(&blocks, 1, said, Numbers([-1; WIDTH]), chance(decision));
            }
        };
        let old = odds.find(5, 1);
        learn(&mut odds, old, 50);
        let young = odds.find(5, 2);
        learn(&mut odds, young, 2);
        assert_eq!(odds.find(5, 3), young);
        assert_eq!(odds.find(5, 1), old);
        let said: Numbers = odds.ask(&Numbers([young; WIDTH]), 1);
        assert_eq!(said, Numbers([Counter::HALF.word(); WIDTH]));
    }
}
