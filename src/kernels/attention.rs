//! Attention between the integer products: scores to weights, weighted sums to numbers.

use std::ops::Range;

use super::octaves::{POWERS_DOWN, STEPS, power};
use super::portable::round_even;
use super::{Isa, LANES, Soon};

/// Scores beyond this many steps are replaced by it: 256 octaves.
pub(super) const FURTHEST: f32 = 16_383.0;

/// Stands for the score of a slot that is not visible, below all others by more than any weight
/// reaches, also when the logarithm of a scale has been added to those.
pub(super) const INVISIBLE: i16 = i16::MIN;

/// An exponential is at most this: half of `octaves::TOP`.
const UNIT: f32 = 32_640.0;

/// The largest weight of 8 bits, enough for the builtin: seven more make it 0.00 to 0.05 % better
/// on text, and the product with the values twice as long.
const HEAVIEST: f32 = 255.0;

/// The largest weight of 15 bits. Larger models give most of their attention to the first token;
/// beside it, in 8 bits, hundreds of others would vanish that matter together.
const HEAVIEST_FINE: f32 = 32_640.0;

/// Slots of one call. Each adds at most 2^15 to one of 16 sums, which so stay below 2^31.
const MAX_SLOTS: usize = (1 << 18) - LANES;

/// What is known of the slots of one key and value head, beside their bytes.
#[derive(Clone, Copy, Debug)]
pub struct SlotView<'a> {
    /// The scale of each slot's key.
    pub k_scales: &'a [f32],
    /// 128 times the sum of each slot's key bytes.
    pub k_corrections: &'a [i32],
    /// [`scale_log`](super::scale_log) of the scale of each slot's value, times 2^16.
    pub v_logs: &'a [i32],
    /// What is read afterwards.
    pub soon: Soon,
}

/// Turns the raw scores of one query into weights of 8 bits for the values, and gives the factor
/// that scales the weighted sums.
///
/// `raw` holds the sums over `(q + 128) * k` of slots 0 and on, a multiple of 16 of them, and is
/// overwritten; only the slots in `visible` count, all others weigh 0. `q_scale` is the query's
/// scale times log2(e) over the root of the head's length. The weights include the values' scales.
/// The result is 0, with all weights 0, where no slot is visible. `EXACTNESS.md` has the steps.
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
        v_logs: slots.v_logs[..n].as_chunks().0,
        weights: weights[..n].as_chunks_mut().0,
        heaviest: if low.is_some() { HEAVIEST_FINE } else { HEAVIEST },
        low: low.map(|low| low[..n].as_chunks_mut().0),
        visible,
        q_scale: q_scale * STEPS as f32,
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
    /// Sums; then scores in the lower halves and, in the upper ones, the same with the logarithms
    /// of the values' scales added: steps of a 64th of an octave, all of them.
    pub raw: &'a mut [[i32; LANES]],
    pub k_corrections: &'a [[i32; LANES]],
    pub k_scales: &'a [[f32; LANES]],
    pub v_logs: &'a [[i32; LANES]],
    /// The weights, or their upper 7 bits where `low` has the lower 8.
    pub weights: &'a mut [[u8; LANES]],
    pub low: Option<&'a mut [[u8; LANES]]>,
    /// The largest weight.
    pub heaviest: f32,
    pub visible: [Range<usize>; 2],
    /// Makes steps of a product with a key.
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

    /// The factor from weighted sums to numbers, where the largest score and the largest with its
    /// value's scale are known.
    #[inline(always)]
    pub(super) fn sum_factor(&self, score: i16, scaled: i16, denominator: u64) -> f32 {
        let scale = power(i32::from(scaled) - i32::from(score));
        scale * (UNIT / self.heaviest) / denominator as f32
    }
}

for_every_isa! {
    pub fn weigh(query: &mut Query) -> f32 = weigh_body;
}

#[inline(always)]
fn weigh_body(query: &mut Query) -> f32 {
    let (mut score_max, mut scaled_max) = ([INVISIBLE; LANES], [INVISIBLE; LANES]);
    for block in 0..query.raw.len() {
        let seen = seen(&query.visible, block);
        let (corrections, scales) = (&query.k_corrections[block], &query.k_scales[block]);
        let (raw, logs) = (&mut query.raw[block], &query.v_logs[block]);
        for l in 0..LANES {
            let sum = raw[l].wrapping_sub(corrections[l]);
            let steps = (sum as f32 * scales[l]) * query.q_scale;
            let steps = if steps > -FURTHEST { steps } else { -FURTHEST };
            let steps = if steps < FURTHEST { steps } else { FURTHEST };
            let score = round_even(steps) as i16;
            let scaled = score.wrapping_add((logs[l] >> 16) as i16);
            let seen = seen >> l & 1 == 1;
            let (score, scaled) = if seen { (score, scaled) } else { (INVISIBLE, INVISIBLE) };
            score_max[l] = score_max[l].max(score);
            scaled_max[l] = scaled_max[l].max(scaled);
            raw[l] = i32::from(scaled) << 16 | i32::from(score as u16);
        }
    }
    let largest = |lanes: [i16; LANES]| lanes.into_iter().fold(INVISIBLE, i16::max);
    let (score_max, scaled_max) = (largest(score_max), largest(scaled_max));
    if score_max == INVISIBLE {
        return query.nothing();
    }

    let mut parts = [0u32; LANES];
    let blocks = query.weights.iter_mut().zip(&*query.raw);
    match &mut query.low {
        None => {
            for (weights, raw) in blocks {
                for l in 0..LANES {
                    parts[l] += halved(down(score_max, raw[l] as i16));
                    let power = down(scaled_max, (raw[l] >> 16) as i16);
                    weights[l] = ((power + 128) >> 8) as u8;
                }
            }
        }
        Some(low) => {
            for ((high, raw), low) in blocks.zip(low.iter_mut()) {
                for l in 0..LANES {
                    parts[l] += halved(down(score_max, raw[l] as i16));
                    let weight = halved(down(scaled_max, (raw[l] >> 16) as i16));
                    [low[l], high[l], ..] = weight.to_le_bytes();
                }
            }
        }
    }
    let denominator = parts.iter().map(|&part| u64::from(part)).sum::<u64>();
    query.sum_factor(score_max, scaled_max, denominator)
}

/// `TOP` times two to the power of the steps from `largest` down to `steps`.
#[inline(always)]
fn down(largest: i16, steps: i16) -> u32 {
    let depth = largest.wrapping_sub(steps) as u16;
    let octaves = u32::from(depth / STEPS as u16);
    u32::from(POWERS_DOWN[usize::from(depth % STEPS as u16)]) >> octaves.min(16)
}

#[inline(always)]
fn halved(power: u32) -> u32 {
    (power + 1) >> 1
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
