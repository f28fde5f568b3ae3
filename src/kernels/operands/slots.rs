//! What queries meet in attention: the slots of a head, in blocks of 16, and which of them are visible.

use std::ops::Range;

use super::packing::LANES;
use super::soon::Soon;

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
    /// For weights of 8 bits: [`scale_log`](crate::kernels::scale_log) of each, times 2^16.
    Logs(&'a [i32]),
    /// For weights of 15 bits: the scales, not negative.
    Floats(&'a [f32]),
}

/// What some queries meet before the values, in blocks of 16 slots.
pub struct Keys<'a> {
    /// `[query][block]`: sums; then whatever the weights are made of.
    pub raw: &'a mut [[i32; LANES]],
    /// Blocks of a query.
    pub blocks: usize,
    pub corrections: &'a [[i32; LANES]],
    pub scales: &'a [[f32; LANES]],
    pub visible: [Range<usize>; 2],
    /// The blocks in which anything is visible, two runs that do not overlap.
    pub seen: [Range<usize>; 2],
    pub q_scales: &'a [f32],
    /// What to ask for meanwhile, where a kernel knows how.
    pub soon: Soon,
}

impl Keys<'_> {
    /// Blocks in which anything is visible.
    #[inline(always)]
    // Only AVX-512 asks.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub fn n_seen(&self) -> usize {
        self.seen.iter().map(|run| run.len()).sum()
    }
}

/// Queries whose weights are of 8 bits.
///
/// `keys.raw` becomes scores in 16 bits and, in as many, the same with the logarithms of the values' scales added: side by side,
/// or all of a block's after each other.
pub struct StepQueries<'a> {
    pub keys: Keys<'a>,
    pub logs: &'a [[i32; LANES]],
    /// `[query][block]`
    pub weights: &'a mut [[u8; LANES]],
    pub factors: &'a mut [f32],
}

/// One query whose weights are of 15 bits, all of its blocks.
///
/// `raw` becomes the bits of scores, then those of the scores' exponentials times the values' scales.
pub struct FineQuery<'a> {
    pub raw: &'a mut [[i32; LANES]],
    pub corrections: &'a [[i32; LANES]],
    pub k_scales: &'a [[f32; LANES]],
    pub visible: &'a [Range<usize>; 2],
    pub q_scale: f32,
    /// What to ask for meanwhile, where a kernel knows how.
    // Only AVX-512 does.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub soon: Soon,
    pub scales: &'a [[f32; LANES]],
    /// The upper 7 bits of the weights.
    pub high: &'a mut [[u8; LANES]],
    /// The lower 8.
    pub low: &'a mut [[u8; LANES]],
}

impl FineQuery<'_> {
    /// Without anything to see.
    pub fn nothing(&mut self) -> f32 {
        self.high.as_flattened_mut().fill(0);
        self.low.as_flattened_mut().fill(0);
        0.0
    }
}

/// The blocks in which anything is visible: runs in order that do not overlap.
pub fn seen_blocks(visible: &[Range<usize>; 2]) -> [Range<usize>; 2] {
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
pub fn fill_unseen(weights: &mut [[u8; LANES]], [first, second]: &[Range<usize>; 2]) {
    for gap in [0..first.start, first.end..second.start, second.end..weights.len()] {
        // Where a run is empty, there may be nothing before it.
        if let Some(gap) = weights.get_mut(gap) {
            gap.as_flattened_mut().fill(0);
        }
    }
}

/// Which slots of a block are visible, a bit for each.
#[inline(always)]
pub fn seen([one, two]: &[Range<usize>; 2], block: usize) -> u16 {
    let (from, to) = (block * LANES, (block + 1) * LANES);
    if (one.start <= from && to <= one.end) || (two.start <= from && to <= two.end) {
        return u16::MAX;
    }
    let below = |slot: usize| (1u32 << (slot.clamp(from, to) - from)) - 1;
    ((below(one.end) & !below(one.start)) | (below(two.end) & !below(two.start))) as u16
}
