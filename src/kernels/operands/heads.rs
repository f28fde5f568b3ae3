//! Rows of floats as products leave them, and the heads that lie in them.

/// The widest head.
pub const MAX_HEAD_DIM: usize = 256;

/// Rows of floats at a stride.
#[derive(Clone, Copy)]
pub struct Strided<'a> {
    /// `[row][stride]`
    pub values: &'a [f32],
    /// Numbers from one row to the next.
    pub stride: usize,
}

impl Strided<'_> {
    /// The rows from `first` on.
    pub fn from_row(self, first: usize) -> Self {
        Strided { values: &self.values[first * self.stride..], ..self }
    }

    /// The first `cols` numbers of a row.
    #[inline(always)]
    pub(crate) fn row(&self, row: usize, cols: usize) -> &[f32] {
        &self.values[row * self.stride..][..cols]
    }
}

/// The heads of queries, keys and values in a row, and what is done to them.
pub struct Heads<'a> {
    /// Heads of queries; those of keys follow, then as many of values.
    pub queries: usize,
    /// Heads of keys.
    pub keys: usize,
    /// Numbers in a head, at most 256.
    pub head_dim: usize,
    /// What is added to a row first.
    pub bias: Option<&'a [f32]>,
    /// Weights of the norms of queries and of keys.
    pub norms: Option<[&'a [f32]; 2]>,
    /// Epsilon of the norms.
    pub eps: f32,
}
