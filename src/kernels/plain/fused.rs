//! What stands between two products of a block, one row after the other: a row is still in the
//! first-level cache when it is quantised, and no row of floats is written for others to read.
//!
//! The rows to be written say how many there are. Each function gives the bits of those that it puts together: `add_assign`, `rms_norm`, `silu_mul`,
//! `rope` and `quantise_rows`.

use super::elementwise::{add_assign, rms_norm, silu_mul};
use super::quantise::quantise_row;
use super::rope::rope;
use crate::kernels::operands::{Heads, MAX_HEAD_DIM, QuantPart, Strided};

#[inline(always)]
pub fn norm_quantised(
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
            add_assign(x, added.row(i, cols));
        }
        rms_norm(x, weight, eps, normed);
        quantise_row(normed, i, &mut out);
    }
}

#[inline(always)]
pub fn gated_quantised(
    both: Strided<'_>,
    width: usize,
    buffer: &mut [f32],
    mut out: QuantPart<'_>,
) {
    let gated = &mut buffer[..width];
    for i in 0..out.rows() {
        let (gate, up) = both.row(i, 2 * width).split_at(width);
        silu_mul(gate, up, gated);
        quantise_row(gated, i, &mut out);
    }
}

#[inline(always)]
pub fn heads_quantised(
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
                add_assign(sums, &bias[h * dim..][..dim]);
                values = sums;
            }
            if h < turned {
                match heads.norms {
                    Some(norms) => {
                        let weight = norms[usize::from(h >= heads.queries)];
                        rms_norm(values, weight, heads.eps, normed);
                    }
                    None => normed.copy_from_slice(values),
                }
                rope(normed, cos, sin);
                values = normed;
            }
            quantise_row(values, r * in_row + h, &mut out);
        }
    }
}
