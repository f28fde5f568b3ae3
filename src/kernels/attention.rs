//! Attention between the integer products: scores to weights, weighted sums to numbers.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::LANES;
use super::portable::{exp2, larger, max_lanes, round_even, sanitise};

/// Scores this far below the largest, in powers of two, weigh nothing.
const DEEPEST: f32 = -40.0;

/// Below the smallest sanitised score: what an invisible slot counts as in the maximum.
const INVISIBLE: f32 = -2e30;

/// 2^18, the unit of the denominator.
const UNIT: f32 = 262_144.0;

/// The largest weight: 15 bits.
const HEAVIEST: f32 = 32_767.0;

/// Below this the values count as zero: 2^-60.
const SMALLEST: f32 = f32::from_bits((127 - 60) << 23);

/// Blocks of 16 slots whose parts of the denominator are summed in 32 bits.
///
/// A lane gets at most 2^18 from each, so 2^12 of them make at most 2^30.
const BLOCKS_AT_ONCE: usize = 1 << 12;

/// Blocks whose scores and weights are kept from one pass to the next: 16 KB of stack. The slots
/// beyond 4,096 are computed again in each pass, to the same bits.
const KEPT_BLOCKS: usize = 256;

/// What is known of the slots of one key and value head, beside their bytes.
#[derive(Clone, Copy, Debug)]
pub struct SlotView<'a> {
    /// The scale of each slot's key.
    pub k_scales: &'a [f32],
    /// 128 times the sum of each slot's key bytes.
    pub k_corrections: &'a [i32],
    /// The scale of each slot's value; not negative.
    pub v_scales: &'a [f32],
}

for_every_isa! {
    /// Turns the raw scores of one query into weights of 15 bits for the values, and gives the
    /// factor that scales the weighted sums.
    ///
    /// `raw` holds the sums over `(q + 128) * k` of slots 0 and on, a multiple of 16 of them; only
    /// the slots in `visible` count, all others weigh 0. `q_scale` is the query's scale times
    /// log2(e) over the root of the head's length. The weights, the values' scales included, are
    /// `256 * high + low`. The result is 0, with all weights 0, where no slot is visible or all
    /// visible values are zero. `EXACTNESS.md` has the steps.
    ///
    /// Panics when the slices are too short, `raw` has no multiple of 16, or `visible` goes beyond
    /// it.
    pub fn attention_weights(
        raw: &[i32],
        slots: &SlotView,
        visible: [Range<usize>; 2],
        q_scale: f32,
        high: &mut [u8],
        low: &mut [u8],
    ) -> f32 = attention_weights_body;
}

/// One query's view of 16 slots at a time.
struct Query<'a> {
    raw: &'a [[i32; LANES]],
    k_corrections: &'a [[i32; LANES]],
    k_scales: &'a [[f32; LANES]],
    v_scales: &'a [[f32; LANES]],
    visible: [Range<i32>; 2],
    q_scale: f32,
}

impl Query<'_> {
    /// Which slots of a block count.
    #[inline(always)]
    fn sees(&self, block: usize, lane: usize) -> bool {
        let slot = (block * LANES + lane) as i32;
        let [one, two] = &self.visible;
        ((slot >= one.start) & (slot < one.end)) | ((slot >= two.start) & (slot < two.end))
    }

    /// The scores of a block, in powers of two.
    #[inline(always)]
    fn scores(&self, block: usize) -> [f32; LANES] {
        let (raw, corrections) = (&self.raw[block], &self.k_corrections[block]);
        let scales = &self.k_scales[block];
        let mut scores = [0.0; LANES];
        for l in 0..LANES {
            let sum = raw[l].wrapping_sub(corrections[l]);
            let score = sanitise((sum as f32 * scales[l]) * self.q_scale);
            scores[l] = if self.sees(block, l) { score } else { INVISIBLE };
        }
        scores
    }

    /// The exponentials of a block's scores, 0 for what is too deep or invisible, and those times
    /// the values' scales.
    #[inline(always)]
    fn weights(
        &self,
        block: usize,
        scores: &[f32; LANES],
        max: f32,
    ) -> ([f32; LANES], [f32; LANES]) {
        let scales = &self.v_scales[block];
        let (mut e, mut g) = ([0.0; LANES], [0.0; LANES]);
        for l in 0..LANES {
            let depth = scores[l] - max;
            e[l] = if depth >= DEEPEST { exp2(depth) } else { 0.0 };
            let product = e[l] * scales[l];
            g[l] = if product > 0.0 { product } else { 0.0 };
        }
        (e, g)
    }
}

