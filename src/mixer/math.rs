//! The logistic functions in integers, the same on every machine.
//!
//! *Stretch* is `ln(p / (1 - p))` in units of 1/2048, kept within +-16; *squash* is its inverse. Stretch is computed
//! without tables, so that many are computed at once; squash reads a table that is made once per process, with
//! integers only.

use crate::kernels::vectors::{Vector, log2_q15};
use std::sync::LazyLock;

/// Bits of a probability.
pub const P_BITS: u32 = 22;
/// The probability 1, which never occurs.
pub const P_ONE: u32 = 1 << P_BITS;
/// One half.
pub const P_HALF: u32 = P_ONE / 2;
/// The largest magnitude of a stretched probability: 16 in units of 1/2048, less one to fit 16 bits.
pub const STRETCH_MAX: i32 = 32_767;

/// `ln(2) * 2048 / 2^15` in units of 2^-16.
const STRETCH_PER_LOG2: i32 = 2_839;

/// Stretches a probability in units of 2^-22, which is in `1..2^22`.
#[inline(always)]
pub fn stretch(p1_q22: u32) -> i32 {
    let odds = log2_q15(p1_q22) - log2_q15(P_ONE - p1_q22);
    // At most 22 * 2^15 * 2839 < 2^31.
    (odds * STRETCH_PER_LOG2 + (1 << 15)) >> 16
}

/// [`stretch`] of each.
#[inline(always)]
pub fn stretch_each<V: Vector>(p1_q22: V) -> V {
    let odds = p1_q22.log2_q15() - (V::splat(P_ONE as i32) - p1_q22).log2_q15();
    (odds * V::splat(STRETCH_PER_LOG2) + V::splat(1 << 15)).sar(16)
}

/// Stretches a probability in units of 2^-32; 0 is taken for the smallest one.
#[inline(always)]
pub fn stretch_q32(p1_q32: u32) -> i32 {
    let p = p1_q32.max(1);
    let odds = i64::from(log2_q15(p) - log2_q15(p.wrapping_neg()));
    let x = (odds * i64::from(STRETCH_PER_LOG2) + (1 << 15)) >> 16;
    x.clamp(-i64::from(STRETCH_MAX), i64::from(STRETCH_MAX)) as i32
}

/// Steps of the squash table are 2^6 stretch units = 1/32, where linear interpolation is off by at most
/// h^2 / 8 = 1/8192 of the value.
const SQUASH_STEP_BITS: u32 = 6;

/// The inverse of stretch, by a table.
pub struct Squash {
    /// By stretch: the probability in units of 2^-22.
    table: [u32; 1025],
}

static SQUASH: LazyLock<Squash> = LazyLock::new(Squash::build);

/// The table, computed on the first call.
pub fn squash_table() -> &'static Squash {
    &SQUASH
}

impl Squash {
    /// The probability, in `1..2^22`, whose stretch is `x`; larger magnitudes count as the largest.
    #[inline(always)]
    pub fn of(&self, x: i32) -> u32 {
        let x = (x.clamp(-STRETCH_MAX, STRETCH_MAX) + 32_768) as u32;
        let (cell, part) =
            ((x >> SQUASH_STEP_BITS) as usize & 1023, x & ((1 << SQUASH_STEP_BITS) - 1));
        // At most 2^22 * 2^6.
        let sum = self.table[cell] * ((1 << SQUASH_STEP_BITS) - part) + self.table[cell + 1] * part;
        (sum >> SQUASH_STEP_BITS).clamp(1, P_ONE - 1)
    }

    /// `squash(-16 + i/32) = 1 / (1 + e^(16 - i/32))` for every `i`.
    fn build() -> Self {
        const ONE: u128 = 1 << 60;
        let mut table = [0; 1025];
        // e^-(1/32) in units of 2^-60, by its series 1 - x + x^2/2 - x^3/6 ...
        let (mut term, mut step, mut k) = (ONE, 0i128, 0u128);
        while term > 0 {
            step += if k % 2 == 0 { term as i128 } else { -(term as i128) };
            k += 1;
            term = term / 32 / k;
        }
        let mut e = ONE;
        for i in 0..=512 {
            let above = (((ONE << P_BITS) + (ONE + e) / 2) / (ONE + e)) as u32;
            table[512 + i] = above;
            table[512 - i] = P_ONE - above;
            e = (e * step as u128) >> 60;
        }
        Self { table }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretch_is_close_to_the_logarithm() {
        for p in (1..P_ONE).step_by(997).chain(1..400) {
            let exact = (f64::from(p) / f64::from(P_ONE - p)).ln() * 2048.0;
            let got = f64::from(stretch(p));
            assert!((got - exact).abs() < 6.0, "{p}: {got}, not {exact}");
            let wide = f64::from(stretch_q32(p << 10));
            assert!((wide - exact).abs() < 6.0, "{p}: {wide}, not {exact}");
        }
        assert_eq!(stretch_q32(0), -STRETCH_MAX);
        assert_eq!(stretch_q32(u32::MAX), STRETCH_MAX);
        assert_eq!(stretch(P_HALF), 0);
    }

    #[test]
    fn stretch_is_odd_and_never_falls() {
        let mut last = -STRETCH_MAX;
        for p in 1..P_ONE {
            let x = stretch(p);
            assert!(x >= last);
            assert!((x + stretch(P_ONE - p)).abs() <= 1);
            last = x;
        }
    }

    #[test]
    fn squash_inverts_stretch() {
        for x in -STRETCH_MAX..=STRETCH_MAX {
            let exact = f64::from(P_ONE) / (1.0 + (-f64::from(x) / 2048.0).exp());
            let got = f64::from(squash_table().of(x));
            assert!(
                (got - exact).abs() < 2.0 + exact.min(f64::from(P_ONE) - exact) / 4096.0,
                "{x}"
            );
        }
    }

    #[test]
    fn squash_never_reaches_the_ends() {
        assert!(squash_table().of(i32::MIN) >= 1);
        assert!(squash_table().of(i32::MAX) < P_ONE);
    }
}
