//! Norms, the gated activation, and sums of whole rows.

use super::LANES;
use super::portable::{LOG2_E, exp2, sum_lanes};

for_every_isa! {
    /// Divides a row by its root mean square, then multiplies it by `weight`.
    ///
    /// The squares are summed in 16 lanes (element `i` in lane `i % 16`), the lanes in a fixed
    /// tree; `mean = sum / n`, `r = 1 / sqrt(mean + eps)`, `out = (x * r) * weight`.
    ///
    /// Panics when the lengths differ.
    pub fn rms_norm(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) = rms_norm_body;
}

#[inline(always)]
pub(super) fn rms_norm_body(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    assert!(x.len() == weight.len() && x.len() == out.len(), "rows of different lengths");
    let (blocks, tail) = x.as_chunks::<LANES>();
    let mut lanes = [0.0f32; LANES];
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane += x * x;
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(tail) {
        *lane += x * x;
    }
    let mean = sum_lanes(lanes) / x.len() as f32;
    let r = 1.0 / (mean + eps).sqrt();
    for ((out, &x), &weight) in out.iter_mut().zip(x).zip(weight) {
        *out = (x * r) * weight;
    }
}

for_every_isa! {
    /// Computes `out = (gate / (1 + exp(-gate))) * up`, with our own exponential.
    ///
    /// Panics when the lengths differ.
    pub fn silu_mul(gate: &[f32], up: &[f32], out: &mut [f32]) = silu_mul_body;
}

#[inline(always)]
pub(super) fn silu_mul_body(gate: &[f32], up: &[f32], out: &mut [f32]) {
    assert!(gate.len() == up.len() && gate.len() == out.len(), "rows of different lengths");
    for ((out, &gate), &up) in out.iter_mut().zip(gate).zip(up) {
        let e = exp2(-gate * LOG2_E);
        *out = (gate / (1.0 + e)) * up;
    }
}

for_every_isa! {
    /// Adds `y` to `x`.
    ///
    /// Panics when the lengths differ.
    pub fn add_assign(x: &mut [f32], y: &[f32]) = add_assign_body;
}

#[inline(always)]
pub(super) fn add_assign_body(x: &mut [f32], y: &[f32]) {
    assert!(x.len() == y.len(), "rows of different lengths");
    for (x, &y) in x.iter_mut().zip(y) {
        *x += y;
    }
}
