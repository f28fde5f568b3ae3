//! Floats into the tensor area of a `.llmw`.

use super::Config;
use super::layout::{Layout, LinearSpan};
use super::storage::AlignedBytes;
use crate::error::{Error, Result};
use crate::kernels::{packed_index, padded_cols, padded_rows};

/// Fills a tensor area.
pub struct WeightsBuilder {
    area: AlignedBytes,
    layout: Layout,
    weight_max: i8,
}

impl WeightsBuilder {
    /// An area of zeros for `config`, which must be valid.
    pub fn new(config: &Config) -> WeightsBuilder {
        let layout = Layout::new(config);
        WeightsBuilder {
            area: AlignedBytes::zeroed(layout.len),
            layout,
            weight_max: config.weight_max,
        }
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
        self.put_rows(span, 0, values)
    }

    /// Quantises whole rows of `span.cols` floats and stores them from row `first` on.
    ///
    /// Per row and group: `scale = max / weight_max`, weights are `w * (weight_max / max)` rounded
    /// half to even; a group whose largest magnitude is below 2^-60 is all zeros with scale 0.
    ///
    /// # Errors
    /// `Invalid` for values that are not finite.
    pub fn put_rows(&mut self, span: &LinearSpan, first: usize, values: &[f32]) -> Result<()> {
        let (height, width) = (padded_rows(span.rows), padded_cols(span.cols));
        let limit = f32::from(self.weight_max);
        let [weights_at, scales_at, corrections_at] = span.sections();
        let mut weights = vec![0i8; width];
        for (row, values) in (first..).zip(values.chunks_exact(span.cols)) {
            weights.fill(0);
            for group in 0..span.groups() {
                let cols = group * span.group_cols..((group + 1) * span.group_cols).min(span.cols);
                let Some(quantised) = quantise(&values[cols.clone()], limit, &mut weights[cols])
                else {
                    return Err(Error::invalid(format!("a weight of row {row} is not finite")));
                };
                let (scale, sum) = quantised;
                let at = 4 * (group * height + row);
                self.put(scales_at.start + at, &scale.to_le_bytes());
                self.put(corrections_at.start + at, &(128 * sum).to_le_bytes());
            }
            for (block, four) in weights.chunks_exact(4).enumerate() {
                let at = weights_at.start + packed_index(width, row, 4 * block);
                self.put(at, bytemuck::cast_slice(four));
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
        *weight = scaled.round_ties_even() as i8;
        sum += i32::from(*weight);
    }
    Some((largest / limit, sum))
}
