//! The product with AMX: 16 x 16 sums of 64 products each in one instruction.
//!
//! `tdpbusd` adds, for every row of its first factor and every column of its second, four products
//! of unsigned by signed bytes at a time to 32-bit sums; nothing saturates, and sums that fit are
//! exact. A tile of the second factor has 16 rows of 64 bytes, one row for each 4 columns of the
//! matrix: that is four blocks times four of a packed panel, 1,024 bytes that lie together.
//!
//! Four tiles hold sums. To turn these into numbers takes about as long as to make them, so the sums of one block of
//! rows and panels become numbers while the next block is multiplied.
//!
//! The instructions are written as assembly, because their intrinsics are not stable. The tiles
//! are named by hand: sums in 0..=3, rows of `a` from 4 upwards, panels of `b` up to 7. They hold
//! nothing between two calls, and the compiler never uses them.

use std::ops::Range;

use super::blocks::{Ahead, Block, Done};
use super::tiles::{self, Shape, Sums, TILE_ROWS};
use crate::kernels::operands::{LANES, Operands};
use crate::kernels::plain;
use crate::kernels::x86::avx512::Sink512;

/// Bytes of panels that stay close while all rows pass by, in the second-level cache of 2 MB.
const CLOSE_BYTES: usize = 512 << 10;

/// Rows of two full tiles.
pub const PAIR_ROWS: usize = 2 * TILE_ROWS;

/// Steps of 64 columns after which sums are put aside: of so many, two panels are 32 KB and stay in the first-level
/// cache while all rows pass by.
const MOST_STEPS: usize = 16;

/// Blocks of rows whose sums can be put aside.
const MOST_ASIDE: usize = 8;

/// Sums every row against every panel.
///
/// Rows are taken 32 at a time, against pairs of panels; what is left of them 32 or 16 at a time
/// with shorter tiles. The shape of the tiles is set anew only between these two.
///
/// # Safety
/// The CPU and the operating system have AMX with bytes, and the CPU has AVX-512 F and DQ; the
/// operands were checked; the sink takes every row and panel.
#[target_feature(enable = "avx512f,avx512dq")]
pub unsafe fn product<S: Sink512>(job: &Operands, sink: &mut S) {
    if job.m == 0 || job.n_panels == 0 {
        return;
    }
    if job.k == 0 {
        // SAFETY: the caller's promise of the sink.
        return unsafe { plain::product::product(job, sink) };
    }
    // SAFETY: the caller's promises.
    unsafe {
        walk(job, |tiled, panels| match tiled {
            Tiled::Pairs(rows) => pairs(job, rows, panels, sink),
            Tiled::Fours(row) => fours(job, row, panels, sink),
        });
    }
}

/// Rows for which the tiles are configured.
pub enum Tiled {
    /// 32 at a time against two panels: up to 8 times as many, or else one block of 17 to 31.
    Pairs(Range<usize>),
    /// Those from this one on, at most 16, against four panels.
    Fours(usize),
}

/// Shows all rows and panels to `work`, by as many panels as stay close, with the tiles configured for the rows.
///
/// # Safety
/// The CPU and the operating system have AMX.
pub unsafe fn walk(job: &Operands, mut work: impl FnMut(Tiled, Range<usize>)) {
    // Even, so that only the last pair of all can be one panel alone.
    let close = (CLOSE_BYTES / (job.k * LANES)).max(4) & !3;
    let whole = job.m / PAIR_ROWS * PAIR_ROWS;
    let rest = job.m - whole;
    for from in (0..job.n_panels).step_by(close) {
        let panels = from..job.n_panels.min(from + close);
        // SAFETY: the caller's promise; shapes are within a tile's.
        unsafe {
            if whole > 0 {
                tiles::configure(Shape { first: TILE_ROWS, second: TILE_ROWS });
                for first in (0..whole).step_by(MOST_ASIDE * PAIR_ROWS) {
                    let rows = first..whole.min(first + MOST_ASIDE * PAIR_ROWS);
                    work(Tiled::Pairs(rows), panels.clone());
                }
            }
            if rest > TILE_ROWS {
                tiles::configure(Shape { first: TILE_ROWS, second: rest - TILE_ROWS });
                work(Tiled::Pairs(whole..job.m), panels);
            } else if rest > 0 {
                tiles::configure(Shape { first: rest, second: rest });
                work(Tiled::Fours(whole), panels);
            }
        }
    }
    // SAFETY: the caller's promise that the instruction is there.
    unsafe { tiles::release() };
}

/// Sums rows, 32 at a time, against pairs of panels.
///
/// # Safety
/// As for `product`; the tiles are configured for these rows, which are at most `MOST_ASIDE` times 32, all whole or
/// else one block.
#[target_feature(enable = "avx512f,avx512dq")]
unsafe fn pairs<S: Sink512>(
    job: &Operands,
    rows: Range<usize>,
    panels: Range<usize>,
    sink: &mut S,
) {
    let steps = job.k / 64;
    let mut aside = [const { Sums::NEW }; MOST_ASIDE];
    let mut stored = [Sums::NEW, Sums::NEW];
    let mut done = Done::<S, 2>::nothing();
    let mut turn = 0;
    for panel in panels.clone().step_by(2) {
        let next = job.b.as_ptr().wrapping_add((panel + 2) * job.b_panel_stride);
        let bytes = if job.b_panel_stride == 16 * job.k { 2 * job.b_panel_stride } else { 0 };
        let mut ahead = Ahead::new(next, bytes, steps * rows.len().div_ceil(PAIR_ROWS));
        for from in (0..steps).step_by(MOST_STEPS) {
            let to = steps.min(from + MOST_STEPS);
            for (row, aside) in rows.clone().step_by(PAIR_ROWS).zip(&mut aside) {
                let block = Block {
                    row,
                    rows: PAIR_ROWS.min(rows.end - row),
                    panel,
                    panels: 2.min(panels.end - panel),
                };
                // SAFETY: the caller's promises.
                unsafe {
                    match from {
                        0 => tiles::zero(),
                        _ => tiles::load(aside),
                    }
                    block.multiply_pair(job, from..to, &mut ahead, &mut done, sink);
                    if to < steps {
                        tiles::store(aside);
                    } else if !block.store_in_place(sink) {
                        done.hand_on_rest(sink);
                        turn ^= 1;
                        done = block.store_pair(&mut stored[turn], sink);
                    }
                }
            }
        }
    }
    // SAFETY: the caller's promises.
    unsafe { done.hand_on_rest(sink) };
}

/// Sums up to 16 rows against four panels at a time.
///
/// # Safety
/// As for `pairs`.
#[target_feature(enable = "avx512f,avx512dq")]
unsafe fn fours<S: Sink512>(job: &Operands, row: usize, panels: Range<usize>, sink: &mut S) {
    let mut stored = [Sums::NEW, Sums::NEW];
    let mut done = Done::<S, 4>::nothing();
    let mut turn = 0;
    for panel in panels.clone().step_by(4) {
        let block = Block { row, rows: job.m - row, panel, panels: 4.min(panels.end - panel) };
        // SAFETY: the caller's promises.
        unsafe {
            tiles::zero();
            block.multiply_four(job, &mut done, sink);
            if !block.store_in_place(sink) {
                done.hand_on_rest(sink);
                turn ^= 1;
                done = block.store_four(&mut stored[turn], sink);
            }
        }
    }
    // SAFETY: the caller's promises.
    unsafe { done.hand_on_rest(sink) };
}
