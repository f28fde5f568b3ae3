//! Weights of one group into whole numbers of a scale.

use crate::kernels::STEP_COLS;

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

/// By how much the range of a step is narrowed at either end, in tries of 1/20.
const TRIED_ENDS: u8 = 5;

/// The fewest steps between the least and the largest number that are tried.
const FEWEST_HALVES: u8 = 8;

/// A step is in eighths of a byte.
const EIGHTHS: f32 = 8.0;

/// Columns of a row that share a step, as floats; what lies beyond the row is of no importance.
type Columns = [f32; STEP_COLS];

/// How [`STEP_COLS`] columns of a row of 4-bit weights become bytes: the half `q` of 0 to 15 is the byte
/// `((step * q + 4) >> 3) + offset`, within the limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    step: f32,
    offset: f32,
    /// Halves in a byte.
    inverse: f32,
    limit: f32,
}

impl Step {
    /// `step` from 1 to 255, `offset` within the limit; both whole.
    fn new(step: f32, offset: f32, limit: f32) -> Step {
        let step = step.clamp(1.0, 255.0);
        Step { step, offset: offset.clamp(-limit, limit), inverse: EIGHTHS / step, limit }
    }

    /// One whose halves reach from `low` to `high`, as near as whole numbers come to it.
    fn between(low: f32, high: f32, limit: f32) -> Step {
        Step::new(round((high - low) * (EIGHTHS / 15.0)), round(low), limit)
    }

    /// One for these numbers, in bytes: from the least to the largest that matter; after `search`, the one for which the
    /// sum of `importance * error^2` is smallest of those tried. Sums are in a fixed order, so the choice is the same
    /// everywhere.
    fn of(bytes: &Columns, importance: &Columns, limit: f32, search: bool) -> Step {
        let matter = bytes.iter().zip(importance).filter(|(_, weight)| **weight > 0.0);
        let ends = |(low, high): (f32, f32), byte: f32| (low.min(byte), high.max(byte));
        let (low, high) =
            matter.map(|(byte, _)| *byte).fold((f32::INFINITY, f32::NEG_INFINITY), ends);
        if low > high {
            return Step::new(1.0, 0.0, limit);
        }
        let plain = Step::between(low, high, limit);
        if !search {
            return plain;
        }
        let mut best = (plain.error(bytes, importance), plain);
        let mut try_one = |tried: Step| {
            let error = tried.error(bytes, importance);
            if error < best.0 {
                best = (error, tried);
            }
            best.1
        };
        let (middle, half) = ((low + high) / 2.0, (high - low) / 2.0);
        let mut found = plain;
        // Some of the 16 halves of a published block may not occur.
        for halves in FEWEST_HALVES..15 {
            let step = round((high - low) * (EIGHTHS / f32::from(halves)));
            found = try_one(Step::new(step, round(low), limit));
        }
        for below in 0..TRIED_ENDS {
            for above in 0..TRIED_ENDS {
                let [below, above] =
                    [below, above].map(|part| half * (1.0 - f32::from(part) / 20.0));
                found = try_one(Step::between(middle - below, middle + above, limit));
            }
        }
        for step in [-1.0, 0.0, 1.0] {
            for offset in [-1.0, 0.0, 1.0] {
                try_one(Step::new(found.step + step, found.offset + offset, limit));
            }
        }
        best.1
    }

    fn error(&self, bytes: &Columns, importance: &Columns) -> f32 {
        let mut lanes = [0f32; 8];
        for (bytes, importance) in bytes.as_chunks::<8>().0.iter().zip(importance.as_chunks().0) {
            let importance: &[f32; 8] = importance;
            for ((lane, &byte), &weight) in lanes.iter_mut().zip(bytes).zip(importance) {
                let error = byte - self.byte(self.half(byte));
                *lane += error * error * weight;
            }
        }
        lanes.iter().fold(0f32, |sum, lane| sum + lane)
    }

    /// The half nearest to a number of bytes.
    #[inline(always)]
    fn half(&self, byte: f32) -> f32 {
        round(((byte - self.offset) * self.inverse).clamp(0.0, 15.0))
    }

