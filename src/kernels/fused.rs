//! What stands between two products of a block, one row after the other: a row is still in the
//! first-level cache when it is quantised, and no row of floats is written for others to read.
//!
//! The rows to be written say how many there are. Each function gives the bits of those that it puts together: `add_assign`, `rms_norm`, `silu_mul`,
//! `rope` and `quantise_rows`.

use super::elementwise::{add_assign_body, rms_norm_body, silu_mul_body};
use super::quantise::{QuantPart, quantise_row};
use super::rope::rope_body;

/// The widest head.
const MAX_HEAD_DIM: usize = 256;

/// Rows of floats at a stride.
#[derive(Clone, Copy)]
pub struct Strided<'a> {
    /// `[row][stride]`
    pub values: &'a [f32],
    /// Numbers from one row to the next.
    pub stride: usize,
}

impl Strided<'_> {
    /// The rows from `first` on.
    pub fn from_row(self, first: usize) -> Self {
        Strided { values: &self.values[first * self.stride..], ..self }
    }

    #[inline(always)]
    fn row(&self, row: usize, cols: usize) -> &[f32] {
        &self.values[row * self.stride..][..cols]
    }
}

/// The heads of queries, keys and values in a row, and what is done to them.
pub struct Heads<'a> {
    /// Heads of queries; those of keys follow, then as many of values.
    pub queries: usize,
    /// Heads of keys.
    pub keys: usize,
    /// Numbers in a head, at most 256.
    pub head_dim: usize,
    /// What is added to a row first.
    pub bias: Option<&'a [f32]>,
    /// Weights of the norms of queries and of keys.
    pub norms: Option<[&'a [f32]; 2]>,
    /// Epsilon of the norms.
    pub eps: f32,
}

for_every_isa! {
    /// Adds `added` to the rows of `x`, where there is any, and quantises their norms.
    ///
    /// The rows of `x` are as long as `weight` and lie end to end; `buffer` has room for one.
    ///
    /// Panics when `added` or `buffer` is too short, or `out` does not fit.
    pub fn norm_quantised(
        x: &mut [f32],
        added: Option<Strided<'_>>,
        weight: &[f32],
        eps: f32,
        buffer: &mut [f32],
        out: QuantPart<'_>,
    ) = norm_quantised_body;
}

#[inline(always)]
fn norm_quantised_body(
    x: &mut [f32],
    added: Option<Strided<'_>>,
    weight: &[f32],
    eps: f32,
    buffer: &mut [f32],
    mut out: QuantPart<'_>,
) {
    let cols = weight.len();
    let normed = &mut buffer[..cols];
    for (i, x) in x.chunks_exact_mut(cols).enumerate() {
        if let Some(added) = added {
            add_assign_body(x, added.row(i, cols));
        }
        rms_norm_body(x, weight, eps, normed);
        quantise_row(normed, i, &mut out);
    }
}

for_every_isa! {
    /// Quantises the gated activations of rows, each `width` gates and then as many others.
    ///
    /// `buffer` has room for `width` numbers.
    ///
    /// Panics when `both` or `buffer` is too short, or `out` does not fit.
    pub fn gated_quantised(
        both: Strided<'_>,
        width: usize,
        buffer: &mut [f32],
        out: QuantPart<'_>,
    ) = gated_quantised_body;
}

#[inline(always)]
fn gated_quantised_body(
    both: Strided<'_>,
    width: usize,
    buffer: &mut [f32],
    mut out: QuantPart<'_>,
) {
    let gated = &mut buffer[..width];
    for i in 0..out.rows() {
        let (gate, up) = both.row(i, 2 * width).split_at(width);
        silu_mul_body(gate, up, gated);
        quantise_row(gated, i, &mut out);
    }
}

for_every_isa! {
    /// Quantises each head of each row by itself, those of queries and keys normed and rotated first.
    ///
    /// Each row of `projected` is heads end to end; `cos` and `sin` are `[row][head_dim / 2]`. Row
    /// `r * (queries + 2 * keys) + h` of `out` is head `h` of row `r`.
    ///
    /// Panics when lengths do not fit.
    pub fn heads_quantised(
        projected: Strided<'_>,
        cos: &[f32],
        sin: &[f32],
        heads: &Heads<'_>,
        out: QuantPart<'_>,
    ) = heads_quantised_body;
}

#[inline(always)]
fn heads_quantised_body(
    projected: Strided<'_>,
    cos: &[f32],
    sin: &[f32],
    heads: &Heads<'_>,
    mut out: QuantPart<'_>,
) {
    let dim = heads.head_dim;
    let (turned, in_row) = (heads.queries + heads.keys, heads.queries + 2 * heads.keys);
    let rows = out.rows() / in_row;
    // The sums with the bias, and what the norm gives.
    let (mut sums, mut normed) = ([0.0; MAX_HEAD_DIM], [0.0; MAX_HEAD_DIM]);
    let (sums, normed) = (&mut sums[..dim], &mut normed[..dim]);
    let angles = cos.chunks_exact(dim / 2).zip(sin.chunks_exact(dim / 2));
    for (r, (cos, sin)) in angles.take(rows).enumerate() {
        let row = projected.row(r, in_row * dim);
        for (h, head) in row.chunks_exact(dim).enumerate() {
            let mut values = head;
            if let Some(bias) = heads.bias {
                sums.copy_from_slice(head);
                add_assign_body(sums, &bias[h * dim..][..dim]);
                values = sums;
            }
            if h < turned {
                match heads.norms {
                    Some(norms) => {
                        let weight = norms[usize::from(h >= heads.queries)];
                        rms_norm_body(values, weight, heads.eps, normed);
                    }
                    None => normed.copy_from_slice(values),
                }
                rope_body(normed, cos, sin);
                values = normed;
            }
            quantise_row(values, r * in_row + h, &mut out);
        }
    }
}
