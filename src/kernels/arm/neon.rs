//! Products with what every processor of this architecture has: bytes multiplied to 16 bits, and pairs of these added to
//! 32 bits.
//!
//! Where the weights stay within +-63 and sums over activations 128 lower will do, four products are added in 16 bits: at most
//! 4 * 128 * 63 = 32,256, below 2^15. Else both sides are unsigned, the weights with 128 added to them, every product goes to
//! 32 bits by itself, and 128 times the row's sum is taken off at the end: at most 255 * 255 * MAX_K = 4,278,124,800 before,
//! below 2^32, and 255 * 128 * MAX_K = 2,147,450,880 in magnitude after, below 2^31.

use std::arch::aarch64::*;
use std::ops::Range;

use super::product::{Tiles, by, grouped, product};
use super::sinks::{REGISTERS, Sink128};
use crate::kernels::operands::{BLOCK_BYTES, LayerPart, Operands};

/// Columns of a row that one register holds: four blocks.
const STEP: usize = 16;

/// Rows in the largest tile: 16 registers of sums, each of two outputs in two parts; 8 of activations, four columns each over
/// and over; 4 of weights, 2 of products.
const MOST_ROWS: usize = 2;

/// Sums every row against every panel.
///
/// # Safety
/// The operands were checked; the sink takes every row and panel.
pub unsafe fn any_product<S: Sink128>(job: &Operands, sink: &mut S) {
    // SAFETY: the caller's promise.
    unsafe {
        match job.b_bounded_63 && S::TAKES_LOWERED {
            true => product::<Bounded, S>(job, sink),
            false => product::<Unbounded, S>(job, sink),
        }
    }
}

/// Multiplies a part of a layer of several scale groups.
///
/// # Safety
/// All that the part speaks of is there, as `linear` checks.
pub unsafe fn any_grouped(part: &LayerPart) {
    // SAFETY: the caller's promise.
    unsafe {
        match part.w.weights_bounded_63 {
            true => grouped::<Bounded>(part),
            false => grouped::<Unbounded>(part),
        }
    }
}

/// Chooses the tile by the number of rows.
///
/// # Safety
/// As for `Tiles::rows`.
#[inline(always)]
unsafe fn rows<T: Tiles, S: Sink128>(
    job: &Operands,
    row: usize,
    rows: usize,
    panels: Range<usize>,
    sink: &mut S,
) {
    // SAFETY: the caller's promise.
    unsafe {
        match rows {
            1 => by::<T, 1, 1, S>(job, row, panels, sink),
            _ => by::<T, 2, 1, S>(job, row, panels, sink),
        }
    }
}

/// Tiles of weights within +-63.
pub struct Bounded;

impl Tiles for Bounded {
    const MOST_ROWS: usize = MOST_ROWS;

    #[inline(always)]
    unsafe fn rows<S: Sink128>(
        job: &Operands,
        row: usize,
        rows: usize,
        panels: Range<usize>,
        sink: &mut S,
    ) {
        // SAFETY: the caller's promise.
        unsafe { self::rows::<Self, S>(job, row, rows, panels, sink) }
    }

    unsafe fn tile<const ROWS: usize, const PANELS: usize, S: Sink128>(
        job: &Operands,
        row: usize,
        panel: usize,
        sink: &mut S,
    ) {
        // SAFETY: `check` saw m rows of k bytes at a_stride and n_panels of 16 k bytes at b_panel_stride; each step reads 16
        // bytes of each row and 256 of each panel, k / 16 times.
        unsafe {
            let signs = vdupq_n_u8(128);
            // Outputs 0 and 1, then 2 and 3, each in two parts side by side.
            let mut sums = [[[[vdupq_n_s32(0); 2]; REGISTERS]; PANELS]; ROWS];
            let a = job.a.as_ptr().add(row * job.a_stride);
            let b = job.b.as_ptr().add(panel * job.b_panel_stride);
            for step in 0..job.k / STEP {
                let rows: [[int8x16_t; 4]; ROWS] = std::array::from_fn(|r| {
                    let bytes = vld1q_u8(a.add(r * job.a_stride + step * STEP));
                    repeated(veorq_u8(bytes, signs)).map(|four| vreinterpretq_s8_u8(four))
                });
                let b = b.add(step * STEP / 4 * BLOCK_BYTES);
                for (p, i) in (0..PANELS * REGISTERS).map(|i| (i / REGISTERS, i % REGISTERS)) {
                    let b = b.add(p * job.b_panel_stride + 16 * i);
                    let weights: [int8x16_t; 4] =
                        std::array::from_fn(|block| vld1q_s8(b.add(block * BLOCK_BYTES)));
                    for (sums, row) in sums.iter_mut().zip(&rows) {
                        let mut low = vmull_s8(vget_low_s8(weights[0]), vget_low_s8(row[0]));
                        let mut high = vmull_high_s8(weights[0], row[0]);
                        for (&weights, &row) in weights[1..].iter().zip(&row[1..]) {
                            low = vmlal_s8(low, vget_low_s8(weights), vget_low_s8(row));
                            high = vmlal_high_s8(high, weights, row);
                        }
                        let [sum_low, sum_high] = &mut sums[p][i];
                        *sum_low = vpadalq_s16(*sum_low, low);
                        *sum_high = vpadalq_s16(*sum_high, high);
                    }
                }
            }
            for p in 0..PANELS {
                let shared = sink.panel128(panel + p, true);
                for (r, sums) in sums.iter().enumerate() {
                    let whole = sums[p].map(|[low, high]| vpaddq_s32(low, high));
                    sink.put128(row + r, panel + p, &shared, whole);
                }
            }
        }
    }
}

