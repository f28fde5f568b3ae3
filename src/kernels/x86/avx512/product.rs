//! The product with AVX-512 VNNI: 64 multiplications and additions in one instruction.
//!
//! `vpdpbusd` multiplies unsigned by signed bytes, adds four products and the 32-bit sum without
//! saturating anywhere, so it is exact.

use std::arch::x86_64::*;

use super::sinks::Sink512;
use crate::kernels::operands::{BLOCK_BYTES, Operands};

/// Rows in the largest tile. With 4 panels that makes 20 sums, 4 registers of weights and one of
/// activations, and 9 loads for 20 multiplications.
///
/// A sixth row fits in the vector registers, but needs more address registers than there are; on
/// Zen 5 it was measured three times slower than five.
const MOST_ROWS: usize = 5;

/// Panels in the largest tile.
const MOST_PANELS: usize = 4;

/// Sums every row against every panel.
///
/// While rows pass by, a line of what is read next is fetched for each line of the
/// panels: with few rows a step waits for memory more than it multiplies, and what the processor
/// guesses by itself ends with every panel.
///
/// Four panels stay close while all rows pass by; each row then meets 64 bytes of weights for
/// every 4 of its own. The rows are cut evenly (8 into 4 and 4, not 5 and 3), since a flat tile
/// loads more for each multiplication.
///
/// # Safety
/// The CPU has AVX-512 F, BW, DQ, VL and VNNI; the operands were checked; the sink takes every row
/// and panel.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub unsafe fn product<S: Sink512>(job: &Operands, sink: &mut S) {
    let tiles = job.m.div_ceil(MOST_ROWS);
    let mut panel = 0;
    while panel < job.n_panels {
        let panels = MOST_PANELS.min(job.n_panels - panel);
        let mut row = 0;
        for tile in 0..tiles {
            let rows = (job.m - row).div_ceil(tiles - tile);
            let fetched = if job.next.is_null() { 0 } else { lines_fetched(job.m, tiles, tile) };
            // SAFETY: rows row..row + rows and panels panel..panel + panels are within the job.
            unsafe {
                match (panels, fetched) {
                    (1, _) => tile_of_panels::<1, 0, S>(job, row, rows, panel, tile, sink),
                    (2, _) => tile_of_panels::<2, 0, S>(job, row, rows, panel, tile, sink),
                    (3, _) => tile_of_panels::<3, 0, S>(job, row, rows, panel, tile, sink),
                    (_, 4) => tile_of_panels::<4, 4, S>(job, row, rows, panel, tile, sink),
                    (_, 2) => tile_of_panels::<4, 2, S>(job, row, rows, panel, tile, sink),
                    (_, 1) => tile_of_panels::<4, 1, S>(job, row, rows, panel, tile, sink),
                    _ => tile_of_panels::<4, 0, S>(job, row, rows, panel, tile, sink),
                }
            }
            row += rows;
        }
        panel += panels;
    }
}

/// How many lines a tile of four panels fetches for each block of them, so that all tiles together
/// fetch four, and none more at a time than it must.
///
/// A row alone is best left to the processor: it reads every byte in order, and nothing else.
pub fn lines_fetched(rows: usize, tiles: usize, tile: usize) -> usize {
    match tiles {
        1 if rows == 1 => 0,
        1 => 4,
        2 | 3 if tile < 2 => 2,
        4.. if tile < 4 => 1,
        _ => 0,
    }
}

/// Chooses the tile with this many rows.
///
/// # Safety
/// As for `tile`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn tile_of_panels<const PANELS: usize, const FETCH: usize, S: Sink512>(
    job: &Operands,
    row: usize,
    rows: usize,
    panel: usize,
    turn: usize,
    sink: &mut S,
) {
    let fetch = job.next.wrapping_add((panel + turn * FETCH) * job.b_panel_stride);
    let awaited = job.awaited.map_or((std::ptr::null(), 0), |awaited| awaited.piece(job.k / 4));
    let fetch = (fetch, awaited);
    // SAFETY: the caller's promise.
    unsafe {
        match rows {
            1 => tile::<1, PANELS, FETCH, S>(job, row, panel, fetch, sink),
            2 => tile::<2, PANELS, FETCH, S>(job, row, panel, fetch, sink),
            3 => tile::<3, PANELS, FETCH, S>(job, row, panel, fetch, sink),
            4 => tile::<4, PANELS, FETCH, S>(job, row, panel, fetch, sink),
            _ => tile::<5, PANELS, FETCH, S>(job, row, panel, fetch, sink),
        }
    }
}

/// Sums `ROWS` rows from `row` against `PANELS` panels from `panel`, and for each block
/// of them fetches one of `FETCH` panels from `fetch` on.
///
/// # Safety
/// These rows and panels are within the job, the CPU has the instructions.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn tile<const ROWS: usize, const PANELS: usize, const FETCH: usize, S: Sink512>(
    job: &Operands,
    row: usize,
    panel: usize,
    (fetch, (awaited, lines)): (*const i8, (*const i8, usize)),
    sink: &mut S,
) {
    // At most 255 * 128 * MAX_K = 2,147,450,880 in magnitude, below 2^31.
    let mut sums = [[_mm512_setzero_si512(); PANELS]; ROWS];
    // SAFETY: `check` saw m rows of k bytes at a_stride and n_panels of 16 k bytes at
    // b_panel_stride; each step reads 4 bytes of each row and 64 of each panel, k / 4 times.
    unsafe {
        let a = job.a.as_ptr().add(row * job.a_stride);
        let b = job.b.as_ptr().add(panel * job.b_panel_stride);
        for block in 0..job.k / 4 {
            for line in 0..FETCH {
                // Reads nothing, so that it may be any address.
                let at = fetch.wrapping_add(line * job.b_panel_stride + block * BLOCK_BYTES);
                _mm_prefetch::<_MM_HINT_T1>(at);
            }
            if block < lines {
                _mm_prefetch::<_MM_HINT_T1>(awaited.wrapping_add(block * BLOCK_BYTES));
            }
            let mut weights = [_mm512_setzero_si512(); PANELS];
            for (p, weights) in weights.iter_mut().enumerate() {
                let at = b.add(p * job.b_panel_stride + block * BLOCK_BYTES);
                *weights = _mm512_loadu_si512(at.cast());
            }
            for (r, sums) in sums.iter_mut().enumerate() {
                let four = a.add(r * job.a_stride + block * 4).cast::<i32>().read_unaligned();
                let four = _mm512_set1_epi32(four);
                for (sum, &weights) in sums.iter_mut().zip(&weights) {
                    *sum = _mm512_dpbusd_epi32(*sum, four, weights);
                }
            }
        }
        let shared: [_; PANELS] = std::array::from_fn(|p| sink.panel512(panel + p));
        for (r, sums) in sums.iter().enumerate() {
            for (p, (&sum, shared)) in sums.iter().zip(&shared).enumerate() {
                sink.put512(row + r, panel + p, shared, sum);
            }
        }
    }
}
