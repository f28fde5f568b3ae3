//! Adaptive probabilities: 22 bits of probability and 10 bits of age.
//!
//! A young counter moves by a large share of its error, an old one by a small share, so that it is first the mean
//! of what it has seen and then follows the last few hundred bits. The age is `log2(n + 1.5)` in units of 1/128,
//! where the counter is the mean of `n` bits: so the share `1 / (n + 1.5)` is a shift, and the next age is a short
//! sum. There are no tables and no branches: sixteen counters learn at once.

use super::math::{P_BITS, P_HALF, P_ONE, squash_table, stretch, stretch_each};
use crate::kernels::vectors::Vector;

/// Ages end where a counter moves by 1/254.
const AGE_MAX: i32 = 1023;
/// `log2(1.5)`, the age of a counter that has seen nothing.
pub const AGE_NEW: u32 = 75;

/// A probability with an age, in one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Counter(u32);

impl Counter {
    /// One half, and nothing seen.
    pub const HALF: Counter = Counter(P_HALF << 10 | AGE_NEW);

    /// A probability that is no counter among others that are.
    #[inline(always)]
    pub fn of_probability(p1_q22: u32) -> Self {
        Counter(p1_q22 << 10)
    }

    /// The word that it is, as vectors hold it.
    #[inline(always)]
    pub const fn word(self) -> i32 {
        self.0 as i32
    }

    /// The counter whose word this is.
    #[inline(always)]
    pub fn from_word(word: i32) -> Self {
        Counter(word as u32)
    }

    /// The counter that a table of zeros holds in the place of `start`, so that large tables need no filling.
    #[inline(always)]
    pub fn from_table(entry: u32, start: Counter) -> Self {
        Counter(entry ^ start.0)
    }

    /// What such a table holds for the counter.
    #[inline(always)]
    pub fn to_table(self, start: Counter) -> u32 {
        self.0 ^ start.0
    }

    /// A probability that counts as the mean of `seen` bits.
    pub fn new(p1_q22: u32, seen: u32) -> Self {
        let age = (0..seen).fold(AGE_NEW as i32, |age, _| older(age));
        Counter(p1_q22.clamp(1, P_ONE - 1) << 10 | age as u32)
    }

    /// The probability of a one, in `1..2^22`.
    #[inline(always)]
    pub fn p(self) -> u32 {
        self.0 >> 10
    }

    /// Learns a bit, given as 0 or -1.
    #[inline(always)]
    pub fn update(&mut self, bit: i32) {
        let age = (self.0 & 1023) as i32;
        let p = (self.0 >> 10) as i32;
        let (whole, share) = (age >> 7, share(age));
        let error = (P_ONE as i32 & bit) - p;
        // At most 2^20 * 2^8, and half of what is shifted out.
        let step = ((error >> 2) * share + (32 << whole)) >> (6 + whole);
        let p = (p + step).clamp(1, P_ONE as i32 - 1);
        self.0 = (p as u32) << 10 | older(age) as u32;
    }

    /// The counter in 16 bits: the stretched probability in units of 1/128, and the age in units of 1/2.
    pub fn pack(self) -> u16 {
        let x = (stretch(self.p()) + 32_768 + 8) >> 4;
        (x as u16) << 4 | ((self.0 & 1023) >> 6) as u16
    }

    /// The counter that `pack` has written.
    pub fn unpack(packed: u16) -> Self {
        let p = squash_table().of((i32::from(packed >> 4) << 4) - 32_768);
        Counter(p << 10 | (u32::from(packed & 15) << 6).max(AGE_NEW))
    }
}

/// `2^-(age % 128)/128` in units of 1/256, by a straight line.
#[inline(always)]
fn share(age: i32) -> i32 {
    256 - (age & 127)
}

/// The age after one more bit: `log2(1 + r)` is added for the share `r`, as `1.44 r - 0.44 r^2`.
#[inline(always)]
fn older(age: i32) -> i32 {
    let r_q16 = share(age) << 8 >> (age >> 7);
    let r_q8 = r_q16 >> 8;
    // At most 2^16 * 185; 185 = 1.44 * 128, 57 = 0.44 * 128.
    let more = (r_q16 * 185 - r_q8 * r_q8 * 57 + (1 << 15)) >> 16;
    (age + more).min(AGE_MAX)
}

