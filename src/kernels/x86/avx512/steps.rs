//! Scores to weights of 8 bits with AVX-512: what `plain::steps` does, a block of 16 slots a register.
//!
//! Each slot has two numbers of 16 bits side by side, its score and the score with its value's scale,
//! so that one instruction does for both what has to be done for each. Up to four queries go together: they share what
//! is known of the slots, and none waits for another's maximum.

use std::arch::x86_64::*;

use super::registers::{load, load_floats, store, store_bytes};
use crate::kernels::operands::{StepQueries, fill_unseen, seen};
use crate::kernels::plain::octaves::{POWERS_DOWN, STEPS};
use crate::kernels::plain::steps::{FURTHEST, INVISIBLE, steps_scale, sum_factor};

/// Two `INVISIBLE` side by side.
const BOTH_INVISIBLE: i32 = ((INVISIBLE as u16 as u32) << 16 | INVISIBLE as u16 as u32) as i32;

/// Weighs the slots of queries.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub fn weigh(queries: &mut StepQueries) {
    for weights in queries.weights.chunks_exact_mut(queries.keys.blocks.max(1)) {
        fill_unseen(weights, &queries.keys.seen);
    }
    let n = queries.factors.len();
    let mut first = 0;
    while first < n {
        first += match n - first {
            4.. => group::<4>(queries, first),
            2.. => group::<2>(queries, first),
            _ => group::<1>(queries, first),
        };
    }
}

/// Weighs the slots of `N` queries from the `first` on; gives their number.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn group<const N: usize>(queries: &mut StepQueries, first: usize) -> usize {
    let largest = scores::<N>(queries, first);
    let denominators = weights::<N>(queries, first, largest);
    for (q, (largest, denominator)) in largest.into_iter().zip(denominators).enumerate() {
        let (score, scaled) = (largest as i16, (largest >> 16) as i16);
        queries.factors[first + q] = match score {
            INVISIBLE => 0.0,
            _ => sum_factor(score, scaled, denominator),
        };
    }
    N
}

/// Sums to scores, in place; gives the largest, in the lower halves without and in the upper ones with the scales.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn scores<const N: usize>(queries: &mut StepQueries, first: usize) -> [i32; N] {
    let keys = &mut queries.keys;
    let q_scales: [__m512; N] =
        std::array::from_fn(|q| _mm512_set1_ps(steps_scale(keys.q_scales[first + q])));
    let (least, most) = (_mm512_set1_ps(-FURTHEST), _mm512_set1_ps(FURTHEST));
    let invisible = _mm512_set1_epi32(BOTH_INVISIBLE);
    // The lower half of each 32 bits, twice.
    let twice = _mm512_set4_epi32(0x0d0c_0d0c, 0x0908_0908, 0x0504_0504, 0x0100_0100);
    let mut largest = [invisible; N];
    // Half of what is wanted soon; the weights ask for the rest.
    let lines = keys.soon.lines().div_ceil(2 * keys.n_seen().max(1));
    for run in keys.seen.clone() {
        for block in run {
            keys.soon.fetch(lines);
            let seen = seen(&keys.visible, block);
            let corrections = load(&keys.corrections[block]);
            let scales = load_floats(&keys.scales[block]);
            let logs = load(&queries.logs[block]);
            for q in 0..N {
                let raw = &mut keys.raw[(first + q) * keys.blocks + block];
                let exact = _mm512_sub_epi32(load(raw), corrections);
                let scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(exact), scales);
                let steps = _mm512_mul_ps(scaled, q_scales[q]);
                // The second operand is the result where one is NaN.
                let steps = _mm512_min_ps(_mm512_max_ps(steps, least), most);
                let score = _mm512_cvtps_epi32(steps);
                let both = _mm512_add_epi16(_mm512_shuffle_epi8(score, twice), logs);
                let both = _mm512_mask_mov_epi32(invisible, seen, both);
                largest[q] = _mm512_max_epi16(largest[q], both);
                store(raw, both);
            }
        }
    }
    largest.map(|largest| largest_pair(largest))
}

/// The largest of the lower halves and of the upper ones.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn largest_pair(all: __m512i) -> i32 {
    let (low, high) = (_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64::<1>(all));
    let eight = _mm256_max_epi16(low, high);
    let (low, high) = (_mm256_castsi256_si128(eight), _mm256_extracti128_si256::<1>(eight));
    let four = _mm_max_epi16(low, high);
    let two = _mm_max_epi16(four, _mm_shuffle_epi32::<0b_11_10>(four));
    _mm_cvtsi128_si32(_mm_max_epi16(two, _mm_shuffle_epi32::<1>(two)))
}

/// Scores to weights; gives the denominators.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
fn weights<const N: usize>(queries: &mut StepQueries, first: usize, largest: [i32; N]) -> [u64; N] {
    // SAFETY: both halves of the 64 numbers.
    let [near, far] =
        [0, 32].map(|i| unsafe { _mm512_loadu_epi16(POWERS_DOWN[i..].as_ptr().cast()) });
    let (zero, half, lower) =
        (_mm512_setzero_si512(), _mm512_set1_epi16(128), _mm512_set1_epi32(1));
    let keys = &mut queries.keys;
    let largest = largest.map(|largest| _mm512_set1_epi32(largest));
    let mut parts = [zero; N];
    let lines = keys.soon.lines().div_ceil(keys.n_seen().max(1));
    for run in keys.seen.clone() {
        for block in run {
            keys.soon.fetch(lines);
            for q in 0..N {
                let at = (first + q) * keys.blocks + block;
                let depth = _mm512_sub_epi16(largest[q], load(&keys.raw[at]));
                // Of the index the lowest six bits count; a shift by 16 and more leaves nothing.
                let octaves = _mm512_srli_epi16::<{ STEPS.trailing_zeros() }>(depth);
                let power = _mm512_srlv_epi16(_mm512_permutex2var_epi16(near, depth, far), octaves);
                parts[q] = _mm512_dpwssd_epi32(parts[q], _mm512_avg_epu16(power, zero), lower);
                let weights = _mm512_srli_epi32::<24>(_mm512_add_epi16(power, half));
                store_bytes(&mut queries.weights[at], weights);
            }
        }
    }
    parts.map(|parts| {
        let (low, high) = (_mm512_castsi512_si256(parts), _mm512_extracti64x4_epi64::<1>(parts));
        let sums = _mm512_add_epi64(_mm512_cvtepu32_epi64(low), _mm512_cvtepu32_epi64(high));
        _mm512_reduce_add_epi64(sums) as u64
    })
}
