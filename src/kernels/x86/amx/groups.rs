//! A linear layer of several scale groups with AMX.
//!
//! A group of 64 inputs is one step of the tiles, after which 1,024 sums become numbers and are added to the results. That takes
//! two and a half times as long as to make them (five instructions for 16 of them, two at once), so the sums of one group become
//! numbers while the next is multiplied; results of a block stay in the first-level cache from group to group.

use std::arch::x86_64::*;
use std::ops::Range;

use super::blocks::{Ahead, Block};
use super::product::{PAIR_ROWS, Tiled, walk};
use super::tiles::{self, Sums, TILE_ROWS};
use crate::kernels::operands::{LANES, LayerPart, Operands, padded_rows};

/// Multiplies all rows by all panels.
///
/// # Safety
/// The CPU and the operating system have AMX with bytes, and the CPU has AVX-512 F and DQ; `x`, `w` and `out` hold all
/// these rows and panels, as `linear` checks.
#[target_feature(enable = "avx512f,avx512dq")]
pub unsafe fn product(job: &LayerPart) {
    let k = job.x.cols_padded;
    let product = Product {
        job,
        groups: job.w.groups(),
        padded: padded_rows(job.w.rows),
        operands: Operands {
            a: &job.x.data[job.row * k..],
            a_stride: k,
            m: job.rows,
            k,
            b: &job.w.weights[job.panel * LANES * k..],
            b_panel_stride: LANES * k,
            n_panels: job.panels,
            b_bounded_63: false,
            next: std::ptr::null(),
            awaited: None,
        },
    };
    // SAFETY: the caller's promises; rows and panels are within the job.
    unsafe {
        walk(&product.operands, |tiled, panels| match tiled {
            Tiled::Pairs(rows) => product.pairs(rows, panels),
            Tiled::Fours(row) => product.fours(row, panels),
        });
    }
}

struct Product<'a> {
    job: &'a LayerPart<'a>,
    groups: usize,
    /// Scales and corrections of a group.
    padded: usize,
    /// All groups as one product.
    operands: Operands<'a>,
}

impl Product<'_> {
    /// The steps of 64 columns of a group.
    fn steps(&self, group: usize) -> Range<usize> {
        let cols = self.job.x.group_cols;
        group * cols / 64..((group + 1) * cols).min(self.operands.k) / 64
    }

    /// Rows, 32 at a time, by pairs of panels.
    ///
    /// # Safety
    /// As for `product`; the tiles are configured for these rows, all whole blocks or else one.
    #[target_feature(enable = "avx512f,avx512dq")]
    unsafe fn pairs(&self, rows: Range<usize>, panels: Range<usize>) {
        let mut turns = Turns::<2>::new();
        // SAFETY: the tiles are configured.
        unsafe { tiles::zero() };
        for panel in panels.clone().step_by(2) {
            let mut ahead = self.ahead(panel + 2, 2, rows.len().div_ceil(PAIR_ROWS));
            for row in rows.clone().step_by(PAIR_ROWS) {
                let block = Block {
                    row,
                    rows: PAIR_ROWS.min(rows.end - row),
                    panel,
                    panels: 2.min(panels.end - panel),
                };
                for group in 0..self.groups {
                    // SAFETY: the caller's promises.
                    unsafe {
                        block.sum_pair(&self.operands, self.steps(group), &mut ahead, || ());
                        turns.take(self, Part { block, group });
                    }
                }
            }
        }
        // SAFETY: the caller's promises.
        unsafe { turns.finish(self) };
    }

    /// Up to 16 rows by four panels at a time.
    ///
    /// # Safety
    /// As for `pairs`.
    #[target_feature(enable = "avx512f,avx512dq")]
    unsafe fn fours(&self, row: usize, panels: Range<usize>) {
        let mut turns = Turns::<4>::new();
        // SAFETY: the tiles are configured.
        unsafe { tiles::zero() };
        for panel in panels.clone().step_by(4) {
            let panels = 4.min(panels.end - panel);
            let block = Block { row, rows: self.operands.m - row, panel, panels };
            for group in 0..self.groups {
                // SAFETY: the caller's promises.
                unsafe {
                    block.sum_four(&self.operands, self.steps(group), || ());
                    turns.take(self, Part { block, group });
                }
            }
        }
        // SAFETY: the caller's promises.
        unsafe { turns.finish(self) };
    }

    /// Panels that come next, asked for while so many blocks are multiplied.
    fn ahead(&self, panel: usize, panels: usize, blocks: usize) -> Ahead {
        let bytes = self.operands.b_panel_stride;
        let at = self.operands.b.as_ptr().wrapping_add(panel * bytes);
        Ahead::new(at, panels * bytes, self.operands.k / 64 * blocks)
    }
}

