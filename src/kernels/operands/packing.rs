//! The layout of 8-bit matrices that every product kernel reads in place.
//!
//! A panel holds 16 rows (of the matrix as it is stored, so 16 outputs of a product). Within a
//! panel, for each block of 4 columns, there are 64 bytes: 16 rows, 4 columns each. That block is
//! one row of an AMX tile, one AVX-512 register, two of AVX2, four of NEON. Rows are padded to 16 and columns to
//! 64, with zeros.

/// Lanes of every floating-point reduction, output rows in a panel, frequencies in a block.
pub const LANES: usize = 16;

/// Columns that one block of a panel holds for each row.
pub const BLOCK_COLS: usize = 4;

/// Bytes of one block.
pub const BLOCK_BYTES: usize = LANES * BLOCK_COLS;

/// The next multiple of 16.
pub fn padded_rows(rows: usize) -> usize {
    rows.next_multiple_of(LANES)
}

/// The next multiple of 64.
pub fn padded_cols(cols: usize) -> usize {
    cols.next_multiple_of(64)
}

/// Numbers from one row of a product's results to the next: an odd number of cache lines. Rows an even number apart share a
/// few sets of the first-level cache, and push each other out (products of 128 rows with 1,536 or 8,192 outputs took a fifth
/// to a half longer).
pub fn result_stride(outputs: usize) -> usize {
    let lines = outputs.div_ceil(LANES);
    (lines | 1) * LANES
}

/// Bytes of a packed matrix.
///
/// Panics when the size does not fit in memory at all; check untrusted shapes first.
pub fn packed_len(rows: usize, cols: usize) -> usize {
    padded_rows(rows).checked_mul(padded_cols(cols)).expect("a matrix that fits in memory")
}

/// Where the element at `row` and `col` lies in a matrix packed with `cols_padded` columns.
#[inline(always)]
pub fn packed_index(cols_padded: usize, row: usize, col: usize) -> usize {
    (row / LANES) * LANES * cols_padded
        + (col / BLOCK_COLS) * BLOCK_BYTES
        + (row % LANES) * BLOCK_COLS
        + col % BLOCK_COLS
}

/// Packs a row-major matrix of `rows * cols` bytes.
///
/// Panics when `src` has another length.
pub fn pack(rows: usize, cols: usize, src: &[i8]) -> Vec<i8> {
    assert_eq!(src.len(), rows * cols, "a row-major matrix of {rows} x {cols}");
    let cols_padded = padded_cols(cols);
    let mut packed = vec![0; packed_len(rows, cols)];
    for (row, values) in src.chunks_exact(cols.max(1)).enumerate() {
        for (block, four) in values.chunks(BLOCK_COLS).enumerate() {
            let at = packed_index(cols_padded, row, block * BLOCK_COLS);
            packed[at..at + four.len()].copy_from_slice(four);
        }
    }
    packed
}

/// Whether every byte lies within +-63, which lets AVX2 and NEON add products in 16 bits.
pub fn bounded_63(values: &[i8]) -> bool {
    values.iter().fold(true, |all, &value| all & (-63..=63).contains(&value))
}
