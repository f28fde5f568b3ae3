//! Blocks of 16 numbers, four in a register.

use std::arch::aarch64::*;

use crate::kernels::operands::LANES;

// SAFETY of this file: every processor of this architecture has the instructions, and what is loaded is in the block.

/// Numbers `4 * i` to `4 * i + 3`.
#[inline(always)]
pub fn four(block: &[i32; LANES], i: usize) -> int32x4_t {
    // SAFETY: see above.
    unsafe { vld1q_s32(block[4 * i..][..4].as_ptr()) }
}

/// The same of floats.
#[inline(always)]
pub fn four_floats(block: &[f32; LANES], i: usize) -> float32x4_t {
    // SAFETY: see above.
    unsafe { vld1q_f32(block[4 * i..][..4].as_ptr()) }
}

/// All bits where a slot's bit is set in `seen`, none where it is not.
#[inline(always)]
pub fn bits(seen: u16) -> [uint32x4_t; 4] {
    const BITS: [u32; LANES] = {
        let mut bits = [1; LANES];
        let mut i = 0;
        while i < LANES {
            bits[i] <<= i;
            i += 1;
        }
        bits
    };
    // SAFETY: see above.
    std::array::from_fn(|i| unsafe {
        vtstq_u32(vdupq_n_u32(u32::from(seen)), vld1q_u32(BITS[4 * i..].as_ptr()))
    })
}
