//! What goes into the products of a model, kept for those who quantise it.

use crate::kernels::QuantRows;
use std::ops::Range;

/// The inputs of some products, while a session runs.
///
/// Products are numbered as the forward pass meets them: four of each block (q, k and v; the output
/// of attention; gate and up; down), then the output layer.
pub struct Observer {
    wanted: Range<usize>,
    inputs: Vec<ProductInputs>,
}

impl Observer {
    /// Keeps the inputs of the products in `wanted`.
    pub(super) fn new(wanted: Range<usize>) -> Observer {
        let inputs = wanted.clone().map(|_| ProductInputs::default()).collect();
        Observer { wanted, inputs }
    }

    pub(super) fn keep(&mut self, product: usize, n_rows: usize, input: &QuantRows, cols: usize) {
        if self.wanted.contains(&product) {
            self.inputs[product - self.wanted.start].append(n_rows, input, cols);
        }
    }

    pub(super) fn finish(self) -> Vec<ProductInputs> {
        self.inputs
    }
}

/// All rows that went into one product, as the product saw them: quantised.
#[derive(Clone, Debug, Default)]
pub struct ProductInputs {
    cols: usize,
    group_cols: usize,
    bytes: Vec<u8>,
    scales: Vec<f32>,
}

impl ProductInputs {
    /// Adds the first rows of a product's quantised input.
    pub(crate) fn append(&mut self, n_rows: usize, input: &QuantRows, cols: usize) {
        (self.cols, self.group_cols) = (cols, input.group_cols);
        for row in 0..n_rows {
            self.bytes.extend_from_slice(&input.data[row * input.cols_padded..][..cols]);
        }
        self.scales.extend_from_slice(&input.scales[..n_rows * input.groups()]);
    }

    /// Columns of the product.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Rows that were seen.
    pub fn rows(&self) -> usize {
        self.bytes.len().checked_div(self.cols).unwrap_or(0)
    }

    /// Columns `cols` of row `row`, as the numbers that the bytes and scales stand for.
    pub fn read(&self, row: usize, cols: Range<usize>, out: &mut [f32]) {
        let groups = self.scales.len() / self.rows();
        let scales = &self.scales[row * groups..(row + 1) * groups];
        let bytes = &self.bytes[row * self.cols..(row + 1) * self.cols];
        for ((out, col), &byte) in out.iter_mut().zip(cols.clone()).zip(&bytes[cols]) {
            *out = (f32::from(byte) - 128.0) * scales[col / self.group_cols];
        }
    }
}
