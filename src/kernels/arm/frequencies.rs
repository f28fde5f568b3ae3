//! Frequencies with NEON: the steps of `plain::frequencies`, a block of 16 logits in four registers.
//!
//! Written out because the compiler looks powers up one by one.

use std::arch::aarch64::*;

use super::blocks::four_floats;
use super::powers::Powers;
use crate::kernels::operands::LANES;
use crate::kernels::plain::frequencies::{
    DEEPEST, LARGEST_FREQUENCY, PARTS, PARTS_PER_UNIT, SLOPE, WHOLE, check, end_sums, frequency,
    largest, largest_of,
};
use crate::kernels::plain::octaves::STEPS;
use crate::kernels::plain::portable::LARGEST;

// SAFETY of this file: every processor of this architecture has the instructions, and what is loaded and stored are whole
// blocks of 16.

/// Blocks between two looks for the largest.
const LOOK: usize = 16;

/// Fills the frequencies and their sums; gives the first of the largest.
pub fn fill(logits: &[f32], freqs: &mut [u32], block_prefix: &mut [u64]) -> usize {
    check(logits.len(), freqs, block_prefix);
    let (blocks, tail) = logits.as_chunks::<LANES>();
    let max = largest(largest_of_blocks(blocks), tail);
    let (freqs, freq_tail) = freqs.as_chunks_mut::<LANES>();
    for (freq, &logit) in freq_tail.iter_mut().zip(tail) {
        *freq = frequency(logit, max);
    }
    let powers = Powers::new();
    let (mut whole, mut best) = (0, None);
    let parts = blocks.chunks(LOOK).zip(freqs.chunks_mut(LOOK)).zip(block_prefix.chunks_mut(LOOK));
    for (part, ((blocks, freqs), prefix)) in parts.enumerate() {
        // SAFETY: see above.
        unsafe {
            let mut most = vdupq_n_u32(0);
            for ((block, freqs), prefix) in blocks.iter().zip(freqs.iter_mut()).zip(prefix) {
                let fours = frequencies(powers, block, max);
                for (to, &four) in freqs.as_chunks_mut::<4>().0.iter_mut().zip(&fours) {
                    vst1q_u32(to.as_mut_ptr(), four);
                    most = vmaxq_u32(most, four);
                }
                let [a, b, c, d] = fours;
                *prefix = whole;
                // Eight of the largest would fit; four are added.
                whole += vaddlvq_u32(vaddq_u32(vaddq_u32(a, b), vaddq_u32(c, d)));
            }
            if best.is_none() && vmaxvq_u32(most) == LARGEST_FREQUENCY {
                best = Some(part * LOOK * LANES + largest_of(freqs.as_flattened()));
            }
        }
    }
    end_sums(whole, freq_tail, block_prefix);
    best.unwrap_or_else(|| blocks.len() * LANES + largest_of(freq_tail))
}

/// The largest of all logits, or the least that counts.
#[inline(always)]
fn largest_of_blocks(blocks: &[[f32; LANES]]) -> f32 {
    // SAFETY: see above.
    unsafe {
        let mut lanes = [vdupq_n_f32(-LARGEST); 4];
        for block in blocks {
            for (i, lanes) in lanes.iter_mut().enumerate() {
                // Not `vmaxnmq_f32`: logits may be such NaN as win there.
                let four = four_floats(block, i);
                *lanes = vbslq_f32(vcgtq_f32(four, *lanes), four, *lanes);
            }
        }
        let [a, b, c, d] = lanes;
        vmaxvq_f32(vmaxq_f32(vmaxq_f32(a, b), vmaxq_f32(c, d)))
    }
}

/// The frequencies of a block.
#[inline(always)]
fn frequencies(powers: Powers, block: &[f32; LANES], max: f32) -> [uint32x4_t; 4] {
    const PART_BITS: i32 = PARTS.trailing_zeros() as i32;
    // SAFETY: see above.
    unsafe {
        let depth: [uint32x4_t; 4] = std::array::from_fn(|i| {
            let below = vsubq_f32(vdupq_n_f32(max), four_floats(block, i));
            let depth = vmulq_n_f32(below, PARTS_PER_UNIT);
            // The number that is one, where the other is not.
            let depth = vminnmq_f32(depth, vdupq_n_f32(DEEPEST));
            vcvtnq_u32_f32(vmaxnmq_f32(depth, vdupq_n_f32(0.0)))
        });
        // Of the steps the lower bytes, and of the parts the lower halves.
        let steps = depth.map(|four| vreinterpretq_u16_u32(vshrq_n_u32::<PART_BITS>(four)));
        let steps = [vuzp1q_u16(steps[0], steps[1]), vuzp1q_u16(steps[2], steps[3])];
        let [low, high] = steps.map(|eight| vreinterpretq_u8_u16(eight));
        let power = powers.at(vuzp1q_u8(low, high));
        let lower = depth.map(|four| vreinterpretq_u16_u32(four));
        let lower = [vuzp1q_u16(lower[0], lower[1]), vuzp1q_u16(lower[2], lower[3])];
        let share = lower.map(|eight| {
            let part = vandq_u16(eight, vdupq_n_u16(PARTS as u16 - 1));
            // 63 * 89 fit.
            let less = vshrq_n_u16::<PART_BITS>(vmulq_n_u16(part, SLOPE as u16));
            vsubq_u16(vdupq_n_u16(WHOLE as u16), less)
        });
        let products = [
            vmull_u16(vget_low_u16(power[0]), vget_low_u16(share[0])),
            vmull_high_u16(power[0], share[0]),
            vmull_u16(vget_low_u16(power[1]), vget_low_u16(share[1])),
            vmull_high_u16(power[1], share[1]),
        ];
        std::array::from_fn(|i| {
            const STEP_BITS: i32 = STEPS.trailing_zeros() as i32;
            let octaves = vshrq_n_u32::<{ PART_BITS + STEP_BITS }>(depth[i]);
            let octaves = vnegq_s32(vreinterpretq_s32_u32(octaves));
            vaddq_u32(vshlq_u32(products[i], octaves), vdupq_n_u32(1))
        })
    }
}
