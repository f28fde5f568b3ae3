//! Scores to weights of 15 bits with AVX-512: what `plain::fine` does, a block of 16 slots a register.
//!
//! Written out because the compiler's own vectors leave the registers at every maximum.

use std::arch::x86_64::*;

use super::registers::{load, load_floats, store, store_bytes};
use crate::kernels::operands::{FineQuery, LANES, seen};
use crate::kernels::plain::fine::{DEEPEST, INVISIBLE, UNIT, sum_factor, weight_factor};
use crate::kernels::plain::portable::{EXP2, LARGEST, ROUNDER};

/// Weighs the slots of a query.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub fn weigh(query: &mut FineQuery) -> f32 {
    let max = scores(query);
    if max == INVISIBLE {
        return query.nothing();
    }
    let (denominator, largest) = exponentials(query, max);
    let Some(factor) = weight_factor(max, largest) else { return query.nothing() };
    let (factor, rounder) = (_mm512_set1_ps(factor), _mm512_set1_ps(ROUNDER));
    // The lower 22 bits of ROUNDER's are 0, so those of the sum are the weight.
    let rounded = |g: &[i32; LANES]| {
        _mm512_castps_si512(_mm512_add_ps(_mm512_mul_ps(bits(g), factor), rounder))
    };
    let halves = query.high.iter_mut().zip(query.low.iter_mut());
    for ((high, low), g) in halves.zip(&*query.raw) {
        store_bytes(high, _mm512_srli_epi32::<8>(rounded(g)));
        store_bytes(low, rounded(g));
    }
    sum_factor(largest, denominator)
}

/// Sums to scores, in place; gives the largest that is seen.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn scores(query: &mut FineQuery) -> f32 {
    let q_scale = _mm512_set1_ps(query.q_scale);
    let (least, most) = (_mm512_set1_ps(-LARGEST), _mm512_set1_ps(LARGEST));
    let mut largest = _mm512_set1_ps(INVISIBLE);
    // Half of what is wanted soon; the exponentials ask for the rest.
    let lines = query.soon.lines().div_ceil(2 * query.raw.len().max(1));
    let (visible, soon) = (query.visible, &mut query.soon);
    let slots = query.raw.iter_mut().zip(query.corrections).zip(query.k_scales);
    for (block, ((raw, corrections), scales)) in slots.enumerate() {
        soon.fetch(lines);
        let seen = seen(visible, block);
        let exact = _mm512_sub_epi32(load(raw), load(corrections));
        let scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(exact), load_floats(scales));
        let score = _mm512_mul_ps(scaled, q_scale);
        // As `sanitise`: the second operand is the result where one is NaN.
        let score = _mm512_min_ps(_mm512_max_ps(score, least), most);
        largest = _mm512_mask_max_ps(largest, seen, score, largest);
        store(raw, _mm512_castps_si512(score));
    }
    // No NaN, and the order cannot matter.
    _mm512_reduce_max_ps(largest)
}

/// Scores to exponentials times values' scales, in place; gives the denominator and the largest.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn exponentials(query: &mut FineQuery, max: f32) -> (u64, f32) {
    let max = _mm512_set1_ps(max);
    let deepest = _mm512_set1_ps(DEEPEST);
    let (rounder, one, unit) = (_mm512_set1_ps(ROUNDER), _mm512_set1_ps(1.0), _mm512_set1_ps(UNIT));
    let zero = _mm512_setzero_ps();
    let c = EXP2.map(|c| _mm512_set1_ps(c));
    let mut parts = _mm512_setzero_si512();
    let mut largest = zero;
    let lines = query.soon.lines().div_ceil(query.raw.len().max(1));
    let (visible, soon) = (query.visible, &mut query.soon);
    let slots = query.raw.iter_mut().zip(query.scales);
    for (block, (raw, scales)) in slots.enumerate() {
        soon.fetch(lines);
        let depth = _mm512_sub_ps(bits(raw), max);
        // Nothing is deeper than DEEPEST among what counts, so `exp2` need not limit it.
        let counts = _mm512_mask_cmp_ps_mask::<_CMP_GE_OQ>(seen(visible, block), depth, deepest);
        let shifted = _mm512_add_ps(depth, rounder);
        let f = _mm512_sub_ps(depth, _mm512_sub_ps(shifted, rounder));
        let mut q = c[5];
        for c in [c[4], c[3], c[2], c[1], c[0], one] {
            q = _mm512_add_ps(_mm512_mul_ps(q, f), c);
        }
        let power = _mm512_slli_epi32::<23>(_mm512_castps_si512(shifted));
        let e = _mm512_maskz_add_epi32(counts, _mm512_castps_si512(q), power);
        let e = _mm512_castsi512_ps(e);
        let part = _mm512_castps_si512(_mm512_add_ps(_mm512_mul_ps(e, unit), rounder));
        // With the bits of ROUNDER, which are taken off together: all modulo 2^32.
        parts = _mm512_add_epi32(parts, part);
        let product = _mm512_mul_ps(e, load_floats(scales));
        // Zero, the second operand, where the product is NaN.
        let g = _mm512_max_ps(product, zero);
        largest = _mm512_max_ps(g, largest);
        store(raw, _mm512_castps_si512(g));
    }
    let rounders = ROUNDER.to_bits().wrapping_mul(query.raw.len() as u32);
    let mut sums = [0u32; LANES];
    // SAFETY: writes the 16 elements of `sums`.
    unsafe { _mm512_storeu_si512(sums.as_mut_ptr().cast(), parts) };
    let denominator = sums.iter().map(|&sum| u64::from(sum.wrapping_sub(rounders))).sum();
    (denominator, _mm512_reduce_max_ps(largest))
}

/// Numbers that lie there as their bits.
#[inline]
#[target_feature(enable = "avx512f")]
fn bits(block: &[i32; LANES]) -> __m512 {
    _mm512_castsi512_ps(load(block))
}
