//! What kernels are given, and where their results go: below all of them, and for every instruction set the same.

#[cfg(feature = "import")]
/// Sums in double precision that are made side by side (`weighted_rows`).
pub const SUMS: usize = 32;

mod aligned;
pub mod fetch;
mod heads;
mod layer;
mod packing;
mod product;
mod rows;
mod sinks;
mod slots;
mod soon;
mod teaching;
mod vector;

pub use aligned::Aligned;
pub use heads::{Heads, MAX_HEAD_DIM, Strided};
pub use layer::{LayerPart, LinearView};
pub use packing::{
    BLOCK_BYTES, BLOCK_COLS, LANES, bounded_63, pack, packed_index, packed_len, padded_cols,
    padded_rows, result_stride,
};
pub use product::{MAX_K, Operands, span};
pub use rows::{QuantPart, QuantRows};
pub use sinks::{Raw, Scaled, Sink};
pub use slots::{
    FineQuery, Keys, SlotView, StepQueries, ValueScales, fill_unseen, seen, seen_blocks,
};
pub use soon::{Awaited, Soon};
pub use teaching::{FINE_BITS, Push};
pub use vector::{BEHIND, Body, Numbers, Vector, WIDTH};
