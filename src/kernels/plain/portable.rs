//! Single-precision pieces that the vectorised bodies share, in basic operations only.

use crate::kernels::operands::LANES;

/// log2(e), rounded to single precision.
pub const LOG2_E: f32 = f32::from_bits(0x3fb8_aa3b);

/// 1.5 * 2^23: adding it leaves no bits below the unit, so the addition itself rounds half to even.
pub const ROUNDER: f32 = 12_582_912.0;

/// Scores and the largest logit are kept within this; NaN counts as the negative one.
pub const LARGEST: f32 = 1e30;

/// Coefficients of (2^f - 1) / f on [-0.5, 0.5], from the constant upwards.
///
/// The polynomial through its values at the six Chebyshev points, computed with 120 bits and
/// rounded to single precision: the relative error of 1 + f * q(f) is 5e-9, a tenth of a unit in
/// the last place, before the rounding of the operations.
pub const EXP2: [f32; 6] = [
    f32::from_bits(0x3f31_7218),
    f32::from_bits(0x3e75_fdf0),
    f32::from_bits(0x3d63_57b6),
    f32::from_bits(0x3c1d_952a),
    f32::from_bits(0x3aaf_8448),
    f32::from_bits(0x3922_09c5),
];

/// The nearest integer, ties to even, for |x| < 2^22.
#[inline(always)]
pub fn round_even(x: f32) -> i32 {
    (x + ROUNDER).to_bits().wrapping_sub(ROUNDER.to_bits()) as i32
}

/// 2^t, with t first limited to -125..=126, where neither end overflows nor turns denormal.
///
/// NaN counts as -125. Exactly 1 at 0, never above 1 for a negative t.
#[inline(always)]
pub fn exp2(t: f32) -> f32 {
    let t = if t > -125.0 { t } else { -125.0 };
    let t = if t < 126.0 { t } else { 126.0 };
    let shifted = t + ROUNDER;
    let whole = shifted - ROUNDER;
    let f = t - whole;
    let mut q = EXP2[5];
    q = q * f + EXP2[4];
    q = q * f + EXP2[3];
    q = q * f + EXP2[2];
    q = q * f + EXP2[1];
    q = q * f + EXP2[0];
    let p = q * f + 1.0;
    // p is in [0.7, 1.42]; the shift drops all bits of ROUNDER and leaves the integer times 2^23.
    f32::from_bits(p.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// The value itself within +-1e30, else the nearer end; NaN counts as -1e30.
#[inline(always)]
pub fn sanitise(x: f32) -> f32 {
    let x = if x > -LARGEST { x } else { -LARGEST };
    if x < LARGEST { x } else { LARGEST }
}

/// Adds 16 lanes in the fixed tree: (l, l+8), (l, l+4), (l, l+2), (l, l+1).
#[inline(always)]
pub fn sum_lanes(mut lanes: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for l in 0..half {
            lanes[l] += lanes[l + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// The largest of 16 lanes, none of which is NaN.
///
/// The order cannot matter, but for the sign of a zero, which no caller's result depends on.
#[inline(always)]
pub fn max_lanes(mut lanes: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for l in 0..half {
            lanes[l] = larger(lanes[l], lanes[l + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// The larger of two numbers; `b`, which is never NaN, where `a` is.
#[inline(always)]
pub fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}
