//! Attention between the integer products: scores to weights, weighted sums to numbers.
//!
//! Scores become weights in two ways: in whole steps of a 64th of an octave to 8 bits (`steps`), and in floating point
//! to 15 (`fine`), which takes twice as long.

mod fine;
#[cfg(target_arch = "x86_64")]
mod fine_avx512;
#[cfg(target_arch = "x86_64")]
mod registers;
mod steps;
#[cfg(target_arch = "x86_64")]
mod steps_avx512;

use std::ops::Range;

use super::{Isa, LANES, Soon};

/// Slots of one call. Each adds at most 2^18 to one of 16 sums, which so stay below 2^32.
const MAX_SLOTS: usize = (1 << 18) - LANES;

/// What is known of the slots of one key and value head, beside their bytes.
#[derive(Clone, Copy, Debug)]
pub struct SlotView<'a> {
    /// The scale of each slot's key.
    pub k_scales: &'a [f32],
    /// 128 times the sum of each slot's key bytes.
    pub k_corrections: &'a [i32],
    /// The scale of each slot's value.
    pub v_scales: ValueScales<'a>,
    /// What is read afterwards.
    pub soon: Soon,
}

/// Scales of values, as the weights that will be made need them.
#[derive(Clone, Copy, Debug)]
pub enum ValueScales<'a> {
    /// For weights of 8 bits: [`scale_log`](super::scale_log) of each, times 2^16.
    Logs(&'a [i32]),
    /// For weights of 15 bits: the scales, not negative.
    Floats(&'a [f32]),
}

/// Turns the raw scores of one query into weights for the values, and gives the factor that scales the weighted sums.
///
/// `raw` holds the sums over `(q + 128) * k` of slots 0 and on, a multiple of 16 of them, and is overwritten; only the
/// slots in `visible` count, all others weigh 0. `q_scale` is the query's scale times log2(e) over the root of the
/// head's length. The weights include the values' scales. Those of 8 bits go to `weights`; of those of 15 bits, the
/// upper 7 go there and the lower 8 to `low`. The result is 0, with all weights 0, where no slot is visible.
/// `EXACTNESS.md` has the steps.
///
/// Panics when the slices are too short, `raw` has no multiple of 16, `visible` goes beyond it, or `low` is there without
/// [`ValueScales::Floats`], or these without it.
pub fn attention_weights(
    isa: Isa,
    raw: &mut [i32],
    slots: &SlotView,
    visible: [Range<usize>; 2],
    q_scale: f32,
    (weights, low): (&mut [u8], Option<&mut [u8]>),
) -> f32 {
    let n = raw.len();
    assert!(n.is_multiple_of(LANES) && n <= MAX_SLOTS, "{n} slots");
    assert!(visible.iter().all(|run| run.end <= n), "visible {visible:?} of {n} slots");
    let keys = Keys {
        raw: raw.as_chunks_mut().0,
        corrections: slots.k_corrections[..n].as_chunks().0,
        scales: slots.k_scales[..n].as_chunks().0,
        visible,
        q_scale,
        soon: slots.soon,
    };
    let weights = weights[..n].as_chunks_mut().0;
    match (slots.v_scales, low) {
        (ValueScales::Logs(logs), None) => {
            steps::weigh(isa, &mut steps::Query { keys, logs: logs[..n].as_chunks().0, weights })
        }
        (ValueScales::Floats(scales), Some(low)) => {
            let (scales, low) = (scales[..n].as_chunks().0, low[..n].as_chunks_mut().0);
            fine::weigh(isa, &mut fine::Query { keys, scales, high: weights, low })
        }
        _ => panic!("8 bits need logarithms of the scales, 15 the scales"),
    }
}

/// What one query meets before the values, in blocks of 16 slots: as many in each slice.
struct Keys<'a> {
    /// Sums; then whatever the weights are made of.
    raw: &'a mut [[i32; LANES]],
    corrections: &'a [[i32; LANES]],
    scales: &'a [[f32; LANES]],
    visible: [Range<usize>; 2],
    q_scale: f32,
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    soon: Soon,
}

/// Which slots of a block are visible, a bit for each.
#[inline(always)]
fn seen([one, two]: &[Range<usize>; 2], block: usize) -> u16 {
    let (from, to) = (block * LANES, (block + 1) * LANES);
    if (one.start <= from && to <= one.end) || (two.start <= from && to <= two.end) {
        return u16::MAX;
    }
    let below = |slot: usize| (1u32 << (slot.clamp(from, to) - from)) - 1;
    ((below(one.end) & !below(one.start)) | (below(two.end) & !below(two.start))) as u16
}

/// Whether all blocks are visible.
#[inline(always)]
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
fn sees_all([one, two]: &[Range<usize>; 2], blocks: usize) -> bool {
    // The runs never overlap.
    one.len() + two.len() == blocks * LANES
}

for_every_isa! {
    /// Computes `out = f32(sum) * factor`.
    ///
    /// Panics when the lengths differ.
    pub fn combine_values(sums: &[i32], factor: f32, out: &mut [f32]) = combine_values_body;
}

#[inline(always)]
fn combine_values_body(sums: &[i32], factor: f32, out: &mut [f32]) {
    assert!(sums.len() == out.len(), "different lengths");
    for (out, &sum) in out.iter_mut().zip(sums) {
        *out = sum as f32 * factor;
    }
}

for_every_isa! {
    /// Computes `out = f32(256 * high + low) * factor`, the integer exact.
    ///
    /// Panics when the lengths differ.
    pub fn combine_fine_values(
        high: &[i32],
        low: &[i32],
        factor: f32,
        out: &mut [f32],
    ) = combine_fine_values_body;
}

#[inline(always)]
fn combine_fine_values_body(high: &[i32], low: &[i32], factor: f32, out: &mut [f32]) {
    assert!(high.len() == out.len() && low.len() == out.len(), "different lengths");
    for ((out, &high), &low) in out.iter_mut().zip(high).zip(low) {
        // Below 2^40, so exact in double precision, where vectors convert faster than from i64.
        let sum = 256.0 * f64::from(high) + f64::from(low);
        *out = sum as f32 * factor;
    }
}
