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

/// Turns the raw scores of queries at one position, one after the other, into weights for the values, and gives for each
/// the factor that scales the weighted sums.
///
/// `raw` holds the sums over `(q + 128) * k` of slots 0 and on, a multiple of 16 of them for each query, and is overwritten;
/// only the slots in `visible` count, all others weigh 0. `q_scales` are the queries' scales times log2(e) over the root of
/// the head's length. The weights include the values' scales. Those of 8 bits go to `weights`; of those of 15 bits, the
/// upper 7 go there and the lower 8 to `low`. A factor is 0, with all weights 0, where no slot is visible.
/// `EXACTNESS.md` has the steps.
///
/// Panics when the slices do not fit together, there is no multiple of 16 slots, `visible` goes beyond them, or `low` is
/// there without [`ValueScales::Floats`], or these without it.
pub fn attention_weights(
    isa: Isa,
    raw: &mut [i32],
    slots: &SlotView,
    visible: [Range<usize>; 2],
    q_scales: &[f32],
    (weights, low): (&mut [u8], Option<&mut [u8]>),
    factors: &mut [f32],
) {
    let (all, queries) = (raw.len(), q_scales.len());
    assert!(queries > 0 && all.is_multiple_of(queries), "{all} scores of {queries} queries");
    let n = all / queries;
    assert!(n.is_multiple_of(LANES) && n <= MAX_SLOTS, "{n} slots");
    assert!(visible.iter().all(|run| run.end <= n), "visible {visible:?} of {n} slots");
    assert!(factors.len() == queries, "{} factors of {queries} queries", factors.len());
    let keys = Keys {
        raw: raw.as_chunks_mut().0,
        blocks: n / LANES,
        corrections: slots.k_corrections[..n].as_chunks().0,
        scales: slots.k_scales[..n].as_chunks().0,
        seen: seen_blocks(&visible),
        visible,
        q_scales,
        soon: slots.soon,
    };
    let weights = weights[..all].as_chunks_mut().0;
    match (slots.v_scales, low) {
        (ValueScales::Logs(logs), None) => {
            let logs = logs[..n].as_chunks().0;
            steps::weigh(isa, &mut steps::Queries { keys, logs, weights, factors });
        }
        (ValueScales::Floats(scales), Some(low)) => {
            let (scales, low) = (scales[..n].as_chunks().0, low[..all].as_chunks_mut().0);
            fine::weigh(isa, &mut fine::Queries { keys, scales, high: weights, low, factors });
        }
        _ => panic!("8 bits need logarithms of the scales, 15 the scales"),
    }
}

/// What some queries meet before the values, in blocks of 16 slots.
struct Keys<'a> {
    /// `[query][block]`: sums; then whatever the weights are made of.
    raw: &'a mut [[i32; LANES]],
    /// Blocks of a query.
    blocks: usize,
    corrections: &'a [[i32; LANES]],
    scales: &'a [[f32; LANES]],
    visible: [Range<usize>; 2],
    /// The blocks in which anything is visible, two runs that do not overlap.
    seen: [Range<usize>; 2],
    q_scales: &'a [f32],
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    soon: Soon,
}

impl Keys<'_> {
    /// Blocks in which anything is visible.
    #[inline(always)]
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    fn n_seen(&self) -> usize {
        self.seen.iter().map(|run| run.len()).sum()
    }
}

/// The blocks in which anything is visible: runs in order that do not overlap.
fn seen_blocks(visible: &[Range<usize>; 2]) -> [Range<usize>; 2] {
    let mut runs = visible.clone().map(|run| match run.is_empty() {
        true => 0..0,
        false => run.start / LANES..run.end.div_ceil(LANES),
    });
    runs.sort_by_key(|run| run.start);
    let [first, second] = runs;
    let start = second.start.max(first.end);
    [first, start..second.end.max(start)]
}

/// Zeros for the blocks in which nothing is visible.
fn fill_unseen(weights: &mut [[u8; LANES]], [first, second]: &[Range<usize>; 2]) {
    for gap in [0..first.start, first.end..second.start, second.end..weights.len()] {
        // Where a run is empty, there may be nothing before it.
        if let Some(gap) = weights.get_mut(gap) {
            gap.as_flattened_mut().fill(0);
        }
    }
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
