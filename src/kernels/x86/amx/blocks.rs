//! Blocks of rows and panels: what is multiplied together, and sums on their way to the sink.

use std::arch::x86_64::__m512i;
use std::ops::Range;

use super::tiles::{self, ROW_BYTES, Sums, TILE_BYTES, TILE_ROWS, TILE_SUMS};
use crate::kernels::operands::fetch::fetch_near;
use crate::kernels::operands::{LANES, Operands};
use crate::kernels::x86::avx512::Sink512;

/// Some rows and some panels of a product.
#[derive(Clone, Copy)]
pub(super) struct Block {
    /// The first row.
    pub row: usize,
    /// How many: as the tiles are configured.
    pub rows: usize,
    /// The first panel.
    pub panel: usize,
    /// How many: the last ones of a product may be fewer than there are tiles for.
    pub panels: usize,
}

impl Block {
    /// Where `PANELS` panels begin; those that are not there are the last one again, and nobody takes their sums.
    #[inline(always)]
    fn panels<const PANELS: usize>(&self, job: &Operands) -> [*const i8; PANELS] {
        let last = self.panels - 1;
        std::array::from_fn(|p| {
            job.b.as_ptr().wrapping_add((self.panel + p.min(last)) * job.b_panel_stride)
        })
    }

    /// Adds the products of some steps of 64 columns to the tiles of sums; meanwhile sums that are done are handed on.
    ///
    /// # Safety
    /// Tiles are configured for these rows, 17 to 32, and block and steps are within the job, which was checked; the sink
    /// takes what is done.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    pub(super) unsafe fn multiply_pair<S: Sink512>(
        &self,
        job: &Operands,
        steps: Range<usize>,
        ahead: &mut Ahead,
        done: &mut Done<S, 2>,
        sink: &mut S,
    ) {
        // Rows that are handed on at each step, as a constant, so that the loop over them is none.
        // SAFETY: the caller's promises.
        unsafe {
            match self.rows.div_ceil(steps.len()) {
                0..=2 => self.sum_pair(job, steps, ahead, || done.hand_on::<2>(sink)),
                3..=4 => self.sum_pair(job, steps, ahead, || done.hand_on::<4>(sink)),
                _ => self.sum_pair(job, steps, ahead, || done.hand_on::<8>(sink)),
            }
        }
    }

    /// Adds the products of some steps of 64 columns to the tiles of sums, with `meanwhile` behind each step.
    ///
    /// # Safety
    /// As for `multiply_pair`; `meanwhile` leaves the tiles alone.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    pub(super) unsafe fn sum_pair(
        &self,
        job: &Operands,
        steps: Range<usize>,
        ahead: &mut Ahead,
        mut meanwhile: impl FnMut(),
    ) {
        let first = job.a.as_ptr().wrapping_add(self.row * job.a_stride);
        let rows = [first, first.wrapping_add(TILE_ROWS * job.a_stride)];
        let panels = self.panels::<2>(job);
        for step in steps {
            let rows = rows.map(|at| at.wrapping_add(step * 64));
            let panels = panels.map(|at| at.wrapping_add(step * TILE_BYTES));
            // SAFETY: the caller's promises.
            unsafe { tiles::two_by_two(rows, job.a_stride, panels) };
            ahead.ask();
            meanwhile();
        }
    }

    /// The same for up to 16 rows, all steps.
    ///
    /// # Safety
    /// As for `multiply_pair`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    pub(super) unsafe fn multiply_four<S: Sink512>(
        &self,
        job: &Operands,
        done: &mut Done<S, 4>,
        sink: &mut S,
    ) {
        // SAFETY: the caller's promises.
        unsafe { self.sum_four(job, 0..job.k / 64, || done.hand_on::<4>(sink)) };
    }

    /// The same as `sum_pair` for up to 16 rows.
    ///
    /// # Safety
    /// As for `sum_pair`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    pub(super) unsafe fn sum_four(
        &self,
        job: &Operands,
        steps: Range<usize>,
        mut meanwhile: impl FnMut(),
    ) {
        let rows = job.a.as_ptr().wrapping_add(self.row * job.a_stride);
        let panels = self.panels::<4>(job);
        for step in steps {
            let panels = panels.map(|at| at.wrapping_add(step * TILE_BYTES));
            // SAFETY: the caller's promises.
            unsafe { tiles::one_by_four(rows.wrapping_add(step * 64), job.a_stride, panels) };
            meanwhile();
        }
    }

    /// Stores the sums where they stay, if the sink leaves them as they are; whether it does.
    ///
    /// # Safety
    /// The sink takes this block, and the tiles hold its sums.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    pub(super) unsafe fn store_in_place<S: Sink512>(&self, sink: &mut S) -> bool {
        let pair = self.rows > TILE_ROWS;
        if self.panels < if pair { 2 } else { 4 } {
            return false;
        }
        let (row, panel) = (self.row, self.panel);
        let Some((at, stride)) = sink.in_place(row, panel) else { return false };
        let place = |tile: usize| match pair {
            true => at.wrapping_add(tile / 2 * TILE_ROWS * stride + tile % 2 * LANES),
            false => at.wrapping_add(tile * LANES),
        };
        // SAFETY: the sink has room for the rows and panels of the block there.
        unsafe { tiles::store_apart([0, 1, 2, 3].map(place), 4 * stride) };
        true
    }

    /// Stores the sums of a pair of panels, to be handed on.
    ///
    /// # Safety
    /// As for `store_in_place`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    pub(super) unsafe fn store_pair<S: Sink512>(&self, sums: &mut Sums, sink: &S) -> Done<S, 2> {
        // SAFETY: the caller's promises.
        unsafe {
            tiles::store(sums);
            Done::new(*self, sums.tile(0), sink)
        }
    }

    /// Stores the sums of four panels, to be handed on.
    ///
    /// # Safety
    /// As for `store_in_place`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    pub(super) unsafe fn store_four<S: Sink512>(&self, sums: &mut Sums, sink: &S) -> Done<S, 4> {
        // SAFETY: the caller's promises.
        unsafe {
            tiles::store(sums);
            Done::new(*self, sums.tile(0), sink)
        }
    }
}

