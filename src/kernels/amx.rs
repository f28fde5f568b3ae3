//! The product with AMX: 16 x 16 sums of 64 products each in one instruction.
//!
//! `tdpbusd` adds, for every row of its first factor and every column of its second, four products
//! of unsigned by signed bytes at a time to 32-bit sums; nothing saturates, and sums that fit are
//! exact. A tile of the second factor has 16 rows of 64 bytes, one row for each 4 columns of the
//! matrix: that is four blocks times four of a packed panel, 1,024 bytes that lie together.
//!
//! The instructions are written as assembly, because their intrinsics are not stable. The tiles
//! are named by hand: sums in 0..=3, rows of `a` from 4 upwards, panels of `b` up to 7. They hold
//! nothing between two calls, and the compiler never uses them.

mod detect;
mod tiles;

use std::arch::x86_64::*;

pub(super) use self::detect::usable;
use self::tiles::{Shape, TILE_ROWS};
use super::LANES;
use super::gemm::Operands;
use super::sink::Sink;

/// Bytes of panels that stay close while all rows pass by, in the second-level cache of 2 MB.
const CLOSE_BYTES: usize = 512 << 10;

/// Sums every row against every panel.
///
/// Rows are taken 32 at a time, against pairs of panels; what is left of them 32 or 16 at a time
/// with shorter tiles. The shape of the tiles is set anew only between these two.
///
/// # Safety
/// The CPU and the operating system have AMX with bytes, and the CPU has AVX-512 F and DQ; the
/// operands were checked; the sink takes every row and panel.
#[target_feature(enable = "avx512f,avx512dq")]
pub(super) unsafe fn product<S: Sink>(job: &Operands, sink: &mut S) {
    if job.m == 0 || job.n_panels == 0 {
        return;
    }
    if job.k == 0 {
        super::scalar::product(job, sink);
        return;
    }
    // Even, so that only the last pair of all can be one panel alone.
    let close = (CLOSE_BYTES / (job.k * LANES)).max(4) & !1;
    let whole = job.m / (2 * TILE_ROWS) * (2 * TILE_ROWS);
    for from in (0..job.n_panels).step_by(close) {
        let to = job.n_panels.min(from + close);
        // SAFETY: the caller's promise; rows and panels below are within the job.
        unsafe {
            if whole > 0 {
                tiles::configure(Shape { first: TILE_ROWS, second: TILE_ROWS });
                for panel in (from..to).step_by(2) {
                    for row in (0..whole).step_by(2 * TILE_ROWS) {
                        two_by_two(job, row, 2 * TILE_ROWS, panel, to - panel, sink);
                    }
                }
            }
            let rows = job.m - whole;
            if rows > TILE_ROWS {
                tiles::configure(Shape { first: TILE_ROWS, second: rows - TILE_ROWS });
                for panel in (from..to).step_by(2) {
                    two_by_two(job, whole, rows, panel, to - panel, sink);
                }
            } else if rows > 0 {
                tiles::configure(Shape { first: rows, second: rows });
                let mut panel = from;
                while panel < to {
                    panel += one_by_many(job, whole, rows, panel, to - panel, sink);
                }
            }
        }
    }
    // SAFETY: the caller's promise that the instruction is there.
    unsafe { tiles::release() };
}

/// Sums 17 to 32 rows against two panels, or the one that is left.
///
/// # Safety
/// As for `product`; the tiles are configured for these rows, and `left` panels begin at `panel`.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
unsafe fn two_by_two<S: Sink>(
    job: &Operands,
    row: usize,
    rows: usize,
    panel: usize,
    left: usize,
    sink: &mut S,
) {
    let mut sums = tiles::Sums::new();
    // SAFETY: each step of the kernels reads 64 bytes of each configured row and 1,024 of each
    // panel, k / 64 times, which `check` found to be there.
    unsafe {
        let a = job.a.as_ptr().add(row * job.a_stride);
        let b = job.b.as_ptr().add(panel * job.b_panel_stride);
        if left >= 2 {
            tiles::two_by_two(a, job.a_stride, b, job.b_panel_stride, job.k / 64, &mut sums);
            empty(&sums, 0, row, 0..TILE_ROWS, panel, sink);
            empty(&sums, 1, row, 0..TILE_ROWS, panel + 1, sink);
            empty(&sums, 2, row + TILE_ROWS, 0..rows - TILE_ROWS, panel, sink);
            empty(&sums, 3, row + TILE_ROWS, 0..rows - TILE_ROWS, panel + 1, sink);
        } else {
            tiles::two_by_one(a, job.a_stride, b, job.k / 64, &mut sums);
            empty(&sums, 0, row, 0..TILE_ROWS, panel, sink);
            empty(&sums, 2, row + TILE_ROWS, 0..rows - TILE_ROWS, panel, sink);
        }
    }
}

/// Sums up to 16 rows against four panels, or one where fewer are left; gives their number.
///
/// # Safety
/// As for `two_by_two`.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
unsafe fn one_by_many<S: Sink>(
    job: &Operands,
    row: usize,
    rows: usize,
    panel: usize,
    left: usize,
    sink: &mut S,
) -> usize {
    let mut sums = tiles::Sums::new();
    // SAFETY: as in `two_by_two`.
    unsafe {
        let a = job.a.as_ptr().add(row * job.a_stride);
        let b = job.b.as_ptr().add(panel * job.b_panel_stride);
        let panels = if left >= 4 {
            tiles::one_by_four(a, job.a_stride, b, job.b_panel_stride, job.k / 64, &mut sums);
            4
        } else {
            tiles::one_by_one(a, job.a_stride, b, job.k / 64, &mut sums);
            1
        };
        for p in 0..panels {
            empty(&sums, p, row, 0..rows, panel + p, sink);
        }
        panels
    }
}

/// Hands the rows of one stored tile to the sink.
///
/// # Safety
/// The rows from `row` on and the panel are within the job; the tile was stored.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
unsafe fn empty<S: Sink>(
    sums: &tiles::Sums,
    tile: usize,
    row: usize,
    rows: std::ops::Range<usize>,
    panel: usize,
    sink: &mut S,
) {
    for r in rows {
        // SAFETY: the tile has 16 rows of 64 bytes, of which the configured ones were stored.
        unsafe {
            let stored = _mm512_loadu_si512(sums.row(tile, r).cast());
            sink.put512(row + r, panel, stored);
        }
    }
}
