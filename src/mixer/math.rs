//! The logistic functions as integer tables, the same on every machine.
//!
//! *Stretch* is `ln(p / (1 - p))` in units of 1/2048, kept within +-16; *squash* is its inverse. The tables are
//! computed once per process with integer arithmetic only.

use std::sync::LazyLock;

/// Bits of a probability.
pub const P_BITS: u32 = 22;
/// The probability 1, which never occurs.
pub const P_ONE: u32 = 1 << P_BITS;
/// One half.
pub const P_HALF: u32 = P_ONE / 2;
/// The largest magnitude of a stretched probability: 16 in units of 1/2048, less one to fit 16 bits.
pub const STRETCH_MAX: i32 = 32_767;

/// Cells per octave of the stretch table.
const CELL_BITS: u32 = 7;
/// Steps of the squash table are 2^6 stretch units = 1/32, where linear interpolation is off by at most
/// h^2 / 8 = 1/8192 of the value.
const SQUASH_STEP_BITS: u32 = 6;

/// Tables of a fixed size, so that masked indices need no check.
pub struct Tables {
    /// By octave and mantissa of `q = min(p, 1 - p)` in units of 2^-32: `ln((1 - q) / q)`, at least 0.
    stretch: [i16; 32 << CELL_BITS],
    /// By stretch: the probability in units of 2^-22.
    squash: [u32; 1025],
    /// `65536 / (n + 1.5)`: how far a counter moves that has seen `n` bits.
    pub rate: [u32; 1024],
}

static TABLES: LazyLock<Box<Tables>> = LazyLock::new(build);

/// The tables, computed on the first call.
pub fn tables() -> &'static Tables {
    &TABLES
}

impl Tables {
    /// Stretches a probability in units of 2^-32; 0 is taken for the smallest one.
    #[inline(always)]
    pub fn stretch_q32(&self, p1_q32: u32) -> i32 {
        let high = p1_q32 >= 1 << 31;
        let q = if high { p1_q32.wrapping_neg() } else { p1_q32.max(1) };
        let zeros = q.leading_zeros() & 31;
        let mantissa = (q << zeros) >> (31 - CELL_BITS) & ((1 << CELL_BITS) - 1);
        let magnitude = i32::from(self.stretch[(((31 - zeros) << CELL_BITS) | mantissa) as usize]);
        if high { magnitude } else { -magnitude }
    }

    /// Stretches a probability in units of 2^-22.
    #[inline(always)]
    pub fn stretch(&self, p1_q22: u32) -> i32 {
        self.stretch_q32(p1_q22 << (32 - P_BITS))
    }

    /// The probability, in `1..2^22`, whose stretch is `x`; larger magnitudes count as the largest.
    #[inline(always)]
    pub fn squash(&self, x: i32) -> u32 {
        let x = (x.clamp(-STRETCH_MAX, STRETCH_MAX) + 32_768) as u32;
        let (cell, part) =
            ((x >> SQUASH_STEP_BITS) as usize & 1023, x & ((1 << SQUASH_STEP_BITS) - 1));
        // At most 2^22 * 2^6.
        let sum =
            self.squash[cell] * ((1 << SQUASH_STEP_BITS) - part) + self.squash[cell + 1] * part;
        (sum >> SQUASH_STEP_BITS).clamp(1, P_ONE - 1)
    }
}

/// `ln(numerator / denominator)` in units of 2^-48, for a ratio in `1..2^33`.
fn ln_q48(mut numerator: u128, denominator: u128) -> u128 {
    /// `ln 2` in units of 2^-48: 0.693147180559945309 * 2^48, rounded.
    const LN2: u128 = 195_103_586_505_167;
    let mut octaves = 0;
    while numerator >= denominator << (octaves + 1) {
        octaves += 1;
    }
    // 2 * atanh(z) = 2 (z + z^3/3 + z^5/5 + ...) with z = (r - 1) / (r + 1) <= 1/3 for a ratio r in 1..2.
    let scaled = denominator << octaves;
    numerator <<= 48;
    let z = (numerator - (scaled << 48)) / ((numerator >> 48) + scaled);
    let (mut power, mut sum, mut k) = (z, 0, 1);
    while power > 0 {
        sum += power / k;
        power = ((power * z >> 48) * z) >> 48;
        k += 2;
    }
    2 * sum + LN2 * octaves as u128
}

