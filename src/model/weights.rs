//! Floats into the tensor area of a `.llmw`.

use std::collections::BTreeMap;

use super::Config;
use super::layout::{Layout, LinearSpan};
use super::rounding::{self, SteppedRow};
use crate::error::{Error, Result};
use crate::kernels::{
    Aligned, LANES, STEP_BYTES, STEP_COLS, packed_index, padded_cols, padded_rows, store_nibbles,
};

/// Fills a tensor area.
pub struct WeightsBuilder {
    area: Aligned<u8>,
    layout: Layout,
    weight_max: i8,
    search: bool,
    /// What rounding did to the matrix at each place, where somebody wants to know.
    tallies: Option<BTreeMap<usize, Tally>>,
}

/// Classes of errors: place `i` has those below `2^(i - 10)` of the root of the mean square of their row, the last all others.
pub const ERROR_CLASSES: usize = 12;

/// What rounding did to the weights of a matrix.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Weights that were rounded.
    pub weights: u64,
    /// Sum of their squares.
    pub squares: f64,
    /// Sum of the squares of the errors.
    pub error_squares: f64,
    /// Weights by the size of their error.
    pub histogram: [u64; ERROR_CLASSES],
}

impl Tally {
    /// Adds a row: its values, those that stand for them, and which columns matter.
    fn add(&mut self, values: &[f32], restored: impl Fn(usize) -> f64, importance: &[f32]) {
        let counted = || (0..values.len()).filter(|&col| importance[col] > 0.0);
        let squares: f64 = counted().map(|col| f64::from(values[col]).powi(2)).sum();
        let n = counted().count();
        if squares == 0.0 {
            return;
        }
        let rms = (squares / n as f64).sqrt();
        self.weights += n as u64;
        self.squares += squares;
        for col in counted() {
            let error = (f64::from(values[col]) - restored(col)).abs();
            self.error_squares += error * error;
            let class = (error / rms).log2().floor() + 11.0;
            self.histogram[class.clamp(0.0, (ERROR_CLASSES - 1) as f64) as usize] += 1;
        }
    }
}

impl WeightsBuilder {
    /// An area of zeros for `config`, which must be valid.
    pub fn new(config: &Config) -> WeightsBuilder {
        let layout = Layout::new(config);
        WeightsBuilder {
            area: Aligned::zeroed(layout.len),
            layout,
            weight_max: config.weight_max,
            search: false,
            tallies: None,
        }
    }

    /// Keeps account of what rounding does.
    pub fn tally(&mut self) {
        self.tallies = Some(BTreeMap::new());
    }

    /// What rounding did so far, by where the weights of the matrix begin.
    pub fn take_tallies(&mut self) -> BTreeMap<usize, Tally> {
        self.tallies.take().unwrap_or_default()
    }

    /// Makes 4-bit matrices look for the steps that spoil their products least, instead of taking
    /// those that reach the least and the largest weight.
    pub fn search_steps(&mut self) {
        self.search = true;
    }

    /// Where the tensors go.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Stores floats at a place of the layout.
    pub fn put_floats(&mut self, at: usize, values: &[f32]) {
        let places = self.area[at..at + 4 * values.len()].as_chunks_mut().0;
        for (place, value) in places.iter_mut().zip(values) {
            *place = value.to_le_bytes();
        }
    }

    /// Stores the frequencies of the rotary pairs.
    pub fn put_inv_freq(&mut self, values: &[f64]) {
        let at = self.layout.inv_freq;
        let places = self.area[at..at + 8 * values.len()].as_chunks_mut().0;
        for (place, value) in places.iter_mut().zip(values) {
            *place = value.to_le_bytes();
        }
    }

    /// Quantises a row-major matrix of `span.rows` x `span.cols` and stores it.
    ///
    /// # Errors
    /// As [`put_rows`](Self::put_rows).
    pub fn put_matrix(&mut self, span: &LinearSpan, values: &[f32]) -> Result<()> {
        self.put_rows(span, 0, values, &vec![1.0; span.cols])
    }

