//! Weights of one group into whole numbers of a scale.

/// 1.5 * 2^23: added and taken away again, it rounds numbers up to 2^22 half to even, without the
/// call into a library that `round_ties_even` is where the oldest instructions are to suffice.
const ROUNDER: f32 = 12_582_912.0;

/// A group below this is all zeros: 2^-60.
const SMALLEST: f32 = f32::from_bits((127 - 60) << 23);

/// Quantises one group of finite numbers within +-`limit`, so that the largest reaches it; the scale
/// comes back.
pub(super) fn to_nearest(values: &[f32], limit: i8, out: &mut [i8]) -> f32 {
    let limit = f32::from(limit);
    let largest = values.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    if largest < SMALLEST {
        out.fill(0);
        return 0.0;
    }
    let inverse = limit / largest;
    for (weight, value) in out.iter_mut().zip(values) {
        *weight = round((value * inverse).clamp(-limit, limit)) as i8;
    }
    largest / limit
}

fn round(x: f32) -> f32 {
    (x + ROUNDER) - ROUNDER
}

/// Scales that are tried of each sign, as parts of the one that reaches the largest weight: from 1
/// down in steps of 1/40.
const TRIED_SCALES: u8 = 20;

/// The scale of a group of 4-bit weights, -8 to 7.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// What a weight of 1 stands for; negative where the group reaches further below zero than
    /// above it or the other way round, so that the weight -8 can serve either end.
    pub step: f32,
    inverse: f32,
}

impl Scale {
    fn new(step: f32) -> Scale {
        Scale { step, inverse: if step == 0.0 { 0.0 } else { 1.0 / step } }
    }

    /// The scale for which the sum of `importance * error^2` over the group is smallest; of equal
    /// ones the first tried. Sums are in a fixed order, so the choice is the same everywhere.
    pub fn search(values: &[f32], importance: &[f32]) -> Scale {
        let extreme = values.iter().fold(0f32, |e, &v| if v.abs() > e.abs() { v } else { e });
        if extreme.abs() < SMALLEST {
            return Scale::new(0.0);
        }
        let (mut best, mut best_error) = (Scale::new(0.0), f32::INFINITY);
        // The extreme as 7 or -7, and as -8.
        for full in [extreme.abs() / 7.0, extreme / -8.0] {
            for step in 0..TRIED_SCALES {
                let scale = Scale::new(full * (1.0 - f32::from(step) / 40.0));
                let error = scale.error(values, importance);
                if error < best_error {
                    (best, best_error) = (scale, error);
                }
            }
        }
        best
    }

    fn error(&self, values: &[f32], importance: &[f32]) -> f32 {
        let mut lanes = [0f32; 8];
        for (values, importance) in values.chunks(8).zip(importance.chunks(8)) {
            for ((lane, &value), &weight) in lanes.iter_mut().zip(values).zip(importance) {
                let whole = round((value * self.inverse).clamp(-8.0, 7.0));
                let error = value - whole * self.step;
                *lane += error * error * weight;
            }
        }
        lanes.iter().fold(0f32, |sum, lane| sum + lane)
    }

    /// The weight nearest to a number.
    #[inline]
    pub fn round(&self, value: f32) -> i8 {
        round((value * self.inverse).clamp(-8.0, 7.0)) as i8
    }

    /// The weights nearest to the numbers.
    pub fn round_all(&self, values: &[f32], out: &mut [i8]) {
        for (weight, &value) in out.iter_mut().zip(values) {
            *weight = self.round(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_weight_reaches_the_limit_and_tiny_groups_are_zeros() {
        let mut out = [9i8; 4];
        assert_eq!(to_nearest(&[0.5, -2.0, 1.0, 0.0], 127, &mut out), 2.0 / 127.0);
        assert_eq!(out, [32, -127, 64, 0]);
        assert_eq!(to_nearest(&[1e-30, 0.0, -1e-25, 0.0], 127, &mut out), 0.0);
        assert_eq!(out, [0; 4]);
    }

    #[test]
    fn a_searched_scale_is_never_worse_than_one_that_reaches_the_largest() {
        let values: Vec<f32> = (0..64).map(|i| ((i * 37 % 64) as f32 - 20.0) * 0.01).collect();
        let alike = [1f32; 64];
        let found = Scale::search(&values, &alike);
        assert!(found.error(&values, &alike) <= Scale::new(0.43 / 7.0).error(&values, &alike));
        // What matters alone is met exactly.
        let mut one = [0f32; 64];
        one[0] = 1.0;
        let found = Scale::search(&values, &one);
        let rounded = f32::from(found.round(values[0])) * found.step;
        assert!((rounded - values[0]).abs() < 1e-3, "{rounded}");
        assert_eq!(Scale::search(&[0.0; 64], &alike).round(1.0), 0);
    }
}
