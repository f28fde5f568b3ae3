//! Activations as bytes, with a scale for each row and group.

use super::aligned::Aligned;
use super::packing::padded_cols;

/// Rows of activations as bytes `q + 128`, `q` in -127..=127, with a scale per row and group.
///
/// Made once for the largest shape and refilled; refilling does not allocate within that size.
#[derive(Clone, Debug, Default)]
pub struct QuantRows {
    /// Rows in use.
    pub rows: usize,
    /// Bytes from one row to the next: the columns, padded to 64 with the byte of zero, 128.
    pub cols_padded: usize,
    /// Columns that share a scale; `cols_padded` where a whole row does.
    pub group_cols: usize,
    /// `[row][cols_padded]`
    pub data: Aligned<u8>,
    /// `[row][group]`
    pub scales: Aligned<f32>,
}

impl QuantRows {
    /// No rows yet, but room for `rows` of `cols` columns in groups of `group_cols`.
    pub fn with_capacity(rows: usize, cols: usize, group_cols: usize) -> QuantRows {
        QuantRows {
            data: Aligned::with_capacity(rows * padded_cols(cols)),
            scales: Aligned::with_capacity(rows * groups_of(cols, group_cols)),
            ..QuantRows::default()
        }
    }

    /// Scale groups in a row.
    pub fn groups(&self) -> usize {
        groups_of(self.cols_padded, self.group_cols)
    }

    /// Takes all rows out, keeping the memory.
    pub(crate) fn clear(&mut self) {
        self.rows = 0;
        self.data.clear();
        self.scales.clear();
    }

    /// Adds a row of another; to no rows, of any columns and groups.
    pub(crate) fn append_row(&mut self, other: &QuantRows, row: usize) {
        if self.rows == 0 {
            (self.cols_padded, self.group_cols) = (other.cols_padded, other.group_cols);
        }
        let (width, groups) = (other.cols_padded, other.groups());
        assert_eq!((self.cols_padded, self.group_cols), (width, other.group_cols));
        self.data.extend_from_slice(&other.data[row * width..][..width]);
        self.scales.extend_from_slice(&other.scales[row * groups..][..groups]);
        self.rows += 1;
    }

    /// Makes row `to` one of another, of the same columns and groups.
    pub(crate) fn copy_row(&mut self, to: usize, other: &QuantRows, row: usize) {
        assert_eq!((self.cols_padded, self.group_cols), (other.cols_padded, other.group_cols));
        let (width, groups) = (self.cols_padded, self.groups());
        self.data[to * width..][..width].copy_from_slice(&other.data[row * width..][..width]);
        self.scales[to * groups..][..groups]
            .copy_from_slice(&other.scales[row * groups..][..groups]);
    }

    /// All rows, to be written, after taking on another shape.
    pub fn shaped(&mut self, rows: usize, cols: usize, group_cols: usize) -> QuantPart<'_> {
        self.reshape(rows, cols, group_cols);
        QuantPart {
            cols_padded: self.cols_padded,
            group_cols: self.group_cols,
            data: &mut self.data,
            scales: &mut self.scales,
        }
    }

    /// Takes on another shape, keeping whatever bytes are there.
    pub(crate) fn reshape(&mut self, rows: usize, cols: usize, group_cols: usize) {
        assert!(cols > 0, "rows without columns");
        let cols_padded = padded_cols(cols);
        self.rows = rows;
        self.cols_padded = cols_padded;
        self.group_cols = group_cols.min(cols_padded);
        self.data.resize(rows * cols_padded, 128);
        self.scales.resize(rows * groups_of(cols, group_cols), 0.0);
    }
}

/// Rows of a [`QuantRows`] that are to be written: several threads have some each.
#[derive(Debug)]
pub struct QuantPart<'a> {
    cols_padded: usize,
    group_cols: usize,
    data: &'a mut [u8],
    scales: &'a mut [f32],
}

impl QuantPart<'_> {
    /// How many.
    pub fn rows(&self) -> usize {
        self.data.len() / self.cols_padded
    }

    /// The bytes of a row, the scales of its groups, and the columns of a group.
    #[inline(always)]
    pub(crate) fn row(&mut self, row: usize) -> (&mut [u8], &mut [f32], usize) {
        let (cols_padded, group_cols) = (self.cols_padded, self.group_cols);
        let groups = groups_of(cols_padded, group_cols);
        let bytes = &mut self.data[row * cols_padded..][..cols_padded];
        (bytes, &mut self.scales[row * groups..][..groups], group_cols)
    }

    /// The first `rows` of them, and the others.
    pub(crate) fn split_at(self, rows: usize) -> (Self, Self) {
        let QuantPart { cols_padded, group_cols, data, scales } = self;
        let (data, other_data) = data.split_at_mut(rows * cols_padded);
        let (scales, other_scales) = scales.split_at_mut(rows * groups_of(cols_padded, group_cols));
        (
            QuantPart { cols_padded, group_cols, data, scales },
            QuantPart { cols_padded, group_cols, data: other_data, scales: other_scales },
        )
    }
}

/// Groups of `group_cols` in `cols` columns, the last possibly shorter.
pub fn groups_of(cols: usize, group_cols: usize) -> usize {
    if group_cols >= cols {
        return 1;
    }
    assert!(group_cols > 0 && group_cols.is_multiple_of(64), "groups of {group_cols} columns");
    cols.div_ceil(group_cols)
}
