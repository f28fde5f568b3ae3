//! Scores to weights of 8 bits with AVX-512: what `steps` does, a block of 16 slots a register.
//!
//! Each slot has two numbers of 16 bits side by side, its score and the score with its value's scale,
//! so that one instruction does for both what has to be done for each.

use std::arch::x86_64::*;

use super::registers::{load, load_floats, store, store_bytes};
use super::steps::{FURTHEST, INVISIBLE, Query, steps_scale, sum_factor};
use super::{LANES, seen, sees_all};
use crate::kernels::octaves::{POWERS_DOWN, STEPS};

/// Two `INVISIBLE` side by side.
const BOTH_INVISIBLE: i32 = ((INVISIBLE as u16 as u32) << 16 | INVISIBLE as u16 as u32) as i32;

/// Weighs the slots of a query.
///
/// # Safety
/// The CPU has AVX-512 F, BW, DQ, VL and VNNI.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) unsafe fn weigh(query: &mut Query) -> f32 {
    let (score, scaled) = scores(query);
    if score == INVISIBLE {
        return query.nothing();
    }
    let largest = i32::from(scaled) << 16 | i32::from(score as u16);
    let denominator = weights(query, _mm512_set1_epi32(largest));
    sum_factor(score, scaled, denominator)
}

/// Sums to scores, in place; gives the largest, without and with the scales.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn scores(query: &mut Query) -> (i16, i16) {
    let q_scale = _mm512_set1_ps(steps_scale(query));
    let (least, most) = (_mm512_set1_ps(-FURTHEST), _mm512_set1_ps(FURTHEST));
    let invisible = _mm512_set1_epi32(BOTH_INVISIBLE);
    // The lower half of each 32 bits, twice.
    let twice = _mm512_set4_epi32(0x0d0c_0d0c, 0x0908_0908, 0x0504_0504, 0x0100_0100);
    let mut largest = invisible;
    // Half of what is wanted soon; the weights ask for the rest.
    let keys = &mut query.keys;
    let lines = keys.soon.lines().div_ceil(2 * keys.raw.len().max(1));
    let all = sees_all(&keys.visible, keys.raw.len());
    let slots = keys.raw.iter_mut().zip(keys.corrections).zip(keys.scales).zip(query.logs);
    for (block, (((raw, corrections), scales), logs)) in slots.enumerate() {
        keys.soon.fetch(lines);
        let seen = if all { u16::MAX } else { seen(&keys.visible, block) };
        let exact = _mm512_sub_epi32(load(raw), load(corrections));
        let scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(exact), load_floats(scales));
        let steps = _mm512_mul_ps(scaled, q_scale);
        // The second operand is the result where one is NaN.
        let steps = _mm512_min_ps(_mm512_max_ps(steps, least), most);
        let score = _mm512_cvtps_epi32(steps);
        let both = _mm512_add_epi16(_mm512_shuffle_epi8(score, twice), load(logs));
        let both = _mm512_mask_mov_epi32(invisible, seen, both);
        largest = _mm512_max_epi16(largest, both);
        store(raw, both);
    }
    let mut both = [0; LANES];
    store(&mut both, largest);
    let most = |half: fn(i32) -> i16| both.iter().fold(INVISIBLE, |most, &of| most.max(half(of)));
    (most(|both| both as i16), most(|both| (both >> 16) as i16))
}

/// Scores to weights; gives the denominator.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn weights(query: &mut Query, largest: __m512i) -> u64 {
    // SAFETY: both halves of the 64 numbers.
    let [near, far] =
        [0, 32].map(|i| unsafe { _mm512_loadu_epi16(POWERS_DOWN[i..].as_ptr().cast()) });
    let (zero, half, lower) =
        (_mm512_setzero_si512(), _mm512_set1_epi16(128), _mm512_set1_epi32(1));
    let mut parts = zero;
    let keys = &mut query.keys;
    let lines = keys.soon.lines().div_ceil(keys.raw.len().max(1));
    for (weights, both) in query.weights.iter_mut().zip(&*keys.raw) {
        keys.soon.fetch(lines);
        let depth = _mm512_sub_epi16(largest, load(both));
        // Of the index the lowest six bits count; a shift by 16 and more leaves nothing.
        let octaves = _mm512_srli_epi16::<{ STEPS.trailing_zeros() }>(depth);
        let power = _mm512_srlv_epi16(_mm512_permutex2var_epi16(near, depth, far), octaves);
        parts = _mm512_dpwssd_epi32(parts, _mm512_avg_epu16(power, zero), lower);
        store_bytes(weights, _mm512_srli_epi32::<24>(_mm512_add_epi16(power, half)));
    }
    let mut sums = [0; LANES];
    store(&mut sums, parts);
    sums.iter().map(|&sum| sum as u64).sum()
}
