//! Attention between the integer products: scores to weights, weighted sums to numbers.

use std::ops::Range;

use super::portable::{exp2, larger, max_lanes, round_even, sanitise};
use super::{Isa, LANES, Soon};

/// Scores this far below the largest, in powers of two, weigh nothing.
pub(super) const DEEPEST: f32 = -40.0;

/// Below the smallest sanitised score: the maximum where no slot is visible.
pub(super) const INVISIBLE: f32 = -2e30;

/// 2^18, the unit of the denominator.
pub(super) const UNIT: f32 = 262_144.0;

/// The largest weight of 8 bits, enough for the builtin: seven more make it 0.00 to 0.05 % better
/// on text, and the product with the values twice as long.
const HEAVIEST: f32 = 255.0;

/// The largest weight of 15 bits. Larger models give most of their attention to the first token;
/// beside it, in 8 bits, hundreds of others would vanish that matter together.
const HEAVIEST_FINE: f32 = 32_767.0;

/// Below this the values count as zero: 2^-60.
const SMALLEST: f32 = f32::from_bits((127 - 60) << 23);

/// Slots of one call. Each adds at most 2^18 to one of 16 sums, which so stay below 2^32.
const MAX_SLOTS: usize = (1 << 18) - LANES;

/// What is known of the slots of one key and value head, beside their bytes.
#[derive(Clone, Copy, Debug)]
pub struct SlotView<'a> {
    /// The scale of each slot's key.
    pub k_scales: &'a [f32],
    /// 128 times the sum of each slot's key bytes.
    pub k_corrections: &'a [i32],
    /// The scale of each slot's value; not negative.
    pub v_scales: &'a [f32],
    /// What is read afterwards.
    pub soon: Soon,
}

/// Turns the raw scores of one query into weights of 8 bits for the values, and gives the factor
/// that scales the weighted sums.
///
/// `raw` holds the sums over `(q + 128) * k` of slots 0 and on, a multiple of 16 of them, and is
/// overwritten; only the slots in `visible` count, all others weigh 0. `q_scale` is the query's
/// scale times log2(e) over the root of the head's length. The weights include the values' scales.
/// The result is 0, with all weights 0, where no slot is visible or all visible values are zero.
/// `EXACTNESS.md` has the steps.
///
/// Panics when the slices are too short, `raw` has no multiple of 16, or `visible` goes beyond it.
pub fn attention_weights(
    isa: Isa,
    raw: &mut [i32],
    slots: &SlotView,
    visible: [Range<usize>; 2],
    q_scale: f32,
    weights: &mut [u8],
) -> f32 {
    weigh_slots(isa, raw, slots, visible, q_scale, (weights, None))
}

/// The same with weights of 15 bits: `256 * high + low`.
pub fn fine_attention_weights(
    isa: Isa,
    raw: &mut [i32],
    slots: &SlotView,
    visible: [Range<usize>; 2],
    q_scale: f32,
    (high, low): (&mut [u8], &mut [u8]),
) -> f32 {
    weigh_slots(isa, raw, slots, visible, q_scale, (high, Some(low)))
}

fn weigh_slots(
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
    let mut query = Query {
        raw: raw.as_chunks_mut().0,
        k_corrections: slots.k_corrections[..n].as_chunks().0,
        k_scales: slots.k_scales[..n].as_chunks().0,
        v_scales: slots.v_scales[..n].as_chunks().0,
        weights: weights[..n].as_chunks_mut().0,
        heaviest: if low.is_some() { HEAVIEST_FINE } else { HEAVIEST },
        low: low.map(|low| low[..n].as_chunks_mut().0),
        visible,
        q_scale,
        soon: slots.soon,
    };
    #[cfg(target_arch = "x86_64")]
    if matches!(isa.set(), super::isa::Set::Avx512 | super::isa::Set::Amx) {
        // SAFETY: a value of `Isa` with these sets exists only where the CPU has AVX-512.
        return unsafe { super::attention_avx512::weigh(&mut query) };
    }
    weigh(isa, &mut query)
}

