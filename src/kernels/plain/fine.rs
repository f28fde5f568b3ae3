//! Scores to weights of 15 bits, in single precision.
//!
//! Larger models give most of their attention to the first token; beside it, in 8 bits, hundreds of others would vanish
//! that matter together.

use super::portable::{exp2, larger, max_lanes, round_even, sanitise};
use crate::kernels::operands::{FineQuery, LANES, seen};

/// Scores this far below the largest, in powers of two, weigh nothing.
pub const DEEPEST: f32 = -40.0;

/// Below the smallest sanitised score: the maximum where no slot is visible.
pub const INVISIBLE: f32 = -2e30;

/// 2^18, the unit of the denominator.
pub const UNIT: f32 = 262_144.0;

/// The largest weight.
const HEAVIEST: f32 = 32_767.0;

/// Below this the values count as zero: 2^-60.
const SMALLEST: f32 = f32::from_bits((127 - 60) << 23);

/// The factor from the largest `e` times scale to a weight, if there is anything to weigh.
#[inline(always)]
pub fn weight_factor(max: f32, largest: f32) -> Option<f32> {
    let something = max != INVISIBLE && (SMALLEST..f32::INFINITY).contains(&largest);
    something.then(|| HEAVIEST / largest)
}

/// The factor from weighted sums to numbers.
#[inline(always)]
pub fn sum_factor(largest: f32, denominator: u64) -> f32 {
    (largest / HEAVIEST) / (denominator as f32 / UNIT)
}

#[inline(always)]
pub fn weigh_finely(query: &mut FineQuery) -> f32 {
    let blocks = query.raw.len();
    let mut lanes = [INVISIBLE; LANES];
    for block in 0..blocks {
        let seen = seen(query.visible, block);
        let (corrections, scales) = (&query.corrections[block], &query.k_scales[block]);
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
        let seen = seen(query.visible, block);
        let scales = &query.scales[block];
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

    let Some(factor) = weight_factor(max, largest) else { return query.nothing() };
    // At most the heaviest and an ulp before the rounding.
    let weight = |g: i32| round_even(f32::from_bits(g as u32) * factor);
    let halves = query.high.iter_mut().zip(query.low.iter_mut());
    for ((high, low), raw) in halves.zip(&*query.raw) {
        for l in 0..LANES {
            high[l] = (weight(raw[l]) >> 8) as u8;
            low[l] = weight(raw[l]) as u8;
        }
    }
    sum_factor(largest, denominator)
}
