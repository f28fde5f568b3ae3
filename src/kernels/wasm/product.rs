//! The product with simd128, whose only product that adds is that of numbers of 16 bits.
//!
//! `i32x4_dot_i16x8` multiplies eight numbers by eight and adds neighbours, exactly. The weights are widened as they are
//! loaded, eight at a time: four columns of two outputs. The activations are widened once for many panels, so that a load
//! gives four columns twice. A sum then lies in two parts side by side, which are added at the end.

use std::arch::wasm32::*;

use crate::kernels::operands::{BLOCK_BYTES, LANES, Operands, Sink};

/// Rows in the largest tile.
const MOST_ROWS: usize = 4;

/// Columns of activations that are widened at a time: 8 KB for the rows of a tile.
const PIECE: usize = 1024;

/// Panels that stay close while all rows pass by, and that rows are widened once for.
const PANELS_CLOSE: usize = 8;

/// Activations as numbers of 16 bits, `[row][column]`; of the columns those of one piece.
type Wide = [[u64; PIECE / 4]; MOST_ROWS];

/// Two registers for four outputs: two of them in each, each in two parts.
type Four = [v128; 2];

/// Sums every row against every panel.
///
/// # Safety
/// The operands were checked; the sink takes every row and panel.
pub unsafe fn product<S: Sink>(job: &Operands, sink: &mut S) {
    let mut wide: Wide = [[0; PIECE / 4]; MOST_ROWS];
    let tiles = job.m.div_ceil(MOST_ROWS);
    for from in (0..job.n_panels).step_by(PANELS_CLOSE) {
        let panels = from..job.n_panels.min(from + PANELS_CLOSE);
        let mut row = 0;
        for tile in 0..tiles {
            let rows = (job.m - row).div_ceil(tiles - tile);
            // SAFETY: rows row..row + rows and the panels are within the job.
            unsafe {
                match rows {
                    // As many sums as there are registers for.
                    1 => self::tile::<1, 4, S>(job, row, panels.clone(), &mut wide, sink),
                    2 => self::tile::<2, 2, S>(job, row, panels.clone(), &mut wide, sink),
                    3 => self::tile::<3, 1, S>(job, row, panels.clone(), &mut wide, sink),
                    _ => self::tile::<4, 1, S>(job, row, panels.clone(), &mut wide, sink),
                }
            }
            row += rows;
        }
    }
}

/// Sums `ROWS` rows from `row` against panels, `FOURS` times four outputs at a time.
///
/// # Safety
/// The rows and the panels are within the job, whose operands were checked.
unsafe fn tile<const ROWS: usize, const FOURS: usize, S: Sink>(
    job: &Operands,
    row: usize,
    panels: std::ops::Range<usize>,
    wide: &mut Wide,
    sink: &mut S,
) {
    let is_one_piece = job.k <= PIECE;
    if is_one_piece {
        widen::<ROWS>(job, row, 0, wide);
    }
    for panel in panels {
        // At most 255 * 128 * MAX_K = 2,147,450,880 in magnitude, below 2^31.
        let mut sums = [[0i32; LANES]; ROWS];
        for piece in (0..job.k).step_by(PIECE) {
            if !is_one_piece {
                widen::<ROWS>(job, row, piece, wide);
            }
            let blocks = (job.k - piece).min(PIECE) / 4;
            let weights = &job.b[panel * job.b_panel_stride + piece * LANES..];
            let weights = &weights[..blocks * BLOCK_BYTES];
            for part in 0..LANES / 4 / FOURS {
                let at = part * 4 * FOURS;
                // SAFETY: `weights` has all blocks of the piece, and `wide` of each row.
                let fours = unsafe { sum::<ROWS, FOURS>(weights, at * 4, wide) };
                for (sums, fours) in sums.iter_mut().zip(&fours) {
                    for (sums, &[low, high]) in
                        sums[at..].as_chunks_mut::<4>().0.iter_mut().zip(fours)
                    {
                        let even = i32x4_shuffle::<0, 2, 4, 6>(low, high);
                        let odd = i32x4_shuffle::<1, 3, 5, 7>(low, high);
                        let whole = i32x4_add(even, odd);
                        sums[0] += i32x4_extract_lane::<0>(whole);
                        sums[1] += i32x4_extract_lane::<1>(whole);
                        sums[2] += i32x4_extract_lane::<2>(whole);
                        sums[3] += i32x4_extract_lane::<3>(whole);
                    }
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { sink.put(row + r, panel, sums) };
        }
    }
}

/// Widens a piece of `ROWS` rows.
fn widen<const ROWS: usize>(job: &Operands, row: usize, from: usize, wide: &mut Wide) {
    let len = (job.k - from).min(PIECE);
    for (r, wide) in wide.iter_mut().enumerate().take(ROWS) {
        let bytes = &job.a[(row + r) * job.a_stride + from..][..len];
        for (wide, &four) in wide.iter_mut().zip(bytes.as_chunks::<4>().0) {
            let [a, b, c, d] = four.map(u64::from);
            *wide = a | b << 16 | c << 32 | d << 48;
        }
    }
}

/// Sums the rows of `wide` against `FOURS` times four outputs of a panel, whose weights begin at byte `at` of each block.
///
/// # Safety
/// `weights` is whole blocks, at most those of a piece, and `at + 16 * FOURS` is within a block.
#[inline(always)]
unsafe fn sum<const ROWS: usize, const FOURS: usize>(
    weights: &[i8],
    at: usize,
    wide: &Wide,
) -> [[Four; FOURS]; ROWS] {
    let mut sums = [[[i32x4_splat(0); 2]; FOURS]; ROWS];
    let blocks = weights.len() / BLOCK_BYTES;
    let weights = weights.as_ptr().wrapping_add(at);
    for block in 0..blocks {
        // SAFETY: the caller's promise: reads 16 * FOURS bytes of the block from `at` on, and 8 of each row.
        unsafe {
            let from = weights.add(block * BLOCK_BYTES);
            let mut eights = [[i32x4_splat(0); 2]; FOURS];
            for (i, eights) in eights.iter_mut().enumerate() {
                *eights = [
                    i16x8_load_extend_i8x8(from.add(16 * i)),
                    i16x8_load_extend_i8x8(from.add(16 * i + 8)),
                ];
            }
            for (sums, wide) in sums.iter_mut().zip(wide) {
                let activations = v128_load64_splat(wide.as_ptr().add(block));
                for (sums, eights) in sums.iter_mut().zip(&eights) {
                    for (sum, &eight) in sums.iter_mut().zip(eights) {
                        // Pairs within +-65,280.
                        *sum = i32x4_add(*sum, i32x4_dot_i16x8(activations, eight));
                    }
                }
            }
        }
    }
    sums
}
