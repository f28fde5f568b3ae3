//! The way through a product, which is the same for every set: each has its own tiles.

use std::ops::Range;

use super::sinks::Sink128;
use crate::kernels::operands::{LANES, LayerPart, Operands, Scaled, padded_rows};

/// Panels that stay close while all rows pass by, so that each row is fetched once for 64 outputs.
const PANELS_CLOSE: usize = 4;

/// Sums of some rows and panels, in registers.
pub trait Tiles {
    /// Rows in the largest tile.
    const MOST_ROWS: usize;

    /// Sums `rows` rows from `row` against panels.
    ///
    /// # Safety
    /// The rows, up to [`MOST_ROWS`](Self::MOST_ROWS), and the panels are within the job, whose operands were checked; the sink
    /// takes them; the CPU has the set's instructions.
    unsafe fn rows<S: Sink128>(
        job: &Operands,
        row: usize,
        rows: usize,
        panels: Range<usize>,
        sink: &mut S,
    );

    /// Sums `ROWS` rows from `row` against `PANELS` panels from `panel`.
    ///
    /// # Safety
    /// As for `rows`.
    unsafe fn tile<const ROWS: usize, const PANELS: usize, S: Sink128>(
        job: &Operands,
        row: usize,
        panel: usize,
        sink: &mut S,
    );
}

/// Sums every row against every panel.
///
/// # Safety
/// The CPU has the set's instructions; the operands were checked; the sink takes every row and panel.
pub unsafe fn product<T: Tiles, S: Sink128>(job: &Operands, sink: &mut S) {
    let tiles = job.m.div_ceil(T::MOST_ROWS);
    for from in (0..job.n_panels).step_by(PANELS_CLOSE) {
        let close = from..job.n_panels.min(from + PANELS_CLOSE);
        let mut row = 0;
        for tile in 0..tiles {
            // Cut evenly, since a flat tile loads more for each multiplication.
            let rows = (job.m - row).div_ceil(tiles - tile);
            // SAFETY: rows row..row + rows and the panels are within the job.
            unsafe { T::rows(job, row, rows, close.clone(), sink) };
            row += rows;
        }
    }
}

/// Sums `ROWS` rows from `row` against panels, `PANELS` of them at a time while there are as many.
///
/// # Safety
/// As for `Tiles::rows`.
pub unsafe fn by<T: Tiles, const ROWS: usize, const PANELS: usize, S: Sink128>(
    job: &Operands,
    row: usize,
    panels: Range<usize>,
    sink: &mut S,
) {
    let mut panel = panels.start;
    while panel + PANELS <= panels.end {
        // SAFETY: the panels are within the job; the rest is the caller's promise.
        unsafe { T::tile::<ROWS, PANELS, S>(job, row, panel, sink) };
        panel += PANELS;
    }
    for panel in panel..panels.end {
        // SAFETY: as above.
        unsafe { T::tile::<ROWS, 1, S>(job, row, panel, sink) };
    }
}

/// Multiplies a part of a layer of several scale groups: all groups of a few panels, then of the next ones, so that weights
/// come from memory in order and outputs stay in the first-level cache from group to group.
///
/// # Safety
/// The CPU has the set's instructions; all that the part speaks of is there, as `linear` checks.
pub unsafe fn grouped<T: Tiles>(part: &LayerPart) {
    let &LayerPart { x, row, rows, w, panel, panels, out, out_stride } = part;
    let (k, groups, rows_padded) = (x.cols_padded, w.groups(), padded_rows(w.rows));
    for from in (panel..panel + panels).step_by(PANELS_CLOSE) {
        for group in 0..groups {
            let col = group * x.group_cols;
            let scale_at = group * rows_padded + from * LANES;
            let job = Operands {
                a: &x.data[row * k + col..],
                a_stride: k,
                m: rows,
                k: x.group_cols.min(k - col),
                b: &w.weights[from * LANES * k + col * LANES..],
                b_panel_stride: LANES * k,
                n_panels: PANELS_CLOSE.min(panel + panels - from),
                b_bounded_63: w.weights_bounded_63,
                next: std::ptr::null(),
                awaited: None,
            };
            job.check();
            let mut sink = Scaled {
                out: out.wrapping_add((from - panel) * LANES),
                stride: out_stride,
                corrections: w.corrections[scale_at..].as_ptr(),
                weight_scales: w.scales[scale_at..].as_ptr(),
                activation_scales: x.scales[row * groups + group..].as_ptr(),
                activation_stride: groups,
                first: group == 0,
            };
            // SAFETY: the operands were checked; the scales, corrections and outputs of all these rows and panels are there,
            // by the caller's promise.
            unsafe { product::<T, Scaled>(&job, &mut sink) };
        }
    }
}
