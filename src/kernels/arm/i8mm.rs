//! Products with the instructions that multiply unsigned by signed bytes.
//!
//! `usmmla` multiplies two rows by two outputs, eight columns of each: 32 products, twice as many as a dot product. It wants
//! eight columns of an output side by side, and a panel has four; two blocks of it are put together by a `zip` for each
//! register, which is worth while from four rows on. For fewer there is `sudot`, `sdot` with unsigned activations.
//!
//! At most 255 * 128 * MAX_K = 2,147,450,880 in magnitude, below 2^31. The intrinsics are not stable yet
//! (`stdarch_neon_i8mm`), so the instructions are written as such.

use std::arch::aarch64::*;
use std::arch::asm;
use std::ops::Range;

use super::product::{Tiles, by};
use super::sinks::{REGISTERS, Sink128, Sums};
use crate::kernels::operands::{BLOCK_BYTES, Operands};

/// The tiles of this set.
pub struct I8mm;

/// Columns of a row that a dot product takes from one register: four blocks.
const STEP: usize = 16;

/// Columns that `usmmla` multiplies: two blocks.
const MATRIX_COLS: usize = 8;

impl Tiles for I8mm {
    /// 24 sums of two rows by two outputs, 3 registers of activations, and some of weights.
    const MOST_ROWS: usize = 6;

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
                _ => {
                    for panel in panels {
                        match rows {
                            4 => matrices::<4, 2, S>(job, row, panel, sink),
                            5 => matrices::<5, 3, S>(job, row, panel, sink),
                            _ => matrices::<6, 3, S>(job, row, panel, sink),
                        }
                    }
                }
            }
        }
    }

    #[target_feature(enable = "neon,i8mm")]
    unsafe fn tile<const ROWS: usize, const PANELS: usize, S: Sink128>(
        job: &Operands,
        row: usize,
        panel: usize,
        sink: &mut S,
    ) {
        let mut sums = [[[vdupq_n_s32(0); REGISTERS]; PANELS]; ROWS];
        // SAFETY: `check` saw m rows of k bytes at a_stride and n_panels of 16 k bytes at b_panel_stride; each step reads 16
        // bytes of each row and 256 of each panel, k / 16 times.
        unsafe {
            let a = job.a.as_ptr().add(row * job.a_stride);
            let b = job.b.as_ptr().add(panel * job.b_panel_stride);
            for step in 0..job.k / STEP {
                let rows: [uint8x16_t; ROWS] =
                    std::array::from_fn(|r| vld1q_u8(a.add(r * job.a_stride + step * STEP)));
                let b = b.add(step * STEP / 4 * BLOCK_BYTES);
                let stride = job.b_panel_stride;
                block::<0, ROWS, PANELS>(&mut sums, b, stride, &rows);
                block::<1, ROWS, PANELS>(&mut sums, b, stride, &rows);
                block::<2, ROWS, PANELS>(&mut sums, b, stride, &rows);
                block::<3, ROWS, PANELS>(&mut sums, b, stride, &rows);
            }
            // Those above stay in registers, having no place in memory.
            let sums = sums;
            for p in 0..PANELS {
                let shared = sink.panel128(panel + p, false);
                for (r, sums) in sums.iter().enumerate() {
                    sink.put128(row + r, panel + p, &shared, sums[p]);
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
#[target_feature(enable = "neon,i8mm")]
unsafe fn block<const BLOCK: usize, const ROWS: usize, const PANELS: usize>(
    sums: &mut [[Sums; PANELS]; ROWS],
    b: *const i8,
    stride: usize,
    rows: &[uint8x16_t; ROWS],
) {
    for p in 0..PANELS {
        for i in 0..REGISTERS {
            // SAFETY: the caller's promise.
            let weights = unsafe { vld1q_s8(b.add(p * stride + BLOCK * BLOCK_BYTES + 16 * i)) };
            for (sums, &row) in sums.iter_mut().zip(rows) {
                sums[p][i] = dot::<BLOCK>(sums[p][i], weights, row);
            }
        }
    }
}

/// Adds to each of four sums the products of four bytes of `weights` and bytes `4 * AT` to `4 * AT + 3` of `row`.
#[inline]
#[target_feature(enable = "neon,i8mm")]
fn dot<const AT: usize>(mut sum: int32x4_t, weights: int8x16_t, row: uint8x16_t) -> int32x4_t {
    // SAFETY: computes on registers alone.
    unsafe {
        asm!(
            "sudot {:v}.4s, {:v}.16b, {:v}.4b[{}]",
            inout(vreg) sum, in(vreg) weights, in(vreg) row, const AT,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}

/// Sums `ROWS` rows from `row`, in `PAIRS` pairs, against one panel.
///
/// # Safety
/// As for `Tiles::tile`; the pairs have all rows, and of the last one perhaps one too many.
#[target_feature(enable = "neon,i8mm")]
unsafe fn matrices<const ROWS: usize, const PAIRS: usize, S: Sink128>(
    job: &Operands,
    row: usize,
    panel: usize,
    sink: &mut S,
) {
    // Of two rows and two outputs each: row 0 with both, then row 1.
    let mut sums = [[[vdupq_n_s32(0); 2]; REGISTERS]; PAIRS];
    // SAFETY: `check` saw m rows of k bytes at a_stride and n_panels of 16 k bytes at b_panel_stride; each step reads 8
    // bytes of each row and 128 of the panel, k / 8 times.
    unsafe {
        // Where a row has no other beside it, it is its own, and the sums are not looked at.
        let a: [[*const u8; 2]; PAIRS] = std::array::from_fn(|pair| {
            [2 * pair, (2 * pair + 1).min(ROWS - 1)]
                .map(|r| job.a.as_ptr().add((row + r) * job.a_stride))
        });
        let b = job.b.as_ptr().add(panel * job.b_panel_stride);
        for step in 0..job.k / MATRIX_COLS {
            let at = step * MATRIX_COLS;
            let pairs: [uint8x16_t; PAIRS] = std::array::from_fn(|pair| {
                let [one, two] = a[pair].map(|row| vld1_u8(row.add(at)));
                vcombine_u8(one, two)
            });
            let b = b.add(step * 2 * BLOCK_BYTES);
            for i in 0..REGISTERS {
                let [first, second] = [0, BLOCK_BYTES]
                    .map(|block| vreinterpretq_s32_s8(vld1q_s8(b.add(block + 16 * i))));
                let outputs = vreinterpretq_s8_s32(vzip1q_s32(first, second));
                for (sums, &pair) in sums.iter_mut().zip(&pairs) {
                    sums[i][0] = matrix(sums[i][0], pair, outputs);
                }
                let outputs = vreinterpretq_s8_s32(vzip2q_s32(first, second));
                for (sums, &pair) in sums.iter_mut().zip(&pairs) {
                    sums[i][1] = matrix(sums[i][1], pair, outputs);
                }
            }
        }
        let shared = sink.panel128(panel, false);
        for (r, sums) in (0..ROWS).map(|r| (r, &sums[r / 2])) {
            let of_row = |[low, high]: [int32x4_t; 2]| {
                let (low, high) = (vreinterpretq_s64_s32(low), vreinterpretq_s64_s32(high));
                let both = if r % 2 == 0 { vzip1q_s64(low, high) } else { vzip2q_s64(low, high) };
                vreinterpretq_s32_s64(both)
            };
            sink.put128(row + r, panel, &shared, sums.map(of_row));
        }
    }
}

/// Adds the products of two rows and two outputs, eight columns of each.
///
/// Not called pure, so that the compiler leaves the order of the products: in its own there are more weights at a time than
/// there are registers left.
#[inline]
#[target_feature(enable = "neon,i8mm")]
fn matrix(mut sum: int32x4_t, rows: uint8x16_t, outputs: int8x16_t) -> int32x4_t {
    // SAFETY: computes on registers alone.
    unsafe {
        asm!(
            "usmmla {:v}.4s, {:v}.16b, {:v}.16b",
            inout(vreg) sum, in(vreg) rows, in(vreg) outputs,
            options(nomem, nostack, preserves_flags),
        );
    }
    sum
}