/// Tiles of any weights.
pub struct Unbounded;

impl Tiles for Unbounded {
    const MOST_ROWS: usize = MOST_ROWS;

    #[inline(always)]
    unsafe fn rows<S: Sink128>(
        job: &Operands,
        row: usize,
        rows: usize,
        panels: Range<usize>,
        sink: &mut S,
    ) {
        // SAFETY: the caller's promise.
        unsafe { self::rows::<Self, S>(job, row, rows, panels, sink) }
    }

    unsafe fn tile<const ROWS: usize, const PANELS: usize, S: Sink128>(
        job: &Operands,
        row: usize,
        panel: usize,
        sink: &mut S,
    ) {
        // SAFETY: as for weights within bounds.
        unsafe {
            let signs = vdupq_n_u8(128);
            let mut sums = [[[[vdupq_n_u32(0); 2]; REGISTERS]; PANELS]; ROWS];
            let mut totals = [vdupq_n_u32(0); ROWS];
            let a = job.a.as_ptr().add(row * job.a_stride);
            let b = job.b.as_ptr().add(panel * job.b_panel_stride).cast::<u8>();
            for step in 0..job.k / STEP {
                let rows: [[uint8x16_t; 4]; ROWS] = std::array::from_fn(|r| {
                    let bytes = vld1q_u8(a.add(r * job.a_stride + step * STEP));
                    totals[r] = vpadalq_u16(totals[r], vpaddlq_u8(bytes));
                    repeated(bytes)
                });
                let b = b.add(step * STEP / 4 * BLOCK_BYTES);
                for (p, i) in (0..PANELS * REGISTERS).map(|i| (i / REGISTERS, i % REGISTERS)) {
                    let b = b.add(p * job.b_panel_stride + 16 * i);
                    for block in 0..4 {
                        let weights = veorq_u8(vld1q_u8(b.add(block * BLOCK_BYTES)), signs);
                        for (sums, row) in sums.iter_mut().zip(&rows) {
                            let low = vmull_u8(vget_low_u8(weights), vget_low_u8(row[block]));
                            let high = vmull_high_u8(weights, row[block]);
                            let [sum_low, sum_high] = &mut sums[p][i];
                            *sum_low = vpadalq_u16(*sum_low, low);
                            *sum_high = vpadalq_u16(*sum_high, high);
                        }
                    }
                }
            }
            for p in 0..PANELS {
                let shared = sink.panel128(panel + p, false);
                for (r, sums) in sums.iter().enumerate() {
                    let beyond = vdupq_n_u32(vaddvq_u32(totals[r]).wrapping_mul(128));
                    let whole = sums[p].map(|[low, high]| {
                        vreinterpretq_s32_u32(vsubq_u32(vpaddq_u32(low, high), beyond))
                    });
                    sink.put128(row + r, panel + p, &shared, whole);
                }
            }
        }
    }
}

/// Each four columns of sixteen, four times over.
#[inline(always)]
fn repeated(columns: uint8x16_t) -> [uint8x16_t; 4] {
    // SAFETY: every processor of this architecture has these instructions.
    unsafe {
        let fours = vreinterpretq_u32_u8(columns);
        [
            vdupq_laneq_u32::<0>(fours),
            vdupq_laneq_u32::<1>(fours),
            vdupq_laneq_u32::<2>(fours),
            vdupq_laneq_u32::<3>(fours),
        ]
        .map(|four| vreinterpretq_u8_u32(four))
    }
}
