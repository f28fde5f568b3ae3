//! What stands between two products of a block, spread over threads: each makes some of the rows.

use crate::kernels::{FloatEnv, QuantPart};
use crate::parallel;

/// Numbers that are worth a second thread which is awake: some microseconds, several times what it takes to share them.
const SHARED_NUMBERS: usize = 8 << 10;

/// Rows that are made of the results of a product.
pub(super) struct Part<'a> {
    /// The first of them, among all.
    pub first: usize,
    /// How many.
    pub rows: usize,
    /// Numbers that each of them is made of.
    pub cols: usize,
    /// Numbers that are changed, as many for each row.
    pub x: &'a mut [f32],
    /// For one row on its way, for each thread.
    pub buffers: &'a mut [f32],
    /// Where they go: as many rows or heads for each.
    pub out: QuantPart<'a>,
}

impl<'a> Part<'a> {
    /// Does `work` to halves of halves, until there is one for each thread or they are too small to share.
    pub(super) fn spread(self, threads: usize, work: &(impl Fn(Part<'_>) + Sync)) {
        if threads < 2 || self.rows < 2 || self.rows * self.cols < SHARED_NUMBERS {
            return work(self);
        }
        let (left, right) = self.halves(threads);
        parallel::join(
            || left.spread(threads / 2, work),
            || {
                let _exact = FloatEnv::exact();
                right.spread(threads - threads / 2, work);
            },
        );
    }

    fn halves(self, threads: usize) -> (Part<'a>, Part<'a>) {
        let Part { first, rows, cols, x, buffers, out } = self;
        let here = rows / 2;
        let (x_each, out_each) = (x.len() / rows, out.rows() / rows);
        let buffer = buffers.len() / threads;
        let (x, other_x) = x.split_at_mut(here * x_each);
        let (buffers, other_buffers) = buffers.split_at_mut(threads / 2 * buffer);
        let (out, other_out) = out.split_at(here * out_each);
        (
            Part { first, rows: here, cols, x, buffers, out },
            Part {
                first: first + here,
                rows: rows - here,
                cols,
                x: other_x,
                buffers: other_buffers,
                out: other_out,
            },
        )
    }
}
