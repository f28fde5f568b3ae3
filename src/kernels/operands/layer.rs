//! The weights of a linear layer, and a part of its product.

use super::packing::LANES;
use super::rows::{QuantRows, groups_of};

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
    /// 128 times the sum of a row's weights in the group, `[group][padded_rows]`; others give other results on some sets, which
    /// do not read them.
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

/// Some rows by some panels of a layer, and where results go: what one thread multiplies.
///
/// `linear` has seen that everything is there: the rows of `x`, the panels of `w` with their scales and corrections, and room
/// for the results.
pub struct LayerPart<'a> {
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
