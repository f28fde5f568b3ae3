//! Scores to weights of 8 bits with NEON: what `plain::steps` does, a block of 16 slots in four registers.
//!
//! Written out because the compiler looks powers up one by one, and keeps maxima in memory.

use std::arch::aarch64::*;

use super::blocks::{bits, four, four_floats};
use super::powers::Powers;
use crate::kernels::operands::{LANES, StepQueries, fill_unseen, seen};
use crate::kernels::plain::octaves::STEPS;
use crate::kernels::plain::steps::{FURTHEST, INVISIBLE, steps_scale, sum_factor};

// SAFETY of this file: every processor of this architecture has the instructions, and what is loaded and stored are whole
// blocks of 16.

/// Sixteen numbers of 16 bits.
type Eights = [int16x8_t; 2];

/// Weighs the slots of queries.
pub fn weigh(queries: &mut StepQueries) {
    for weights in queries.weights.chunks_exact_mut(queries.keys.blocks.max(1)) {
        fill_unseen(weights, &queries.keys.seen);
    }
    for query in 0..queries.factors.len() {
        let (score, scaled) = scores(queries, query);
        queries.factors[query] = match score {
            INVISIBLE => 0.0,
            _ => sum_factor(score, scaled, weights(queries, query, score, scaled)),
        };
    }
}

/// Sums to scores, in place: of each block sixteen scores, then those with the values' scales. Gives the largest of both.
#[inline(always)]
fn scores(queries: &mut StepQueries, query: usize) -> (i16, i16) {
    let keys = &mut queries.keys;
    let raw = &mut keys.raw[query * keys.blocks..(query + 1) * keys.blocks];
    // SAFETY: see above.
    unsafe {
        let q_scale = vdupq_n_f32(steps_scale(keys.q_scales[query]));
        let (least, most) = (vdupq_n_f32(-FURTHEST), vdupq_n_f32(FURTHEST));
        let invisible = vdupq_n_s16(INVISIBLE);
        let mut largest = [[invisible; 2]; 2];
        for run in keys.seen.clone() {
            for block in run {
                let seen = seen(&keys.visible, block);
                let (corrections, scales) = (&keys.corrections[block], &keys.scales[block]);
                let (raw, logs) = (&mut raw[block], &queries.logs[block]);
                let steps: [int32x4_t; 4] = std::array::from_fn(|i| {
                    let exact = vsubq_s32(four(raw, i), four(corrections, i));
                    let scaled = vmulq_f32(vcvtq_f32_s32(exact), four_floats(scales, i));
                    let steps = vmulq_f32(scaled, q_scale);
                    // The number that is one, where the other is not.
                    vcvtnq_s32_f32(vminnmq_f32(vmaxnmq_f32(steps, least), most))
                });
                let logs: [int16x4_t; 4] =
                    std::array::from_fn(|i| vshrn_n_s32::<16>(four(logs, i)));
                let mut score = halves(steps.map(|four| vmovn_s32(four)));
                let logs = halves(logs);
                let mut scaled = [0, 1].map(|i| vaddq_s16(score[i], logs[i]));
                if seen != u16::MAX {
                    let [a, b, c, d] = bits(seen).map(|four| vmovn_u32(four));
                    let seen = [vcombine_u16(a, b), vcombine_u16(c, d)];
                    for i in 0..2 {
                        score[i] = vbslq_s16(seen[i], score[i], invisible);
                        scaled[i] = vbslq_s16(seen[i], scaled[i], invisible);
                    }
                }
                let to = raw.as_mut_ptr().cast::<i16>();
                for (i, (all, largest)) in [score, scaled].iter().zip(&mut largest).enumerate() {
                    for half in 0..2 {
                        largest[half] = vmaxq_s16(largest[half], all[half]);
                        vst1q_s16(to.add(LANES * i + 8 * half), all[half]);
                    }
                }
            }
        }
        let [score, scaled] = largest.map(|[a, b]| vmaxvq_s16(vmaxq_s16(a, b)));
        (score, scaled)
    }
}

/// Scores to weights; gives the denominator.
#[inline(always)]
fn weights(queries: &mut StepQueries, query: usize, score_max: i16, scaled_max: i16) -> u64 {
    let keys = &queries.keys;
    let first = query * keys.blocks;
    let powers = Powers::new();
    // SAFETY: see above.
    unsafe {
        let (score_max, scaled_max) = (vdupq_n_s16(score_max), vdupq_n_s16(scaled_max));
        // Four numbers of at most 32,640 to each part of four from a block: 2^31 from 2^14 blocks.
        let mut parts = vdupq_n_u32(0);
        for run in keys.seen.clone() {
            for block in run {
                let from = keys.raw[first + block].as_ptr().cast::<i16>();
                let load = |i| [vld1q_s16(from.add(i)), vld1q_s16(from.add(i + 8))];
                for power in down(powers, score_max, load(0)) {
                    parts = vpadalq_u16(parts, vrshrq_n_u16::<1>(power));
                }
                let [low, high] = down(powers, scaled_max, load(LANES));
                let weights = vrshrn_high_n_u16::<8>(vrshrn_n_u16::<8>(low), high);
                vst1q_u8(queries.weights[first + block].as_mut_ptr(), weights);
            }
        }
        vaddlvq_u32(parts)
    }
}

/// `TOP` times two to the power of the steps from `largest` down to each.
#[inline(always)]
fn down(powers: Powers, largest: int16x8_t, steps: Eights) -> [uint16x8_t; 2] {
    // SAFETY: see above.
    unsafe {
        let depth = steps.map(|eight| vreinterpretq_u16_s16(vsubq_s16(largest, eight)));
        let lower = depth.map(|eight| vreinterpretq_u8_u16(eight));
        let power = powers.at(vuzp1q_u8(lower[0], lower[1]));
        [0, 1].map(|i| {
            // A shift by 16 leaves nothing; of one by more only the lowest byte would count.
            let octaves = vshrq_n_u16::<{ STEPS.trailing_zeros() as i32 }>(depth[i]);
            let octaves = vreinterpretq_s16_u16(vminq_u16(octaves, vdupq_n_u16(16)));
            vshlq_u16(power[i], vnegq_s16(octaves))
        })
    }
}

/// Two registers of four.
#[inline(always)]
fn halves([a, b, c, d]: [int16x4_t; 4]) -> Eights {
    // SAFETY: see above.
    unsafe { [vcombine_s16(a, b), vcombine_s16(c, d)] }
}
