//! Blocks of 16 slots in AVX-512 registers and out of them.

use std::arch::x86_64::*;

use crate::kernels::operands::LANES;

#[inline]
#[target_feature(enable = "avx512f")]
pub fn load(block: &[i32; LANES]) -> __m512i {
    // SAFETY: reads the 64 bytes of the block.
    unsafe { _mm512_loadu_si512(block.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub fn load_floats(block: &[f32; LANES]) -> __m512 {
    // SAFETY: reads the 64 bytes of the block.
    unsafe { _mm512_loadu_ps(block.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
pub fn store(block: &mut [i32; LANES], values: __m512i) {
    // SAFETY: writes the 64 bytes of the block.
    unsafe { _mm512_storeu_si512(block.as_mut_ptr().cast(), values) };
}

/// Stores the lowest byte of each.
#[inline]
#[target_feature(enable = "avx512f")]
pub fn store_bytes(bytes: &mut [u8; LANES], values: __m512i) {
    // SAFETY: writes the 16 bytes.
    unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(values)) };
}