/// The panels that come next, asked for piece by piece: they come from the third-level cache or from memory, and the
/// processor does not guess far enough ahead.
pub(super) struct Ahead {
    at: *const i8,
    lines: usize,
    each: usize,
}

impl Ahead {
    /// `bytes` from `at` on, to be asked for in so many pieces.
    pub(super) fn new(at: *const i8, bytes: usize, pieces: usize) -> Ahead {
        let lines = bytes / ROW_BYTES;
        Ahead { at, lines, each: lines.div_ceil(pieces.max(1)) }
    }

    /// Asks for the next piece.
    #[inline(always)]
    fn ask(&mut self) {
        let now = self.each.min(self.lines);
        for line in 0..now {
            fetch_near(self.at.wrapping_add(line * ROW_BYTES));
        }
        self.at = self.at.wrapping_add(now * ROW_BYTES);
        self.lines -= now;
    }
}

/// Sums of a block that were stored and wait to be handed on, row by row.
pub(super) struct Done<S: Sink512, const PANELS: usize> {
    block: Block,
    sums: *const i32,
    known: Option<[S::Panel; PANELS]>,
    /// Rows that were handed on.
    rows: usize,
}

impl<S: Sink512, const PANELS: usize> Done<S, PANELS> {
    /// No block.
    pub(super) fn nothing() -> Self {
        let block = Block { row: 0, rows: 0, panel: 0, panels: 0 };
        Done { block, sums: std::ptr::null(), known: None, rows: 0 }
    }

    /// # Safety
    /// The sink takes the block.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    unsafe fn new(block: Block, sums: *const i32, sink: &S) -> Self {
        // SAFETY: the caller's promise; where panels are missing, the last one is asked for again.
        let known = |p: usize| unsafe { sink.panel512(block.panel + p.min(block.panels - 1)) };
        Done { block, sums, known: Some(std::array::from_fn(known)), rows: 0 }
    }

    /// Hands on up to `MOST` rows.
    ///
    /// # Safety
    /// The sums were stored, and the sink takes the block.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    pub(super) unsafe fn hand_on<const MOST: usize>(&mut self, sink: &mut S) {
        let left = self.block.rows - self.rows;
        if left == 0 {
            return;
        }
        let Some(known) = self.known else { return };
        // SAFETY: the caller's promises.
        unsafe {
            if left >= MOST && self.block.panels == PANELS {
                for i in 0..MOST {
                    self.hand_on_row(self.rows + i, &known, PANELS, sink);
                }
            } else {
                for i in 0..left.min(MOST) {
                    self.hand_on_row(self.rows + i, &known, self.block.panels, sink);
                }
            }
        }
        self.rows += left.min(MOST);
    }

    /// # Safety
    /// As for `hand_on`; the row and the panels are within the block.
    #[inline(always)]
    unsafe fn hand_on_row(
        &self,
        row: usize,
        known: &[S::Panel; PANELS],
        panels: usize,
        sink: &mut S,
    ) {
        // The rows' tiles lie one behind the other, and so do the panels' within them.
        let (tile, at) = match PANELS {
            2 => (row / TILE_ROWS * 2, row % TILE_ROWS),
            _ => (0, row),
        };
        for (p, known) in known.iter().enumerate().take(panels) {
            // SAFETY: within the four tiles that were stored, whose rows are aligned; the sink takes the block, and the
            // caller has the instructions.
            unsafe {
                let sums = self.sums.add((tile + p) * TILE_SUMS + at * TILE_ROWS);
                let sums = sums.cast::<__m512i>().read();
                sink.put512(self.block.row + row, self.block.panel + p, known, sums);
            }
        }
    }

    /// Hands on what is left.
    ///
    /// # Safety
    /// As for `hand_on`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    pub(super) unsafe fn hand_on_rest(&mut self, sink: &mut S) {
        while self.rows < self.block.rows {
            // SAFETY: the caller's promises.
            unsafe { self.hand_on::<4>(sink) };
        }
    }
}