/// A group's part of the sums of a block.
#[derive(Clone, Copy)]
struct Part {
    block: Block,
    group: usize,
}

/// Sums that were stored, in tiles of `ACROSS` panels beside each other: one part is written while the other waits to
/// become numbers.
struct Turns<const ACROSS: usize> {
    sums: [Sums; 2],
    waiting: Option<Part>,
    /// Where what waits was stored.
    at: usize,
}

impl<const ACROSS: usize> Turns<ACROSS> {
    fn new() -> Self {
        Turns { sums: [Sums::NEW, Sums::NEW], waiting: None, at: 0 }
    }

    /// Takes the part that is in the tiles and leaves zeros there, and adds what has waited until now.
    ///
    /// # Safety
    /// As for `product`; the tiles are configured, and the part is within the job.
    #[inline(always)]
    unsafe fn take(&mut self, product: &Product, part: Part) {
        // SAFETY: the caller's promises.
        unsafe {
            self.tile::<0>(product);
            tiles::take::<0>(&mut self.sums[self.at ^ 1]);
            self.tile::<1>(product);
            tiles::take::<1>(&mut self.sums[self.at ^ 1]);
            self.tile::<2>(product);
            tiles::take::<2>(&mut self.sums[self.at ^ 1]);
            self.tile::<3>(product);
            tiles::take::<3>(&mut self.sums[self.at ^ 1]);
        }
        self.waiting = Some(part);
        self.at ^= 1;
    }

    /// Adds what has waited until now.
    ///
    /// # Safety
    /// As for `take`.
    #[inline(always)]
    unsafe fn finish(&mut self, product: &Product) {
        // SAFETY: the caller's promises.
        unsafe {
            self.tile::<0>(product);
            self.tile::<1>(product);
            self.tile::<2>(product);
            self.tile::<3>(product);
        }
    }

    /// Adds a tile of what has waited to the results.
    ///
    /// # Safety
    /// As for `take`.
    #[inline(always)]
    unsafe fn tile<const TILE: usize>(&mut self, product: &Product) {
        let Some(Part { block, group }) = self.waiting else { return };
        let (row, panel) = (TILE / ACROSS * TILE_ROWS, TILE % ACROSS);
        if panel >= block.panels {
            return;
        }
        let rows = TILE_ROWS.min(block.rows - row);
        let place = Place { row: block.row + row, panel: block.panel + panel, group };
        let sums = self.sums[self.at].tile(TILE);
        // SAFETY: the caller's promises.
        unsafe {
            match (rows, group) {
                (TILE_ROWS, 0) => add::<true>(product, sums, TILE_ROWS, place),
                (TILE_ROWS, _) => add::<false>(product, sums, TILE_ROWS, place),
                (_, 0) => add::<true>(product, sums, rows, place),
                (_, _) => add::<false>(product, sums, rows, place),
            }
        }
    }
}

/// Where sums of a tile belong, within the product.
#[derive(Clone, Copy)]
struct Place {
    row: usize,
    panel: usize,
    group: usize,
}

/// Adds rows of 16 sums to the results, or stores them there if they are the `FIRST`.
///
/// # Safety
/// As for `product`; the sums were stored, and the place is within the job.
#[inline(always)]
unsafe fn add<const FIRST: bool>(product: &Product, sums: *const i32, rows: usize, place: Place) {
    let &Product { groups, padded, job, .. } = product;
    let &LayerPart { x, row, w, panel, out, out_stride, .. } = job;
    let of_group = place.group * padded + (panel + place.panel) * LANES;
    // SAFETY: `linear` has seen that scales, corrections and results of all rows and panels are there; the tile has
    // rows of 16 sums.
    unsafe {
        let corrections = _mm512_loadu_si512(w.corrections.as_ptr().add(of_group).cast());
        let weight_scales = _mm512_loadu_ps(w.scales.as_ptr().add(of_group));
        let mut activation = x.scales.as_ptr().add((row + place.row) * groups + place.group);
        let mut to = out.add(place.row * out_stride + place.panel * LANES);
        for r in 0..rows {
            let sum = sums.add(r * LANES).cast::<__m512i>().read();
            let exact = _mm512_cvtepi32_ps(_mm512_sub_epi32(sum, corrections));
            let scale = _mm512_set1_ps(*activation);
            let term = _mm512_mul_ps(_mm512_mul_ps(exact, weight_scales), scale);
            // The first is not added to zero, which would lose the sign of its own.
            let number = if FIRST { term } else { _mm512_add_ps(_mm512_loadu_ps(to), term) };
            _mm512_storeu_ps(to, number);
            activation = activation.wrapping_add(groups);
            to = to.wrapping_add(out_stride);
        }
    }
}
