//! Norms, the gated activation, and sums of whole rows.

use super::portable::{LOG2_E, exp2, sum_lanes};
use crate::kernels::operands::LANES;

#[inline(always)]
pub fn rms_norm(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
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

#[inline(always)]
pub fn silu_mul(gate: &[f32], up: &[f32], out: &mut [f32]) {
    assert!(gate.len() == up.len() && gate.len() == out.len(), "rows of different lengths");
    for ((out, &gate), &up) in out.iter_mut().zip(gate).zip(up) {
        let e = exp2(-gate * LOG2_E);
        *out = (gate / (1.0 + e)) * up;
    }
}

#[inline(always)]
pub fn add_assign(x: &mut [f32], y: &[f32]) {
    assert!(x.len() == y.len(), "rows of different lengths");
    for (x, &y) in x.iter_mut().zip(y) {
        *x += y;
    }
}