/// Stretched probabilities of counters; where a sign is -1 and not 0, they are meant the other way round.
#[inline(always)]
pub fn opinions<V: Vector>(counters: V, signs: V) -> V {
    (stretch_each(counters.shr(10)) ^ signs) - signs
}

/// How sure counters are, from -2048 to 2048, with the same signs.
#[inline(always)]
pub fn sureness<V: Vector>(counters: V, signs: V) -> V {
    let above_half = counters.shr(10) - V::splat(P_HALF as i32);
    (above_half.sar(P_BITS - 12) ^ signs) - signs
}

/// [`Counter::update`] of each, with bits given as 0 or -1.
#[inline(always)]
pub fn update_each<V: Vector>(counters: V, bits: V) -> V {
    let age = counters & V::splat(1023);
    let p = counters.shr(10);
    let (whole, share) = (age.sar(7), V::splat(256) - (age & V::splat(127)));
    let error = (V::splat(P_ONE as i32) & bits) - p;
    let half = V::splat(32).shl_each(whole);
    let step = (error.sar(2) * share + half).sar_each(V::splat(6) + whole);
    let p = (p + step).max(V::splat(1)).min(V::splat(P_ONE as i32 - 1));
    let r_q16 = share.shl(8).sar_each(whole);
    let r_q8 = r_q16.sar(8);
    let more = r_q16 * V::splat(185) - r_q8 * r_q8 * V::splat(57) + V::splat(1 << 15);
    let age = (age + more.sar(16)).min(V::splat(AGE_MAX));
    p.shl(10) + age
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::vectors::{Numbers, WIDTH};

    #[test]
    fn many_at_once_learn_like_one() {
        let step = P_ONE as usize / 5003;
        let values = (1..P_ONE).step_by(step).chain([1, 2, P_ONE - 2, P_ONE - 1]);
        for (i, p) in values.enumerate() {
            let age = AGE_NEW + (i as u32 * 37) % (AGE_MAX as u32 + 1 - AGE_NEW);
            let counter = Counter(p << 10 | age);
            for bit in [0, -1] {
                let mut one = counter;
                one.update(bit);
                let all = update_each(Numbers([counter.word(); WIDTH]), Numbers([bit; WIDTH]));
                assert_eq!(all, Numbers([one.word(); WIDTH]));
                let said = opinions(all, Numbers([bit; WIDTH])).0[3];
                assert_eq!(said, if bit == 0 { stretch(one.p()) } else { -stretch(one.p()) });
            }
        }
    }

    #[test]
    fn follows_the_share_of_ones() {
        let mut counter = Counter::HALF;
        for i in 0..4000 {
            counter.update(-i32::from(i % 4 == 0));
        }
        assert!((counter.p() as i32 - (P_ONE / 4) as i32).abs() < (P_ONE / 200) as i32);
    }

    #[test]
    fn moves_by_one_over_the_number_of_bits() {
        for n in 0..200 {
            let mut counter = Counter::new(P_HALF, n);
            counter.update(-1);
            let moved = f64::from(counter.p() - P_HALF) / f64::from(P_HALF);
            let wanted = 1.0 / (f64::from(n) + 1.5);
            assert!((moved / wanted - 1.0).abs() < 0.2, "{n}: {moved}, not {wanted}");
        }
    }

    #[test]
    fn packing_keeps_what_matters() {
        for p in (1..P_ONE).step_by(991) {
            for seen in [0, 1, 5, 50, 300] {
                let counter = Counter::new(p, seen);
                let again = Counter::unpack(counter.pack());
                assert!(
                    (stretch(again.p()) - stretch(p)).abs() <= 2048 / 4
                        || !(64..P_ONE - 64).contains(&p)
                );
                assert!((counter.0 & 1023).abs_diff(again.0 & 1023) < 75);
            }
        }
    }

    #[test]
    fn never_leaves_its_range() {
        for bit in [0, -1] {
            let mut counter = Counter::HALF;
            for _ in 0..100_000 {
                counter.update(bit);
                assert!((1..P_ONE).contains(&counter.p()));
            }
            let rest = if bit != 0 { P_ONE - counter.p() } else { counter.p() };
            assert!(rest <= 160, "{rest}");
        }
    }
}
