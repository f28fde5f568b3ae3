//! Products with matrices of 4 bits: some panels at a time become bytes, and then are multiplied
//! like all others.
//!
//! The bytes stay in the second-level cache between the two, so memory gives half as much for each
//! weight, and the arithmetic is the same to the last bit. Each thread unpacks and multiplies panels of its own.

use super::Config;
use super::layout::LinearSpan;
use crate::kernels::{
    FloatEnv, Isa, LANES, LinearView, QuantRows, SHARED_WORK, Way, linear, padded_cols,
    padded_rows, result_stride, unpack_nibbles,
};
use crate::parallel::{self, MOST_THREADS};
use std::ops::Range;

/// Bytes of unpacked weights that are in work together.
const UNPACKED_BYTES: usize = 256 << 10;

/// Unpacking a weight takes as long as some multiplications.
const UNPACKING_ROWS: usize = 4;

/// Room for some panels of each thread.
#[derive(Default)]
pub struct Unpacked {
    parts: Vec<Part>,
}

/// What one thread works on.
#[derive(Default)]
struct Part {
    panels: Range<usize>,
    weights: Vec<i8>,
    scales: Vec<f32>,
    corrections: Vec<i32>,
    /// Results, where several threads have some of each row.
    out: Vec<f32>,
}

/// A matrix of 4 bits where it lies.
pub struct Packed<'a> {
    rows: usize,
    cols: usize,
    group_cols: usize,
    weights: &'a [u8],
    scales: &'a [f32],
    corrections: &'a [i32],
}

impl<'a> Packed<'a> {
    /// The matrix of 4 bits that `span` describes.
    pub fn new(span: &LinearSpan, tensors: &'a [u8]) -> Packed<'a> {
        let [weights, scales, corrections] = span.sections().map(|section| &tensors[section]);
        Packed {
            rows: span.rows,
            cols: span.cols,
            group_cols: span.group_cols,
            weights,
            scales: bytemuck::cast_slice(scales),
            corrections: bytemuck::cast_slice(corrections),
        }
    }

    /// Columns and rows with their padding.
    fn padded(&self) -> (usize, usize) {
        (padded_cols(self.cols), padded_rows(self.rows))
    }
}

impl Unpacked {
    /// Bytes that the results of `rows` rows of a model's products take, and what each thread does.
    pub fn memory_bytes(config: &Config, rows: usize) -> [usize; 2] {
        let c = config;
        let (wide, inner) = (
            c.qkv_rows().max(2 * c.feed_forward),
            c.hidden.max(c.feed_forward).max(c.heads * c.head_dim),
        );
        let panels = UNPACKED_BYTES.max(LANES * padded_cols(inner));
        // A list of scales, and one of corrections, for each group of the columns.
        let groups = padded_cols(inner).div_ceil(c.weight_group.max(64)).max(1);
        let rows_at_once = panels / padded_cols(c.hidden.min(inner)) + LANES;
        [4 * rows * (wide + MOST_THREADS * LANES), 2 * (panels + 8 * groups * rows_at_once)]
    }

