//! A linear layer of several scale groups with AVX-512 VNNI: numbers stay in registers from group to group.
//!
//! Group by group over all outputs, as the other sets do it, a group of 64 inputs is too short a product: 16 steps between
//! which everything is stored and read again, and memory is read in pieces of a kilobyte.

use std::arch::x86_64::*;

use super::product::lines_fetched;
use crate::kernels::operands::{BLOCK_BYTES, LANES, LayerPart, padded_rows};

/// Rows in the largest tile: 12 sums, 12 numbers, 4 registers of weights and one of activations.
const MOST_ROWS: usize = 3;

/// Panels in the largest tile.
const MOST_PANELS: usize = 4;

/// Multiplies all rows by all panels.
///
/// # Safety
/// The CPU has AVX-512 F, BW, DQ, VL and VNNI; `x`, `w` and `out` hold all these rows and panels, as `linear` checks.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub unsafe fn product(job: &LayerPart) {
    let tiles = job.rows.div_ceil(MOST_ROWS);
    let mut panel = 0;
    while panel < job.panels {
        let panels = MOST_PANELS.min(job.panels - panel);
        let mut row = 0;
        for tile in 0..tiles {
            let rows = (job.rows - row).div_ceil(tiles - tile);
            let fetched = lines_fetched(job.rows, tiles, tile);
            // SAFETY: rows row..row + rows and panels panel..panel + panels are within the job.
            unsafe {
                match (panels, fetched) {
                    (1, _) => tile_of_panels::<1, 0>(job, row, rows, panel, tile),
                    (2, _) => tile_of_panels::<2, 0>(job, row, rows, panel, tile),
                    (3, _) => tile_of_panels::<3, 0>(job, row, rows, panel, tile),
                    (_, 4) => tile_of_panels::<4, 4>(job, row, rows, panel, tile),
                    (_, 2) => tile_of_panels::<4, 2>(job, row, rows, panel, tile),
                    (_, 1) => tile_of_panels::<4, 1>(job, row, rows, panel, tile),
                    _ => tile_of_panels::<4, 0>(job, row, rows, panel, tile),
                }
            }
            row += rows;
        }
        panel += panels;
    }
}

/// Chooses the tile with this many rows.
///
/// # Safety
/// As for `tile`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn tile_of_panels<const PANELS: usize, const FETCH: usize>(
    job: &LayerPart,
    row: usize,
    rows: usize,
    panel: usize,
    turn: usize,
) {
    // What the next panels' turn will read.
    let ahead = job.panel + panel + MOST_PANELS + turn * FETCH;
    let fetch = job.w.weights.as_ptr().wrapping_add(ahead * LANES * job.x.cols_padded);
    // SAFETY: the caller's promise.
    unsafe {
        match rows {
            1 => tile::<1, PANELS, FETCH>(job, row, panel, fetch),
            2 => tile::<2, PANELS, FETCH>(job, row, panel, fetch),
            _ => tile::<3, PANELS, FETCH>(job, row, panel, fetch),
        }
    }
}

/// Multiplies `ROWS` rows from `row` by `PANELS` panels from `panel`, and for each block of them fetches one of `FETCH`
/// panels from `fetch` on.
///
/// # Safety
/// These rows and panels are within the job, and the promises of `product` hold.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn tile<const ROWS: usize, const PANELS: usize, const FETCH: usize>(
    job: &LayerPart,
    row: usize,
    panel: usize,
    fetch: *const i8,
) {
    let LayerPart { x, w, .. } = job;
    let (k, groups) = (x.cols_padded, w.groups());
    let stride = LANES * k;
    // Rows of one group's scales and corrections lie as far from those of the next.
    let padded = padded_rows(w.rows);
    let first = (job.panel + panel) * LANES;
    let mut numbers = [[_mm512_setzero_ps(); PANELS]; ROWS];
    // SAFETY: `linear` has seen that all of this is there: rows of k bytes, panels of 16 k, scales and corrections of
    // `groups` groups, and `out`. Each group reads 4 bytes of each row and 64 of each panel, a quarter of its columns times.
    unsafe {
        let a = x.data.as_ptr().add((job.row + row) * k);
        let b = w.weights.as_ptr().add(first * k);
        for group in 0..groups {
            let from = group * x.group_cols;
            let mut sums = [[_mm512_setzero_si512(); PANELS]; ROWS];
            for block in from / 4..(from + x.group_cols).min(k) / 4 {
                for line in 0..FETCH {
                    // Reads nothing, so that it may be any address.
                    let at = fetch.wrapping_add(line * stride + block * BLOCK_BYTES);
                    _mm_prefetch::<_MM_HINT_T1>(at);
                }
                let mut weights = [_mm512_setzero_si512(); PANELS];
                for (p, weights) in weights.iter_mut().enumerate() {
                    *weights = _mm512_loadu_si512(b.add(p * stride + block * BLOCK_BYTES).cast());
                }
                for (r, sums) in sums.iter_mut().enumerate() {
                    let four = a.add(r * k + block * 4).cast::<i32>().read_unaligned();
                    let four = _mm512_set1_epi32(four);
                    for (sum, &weights) in sums.iter_mut().zip(&weights) {
                        *sum = _mm512_dpbusd_epi32(*sum, four, weights);
                    }
                }
            }
            let at = group * padded + first;
            for p in 0..PANELS {
                let correction =
                    _mm512_loadu_si512(w.corrections.as_ptr().add(at + p * LANES).cast());
                let weight_scale = _mm512_loadu_ps(w.scales.as_ptr().add(at + p * LANES));
                for r in 0..ROWS {
                    let scale = *x.scales.as_ptr().add((job.row + row + r) * groups + group);
                    let exact = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums[r][p], correction));
                    let term =
                        _mm512_mul_ps(_mm512_mul_ps(exact, weight_scale), _mm512_set1_ps(scale));
                    // The first is not added to zero, which would lose the sign of its own.
                    numbers[r][p] =
                        if group == 0 { term } else { _mm512_add_ps(numbers[r][p], term) };
                }
            }
        }
        for (r, numbers) in numbers.iter().enumerate() {
            for (p, &number) in numbers.iter().enumerate() {
                let at = (row + r) * job.out_stride + (panel + p) * LANES;
                _mm512_storeu_ps(job.out.add(at), number);
            }
        }
    }
}
