//! Powers of two in steps of a 64th of an octave.
//!
//! For weights of attention in 8 bits the steps are fine enough: a step is 1.1 %, so a weight is off by 0.3 % on
//! average, less than by its bits. Frequencies go between two steps in a straight line.

/// Steps from a number to its double.
pub const STEPS: i32 = 64;

/// The logarithms of scales, in steps: those of 2^-60 and of 2^100.
const LEAST: i32 = -60 * STEPS;
const MOST: i32 = 100 * STEPS;

/// The power of two at 0 steps in [`POWERS_DOWN`]; half of it fits a signed 16-bit number.
pub const TOP: u16 = 65_280;

/// `TOP` times 2^(-i / 64), rounded. A power further down is one of these, shifted.
pub const POWERS_DOWN: [u16; STEPS as usize] = powers_down();

/// The 23 bits behind the point of 2^(j / 128).
const HALF_STEPS: [u32; 128] = half_steps();

const FRACTION: u32 = (1 << 23) - 1;

/// The logarithm of a scale to the nearest step, at least that of 2^-60, at most that of 2^100.
pub fn scale_log(scale: f32) -> i32 {
    let bits = scale.to_bits();
    let exponent = (bits >> 23 & 0xff) as i32 - 127;
    // Every other half step lies between two steps.
    let middles = HALF_STEPS.iter().skip(1).step_by(2);
    let steps = middles.filter(|&&middle| bits & FRACTION >= middle).count() as i32;
    (STEPS * exponent + steps).clamp(LEAST, MOST)
}

/// 2^(steps / 64), correctly rounded, for steps that are a normal number's.
#[inline(always)]
pub fn power(steps: i32) -> f32 {
    let fraction = HALF_STEPS[2 * (steps & (STEPS - 1)) as usize];
    f32::from_bits(((steps >> STEPS.trailing_zeros()) + 127) as u32 * (FRACTION + 1) + fraction)
}

/// Products of square roots of two, with 62 bits behind the point.
const fn half_steps() -> [u32; 128] {
    const ONE: u128 = 1 << 62;
    let mut result = [0; 128];
    let mut j = 0;
    while j < 128 {
        let (mut product, mut root, mut bit) = (ONE, 2 * ONE, 64);
        while bit > 0 {
            root = (root << 62).isqrt();
            if j & bit != 0 {
                product = (product * root) >> 62;
            }
            bit /= 2;
        }
        result[j] = ((product + (1 << 38)) >> 39) as u32 & FRACTION;
        j += 1;
    }
    result
}

const fn powers_down() -> [u16; STEPS as usize] {
    let mut result = [TOP; STEPS as usize];
    let mut i = 1;
    while i < result.len() {
        let power = (FRACTION + 1 + HALF_STEPS[128 - 2 * i]) as u64;
        result[i] = ((power * TOP as u64 + (1 << 23)) >> 24) as u16;
        i += 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_those_of_the_mathematics() {
        for steps in LEAST..=MOST {
            let truth = (f64::from(steps) / 64.0).exp2() as f32;
            assert_eq!(power(steps), truth, "{steps}");
            assert_eq!(scale_log(truth), steps);
        }
        for (i, &power) in POWERS_DOWN.iter().enumerate() {
            let truth = (f64::from(TOP) * (-(i as f64) / 64.0).exp2()).round();
            assert_eq!(f64::from(power), truth, "{i}");
        }
    }

    #[test]
    fn a_scale_has_the_nearest_logarithm() {
        for i in 0..10_000u32 {
            let scale = f32::from_bits(0x2200_0000 + i * 123_457);
            let truth = (f64::from(scale).log2() * 64.0).round() as i32;
            assert_eq!(scale_log(scale), truth.clamp(LEAST, MOST), "{scale}");
        }
        for small in [0.0, -0.0, 1e-40, 1e-20] {
            assert_eq!(scale_log(small), LEAST);
        }
        for large in [1e38, f32::INFINITY, f32::NAN] {
            assert_eq!(scale_log(large), MOST);
        }
    }
}