    /// Multiplies all `rows` of `x` by the matrix; `out` gets as many, at the stride of results.
    pub fn product(
        &mut self,
        isa: Isa,
        x: &QuantRows,
        rows: usize,
        matrix: &Packed,
        out: &mut [f32],
        threads: usize,
    ) {
        let (width, height) = matrix.padded();
        let panels = height / LANES;
        let work = (rows + UNPACKING_ROWS) * width * height;
        let n_parts = if work < SHARED_WORK { 1 } else { threads.clamp(1, panels) };
        self.parts.resize_with(n_parts.max(self.parts.len()), Part::default);
        let parts = &mut self.parts[..n_parts];
        if let [part] = parts {
            part.panels = 0..panels;
            return part.multiply(isa, x, rows, matrix, out, result_stride(height));
        }
        for (i, part) in parts.iter_mut().enumerate() {
            part.panels = i * panels / n_parts..(i + 1) * panels / n_parts;
        }
        parallel::for_each_mut(parts, |part| {
            let _exact = FloatEnv::exact();
            let stride = part.panels.len() * LANES;
            let mut own = std::mem::take(&mut part.out);
            own.resize(rows * stride, 0.0);
            part.multiply(isa, x, rows, matrix, &mut own, stride);
            part.out = own;
        });
        for part in parts {
            let columns = part.panels.start * LANES..part.panels.end * LANES;
            let own = part.out.chunks_exact(columns.len());
            for (row, own) in out.chunks_mut(result_stride(height)).zip(own) {
                row[columns.clone()].copy_from_slice(own);
            }
        }
    }
}

impl Part {
    /// Multiplies by this part's panels; the first of them goes to column 0 of `out`.
    fn multiply(
        &mut self,
        isa: Isa,
        x: &QuantRows,
        rows: usize,
        matrix: &Packed,
        out: &mut [f32],
        stride: usize,
    ) {
        let (width, height) = matrix.padded();
        let at_once = (UNPACKED_BYTES / (LANES * width)).max(1);
        for first in self.panels.clone().step_by(at_once) {
            let panels = at_once.min(self.panels.end - first);
            let lines = first * LANES..(first + panels) * LANES;
            self.weights.resize(lines.len() * width, 0);
            let packed = &matrix.weights[lines.start * width / 2..lines.end * width / 2];
            unpack_nibbles(isa, packed, &mut self.weights);
            self.scales.clear();
            self.corrections.clear();
            for group in 0..width.div_ceil(matrix.group_cols) {
                let place = group * height + lines.start..group * height + lines.end;
                self.scales.extend_from_slice(&matrix.scales[place.clone()]);
                self.corrections.extend_from_slice(&matrix.corrections[place]);
            }
            let view = LinearView {
                rows: lines.len(),
                cols: matrix.cols,
                group_cols: matrix.group_cols,
                weights: &self.weights,
                scales: &self.scales,
                corrections: &self.corrections,
                weights_bounded_63: true,
            };
            let out = &mut out[lines.start - self.panels.start * LANES..];
            linear(isa, x, 0..rows, &view, 0..panels, out, stride, Way::Threads(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::quantise_rows;

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        // Large enough to be shared, with panels that no number of threads divides, and padding.
        let (rows, cols, group_cols, n) = (1100, 320, 64, 4);
        let (width, height) = (padded_cols(cols), padded_rows(rows));
        let weights: Vec<u8> = (0..height * width / 2).map(|i| (i * i * 31 + i) as u8).collect();
        let groups = width / group_cols;
        let scales: Vec<f32> = (0..groups * height).map(|i| (i % 17) as f32 / 64.0).collect();
        let corrections: Vec<i32> = (0..groups * height).map(|i| i as i32 % 999 * 128).collect();
        let matrix = Packed {
            rows,
            cols,
            group_cols,
            weights: &weights,
            scales: &scales,
            corrections: &corrections,
        };
        assert!((n + UNPACKING_ROWS) * width * height >= SHARED_WORK, "not shared at all");
        let values: Vec<f32> = (0..n * cols).map(|i| (i * 7919 % 2003) as f32 - 1001.0).collect();
        let mut x = QuantRows::default();
        for isa in Isa::available() {
            quantise_rows(isa, &values, cols, n, cols, group_cols, &mut x);
            let product = |threads| {
                let stride = result_stride(height);
                let mut out = vec![f32::NAN; n * stride];
                Unpacked::default().product(isa, &x, n, &matrix, &mut out, threads);
                let rows = out.chunks_exact(stride).flat_map(|row| &row[..height]);
                rows.map(|x| x.to_bits()).collect::<Vec<_>>()
            };
            let alone = product(1);
            for threads in 2..6 {
                assert!(product(threads) == alone, "{} {threads}", isa.name());
            }
        }
    }
}
