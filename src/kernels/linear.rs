//! A linear layer: quantised rows by packed weights, scaled back to numbers.

use std::ops::Range;

use crate::parallel;

use super::float_env::FloatEnv;
use super::isa::Isa;
use super::operands::{
    Awaited, LANES, LayerPart, LinearView, Operands, QuantRows, Scaled, padded_cols, padded_rows,
    span,
};

/// Panels whose outputs are kept close while the scale groups are added one after the other.
///
/// 16 panels of 128 rows are 128 KB of outputs, which stay in the second-level cache.
const PANELS_AT_ONCE: usize = 16;

/// Panels from those in work to those that are fetched meanwhile: as many as the kernels take at
/// once. The next matrix usually follows the last one in memory.
const PANELS_AHEAD: usize = 4;

/// Multiplications that are worth a second thread which is awake: a microsecond, as long as it takes to share them.
///
/// One lane of the builtin, which reads its weights from the third-level cache, takes two thirds of the time so.
pub const SHARED_WORK: usize = 64 << 10;

/// How a product is done; the results do not depend on it.
#[derive(Clone, Copy)]
pub enum Way<'a> {
    /// On up to so many threads.
    Threads(usize),
    /// On this one, which asks memory meanwhile for some of this, where [`linear_asks`] says so.
    Asking(&'a Awaited),
}

/// Whether [`Way::Asking`] asks for anything, with so many rows and weights of so many scale groups.
pub fn linear_asks(isa: Isa, rows: usize, groups: usize) -> bool {
    groups == 1 && rows < isa.kernels().asks_below
}

/// Multiplies rows of `x` by the outputs in `panels` of `w`.
///
/// `out[i][n]` is the sum over the groups, in order, of
/// `(f32(sum - correction) * weight_scale) * activation_scale`; the first group is stored, not
/// added to zero. Row 0 of `out` belongs to `rows.start`, column 0 to the first of `panels`; each
/// row gets `16 * panels.len()` values at `out_stride`, also where the last panel is padded.
///
/// The panels are spread over several threads where these are allowed and there is work enough for them.
///
/// Panics when `x` and `w` differ in columns or groups, or a slice is too short.
#[allow(clippy::too_many_arguments)]
pub fn linear(
    isa: Isa,
    x: &QuantRows,
    rows: Range<usize>,
    w: &LinearView,
    panels: Range<usize>,
    out: &mut [f32],
    out_stride: usize,
    way: Way,
) {
    let k = padded_cols(w.cols);
    let groups = w.groups();
    let rows_padded = padded_rows(w.rows);
    assert!(x.cols_padded == k, "{} columns by {k} columns", x.cols_padded);
    assert!(x.group_cols == w.group_cols.min(k), "groups of {} by {}", x.group_cols, w.group_cols);
    assert!(rows.start <= rows.end && rows.end <= x.rows, "rows {rows:?} of {}", x.rows);
    assert!(panels.start <= panels.end && panels.end <= w.panels(), "panels {panels:?}");
    assert!(w.scales.len() >= groups * rows_padded, "too few weight scales");
    assert!(w.corrections.len() >= groups * rows_padded, "too few corrections");
    assert!(x.scales.len() >= x.rows * groups, "too few activation scales");
    let width = panels.len() * LANES;
    assert!(rows.is_empty() || out_stride >= width, "rows of out overlap");
    let needed = span(rows.len(), out_stride, width);
    assert!(needed.is_some_and(|needed| needed <= out.len()), "out is too short");

    let part = LayerPart {
        x,
        row: rows.start,
        rows: rows.len(),
        w,
        panel: panels.start,
        panels: panels.len(),
        out: out.as_mut_ptr(),
        out_stride,
    };
    // SAFETY: every slice was just found to hold what these rows and panels need.
    unsafe {
        match way {
            Way::Threads(n) => share(isa, part, n),
            Way::Asking(awaited) => multiply(isa, &part, Some(awaited)),
        }
    };
}

/// A part for the thread that multiplies it.
struct Sent<'a>(LayerPart<'a>);

// SAFETY: the threads only read the rows and the weights, and write to different columns.
unsafe impl Send for Sent<'_> {}

/// Halves the panels until there is a part for each thread, or parts are too small to share.
///
/// # Safety
/// All that the part speaks of is there, as `linear` checks. Nobody else touches its columns of the results.
unsafe fn share(isa: Isa, part: LayerPart, threads: usize) {
    let work = part.rows * part.panels * LANES * part.x.cols_padded;
    if threads < 2 || work < SHARED_WORK {
        // SAFETY: the caller's promise.
        return unsafe { multiply(isa, &part, None) };
    }
    let left = (part.panels * (threads / 2) / threads).next_multiple_of(PANELS_AHEAD);
    let left = left.min(part.panels);
    let rest = Sent(LayerPart {
        panel: part.panel + left,
        panels: part.panels - left,
        out: part.out.wrapping_add(left * LANES),
        ..part
    });
    let first = Sent(LayerPart { panels: left, ..part });
    parallel::join(
        move || {
            let Sent(part) = { first };
            // SAFETY: the caller's promise; these are its columns alone.
            unsafe { share(isa, part, threads / 2) }
        },
        move || {
            let Sent(part) = { rest };
            let _exact = FloatEnv::exact();
            // SAFETY: as above, for the other columns.
            unsafe { share(isa, part, threads - threads / 2) }
        },
    );
}

/// Multiplies on this thread.
///
/// # Safety
/// As for `share`.
unsafe fn multiply(isa: Isa, part: &LayerPart, awaited: Option<&Awaited>) {
    let kernels = isa.kernels();
    match kernels.grouped {
        // SAFETY: the CPU has the instructions of an `Isa`; the rest is the caller's promise.
        Some(grouped) if part.w.groups() > 1 => unsafe { grouped(part) },
        // SAFETY: as above.
        _ => unsafe { group_by_group(kernels.product_scaled, part, awaited) },
    }
}

/// Multiplies by one scale group after the other.
///
/// # Safety
/// As for `share`, and the CPU has the instructions of the product.
unsafe fn group_by_group(
    product: unsafe fn(&Operands, &mut Scaled),
    part: &LayerPart,
    awaited: Option<&Awaited>,
) {
    let &LayerPart { x, row, rows, w, panel, panels, out, out_stride } = part;
    let k = x.cols_padded;
    let groups = w.groups();
    let rows_padded = padded_rows(w.rows);
    let at_once = if groups == 1 { panels } else { PANELS_AT_ONCE };
    let mut from = panel;
    while from < panel + panels {
        let chunk = at_once.min(panel + panels - from);
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
                n_panels: chunk,
                b_bounded_63: w.weights_bounded_63,
                next: w.weights.as_ptr().wrapping_add(((from + PANELS_AHEAD) * k + col) * LANES),
                awaited,
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
            // SAFETY: the scales, corrections and outputs of all these rows and panels are there,
            // by the caller's promise.
            unsafe { product(&job, &mut sink) };
        }
        from += chunk;
    }
}
