//! Products with `sdot` and `udot`, which multiply 16 bytes by 16 and add four products to each of four sums.
//!
//! Neither multiplies unsigned bytes by signed ones. Where sums over activations 128 lower will do, these are made signed;
//! else the weights are made unsigned by adding 128, and 128 times the row's sum is taken off at the end. All of it is
//! modulo 2^32, and the end fits: 255 * 128 * MAX_K = 2,147,450,880 in magnitude, below 2^31.
//!
//! The intrinsics are not stable yet (`stdarch_neon_dotprod`), so the instructions are written as such.

use std::arch::aarch64::*;
use std::arch::asm;
use std::ops::Range;

use super::product::{Tiles, by};
use super::sinks::{REGISTERS, Sink128, Sums};
use crate::kernels::operands::{BLOCK_BYTES, Operands};

/// The tiles of this set.
pub struct Dotprod;

/// Bytes of a row that one register holds: four blocks of columns.
const STEP: usize = 16;

impl Tiles for Dotprod {
    /// 16 sums, 4 registers of activations, 4 of their sums, and some of weights.
    const MOST_ROWS: usize = 4;

    #[inline(always)]
    unsafe fn rows<S: Sink128>(
        job: &Operands,
        row: usize,
        rows: usize,
        panels: Range<usize>,
        sink: &mut S,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            match rows {
                // As many sums as make the multipliers busy: each waits for the one before it.
                1 => by::<Self, 1, 4, S>(job, row, panels, sink),
                2 => by::<Self, 2, 2, S>(job, row, panels, sink),
                3 => by::<Self, 3, 1, S>(job, row, panels, sink),
                _ => by::<Self, 4, 1, S>(job, row, panels, sink),
            }
        }
    }

    #[target_feature(enable = "neon,dotprod")]
    unsafe fn tile<const ROWS: usize, const PANELS: usize, S: Sink128>(
        job: &Operands,
        row: usize,
        panel: usize,
        sink: &mut S,
    ) {
        let (signs, ones) = (vdupq_n_u8(128), vdupq_n_u8(1));
        let mut sums = [[[vdupq_n_s32(0); REGISTERS]; PANELS]; ROWS];
        let mut totals = [vdupq_n_s32(0); ROWS];
        // SAFETY: `check` saw m rows of k bytes at a_stride and n_panels of 16 k bytes at b_panel_stride; each step reads 16
        // bytes of each row and 256 of each panel, k / 16 times.
        unsafe {
            let a = job.a.as_ptr().add(row * job.a_stride);
            let b = job.b.as_ptr().add(panel * job.b_panel_stride).cast::<u8>();
            for step in 0..job.k / STEP {
                let rows: [uint8x16_t; ROWS] = std::array::from_fn(|r| {
                    let bytes = vld1q_u8(a.add(r * job.a_stride + step * STEP));
                    if S::TAKES_LOWERED { veorq_u8(bytes, signs) } else { bytes }
                });
                if !S::TAKES_LOWERED {
                    for (total, &row) in totals.iter_mut().zip(&rows) {
                        *total = dot::<false, 0>(*total, row, ones);
                    }
                }
                let b = b.add(step * STEP / 4 * BLOCK_BYTES);
                let stride = job.b_panel_stride;
                block::<0, ROWS, PANELS, S>(&mut sums, b, stride, &rows, signs);
                block::<1, ROWS, PANELS, S>(&mut sums, b, stride, &rows, signs);
                block::<2, ROWS, PANELS, S>(&mut sums, b, stride, &rows, signs);
                block::<3, ROWS, PANELS, S>(&mut sums, b, stride, &rows, signs);
            }
            // Those above stay in registers, having no place in memory.
            let sums = sums;
            for p in 0..PANELS {
                let shared = sink.panel128(panel + p, S::TAKES_LOWERED);
                for (r, sums) in sums.iter().enumerate() {
                    let mut sums = sums[p];
                    if !S::TAKES_LOWERED {
                        let beyond = vdupq_n_s32(vaddvq_s32(totals[r]).wrapping_mul(128));
                        sums = sums.map(|four| vsubq_s32(four, beyond));
                    }
                    sink.put128(row + r, panel + p, &shared, sums);
                }
            }
        }
    }
}

/// Adds the products with block `BLOCK` of four in each panel.
///
/// # Safety
/// Reads 64 bytes of each panel, `BLOCK` times as many from `b` on, which is in the first; they are `stride` apart.
#[inline]
#[target_feature(enable = "neon,dotprod")]
unsafe fn block<const BLOCK: usize, const ROWS: usize, const PANELS: usize, S: Sink128>(
    sums: &mut [[Sums; PANELS]; ROWS],
    b: *const u8,
    stride: usize,
    rows: &[uint8x16_t; ROWS],
    signs: uint8x16_t,
) {
    for p in 0..PANELS {
        for i in 0..REGISTERS {
            // SAFETY: the caller's promise.
            let weights = unsafe { vld1q_u8(b.add(p * stride + BLOCK * BLOCK_BYTES + 16 * i)) };
            let weights = if S::TAKES_LOWERED { weights } else { veorq_u8(weights, signs) };
            for (sums, &row) in sums.iter_mut().zip(rows) {
                let sum = &mut sums[p][i];
                *sum = match S::TAKES_LOWERED {
                    true => dot::<true, BLOCK>(*sum, weights, row),
                    false => dot::<false, BLOCK>(*sum, weights, row),
                };
            }
        }
    }
}

/// Adds to each of four sums the products of four bytes of `weights` and bytes `4 * AT` to `4 * AT + 3` of `row`.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn dot<const SIGNED: bool, const AT: usize>(
    mut sum: int32x4_t,
    weights: uint8x16_t,
    row: uint8x16_t,
) -> int32x4_t {
    // SAFETY: computes on registers alone.
    unsafe {
        match SIGNED {
            true => asm!(
                "sdot {:v}.4s, {:v}.16b, {:v}.4b[{}]",
                inout(vreg) sum, in(vreg) weights, in(vreg) row, const AT,
                options(pure, nomem, nostack, preserves_flags),
            ),
            false => asm!(
                "udot {:v}.4s, {:v}.16b, {:v}.4b[{}]",
                inout(vreg) sum, in(vreg) weights, in(vreg) row, const AT,
                options(pure, nomem, nostack, preserves_flags),
            ),
        }
    }
    sum
}
