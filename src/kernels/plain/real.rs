//! Double-precision exponential, logarithm, sine and cosine, in `+ - * /` only.
//!
//! The platform's own differ in the last bits from one system to the next. These are used for
//! tables made once, so they are written for plainness: series long enough for double precision.

/// 1.5 * 2^52: adding it rounds to an integer, half to even, for |x| < 2^51.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// pi/2 in three parts of 26, 26 and 53 bits; the first two times a 27-bit integer are exact.
const HALF_PI: [f64; 3] = [
    f64::from_bits(0x3ff9_21fb_5000_0000),
    f64::from_bits(0x3e51_10b4_6000_0000),
    f64::from_bits(0x3c91_a626_3314_5c07),
];

/// 2/pi.
const TWO_OVER_PI: f64 = f64::from_bits(0x3fe4_5f30_6dc9_c883);

/// ln 2 in two parts; the first has 32 bits, so its product with an exponent is exact.
const LN_2: [f64; 2] =
    [f64::from_bits(0x3fe6_2e42_fee0_0000), f64::from_bits(0x3dea_39ef_3579_3c76)];

/// 1 / ln 2.
const LOG2_E: f64 = f64::from_bits(0x3ff7_1547_652b_82fe);

/// The square root of 2.
const SQRT_2: f64 = f64::from_bits(0x3ff6_a09e_667f_3bcd);

/// Sine and cosine of an angle in radians, |x| <= 2^27.
pub fn sin_cos(x: f64) -> (f64, f64) {
    let shifted = x * TWO_OVER_PI + ROUNDER;
    let quarters = shifted - ROUNDER;
    let r = ((x - quarters * HALF_PI[0]) - quarters * HALF_PI[1]) - quarters * HALF_PI[2];
    let r2 = r * r;
    // Nested series: 1 - r2/(2*3) * (1 - r2/(4*5) * (1 - ...)), up to r^19 and r^18; |r| < 0.79
    // leaves less than 1e-19.
    let (mut sin, mut cos) = (1.0, 1.0);
    for i in (1..=9).rev() {
        let n = f64::from(2 * i);
        sin = 1.0 - r2 / (n * (n + 1.0)) * sin;
        cos = 1.0 - r2 / (n * (n - 1.0)) * cos;
    }
    sin *= r;
    // The low bits of the integer that was added to ROUNDER say which quarter turn it is.
    match shifted.to_bits() & 3 {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

/// The exponential of |x| < 700.
pub fn exp(x: f64) -> f64 {
    let shifted = x * LOG2_E + ROUNDER;
    let power = shifted - ROUNDER;
    let r = (x - power * LN_2[0]) - power * LN_2[1];
    // 1 + r/1 * (1 + r/2 * (1 + ...)), up to r^18; |r| < 0.35 leaves less than 1e-25.
    let mut series = 1.0;
    for n in (1..=18).rev() {
        series = 1.0 + r / f64::from(n) * series;
    }
    // The low 12 bits of the shifted value are the power of two, in two's complement.
    f64::from_bits(series.to_bits().wrapping_add(shifted.to_bits() << 52))
}

/// The natural logarithm of a positive normal number.
pub fn ln(x: f64) -> f64 {
    let mut power = f64::from((x.to_bits() >> 52) as u16 & 0x7ff) - 1023.0;
    let mut m = f64::from_bits(x.to_bits() & 0x000f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000);
    if m > SQRT_2 {
        m /= 2.0;
        power += 1.0;
    }
    // ln m = 2 * (s + s^3/3 + s^5/5 + ...), up to s^27; |s| < 0.172 leaves less than 1e-22.
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let mut series = 0.0;
    for n in (0..=13).rev() {
        series = 1.0 / f64::from(2 * n + 1) + s2 * series;
    }
    power * LN_2[0] + (2.0 * s * series + power * LN_2[1])
}