// The blocks are counted, since the kept ones go less far than the others.
#[allow(clippy::needless_range_loop)]
#[inline(always)]
fn attention_weights_body(
    raw: &[i32],
    slots: &SlotView,
    visible: [Range<usize>; 2],
    q_scale: f32,
    high: &mut [u8],
    low: &mut [u8],
) -> f32 {
    let n = raw.len();
    assert!(n.is_multiple_of(LANES) && n < 1 << 31, "{n} slots");
    assert!(visible.iter().all(|run| run.end <= n), "visible {visible:?} of {n} slots");
    let (high, low) = (&mut high[..n], &mut low[..n]);
    let query = Query {
        raw: raw.as_chunks().0,
        k_corrections: slots.k_corrections[..n].as_chunks().0,
        k_scales: slots.k_scales[..n].as_chunks().0,
        v_scales: slots.v_scales[..n].as_chunks().0,
        visible: visible.map(|run| run.start as i32..run.end as i32),
        q_scale,
    };
    let blocks = n / LANES;

    // The scores, replaced by the weights in the second pass.
    let mut kept = [const { MaybeUninit::<[f32; LANES]>::uninit() }; KEPT_BLOCKS];
    let kept_blocks = blocks.min(KEPT_BLOCKS);

    let mut lanes = [INVISIBLE; LANES];
    for block in 0..blocks {
        let scores = query.scores(block);
        for l in 0..LANES {
            lanes[l] = larger(scores[l], lanes[l]);
        }
        if block < kept_blocks {
            kept[block].write(scores);
        }
    }
    let max = max_lanes(lanes);

    let mut denominator = 0u64;
    let mut lanes = [0.0f32; LANES];
    for from in (0..blocks).step_by(BLOCKS_AT_ONCE) {
        let mut parts = [0u32; LANES];
        for block in from..blocks.min(from + BLOCKS_AT_ONCE) {
            let scores = if block < kept_blocks {
                // SAFETY: the first pass wrote this one.
                unsafe { kept[block].assume_init_read() }
            } else {
                query.scores(block)
            };
            let (e, g) = query.weights(block, &scores, max);
            for l in 0..LANES {
                parts[l] += round_even(e[l] * UNIT) as u32;
                lanes[l] = larger(g[l], lanes[l]);
            }
            if block < kept_blocks {
                kept[block].write(g);
            }
        }
        denominator += parts.iter().map(|&part| u64::from(part)).sum::<u64>();
    }
    let largest = max_lanes(lanes);

    // With nothing visible the maximum is INVISIBLE itself, and each exponential was of 0.
    let nothing = max == INVISIBLE || !(SMALLEST..f32::INFINITY).contains(&largest);
    if nothing {
        high.fill(0);
        low.fill(0);
        return 0.0;
    }
    let factor = HEAVIEST / largest;
    let halves = high.as_chunks_mut::<LANES>().0.iter_mut().zip(low.as_chunks_mut::<LANES>().0);
    for (block, (high, low)) in halves.enumerate() {
        let g = if block < kept_blocks {
            // SAFETY: the second pass wrote this one.
            unsafe { kept[block].assume_init_read() }
        } else {
            query.weights(block, &query.scores(block), max).1
        };
        for l in 0..LANES {
            // g * factor is at most 32767 and an ulp, so the weight is at most 32767.
            let weight = round_even(g[l] * factor);
            high[l] = (weight >> 8) as u8;
            low[l] = weight as u8;
        }
    }
    (largest / HEAVIEST) / (denominator as f32 / UNIT)
}

for_every_isa! {
    /// Computes `out = f32(256 * high_sum + low_sum) * factor`, the integer exact.
    ///
    /// Panics when the lengths differ.
    pub fn combine_values(
        high_sums: &[i32],
        low_sums: &[i32],
        factor: f32,
        out: &mut [f32],
    ) = combine_values_body;
}

#[inline(always)]
fn combine_values_body(high_sums: &[i32], low_sums: &[i32], factor: f32, out: &mut [f32]) {
    assert!(high_sums.len() == out.len() && low_sums.len() == out.len(), "different lengths");
    for ((out, &high), &low) in out.iter_mut().zip(high_sums).zip(low_sums) {
        // Below 2^40, so exact in double precision, where vectors convert faster than from i64.
        let sum = 256.0 * f64::from(high) + f64::from(low);
        *out = sum as f32 * factor;
    }
}
