//! Frequencies with AVX-512: the steps of `plain::frequencies`, 16 logits a register.

use std::arch::x86_64::*;

use super::registers::load_floats;
use crate::kernels::operands::LANES;
use crate::kernels::plain::frequencies::{
    DEEPEST, LARGEST_FREQUENCY, PARTS, PARTS_PER_UNIT, SLOPE, WHOLE, check, end_sums, frequency,
    largest, largest_of,
};
use crate::kernels::plain::octaves::{POWERS_DOWN, STEPS};
use crate::kernels::plain::portable::LARGEST;

/// Blocks whose sums one register holds.
const SUMS: usize = 8;

/// Fills the frequencies and their sums; gives the first of the largest.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
pub fn fill(logits: &[f32], freqs: &mut [u32], block_prefix: &mut [u64]) -> usize {
    check(logits.len(), freqs, block_prefix);
    let (blocks, tail) = logits.as_chunks::<LANES>();
    // Several maxima, since each waits for the one before it; the order cannot matter.
    let mut lanes = [_mm512_set1_ps(-LARGEST); 4];
    for blocks in blocks.chunks(lanes.len()) {
        for (lanes, block) in lanes.iter_mut().zip(blocks) {
            // The second operand is the result where the first is NaN.
            *lanes = _mm512_max_ps(load_floats(block), *lanes);
        }
    }
    let [a, b, c, d] = lanes;
    let lanes = _mm512_max_ps(_mm512_max_ps(a, b), _mm512_max_ps(c, d));
    let max = largest(_mm512_reduce_max_ps(lanes), tail);
    let (freqs, freq_tail) = freqs.as_chunks_mut::<LANES>();
    for (freq, &logit) in freq_tail.iter_mut().zip(tail) {
        *freq = frequency(logit, max);
    }
    let power = Powers::new(max);
    let largest = _mm512_set1_epi32(LARGEST_FREQUENCY as i32);
    let (mut whole, mut best) = (0, None);
    let parts = blocks.chunks(SUMS).zip(freqs.chunks_mut(SUMS)).zip(block_prefix.chunks_mut(SUMS));
    for (part, ((blocks, freqs), prefix)) in parts.enumerate() {
        let mut any = 0;
        let mut sums = [_mm512_setzero_si512(); SUMS];
        for ((block, freq), sum) in blocks.iter().zip(freqs.iter_mut()).zip(&mut sums) {
            let values = power.frequencies(load_floats(block));
            // SAFETY: writes the 64 bytes of the block.
            unsafe { _mm512_storeu_si512(freq.as_mut_ptr().cast(), values) };
            *sum = _mm512_add_epi32(values, _mm512_srli_epi64::<32>(values));
            any |= _mm512_cmpeq_epi32_mask(values, largest);
        }
        if any != 0 && best.is_none() {
            best = Some(part * SUMS * LANES + largest_of(freqs.as_flattened()));
        }
        let mut totals = [0u64; SUMS];
        // SAFETY: writes the 64 bytes of `totals`.
        unsafe { _mm512_storeu_si512(totals.as_mut_ptr().cast(), totals_of(sums)) };
        for (prefix, total) in prefix.iter_mut().zip(&totals[..blocks.len()]) {
            *prefix = whole;
            whole += total;
        }
    }
    end_sums(whole, freq_tail, block_prefix);
    best.unwrap_or_else(|| blocks.len() * LANES + largest_of(freq_tail))
}

/// The lower halves of each register's eight numbers, added: one total a register, in order.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn totals_of([a, b, c, d, e, f, g, h]: [__m512i; SUMS]) -> __m512i {
    let lower = _mm512_set1_epi64(0xffff_ffff);
    // Two registers to one of alternating numbers, four frequencies each.
    let pair = |a, b| {
        let (even, odd) = (_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
        _mm512_and_si512(_mm512_add_epi32(even, odd), lower)
    };
    // Neighbouring parts of 128 bits added, those of `a` in front.
    let fold = |a, b| {
        let even = _mm512_shuffle_i64x2::<0b10_00_10_00>(a, b);
        _mm512_add_epi64(even, _mm512_shuffle_i64x2::<0b11_01_11_01>(a, b))
    };
    fold(fold(pair(a, b), pair(c, d)), fold(pair(e, f), pair(g, h)))
}

/// What turns logits into frequencies.
struct Powers {
    max: __m512,
    per_unit: __m512,
    deepest: __m512,
    near: __m512i,
    far: __m512i,
}

impl Powers {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn new(max: f32) -> Powers {
        // SAFETY: both halves of the 64 numbers.
        let half = |i: usize| unsafe { _mm512_loadu_epi16(POWERS_DOWN[i..].as_ptr().cast()) };
        Powers {
            max: _mm512_set1_ps(max),
            per_unit: _mm512_set1_ps(PARTS_PER_UNIT),
            deepest: _mm512_set1_ps(DEEPEST),
            near: half(0),
            far: half(32),
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn frequencies(&self, logits: __m512) -> __m512i {
        let depth = _mm512_mul_ps(_mm512_sub_ps(self.max, logits), self.per_unit);
        // The second operand is the result where the first is NaN.
        let depth = _mm512_max_ps(_mm512_min_ps(depth, self.deepest), _mm512_setzero_ps());
        let depth = _mm512_cvtps_epi32(depth);
        let steps = _mm512_srli_epi32::<{ PARTS.trailing_zeros() }>(depth);
        // Of an index the lowest six bits count; the upper half of each 32 bits becomes zero.
        let power = _mm512_maskz_permutex2var_epi16(0x5555_5555, self.near, steps, self.far);
        let part = _mm512_and_si512(depth, _mm512_set1_epi32(PARTS as i32 - 1));
        let less = _mm512_mullo_epi16(part, _mm512_set1_epi32(SLOPE as i32));
        let less = _mm512_srli_epi32::<{ PARTS.trailing_zeros() }>(less);
        let power =
            _mm512_mullo_epi32(power, _mm512_sub_epi32(_mm512_set1_epi32(WHOLE as i32), less));
        let octaves = _mm512_srli_epi32::<{ STEPS.trailing_zeros() }>(steps);
        let scaled = _mm512_srlv_epi32(power, octaves);
        _mm512_add_epi32(scaled, _mm512_set1_epi32(1))
    }
}