/// `e^-(1/32)` to the powers 0.. in units of 2^-60.
fn exp_steps() -> impl Iterator<Item = u128> {
    const ONE: u128 = 1 << 60;
    // The series of e^-x at x = 1/32: 1 - x + x^2/2 - ...; the signs alternate.
    let (mut term, mut step, mut k) = (ONE, 0i128, 0u128);
    while term > 0 {
        step += if k % 2 == 0 { term as i128 } else { -(term as i128) };
        k += 1;
        term = term / 32 / k;
    }
    std::iter::successors(Some(ONE), move |e| Some(e * step as u128 >> 60))
}

fn build() -> Box<Tables> {
    let mut tables =
        Box::new(Tables { stretch: [0; 32 << CELL_BITS], squash: [0; 1025], rate: [0; 1024] });
    for octave in 0..32u32 {
        for cell in 0..1u32 << CELL_BITS {
            // The middle of the cell, in units of 2^-41, where every cell is a whole number.
            let q =
                (u128::from((1 << CELL_BITS) | cell) * 2 + 1) << (octave + 41 - 32 - CELL_BITS - 1);
            let q = q.min(1 << 40);
            let ln = ln_q48((1u128 << 41) - q, q);
            let units = (ln + (1 << 36)) >> 37;
            tables.stretch[(octave << CELL_BITS | cell) as usize] =
                units.min(STRETCH_MAX as u128) as i16;
        }
    }
    // squash(-16 + i/32) = 1 / (1 + e^(16 - i/32)).
    for (i, e) in exp_steps().take(513).enumerate() {
        let (one, e) = (1u128 << 60, e);
        let above = ((one << P_BITS) + (one + e) / 2) / (one + e);
        tables.squash[512 + i] = above as u32;
        tables.squash[512 - i] = P_ONE - above as u32;
    }
    for (n, rate) in tables.rate.iter_mut().enumerate() {
        *rate = (131_072 / (2 * n + 3)) as u32;
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretch_is_close_to_the_logarithm() {
        for p in (1..P_ONE).step_by(997).chain(1..400) {
            let exact = (f64::from(p) / f64::from(P_ONE - p)).ln() * 2048.0;
            let got = f64::from(tables().stretch(p));
            // A cell spans 1/128 of its value.
            assert!((got - exact).abs() < 18.0 || p < 128, "{p}: {got}, not {exact}");
            assert!((got - exact).abs() < 30.0, "{p}: {got}, not {exact}");
        }
        assert_eq!(tables().stretch_q32(0), -STRETCH_MAX);
        assert_eq!(tables().stretch_q32(u32::MAX), STRETCH_MAX);
    }

    #[test]
    fn stretch_is_odd_and_never_falls() {
        let mut last = -STRETCH_MAX;
        for p in 1..P_ONE {
            let x = tables().stretch(p);
            assert!(x >= last);
            assert_eq!(x, -tables().stretch(P_ONE - p));
            last = x;
        }
    }

    #[test]
    fn squash_inverts_stretch() {
        for x in -STRETCH_MAX..=STRETCH_MAX {
            let exact = f64::from(P_ONE) / (1.0 + (-f64::from(x) / 2048.0).exp());
            let got = f64::from(tables().squash(x));
            assert!(
                (got - exact).abs() < 2.0 + exact.min(f64::from(P_ONE) - exact) / 4096.0,
                "{x}"
            );
        }
    }

    #[test]
    fn squash_never_reaches_the_ends() {
        assert!(tables().squash(i32::MIN) >= 1);
        assert!(tables().squash(i32::MAX) < P_ONE);
    }
}