    /// The byte that a half stands for. With `x` whole, `(x + 4) >> 3` is the whole number nearest to `(x + 1/2) / 8`,
    /// which is never half way between two.
    #[inline(always)]
    fn byte(&self, half: f32) -> f32 {
        let whole = round((self.step * half + 0.5) * (1.0 / EIGHTHS)) + self.offset;
        whole.clamp(-self.limit, self.limit)
    }

    /// Step and offset as they are stored.
    pub(super) fn stored(&self) -> (u8, i8) {
        (self.step as u8, self.offset as i8)
    }
}

/// How a row of 4-bit weights is rounded: a scale for each group, and steps inside the groups.
#[derive(Clone, Debug, PartialEq)]
pub struct SteppedRow {
    group_cols: usize,
    scales: Vec<f32>,
    /// Of each group, bytes in a weight of 1.
    inverses: Vec<f32>,
    steps: Vec<Step>,
}

impl SteppedRow {
    /// For finite `values`, of which each has an `importance`; those of none may come out as anything. Bytes stay within
    /// +-`limit`. With `search`, steps are those that spoil the row least, and else those that reach its least and largest
    /// weights.
    pub fn new(
        values: &[f32],
        importance: &[f32],
        group_cols: usize,
        limit: i8,
        search: bool,
    ) -> SteppedRow {
        let limit = f32::from(limit);
        let groups = values.len().div_ceil(group_cols);
        let mut row = SteppedRow {
            group_cols,
            scales: Vec::with_capacity(groups),
            inverses: Vec::with_capacity(groups),
            steps: Vec::with_capacity(values.len().div_ceil(STEP_COLS)),
        };
        for (values, importance) in values.chunks(group_cols).zip(importance.chunks(group_cols)) {
            let largest = values.iter().fold(0f32, |largest, value| largest.max(value.abs()));
            let (scale, inverse) = match largest < SMALLEST {
                true => (0.0, 0.0),
                false => (largest / limit, limit / largest),
            };
            row.scales.push(scale);
            row.inverses.push(inverse);
            for (values, matter) in values.chunks(STEP_COLS).zip(importance.chunks(STEP_COLS)) {
                let (mut bytes, mut importance) = ([0f32; STEP_COLS], [0f32; STEP_COLS]);
                bytes.iter_mut().zip(values).for_each(|(byte, value)| *byte = value * inverse);
                importance[..matter.len()].copy_from_slice(matter);
                row.steps.push(Step::of(&bytes, &importance, limit, search));
            }
        }
        row
    }

    /// The half nearest to `value` in column `col`.
    #[inline]
    pub fn half(&self, col: usize, value: f32) -> u8 {
        self.steps[col / STEP_COLS].half(value * self.inverses[col / self.group_cols]) as u8
    }

    /// What a half in column `col` stands for.
    #[inline]
    pub fn value(&self, col: usize, half: u8) -> f64 {
        let byte = self.steps[col / STEP_COLS].byte(f32::from(half));
        f64::from(byte) * f64::from(self.scales[col / self.group_cols])
    }

    /// Scale of each group.
    pub fn scales(&self) -> &[f32] {
        &self.scales
    }

    /// Of each [`STEP_COLS`] columns.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{Isa, LANES, STEP_BYTES, unpack_stepped};

    #[test]
    fn the_largest_weight_reaches_the_limit_and_tiny_groups_are_zeros() {
        let mut out = [9i8; 4];
        assert_eq!(to_nearest(&[0.5, -2.0, 1.0, 0.0], 127, &mut out), 2.0 / 127.0);
        assert_eq!(out, [32, -127, 64, 0]);
        assert_eq!(to_nearest(&[1e-30, 0.0, -1e-25, 0.0], 127, &mut out), 0.0);
        assert_eq!(out, [0; 4]);
    }

    fn cost(row: &SteppedRow, values: &[f32], importance: &[f32]) -> f64 {
        let error = |col: usize| {
            let half = row.half(col, values[col]);
            (f64::from(values[col]) - row.value(col, half)).powi(2) * f64::from(importance[col])
        };
        (0..values.len()).map(error).sum()
    }

