//! Products with matrices of 4 bits: some panels at a time become bytes, and then are multiplied
//! like all others.
//!
//! The bytes stay in the second-level cache between the two, so memory gives half as much for each
//! weight, and the arithmetic is the same to the last bit.

use super::layout::LinearSpan;
use crate::kernels::{
    Isa, LANES, LinearView, QuantRows, linear, padded_cols, padded_rows, unpack_nibbles,
};

/// Bytes of unpacked weights that are in work together.
const UNPACKED_BYTES: usize = 256 << 10;

/// Room for some panels.
#[derive(Default)]
pub struct Unpacked {
    weights: Vec<i8>,
    scales: Vec<f32>,
    corrections: Vec<i32>,
}

impl Unpacked {
    #[allow(clippy::too_many_arguments)]
    /// Multiplies all `rows` of `x` by the matrix; `out` gets rows of `padded_rows(span.rows)`.
    pub fn product(
        &mut self,
        isa: Isa,
        x: &QuantRows,
        rows: usize,
        (span, tensors): (&LinearSpan, &[u8]),
        out: &mut [f32],
        threads: usize,
    ) {
        let [weights, scales, corrections] = span.sections().map(|section| &tensors[section]);
        let scales: &[f32] = bytemuck::cast_slice(scales);
        let corrections: &[i32] = bytemuck::cast_slice(corrections);
        let (width, height) = (padded_cols(span.cols), padded_rows(span.rows));
        let panels_at_once = (UNPACKED_BYTES / (LANES * width)).max(1);
        for first in (0..height / LANES).step_by(panels_at_once) {
            let panels = panels_at_once.min(height / LANES - first);
            let lines = first * LANES..(first + panels) * LANES;
            self.weights.resize(lines.len() * width, 0);
            let packed = &weights[lines.start * width / 2..lines.end * width / 2];
            unpack_nibbles(isa, packed, &mut self.weights);
            self.scales.clear();
            self.corrections.clear();
            for group in 0..span.groups() {
                let place = group * height + lines.start..group * height + lines.end;
                self.scales.extend_from_slice(&scales[place.clone()]);
                self.corrections.extend_from_slice(&corrections[place]);
            }
            let view = LinearView {
                rows: lines.len(),
                cols: span.cols,
                group_cols: span.group_cols,
                weights: &self.weights,
                scales: &self.scales,
                corrections: &self.corrections,
                weights_bounded_63: true,
            };
            linear(isa, x, 0..rows, &view, 0..panels, &mut out[lines.start..], height, threads);
        }
    }
}