    /// Quantises whole rows of `span.cols` floats and stores them from row `first` on.
    ///
    /// Per row and group: `scale = max / weight_max`, weights are `w * (weight_max / max)` rounded
    /// half to even; a group whose largest magnitude is below 2^-60 is all zeros with scale 0. For 4
    /// bits without steps `weight_max` is 7; with steps see [`SteppedRow`], where columns of no
    /// `importance` do not count.
    ///
    /// # Errors
    /// `Invalid` for values that are not finite.
    pub fn put_rows(
        &mut self,
        span: &LinearSpan,
        first: usize,
        values: &[f32],
        importance: &[f32],
    ) -> Result<()> {
        let limit = if span.bits == 4 { 7 } else { self.weight_max };
        let mut weights = vec![0i8; span.cols];
        let mut halves = vec![0u8; span.cols];
        let mut scales = vec![0f32; span.groups()];
        for (row, values) in (first..).zip(values.chunks_exact(span.cols)) {
            check_finite(row, values)?;
            if span.step_cols > 0 {
                let (max, search) = (self.weight_max, self.search);
                let steps = SteppedRow::new(values, importance, span.group_cols, max, search);
                for (col, (half, &value)) in halves.iter_mut().zip(values).enumerate() {
                    *half = steps.half(col, value);
                }
                if let Some(tallies) = &mut self.tallies {
                    let restored = |col| steps.value(col, halves[col]);
                    let tally = tallies.entry(span.sections()[0].start).or_default();
                    tally.add(values, restored, importance);
                }
                self.store_stepped(span, row, &halves, &steps);
                continue;
            }
            let groups = values.chunks(span.group_cols).zip(weights.chunks_mut(span.group_cols));
            for ((values, weights), scale) in groups.zip(&mut scales) {
                *scale = rounding::to_nearest(values, limit, weights);
            }
            if let Some(tallies) = &mut self.tallies {
                let restored =
                    |col: usize| f64::from(weights[col]) * f64::from(scales[col / span.group_cols]);
                let tally = tallies.entry(span.sections()[0].start).or_default();
                tally.add(values, restored, importance);
            }
            self.store_row(span, row, &weights, &scales);
        }
        Ok(())
    }

    /// Stores one row of halves that are chosen already, `span.cols` of them, with their steps.
    pub fn store_stepped(
        &mut self,
        span: &LinearSpan,
        row: usize,
        halves: &[u8],
        steps: &SteppedRow,
    ) {
        let (height, width) = (padded_rows(span.rows), padded_cols(span.cols));
        let [weights_at, scales_at, steps_at] = span.sections();
        for (group, scale) in steps.scales().iter().enumerate() {
            self.put(scales_at.start + 4 * (group * height + row), &scale.to_le_bytes());
        }
        let in_panel = width / STEP_COLS;
        for (i, step) in steps.steps().iter().enumerate() {
            let (step, offset) = step.stored();
            let at = steps_at.start + (row / LANES * in_panel + i) * STEP_BYTES + row % LANES;
            self.put(at, &[step]);
            self.put(at + LANES, &offset.to_le_bytes());
        }
        for (block, some) in halves.chunks(4).enumerate() {
            let mut four = [0u8; 4];
            four[..some.len()].copy_from_slice(some);
            let at = packed_index(width, row, 4 * block);
            store_nibbles(&mut self.area[weights_at.clone()], at, four);
        }
    }

    /// Stores one row of weights that are quantised already, `span.cols` of them, with the scale of
    /// each group.
    fn store_row(&mut self, span: &LinearSpan, row: usize, weights: &[i8], scales: &[f32]) {
        let (height, width) = (padded_rows(span.rows), padded_cols(span.cols));
        let [weights_at, scales_at, corrections_at] = span.sections();
        for (group, (weights, scale)) in weights.chunks(span.group_cols).zip(scales).enumerate() {
            let sum: i32 = weights.iter().map(|&weight| i32::from(weight)).sum();
            let at = 4 * (group * height + row);
            self.put(scales_at.start + at, &scale.to_le_bytes());
            self.put(corrections_at.start + at, &(128 * sum).to_le_bytes());
        }
        for (block, some) in weights.chunks(4).enumerate() {
            let at = packed_index(width, row, 4 * block);
            let mut four = [0i8; 4];
            four[..some.len()].copy_from_slice(some);
            if span.bits == 4 {
                let four = four.map(|weight| weight as u8);
                store_nibbles(&mut self.area[weights_at.clone()], at, four);
            } else {
                self.put(weights_at.start + at, bytemuck::cast_slice(&four));
            }
        }
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.area[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// The finished area.
    pub fn finish(self) -> Aligned<u8> {
        self.area
    }
}

/// Refuses a row that no scale fits.
pub(crate) fn check_finite(row: usize, values: &[f32]) -> Result<()> {
    match values.iter().all(|value| value.is_finite()) {
        true => Ok(()),
        false => Err(Error::invalid(format!("a weight of row {row} is not finite"))),
    }
}
