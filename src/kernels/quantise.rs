//! Activations as bytes, with a scale for each row and group.

use super::{Aligned, Isa, padded_cols};

/// Below this magnitude a whole group counts as zero: 2^-60.
const SMALLEST: f32 = f32::from_bits((127 - 60) << 23);

/// The bits of positive infinity; magnitudes from here on are infinite or NaN.
const INFINITE: u32 = 0x7f80_0000;

/// 1.5 * 2^23 (see `portable::round_even`).
const ROUNDER: f32 = 12_582_912.0;

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
pub(super) fn groups_of(cols: usize, group_cols: usize) -> usize {
    if group_cols >= cols {
        return 1;
    }
    assert!(group_cols > 0 && group_cols.is_multiple_of(64), "groups of {group_cols} columns");
    cols.div_ceil(group_cols)
}

for_every_isa! {
    /// Quantises rows of `cols` numbers at `x_stride`: as many as `out` has.
    ///
    /// Of each group the largest magnitude becomes 127: `scale = largest / 127`,
    /// `q = round_even(x * (127 / largest))`. A group whose largest magnitude is below 2^-60, or
    /// that holds an infinity or NaN, becomes all zeros with scale 0.
    ///
    /// Panics when `x` is too short or `out` has fewer columns.
    pub fn quantise_part(x: &[f32], x_stride: usize, cols: usize, out: QuantPart<'_>) = quantise_part_body;
}

#[inline(always)]
fn quantise_part_body(x: &[f32], x_stride: usize, cols: usize, mut out: QuantPart<'_>) {
    for row in 0..out.rows() {
        quantise_row(&x[row * x_stride..][..cols], row, &mut out);
    }
}

/// Makes `out` the quantised `rows` rows of `cols` numbers at `x_stride`, as [`quantise_part`] does.
///
/// Panics when `x` is too short, there are no columns, or `group_cols` is neither a multiple of 64 nor at least `cols`.
pub fn quantise_rows(
    isa: Isa,
    x: &[f32],
    x_stride: usize,
    rows: usize,
    cols: usize,
    group_cols: usize,
    out: &mut QuantRows,
) {
    quantise_part(isa, x, x_stride, cols, out.shaped(rows, cols, group_cols));
}

/// Fills in row `row`.
#[inline(always)]
pub(super) fn quantise_row(numbers: &[f32], row: usize, out: &mut QuantPart) {
    let (cols_padded, group_cols) = (out.cols_padded, out.group_cols);
    let groups = groups_of(cols_padded, group_cols);
    let bytes = &mut out.data[row * cols_padded..][..cols_padded];
    let scales = &mut out.scales[row * groups..][..groups];
    let (bytes, padding) = bytes.split_at_mut(numbers.len());
    padding.fill(128);
    let parts = numbers.chunks(group_cols).zip(bytes.chunks_mut(group_cols));
    for ((numbers, bytes), scale) in parts.zip(scales) {
        *scale = quantise_group(numbers, bytes);
    }
}

/// Fills `bytes` and gives the scale.
#[inline(always)]
fn quantise_group(numbers: &[f32], bytes: &mut [u8]) -> f32 {
    // Compared as integers, so that infinities and NaN of any sign come out largest, and the
    // order of comparing cannot matter.
    let largest = numbers.iter().fold(0u32, |max, x| max.max(x.to_bits() & 0x7fff_ffff));
    if !(SMALLEST.to_bits()..INFINITE).contains(&largest) {
        bytes.fill(128);
        return 0.0;
    }
    let largest = f32::from_bits(largest);
    let factor = 127.0 / largest;
    for (byte, &x) in bytes.iter_mut().zip(numbers) {
        let y = x * factor;
        let y = if y > -127.0 { y } else { -127.0 };
        let y = if y < 127.0 { y } else { 127.0 };
        // The low byte of ROUNDER's bits is 0, so the low byte of the sum's is that of q.
        *byte = ((y + ROUNDER).to_bits() as u8) ^ 0x80;
    }
    largest / 127.0
}
