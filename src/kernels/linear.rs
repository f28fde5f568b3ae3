//! A linear layer: quantised rows by packed weights, scaled back to numbers.

use std::ops::Range;

use crate::parallel;

#[cfg(target_arch = "x86_64")]
use super::gemm::LEAST_TILE_ROWS;
use super::gemm::{Operands, span};
use super::quantise::groups_of;
use super::sink::Scaled;
use super::{Awaited, FloatEnv, Isa, LANES, QuantRows, padded_cols, padded_rows};

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

/// The weights of one linear layer, wherever they live.
#[derive(Clone, Copy, Debug)]
pub struct LinearView<'a> {
    /// Outputs.
    pub rows: usize,
    /// Inputs.
    pub cols: usize,
    /// Inputs that share a scale: a multiple of 64, or `cols` and more for all of them.
    pub group_cols: usize,
    /// Packed as [`pack`](super::pack) does.
    pub weights: &'a [i8],
    /// `[group][padded_rows]`; finite.
    pub scales: &'a [f32],
    /// 128 times the sum of a row's weights in the group, `[group][padded_rows]`.
    pub corrections: &'a [i32],
    /// Whether no weight exceeds +-63 ([`bounded_63`](super::bounded_63)).
    pub weights_bounded_63: bool,
}

impl LinearView<'_> {
    /// Scale groups along the inputs.
    pub fn groups(&self) -> usize {
        groups_of(self.cols, self.group_cols)
    }

    /// Panels of 16 outputs.
    pub fn panels(&self) -> usize {
        self.rows.div_ceil(LANES)
    }
}

/// A product of several scale groups, and where results go.
#[cfg(target_arch = "x86_64")]
pub(super) struct Grouped<'a> {
    pub x: &'a QuantRows,
    /// The first row of `x`, and their number.
    pub row: usize,
    pub rows: usize,
    pub w: &'a LinearView<'a>,
    /// The first panel of `w`, and their number.
    pub panel: usize,
    pub panels: usize,
    /// Of the first row and panel.
    pub out: *mut f32,
    pub out_stride: usize,
}

/// Rows from which on tiles of AMX are worth while with several scale groups.
#[cfg(target_arch = "x86_64")]
const LEAST_GROUPED_ROWS: usize = 8;

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
    #[cfg(target_arch = "x86_64")]
    {
        use super::isa::Set;
        let avx512 = match isa.set() {
            Set::Avx512 => true,
            Set::Amx => rows < LEAST_TILE_ROWS,
            Set::Scalar | Set::Avx2 => false,
        };
        avx512 && groups == 1
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (isa, rows, groups);
        false
    }
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

    // SAFETY: every slice was just found to hold what these rows and panels need.
    unsafe {
        match way {
            Way::Threads(n) => run(isa, x, rows, w, panels, out.as_mut_ptr(), out_stride, n),
            Way::Asking(awaited) => {
                multiply(isa, x, rows, w, panels, out.as_mut_ptr(), out_stride, Some(awaited));
            }
        }
    };
}

/// Where a part of the outputs begins, for the thread that writes it.
struct Columns(*mut f32);

// SAFETY: the threads write to different columns.
unsafe impl Send for Columns {}

/// Halves the panels until there is a part for each thread, or parts are too small to share.
///
/// # Safety
/// As `linear` has checked: `x`, `w` and `out` hold all these rows and panels. Nobody else touches
/// these columns of `out`.
#[allow(clippy::too_many_arguments)]
unsafe fn run(
    isa: Isa,
    x: &QuantRows,
    rows: Range<usize>,
    w: &LinearView,
    panels: Range<usize>,
    out: *mut f32,
    out_stride: usize,
    threads: usize,
) {
    let work = rows.len() * panels.len() * LANES * x.cols_padded;
    if threads < 2 || work < SHARED_WORK {
        // SAFETY: the caller's promise.
        return unsafe { multiply(isa, x, rows, w, panels, out, out_stride, None) };
    }
    let left = (panels.len() * (threads / 2) / threads).next_multiple_of(PANELS_AHEAD);
    let middle = panels.start + left.min(panels.len());
    let rest = Columns(out.wrapping_add((middle - panels.start) * LANES));
    let (panels, others) = (panels.start..middle, middle..panels.end);
    let (out, rows_again) = (Columns(out), rows.clone());
    parallel::join(
        move || {
            let out = out;
            // SAFETY: the caller's promise; these are the columns of `panels` alone.
            unsafe { run(isa, x, rows, w, panels, out.0, out_stride, threads / 2) }
        },
        move || {
            let rest = rest;
            let _exact = FloatEnv::exact();
            // SAFETY: as above, for `others`.
            unsafe { run(isa, x, rows_again, w, others, rest.0, out_stride, threads - threads / 2) }
        },
    );
}

/// Multiplies on this thread.
///
/// # Safety
/// As for `run`.
#[allow(clippy::too_many_arguments)]
unsafe fn multiply(
    isa: Isa,
    x: &QuantRows,
    rows: Range<usize>,
    w: &LinearView,
    panels: Range<usize>,
    out: *mut f32,
    out_stride: usize,
    awaited: Option<&Awaited>,
) {
    let k = x.cols_padded;
    let groups = w.groups();
    #[cfg(target_arch = "x86_64")]
    if groups > 1 && matches!(isa.set(), super::isa::Set::Avx512 | super::isa::Set::Amx) {
        let (row, panel) = (rows.start, panels.start);
        let (rows, panels) = (rows.len(), panels.len());
        let job = Grouped { x, row, rows, w, panel, panels, out, out_stride };
        // SAFETY: a value of `Isa` with either set exists only where the CPU has it, and AMX only where it has AVX-512
        // with VNNI; the rest is the caller's promise.
        return unsafe {
            match isa.set() == super::isa::Set::Amx && rows >= LEAST_GROUPED_ROWS {
                true => super::amx::groups::product(&job),
                false => super::avx512_groups::product(&job),
            }
        };
    }
    let rows_padded = padded_rows(w.rows);
    let at_once = if groups == 1 { panels.len() } else { PANELS_AT_ONCE };
    let mut from = panels.start;
    while from < panels.end {
        let chunk = at_once.min(panels.end - from);
        for group in 0..groups {
            let col = group * x.group_cols;
            let scale_at = group * rows_padded + from * LANES;
            let job = Operands {
                a: &x.data[rows.start * k + col..],
                a_stride: k,
                m: rows.len(),
                k: x.group_cols.min(k - col),
                b: &w.weights[from * LANES * k + col * LANES..],
                b_panel_stride: LANES * k,
                n_panels: chunk,
                b_bounded_63: w.weights_bounded_63,
                next: w.weights.as_ptr().wrapping_add(((from + PANELS_AHEAD) * k + col) * LANES),
                awaited,
            };
            let mut sink = Scaled {
                out: out.wrapping_add((from - panels.start) * LANES),
                stride: out_stride,
                corrections: w.corrections[scale_at..].as_ptr(),
                weight_scales: w.scales[scale_at..].as_ptr(),
                activation_scales: x.scales[rows.start * groups + group..].as_ptr(),
                activation_stride: groups,
                first: group == 0,
            };
            // SAFETY: the scales, corrections and outputs of all these rows and panels are there,
            // by the caller's promise.
            unsafe { job.run(isa, &mut sink) };
        }
        from += chunk;
    }
}
