//! The product with AVX2, which has no exact byte product of its own.
//!
//! `vpmaddubsw` adds two products of unsigned and signed bytes in 16 bits, and *saturates*: with
//! 255 and 127 it gives 32,767 for 64,770. Where the signed bytes stay within +-63 the pair is at
//! most 2 * 255 * 63 = 32,130, and exact. Other bytes (keys and values) are widened to 16 bits
//! first, which costs twice the instructions.

use std::arch::x86_64::*;

use crate::kernels::operands::{BLOCK_BYTES, LANES, Operands, Sink};

/// Rows in the largest tile: 8 sums, and registers for weights, activations and products.
const MOST_ROWS: usize = 4;

/// Panels that stay close while all rows pass by, so that each row is fetched once for 64 outputs.
const PANELS_CLOSE: usize = 4;

/// Sums every row against every panel.
///
/// # Safety
/// The CPU has AVX2; the operands were checked; the sink takes every row and panel.
#[target_feature(enable = "avx2")]
pub unsafe fn product<S: Sink>(job: &Operands, sink: &mut S) {
    // SAFETY: the caller's promise.
    unsafe {
        if job.b_bounded_63 {
            panels::<true, S>(job, sink);
        } else {
            panels::<false, S>(job, sink);
        }
    }
}

/// # Safety
/// As for `product`.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn panels<const BOUNDED: bool, S: Sink>(job: &Operands, sink: &mut S) {
    let tiles = job.m.div_ceil(MOST_ROWS);
    for from in (0..job.n_panels).step_by(PANELS_CLOSE) {
        let close = from..job.n_panels.min(from + PANELS_CLOSE);
        let mut row = 0;
        for tile in 0..tiles {
            let rows = (job.m - row).div_ceil(tiles - tile);
            for panel in close.clone() {
                // SAFETY: rows row..row + rows and the panel are within the job.
                unsafe {
                    match rows {
                        1 => self::tile::<1, BOUNDED, S>(job, row, panel, sink),
                        2 => self::tile::<2, BOUNDED, S>(job, row, panel, sink),
                        3 => self::tile::<3, BOUNDED, S>(job, row, panel, sink),
                        _ => self::tile::<4, BOUNDED, S>(job, row, panel, sink),
                    }
                }
            }
            row += rows;
        }
    }
}

/// Sums `ROWS` rows from `row` against one panel.
///
/// # Safety
/// The rows and the panel are within the job, the CPU has AVX2.
#[target_feature(enable = "avx2")]
unsafe fn tile<const ROWS: usize, const BOUNDED: bool, S: Sink>(
    job: &Operands,
    row: usize,
    panel: usize,
    sink: &mut S,
) {
    // At most 255 * 128 * MAX_K = 2,147,450,880 in magnitude, below 2^31.
    let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
    let ones = _mm256_set1_epi16(1);
    let low_bytes = _mm256_set1_epi16(0xff);
    // SAFETY: `check` saw m rows of k bytes at a_stride and n_panels of 16 k bytes at
    // b_panel_stride; each step reads 4 bytes of each row and 64 of the panel, k / 4 times.
    unsafe {
        let a = job.a.as_ptr().add(row * job.a_stride);
        let b = job.b.as_ptr().add(panel * job.b_panel_stride);
        for block in 0..job.k / 4 {
            let at = b.add(block * BLOCK_BYTES).cast::<__m256i>();
            let weights = [_mm256_loadu_si256(at), _mm256_loadu_si256(at.add(1))];
            // The odd bytes and the even ones, each widened to 16 bits.
            let odd = weights.map(|bytes| _mm256_srai_epi16::<8>(bytes));
            let even = weights.map(|bytes| _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(bytes)));
            for (r, sums) in sums.iter_mut().enumerate() {
                let four = a.add(r * job.a_stride + block * 4).cast::<i32>().read_unaligned();
                let four = _mm256_set1_epi32(four);
                for (half, sum) in sums.iter_mut().enumerate() {
                    let products = if BOUNDED {
                        // Pairs within +-32,130, then pairs of pairs.
                        _mm256_madd_epi16(_mm256_maddubs_epi16(four, weights[half]), ones)
                    } else {
                        // Pairs within +-65,280, in 32 bits.
                        let four_even = _mm256_and_si256(four, low_bytes);
                        let four_odd = _mm256_srli_epi16::<8>(four);
                        _mm256_add_epi32(
                            _mm256_madd_epi16(four_even, even[half]),
                            _mm256_madd_epi16(four_odd, odd[half]),
                        )
                    };
                    *sum = _mm256_add_epi32(*sum, products);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            let mut stored = [0i32; LANES];
            let at = stored.as_mut_ptr().cast::<__m256i>();
            _mm256_storeu_si256(at, sums[0]);
            _mm256_storeu_si256(at.add(1), sums[1]);
            sink.put(row + r, panel, &stored);
        }
    }
}
