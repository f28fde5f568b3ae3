//! Scores to weights of 15 bits with NEON: what `plain::fine` does, a block of 16 slots in four registers.
//!
//! Written out because the compiler keeps maxima in memory.

use std::arch::aarch64::*;

use super::blocks::{bits, four, four_floats};
use crate::kernels::operands::{FineQuery, LANES, seen};
use crate::kernels::plain::fine::{DEEPEST, INVISIBLE, UNIT, sum_factor, weight_factor};
use crate::kernels::plain::portable::{EXP2, LARGEST, ROUNDER};

// SAFETY of this file: every processor of this architecture has the instructions, and what is loaded and stored are whole
// blocks of 16.

/// Weighs the slots of a query.
pub fn weigh(query: &mut FineQuery) -> f32 {
    let max = scores(query);
    if max == INVISIBLE {
        return query.nothing();
    }
    let (denominator, largest) = exponentials(query, max);
    let Some(factor) = weight_factor(max, largest) else { return query.nothing() };
    let halves = query.high.iter_mut().zip(query.low.iter_mut());
    for ((high, low), raw) in halves.zip(&*query.raw) {
        // SAFETY: see above.
        unsafe {
            let weights: [int32x4_t; 4] = std::array::from_fn(|i| {
                vcvtnq_s32_f32(vmulq_n_f32(vreinterpretq_f32_s32(four(raw, i)), factor))
            });
            let [a, b, c, d] = weights.map(|four| vreinterpretq_u16_s32(four));
            let (one, two) = (vuzp1q_u16(a, b), vuzp1q_u16(c, d));
            vst1q_u8(high.as_mut_ptr(), vshrn_high_n_u16::<8>(vshrn_n_u16::<8>(one), two));
            vst1q_u8(low.as_mut_ptr(), vmovn_high_u16(vmovn_u16(one), two));
        }
    }
    sum_factor(largest, denominator)
}

/// Sums to scores, in place; gives the largest that is seen.
#[inline(always)]
fn scores(query: &mut FineQuery) -> f32 {
    // SAFETY: see above.
    unsafe {
        let (least, most) = (vdupq_n_f32(-LARGEST), vdupq_n_f32(LARGEST));
        let invisible = vdupq_n_f32(INVISIBLE);
        let mut largest = [invisible; 4];
        let known = query.corrections.iter().zip(query.k_scales);
        for (block, (raw, (corrections, scales))) in query.raw.iter_mut().zip(known).enumerate() {
            let seen = bits(seen(query.visible, block));
            for i in 0..4 {
                let exact = vcvtq_f32_s32(vsubq_s32(four(raw, i), four(corrections, i)));
                let score = vmulq_n_f32(vmulq_f32(exact, four_floats(scales, i)), query.q_scale);
                // The number that is one, where the other is not.
                let score = vminnmq_f32(vmaxnmq_f32(score, least), most);
                vst1q_s32(raw[4 * i..][..4].as_mut_ptr(), vreinterpretq_s32_f32(score));
                largest[i] = vmaxq_f32(largest[i], vbslq_f32(seen[i], score, invisible));
            }
        }
        of_all(largest)
    }
}

/// Scores to exponentials times the values' scales, in place; gives the denominator and the largest.
#[inline(always)]
fn exponentials(query: &mut FineQuery, max: f32) -> (u64, f32) {
    // SAFETY: see above.
    unsafe {
        let zero = vdupq_n_f32(0.0);
        let (mut parts, mut largest) = ([vdupq_n_u32(0); 4], [zero; 4]);
        for (block, (raw, scales)) in query.raw.iter_mut().zip(query.scales).enumerate() {
            let seen = bits(seen(query.visible, block));
            for i in 0..4 {
                let depth = vsubq_f32(vreinterpretq_f32_s32(four(raw, i)), vdupq_n_f32(max));
                let counts = vandq_u32(vcgeq_f32(depth, vdupq_n_f32(DEEPEST)), seen[i]);
                let e = vandq_u32(vreinterpretq_u32_f32(exp2(depth)), counts);
                let e = vreinterpretq_f32_u32(e);
                parts[i] = vaddq_u32(parts[i], vcvtnq_u32_f32(vmulq_n_f32(e, UNIT)));
                // Nothing where it is none, nor where it is less than nothing.
                let g = vmaxnmq_f32(vmulq_f32(e, four_floats(scales, i)), zero);
                largest[i] = vmaxq_f32(largest[i], g);
                vst1q_s32(raw[4 * i..][..4].as_mut_ptr(), vreinterpretq_s32_f32(g));
            }
        }
        (parts.iter().map(|&part| vaddlvq_u32(part)).sum(), of_all(largest))
    }
}

/// `plain::portable::exp2`, of numbers from -40 to 0; others give anything.
#[inline(always)]
fn exp2(t: float32x4_t) -> float32x4_t {
    // SAFETY: see above.
    unsafe {
        let rounder = vdupq_n_f32(ROUNDER);
        let shifted = vaddq_f32(t, rounder);
        let f = vsubq_f32(t, vsubq_f32(shifted, rounder));
        let mut q = vdupq_n_f32(EXP2[5]);
        for &coefficient in EXP2[..5].iter().rev() {
            q = vaddq_f32(vmulq_f32(q, f), vdupq_n_f32(coefficient));
        }
        let p = vaddq_f32(vmulq_f32(q, f), vdupq_n_f32(1.0));
        let power = vshlq_n_s32::<23>(vreinterpretq_s32_f32(shifted));
        vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(p), power))
    }
}

/// The largest of all, none of which is NaN.
#[inline(always)]
fn of_all([a, b, c, d]: [float32x4_t; LANES / 4]) -> f32 {
    // SAFETY: see above.
    unsafe { vmaxvq_f32(vmaxq_f32(vmaxq_f32(a, b), vmaxq_f32(c, d))) }
}
