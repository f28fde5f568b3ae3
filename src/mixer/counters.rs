//! Adaptive probabilities: 22 bits of probability and 10 bits that count what was seen.
//!
//! A young counter moves by `1 / (n + 1.5)` of its error, an old one by a fixed share.

use super::math::{P_BITS, P_HALF, P_ONE, Tables};

/// A probability with a count, in one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counter(u32);

impl Counter {
    /// One half, and nothing seen.
    pub const HALF: Counter = Counter(P_HALF << 10);

    /// A probability that counts as the mean of `seen` bits (below 1024).
    pub fn new(p1_q22: u32, seen: u32) -> Self {
        Counter(p1_q22.clamp(1, P_ONE - 1) << 10 | seen.min(1023))
    }

    /// The probability of a one, in `1..2^22`.
    #[inline(always)]
    pub fn p(self) -> u32 {
        (self.0 >> 10).max(1)
    }

    /// How many bits it has seen, as far as it counts.
    #[inline(always)]
    pub fn seen(self) -> u32 {
        self.0 & 1023
    }

    /// Learns a bit; `limit` (below 1023) is where it stops to slow down.
    #[inline(always)]
    pub fn update(&mut self, tables: &Tables, bit: bool, limit: u32) {
        let n = self.0 & 1023;
        let p = self.0 >> 10;
        let target = if bit { P_ONE - 1 } else { 0 };
        // 22 bits of difference times 16 bits of rate. The result stays between `p` and the target.
        let step = (i64::from(target as i32 - p as i32) * i64::from(tables.rate[n as usize])) >> 16;
        let p = (p as i32 + step as i32) as u32;
        self.0 = p << 10 | (n + u32::from(n < limit));
    }
}

const _: () = assert!(P_BITS + 10 == 32);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mixer::math::tables;

    #[test]
    fn follows_the_share_of_ones() {
        let mut counter = Counter::HALF;
        for i in 0..4000 {
            counter.update(tables(), i % 4 == 0, 1000);
        }
        assert!((counter.p() as i32 - (P_ONE / 4) as i32).abs() < (P_ONE / 400) as i32);
    }

    #[test]
    fn never_leaves_its_range() {
        for bit in [false, true] {
            let mut counter = Counter::HALF;
            for _ in 0..100_000 {
                counter.update(tables(), bit, 30);
                assert!((1..P_ONE).contains(&counter.p()));
            }
            let rest = if bit { P_ONE - counter.p() } else { counter.p() };
            assert!(rest < 64, "{rest}");
        }
    }
}