    /// Numbers between -1 and 1, most of them small.
    fn values(n: usize) -> Vec<f32> {
        let number = |i: usize| (i.wrapping_mul(2_654_435_761) >> 8) % 2001;
        (0..n).map(|i| (number(i + 9) as f32 / 1000.0 - 1.0).powi(3)).collect()
    }

    #[test]
    fn searched_steps_are_better_than_plain_ones_and_both_than_one_scale() {
        let values = values(64 * 40 + 20);
        let alike = vec![1f32; values.len()];
        let of = |search| cost(&SteppedRow::new(&values, &alike, 64, 127, search), &values, &alike);
        let one_scale: f64 = values
            .chunks(64)
            .map(|group| {
                let mut weights = [0i8; 64];
                let scale = to_nearest(group, 7, &mut weights);
                let error = |(value, weight): (&f32, &i8)| value - f32::from(*weight) * scale;
                group.iter().zip(&weights).map(|pair| f64::from(error(pair)).powi(2)).sum::<f64>()
            })
            .sum();
        let (plain, searched) = (of(false), of(true));
        println!("{searched} searched, {plain} plain, {one_scale} by one scale");
        assert!(searched < 0.95 * plain && plain < 0.95 * one_scale);
    }

    #[test]
    fn blocks_of_sixteen_even_steps_come_out_as_they_are() {
        // As published files have them: a step and an offset for each 32 weights.
        let values: Vec<f32> = (0..256)
            .map(|i| {
                let block = i / 32;
                (block as f32 - 3.0) * 0.01 + (i * 7 % 16) as f32 * (0.003 + block as f32 * 0.0011)
            })
            .collect();
        let row = SteppedRow::new(&values, &vec![1.0; 256], 64, 127, true);
        for (col, &value) in values.iter().enumerate() {
            let largest = values[col / 64 * 64..][..64].iter().fold(0f32, |l, v| l.max(v.abs()));
            let error = row.value(col, row.half(col, value)) - f64::from(value);
            // A step of these is 9 bytes and more.
            assert!(error.abs() < 1.5 * f64::from(largest) / 127.0, "{col}: {error}");
        }
    }

    #[test]
    fn what_does_not_matter_takes_nothing_from_what_does() {
        // Two weights that do are the ends of the range, and met as well as bytes can.
        let (mut values, mut importance) = (values(64), vec![0f32; 64]);
        (values[3], values[20]) = (0.9, 0.7);
        (importance[3], importance[20]) = (5.0, 1.0);
        for search in [false, true] {
            let row = SteppedRow::new(&values, &importance, 64, 127, search);
            for col in [3, 20] {
                let error = row.value(col, row.half(col, values[col])) - f64::from(values[col]);
                assert!(error.abs() < 1.5 / 127.0, "{col}: {error}");
            }
        }
        let zeros = SteppedRow::new(&[0.0; 70], &[1.0; 70], 64, 127, true);
        assert_eq!(zeros.scales(), [0.0; 2]);
        assert_eq!(zeros.value(69, zeros.half(69, 0.0)), 0.0);
    }

    /// What is stored is what was meant, for every half.
    #[test]
    fn the_values_are_those_that_the_kernels_unpack() {
        let values = values(64 * 30);
        for limit in [63, 127] {
            let row = SteppedRow::new(&values, &vec![1.0; values.len()], 64, limit, true);
            for (col, step) in (0..).step_by(STEP_COLS).zip(row.steps()) {
                let (step, offset) = step.stored();
                let mut stored = [0u8; STEP_BYTES];
                stored[..LANES].fill(step);
                stored[LANES..].fill(offset as u8);
                for half in 0..16u8 {
                    let packed = [half * 17; 256];
                    let (mut out, mut sums) = ([0i8; 512], [0i32; LANES]);
                    unpack_stepped(Isa::SCALAR, &packed, &stored, limit, &mut out, &mut sums);
                    let scale = f64::from(row.scales()[col / 64]);
                    assert_eq!(f64::from(out[0]) * scale, row.value(col, half));
                }
            }
        }
    }
}
