//! Probabilities that follow what comes.

use crate::entropy::{BinaryCoder, HALF_Q22, PROBABILITY_BITS};

/// The slowest that a probability follows: by a 64th of the way.
const SLOWEST: u8 = 62;
/// Never nearer to certainty than this.
const MARGIN: i32 = 1 << 6;

/// The probability of a one, in units of 2^-22, and how many bits it has seen.
#[derive(Debug, Clone, Copy)]
pub struct Bit {
    p1_q22: i32,
    seen: u8,
}

impl Default for Bit {
    fn default() -> Self {
        Bit { p1_q22: HALF_Q22 as i32, seen: 0 }
    }
}

impl Bit {
    /// Codes a decision, and learns from it.
    pub fn code<C: BinaryCoder>(&mut self, bit: bool, coder: &mut C) -> bool {
        let bit = coder.code(bit, self.p1_q22 as u32);
        let one = 1 << PROBABILITY_BITS;
        let target = if bit { one } else { 0 };
        self.p1_q22 += (target - self.p1_q22) / (i32::from(self.seen) + 2);
        self.p1_q22 = self.p1_q22.clamp(MARGIN, one - MARGIN);
        self.seen = (self.seen + 1).min(SLOWEST);
        bit
    }
}

/// Numbers of `BITS` bits, each bit by those above it.
#[derive(Debug, Clone)]
pub struct Tree<const BITS: u32>(Vec<Bit>);

impl<const BITS: u32> Default for Tree<BITS> {
    fn default() -> Self {
        Tree(vec![Bit::default(); 1 << BITS])
    }
}

impl<const BITS: u32> Tree<BITS> {
    /// Codes a number.
    pub fn code<C: BinaryCoder>(&mut self, value: usize, coder: &mut C) -> usize {
        let mut node = 1;
        for i in (0..BITS).rev() {
            node = 2 * node + usize::from(self.0[node].code(value >> i & 1 == 1, coder));
        }
        node - (1 << BITS)
    }
}

/// A number of up to 24 bits: how many bits it has, then those behind the first with even odds.
#[derive(Debug, Clone, Default)]
pub struct Number(Tree<5>);

impl Number {
    /// Codes a number below 2^24 - 1; another number comes of damage only.
    pub fn code<C: BinaryCoder>(&mut self, value: usize, coder: &mut C) -> usize {
        let value = value as u64 + 1;
        let len = self.0.code(value.ilog2() as usize, coder).min(24) as u32;
        let rest = crate::entropy::code_bits(value & ((1 << len) - 1), len, coder);
        (1usize << len) + rest as usize - 1
    }
}
