//! Products with matrices of 4 bits: some panels at a time become bytes, and then are multiplied
//! like all others.
//!
//! The bytes stay in the second-level cache between the two, so memory gives half as much for each
//! weight, and the arithmetic is the same to the last bit. Where a matrix has steps, they and its sums are sorted out while
//! it is unpacked, and nothing after that knows of them. Each thread unpacks and multiplies panels of its own.

use super::Config;
use super::layout::LinearSpan;
use crate::kernels::{
    FloatEnv, Isa, LANES, LinearView, QuantRows, SHARED_WORK, STEP_BYTES, STEP_COLS, Way, linear,
    padded_cols, padded_rows, result_stride, unpack_nibbles, unpack_stepped,
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
    /// Sums of the weights of each step.
    sums: Vec<i32>,
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
    form: Form<'a>,
}

/// What the halves of bytes are.
enum Form<'a> {
    /// Numbers from -8 to 7; corrections as every matrix has them.
    Plain { corrections: &'a [i32] },
    /// Numbers from 0 to 15 of a step from an offset on, which make weights within +-`limit`.
    Stepped { steps: &'a [u8], limit: i8 },
}

impl<'a> Packed<'a> {
    /// The matrix of 4 bits that `span` describes, of a model whose weights are within +-`weight_max`.
    pub fn new(span: &LinearSpan, tensors: &'a [u8], weight_max: i8) -> Packed<'a> {
        let [weights, scales, last] = span.sections().map(|section| &tensors[section]);
        Packed {
            rows: span.rows,
            cols: span.cols,
            group_cols: span.group_cols,
            weights,
            scales: bytemuck::cast_slice(scales),
            form: match span.step_cols {
                0 => Form::Plain { corrections: bytemuck::cast_slice(last) },
                _ => Form::Stepped { steps: last, limit: weight_max },
            },
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
        let sums = if c.weight_steps == 0 { 0 } else { panels / STEP_COLS * 4 };
        let each = panels + 8 * groups * rows_at_once + sums;
        [4 * rows * (wide + MOST_THREADS * LANES), 2 * each]
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
        let (width, _) = matrix.padded();
        let at_once = (UNPACKED_BYTES / (LANES * width)).max(1);
        for first in self.panels.clone().step_by(at_once) {
            let panels = at_once.min(self.panels.end - first);
            let lines = first * LANES..(first + panels) * LANES;
            self.unpack(isa, matrix, first..first + panels);
            let view = LinearView {
                rows: lines.len(),
                cols: matrix.cols,
                group_cols: matrix.group_cols,
                weights: &self.weights,
                scales: &self.scales,
                corrections: &self.corrections,
                weights_bounded_63: match matrix.form {
                    Form::Plain { .. } => true,
                    Form::Stepped { limit, .. } => limit <= 63,
                },
            };
            let out = &mut out[lines.start - self.panels.start * LANES..];
            linear(isa, x, 0..rows, &view, 0..panels, out, stride, Way::Threads(1));
        }
    }

    /// Makes bytes of some panels, and puts their scales and corrections together.
    fn unpack(&mut self, isa: Isa, matrix: &Packed, panels: Range<usize>) {
        let (width, height) = matrix.padded();
        let lines = panels.start * LANES..panels.end * LANES;
        let groups = width.div_ceil(matrix.group_cols);
        let of_group = |group: usize| group * height + lines.start..group * height + lines.end;
        self.scales.clear();
        (0..groups).for_each(|group| self.scales.extend(&matrix.scales[of_group(group)]));
        self.weights.resize(lines.len() * width, 0);
        self.corrections.clear();
        let packed = &matrix.weights[lines.start * width / 2..lines.end * width / 2];
        match matrix.form {
            Form::Plain { corrections } => {
                unpack_nibbles(isa, packed, &mut self.weights);
                (0..groups).for_each(|group| {
                    self.corrections.extend(&corrections[of_group(group)]);
                });
            }
            Form::Stepped { steps, limit } => {
                let in_panel = width / STEP_COLS;
                let steps = &steps[panels.start * in_panel * STEP_BYTES..]
                    [..panels.len() * in_panel * STEP_BYTES];
                self.sums.resize(panels.len() * in_panel * LANES, 0);
                unpack_stepped(isa, packed, steps, limit, &mut self.weights, &mut self.sums);
                // 65,536 columns of +-127: 128 times their sum is less than 2^31.
                self.corrections.resize(groups * lines.len(), 0);
                let in_group = matrix.group_cols / STEP_COLS;
                for (panel, sums) in self.sums.chunks_exact(in_panel * LANES).enumerate() {
                    for (group, sums) in sums.chunks(in_group * LANES).enumerate() {
                        let corrections =
                            &mut self.corrections[group * lines.len() + panel * LANES..][..LANES];
                        for sums in sums.chunks_exact(LANES) {
                            corrections
                                .iter_mut()
                                .zip(sums)
                                .for_each(|(all, sum)| *all += 128 * sum);
                        }
                    }
                }
            }
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
        let steps: Vec<u8> = (0..height * width / STEP_COLS * 2).map(|i| (i * 37) as u8).collect();
        assert!((n + UNPACKING_ROWS) * width * height >= SHARED_WORK, "not shared at all");
        let values: Vec<f32> = (0..n * cols).map(|i| (i * 7919 % 2003) as f32 - 1001.0).collect();
        let mut x = QuantRows::default();
        for stepped in [false, true] {
            let matrix = Packed {
                rows,
                cols,
                group_cols,
                weights: &weights,
                scales: &scales,
                form: match stepped {
                    true => Form::Stepped { steps: &steps, limit: 127 },
                    false => Form::Plain { corrections: &corrections },
                },
            };
            let mut first: Option<Vec<u32>> = None;
            for isa in Isa::available() {
                quantise_rows(isa, &values, cols, n, cols, group_cols, &mut x);
                for threads in 1..6 {
                    let product = product(isa, &x, n, &matrix, threads);
                    let alone = first.get_or_insert(product.clone());
                    assert!(product == *alone, "{} {threads}", isa.name());
                }
            }
        }
    }

    fn product(isa: Isa, x: &QuantRows, n: usize, matrix: &Packed, threads: usize) -> Vec<u32> {
        let (_, height) = matrix.padded();
        let stride = result_stride(height);
        let mut out = vec![f32::NAN; n * stride];
        Unpacked::default().product(isa, x, n, matrix, &mut out, threads);
        let rows = out.chunks_exact(stride).flat_map(|row| &row[..height]);
        rows.map(|x| x.to_bits()).collect()
    }

    #[test]
    fn the_largest_weights_and_steps_give_what_bytes_give() {
        // Whole rows and groups, of the extremes: every half 15, steps and offsets that are cut off at either end.
        let (rows, n) = (48, 3);
        for (cols, group_cols) in [(128, 64), (200, 128), (448, 448), (65_536, 65_536)] {
            let (width, height) = (padded_cols(cols), padded_rows(rows));
            let groups = width.div_ceil(group_cols);
            let weights = vec![255u8; height * width / 2];
            let scales: Vec<f32> = (0..groups * height).map(|i| 1.0 / (i + 1) as f32).collect();
            let panels = height / LANES;
            let of_panel = |panel: usize| [[255u8, 127], [0, 128], [255, 128]][panel % 3];
            let steps: Vec<u8> = (0..panels * width / STEP_COLS)
                .flat_map(|i| of_panel(i / (width / STEP_COLS)).map(|byte| [byte; LANES]).concat())
                .collect();
            let matrix = Packed {
                rows,
                cols,
                group_cols,
                weights: &weights,
                scales: &scales,
                form: Form::Stepped { steps: &steps, limit: 127 },
            };
            // 478 and 127, 0 and -128, 478 and -128: cut off at 127, -127 and 127.
            let bytes: Vec<i8> = (0..panels * LANES * width)
                .map(|i| [127, -127, 127][i / (LANES * width) % 3])
                .collect();
            let sums = |i: usize| {
                let cols = group_cols.min(width - i / height * group_cols);
                bytes[i % height / LANES * LANES * width] as i32 * cols as i32
            };
            let corrections: Vec<i32> = (0..groups * height).map(|i| 128 * sums(i)).collect();
            let view = LinearView {
                rows,
                cols,
                group_cols,
                weights: &bytes,
                scales: &scales,
                corrections: &corrections,
                weights_bounded_63: false,
            };
            for value in [1.0, -1.0] {
                let values = vec![value; n * cols];
                let mut x = QuantRows::default();
                for isa in Isa::available() {
                    quantise_rows(isa, &values, cols, n, cols, group_cols, &mut x);
                    let stride = result_stride(height);
                    let mut wanted = vec![0f32; n * stride];
                    let all = 0..panels;
                    linear(isa, &x, 0..n, &view, all, &mut wanted, stride, Way::Threads(1));
                    let rows = wanted.chunks_exact(stride).flat_map(|row| &row[..height]);
                    let wanted: Vec<u32> = rows.map(|x| x.to_bits()).collect();
                    let got = product(isa, &x, n, &matrix, 2);
                    assert!(got == wanted, "{} {cols} {group_cols}", isa.name());
                }
            }
        }
    }
}
