//! Floats into the tensor area of a `.llmw`.

use super::Config;
use super::layout::{Layout, LinearSpan};
use super::storage::AlignedBytes;
use crate::error::{Error, Result};
use crate::kernels::{packed_index, padded_cols, padded_rows, store_nibbles};

/// 1.5 * 2^23: added and taken away again, it rounds numbers up to 2^22 half to even, without the
/// call into a library that `round_ties_even` is where the oldest instructions are to suffice.
const ROUNDER: f32 = 12_582_912.0;

/// Fills a tensor area.
pub struct WeightsBuilder {
    area: AlignedBytes,
    layout: Layout,
    weight_max: i8,
    search: bool,
}

impl WeightsBuilder {
    /// An area of zeros for `config`, which must be valid.
    pub fn new(config: &Config) -> WeightsBuilder {
        let layout = Layout::new(config);
        WeightsBuilder {
            area: AlignedBytes::zeroed(layout.len),
            layout,
            weight_max: config.weight_max,
            search: false,
        }
    }

    /// Makes 4-bit matrices look for the scales that spoil their products least, instead of taking
    /// those that reach the largest weight.
    pub fn search_scales(&mut self) {
        self.search = true;
    }

    /// Where the tensors go.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Stores floats at a place of the layout.
    pub fn put_floats(&mut self, at: usize, values: &[f32]) {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        self.area.as_mut()[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Stores the frequencies of the rotary pairs.
    pub fn put_inv_freq(&mut self, values: &[f64]) {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        let at = self.layout.inv_freq;
        self.area.as_mut()[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Quantises a row-major matrix of `span.rows` x `span.cols` and stores it.
    ///
    /// # Errors
    /// As [`put_rows`](Self::put_rows).
    pub fn put_matrix(&mut self, span: &LinearSpan, values: &[f32]) -> Result<()> {
        self.put_rows(span, 0, values, &[])
    }

    /// Quantises whole rows of `span.cols` floats and stores them from row `first` on.
    ///
    /// Per row and group: `scale = max / weight_max`, weights are `w * (weight_max / max)` rounded
    /// half to even; a group whose largest magnitude is below 2^-60 is all zeros with scale 0. For 4
    /// bits `weight_max` is 7. `importance` has a number for each column, what an error there costs;
    /// empty where all are alike. Only [`search_scales`](Self::search_scales) looks at it.
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
        let (height, width) = (padded_rows(span.rows), padded_cols(span.cols));
        let limit = if span.bits == 4 { 7.0 } else { f32::from(self.weight_max) };
        let [weights_at, scales_at, corrections_at] = span.sections();
        let mut weights = vec![0i8; width];
        let alike = vec![1.0; span.cols];
        let importance = if importance.is_empty() { &alike[..] } else { importance };
        for (row, values) in (first..).zip(values.chunks_exact(span.cols)) {
            weights.fill(0);
            for group in 0..span.groups() {
                let cols = group * span.group_cols..((group + 1) * span.group_cols).min(span.cols);
                let values = &values[cols.clone()];
                let weights = &mut weights[cols.clone()];
                let quantised = match self.search && span.bits == 4 {
                    true => search(values, limit, &importance[cols], weights),
                    false => quantise(values, limit, weights),
                };
                let Some(quantised) = quantised else {
                    return Err(Error::invalid(format!("a weight of row {row} is not finite")));
                };
                let (scale, sum) = quantised;
                let at = 4 * (group * height + row);
                self.put(scales_at.start + at, &scale.to_le_bytes());
                self.put(corrections_at.start + at, &(128 * sum).to_le_bytes());
            }
            for (block, four) in weights.chunks_exact(4).enumerate() {
                let at = packed_index(width, row, 4 * block);
                if span.bits == 4 {
                    let place = &mut self.area.as_mut()[weights_at.clone()];
                    store_nibbles(place, at, four.try_into().expect("blocks of 4"));
                } else {
                    self.put(weights_at.start + at, bytemuck::cast_slice(four));
                }
            }
        }
        Ok(())
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.area.as_mut()[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// The finished area.
    pub fn finish(self) -> AlignedBytes {
        self.area
    }
}

/// Quantises one group within +-`limit`; its scale and the sum of its weights come back, or `None`
/// for values that are not finite.
fn quantise(values: &[f32], limit: f32, out: &mut [i8]) -> Option<(f32, i32)> {
    let largest = values.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    if !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    if largest < f32::from_bits((127 - 60) << 23) {
        return Some((0.0, 0));
    }
    let inverse = limit / largest;
    let mut sum = 0i32;
    for (weight, value) in out.iter_mut().zip(values) {
        let scaled = (value * inverse).clamp(-limit, limit);
        *weight = ((scaled + ROUNDER) - ROUNDER) as i8;
        sum += i32::from(*weight);
    }
    Some((largest / limit, sum))
}

/// Scales that are tried, as parts of the one that reaches the largest weight: from 1 down in steps
/// of 1/40.
const TRIED_SCALES: u8 = 20;

/// As [`quantise`], with the scale that makes the sum of `importance * error^2` smallest; of equal
/// ones the largest. Sums are in the order of the columns, so the choice is the same everywhere.
fn search(values: &[f32], limit: f32, importance: &[f32], out: &mut [i8]) -> Option<(f32, i32)> {
    let (full, mut sum) = quantise(values, limit, out)?;
    if full == 0.0 {
        return Some((full, sum));
    }
    let (mut best, mut best_error) = (full, f32::INFINITY);
    for step in 0..TRIED_SCALES {
        let scale = full * (1.0 - f32::from(step) / 40.0);
        let inverse = 1.0 / scale;
        let mut lanes = [0f32; 8];
        for (values, weights) in values.chunks(8).zip(importance.chunks(8)) {
            for ((lane, &value), &weight) in lanes.iter_mut().zip(values).zip(weights) {
                let whole = ((value * inverse).clamp(-limit, limit) + ROUNDER) - ROUNDER;
                let error = value - whole * scale;
                *lane += error * error * weight;
            }
        }
        let error = lanes.iter().fold(0f32, |sum, lane| sum + lane);
        if error < best_error {
            (best, best_error) = (scale, error);
        }
    }
    let inverse = 1.0 / best;
    sum = 0;
    for (weight, value) in out.iter_mut().zip(values) {
        *weight = (((value * inverse).clamp(-limit, limit) + ROUNDER) - ROUNDER) as i8;
        sum += i32::from(*weight);
    }
    Some((best, sum))
}