/// One query, and its slots in blocks of 16: as many in each slice.
pub(super) struct Query<'a> {
    /// Sums, then the bits of scores, then those of the scores' exponentials times values' scales.
    pub raw: &'a mut [[i32; LANES]],
    pub k_corrections: &'a [[i32; LANES]],
    pub k_scales: &'a [[f32; LANES]],
    pub v_scales: &'a [[f32; LANES]],
    /// The weights, or their upper 7 bits where `low` has the lower 8.
    pub weights: &'a mut [[u8; LANES]],
    pub low: Option<&'a mut [[u8; LANES]]>,
    /// The largest weight.
    pub heaviest: f32,
    pub visible: [Range<usize>; 2],
    pub q_scale: f32,
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub soon: Soon,
}

/// Which slots of a block are visible, a bit for each.
#[inline(always)]
pub(super) fn seen([one, two]: &[Range<usize>; 2], block: usize) -> u16 {
    let (from, to) = (block * LANES, (block + 1) * LANES);
    if (one.start <= from && to <= one.end) || (two.start <= from && to <= two.end) {
        return u16::MAX;
    }
    let below = |slot: usize| (1u32 << (slot.clamp(from, to) - from)) - 1;
    ((below(one.end) & !below(one.start)) | (below(two.end) & !below(two.start))) as u16
}

impl Query<'_> {
    /// Without anything to see.
    pub(super) fn nothing(&mut self) -> f32 {
        self.weights.as_flattened_mut().fill(0);
        if let Some(low) = &mut self.low {
            low.as_flattened_mut().fill(0);
        }
        0.0
    }

    /// The factor from the largest `e` times scale to a weight, if there is anything to weigh.
    #[inline(always)]
    pub(super) fn weight_factor(&self, max: f32, largest: f32) -> Option<f32> {
        let something = max != INVISIBLE && (SMALLEST..f32::INFINITY).contains(&largest);
        something.then(|| self.heaviest / largest)
    }

    /// The factor from weighted sums to numbers.
    #[inline(always)]
    pub(super) fn sum_factor(&self, largest: f32, denominator: u64) -> f32 {
        (largest / self.heaviest) / (denominator as f32 / UNIT)
    }
}

for_every_isa! {
    pub fn weigh(query: &mut Query) -> f32 = weigh_body;
}

#[inline(always)]
fn weigh_body(query: &mut Query) -> f32 {
    let blocks = query.raw.len();
    let mut lanes = [INVISIBLE; LANES];
    for block in 0..blocks {
        let seen = seen(&query.visible, block);
        let (corrections, scales) = (&query.k_corrections[block], &query.k_scales[block]);
        let raw = &mut query.raw[block];
        for l in 0..LANES {
            let sum = raw[l].wrapping_sub(corrections[l]);
            let score = sanitise((sum as f32 * scales[l]) * query.q_scale);
            raw[l] = score.to_bits() as i32;
            let seen = if seen >> l & 1 == 1 { score } else { INVISIBLE };
            lanes[l] = larger(seen, lanes[l]);
        }
    }
    let max = max_lanes(lanes);

    let mut parts = [0u32; LANES];
    let mut lanes = [0.0f32; LANES];
    for block in 0..blocks {
        let seen = seen(&query.visible, block);
        let scales = &query.v_scales[block];
        let raw = &mut query.raw[block];
        for l in 0..LANES {
            let depth = f32::from_bits(raw[l] as u32) - max;
            let counts = (depth >= DEEPEST) & (seen >> l & 1 == 1);
            let e = if counts { exp2(depth) } else { 0.0 };
            parts[l] += round_even(e * UNIT) as u32;
            let product = e * scales[l];
            let g = if product > 0.0 { product } else { 0.0 };
            lanes[l] = larger(g, lanes[l]);
            raw[l] = g.to_bits() as i32;
        }
    }
    let largest = max_lanes(lanes);
    let denominator = parts.iter().map(|&part| u64::from(part)).sum::<u64>();

    let Some(factor) = query.weight_factor(max, largest) else { return query.nothing() };
    // At most the heaviest and an ulp before the rounding.
    let weight = |g: i32| round_even(f32::from_bits(g as u32) * factor);
    let blocks = query.weights.iter_mut().zip(&*query.raw);
    match &mut query.low {
        None => {
            for (weights, raw) in blocks {
                for l in 0..LANES {
                    weights[l] = weight(raw[l]) as u8;
                }
            }
        }
        Some(low) => {
            for ((high, raw), low) in blocks.zip(low.iter_mut()) {
                for l in 0..LANES {
                    high[l] = (weight(raw[l]) >> 8) as u8;
                    low[l] = weight(raw[l]) as u8;
                }
            }
        }
    }
    query.sum_factor(largest, denominator)
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
