//! Plain Rust, which every machine can run and every other set must equal.
//!
//! A set takes from here what it has no instructions of its own for, compiled for it (`table.rs`, which also says what each
//! function promises).

pub mod combine;
#[cfg(feature = "import")]
pub mod double;
pub mod elementwise;
pub mod fine;
pub mod frequencies;
pub mod fused;
pub mod nibbles;
pub mod octaves;
pub mod portable;
pub mod product;
pub mod quantise;
pub mod real;
pub mod rope;
pub mod steps;
pub mod teaching;
pub mod vector;

#[cfg(feature = "import")]
use super::operands::SUMS;
use super::operands::{FineQuery, Heads, Push, QuantPart, Raw, Scaled, StepQueries, Strided};

every_function! {
    compile KERNELS
    #[inline]
    {
        name: "scalar",
        product_raw: product::product::<Raw>,
        product_scaled: product::product::<Scaled>,
        grouped: None,
        asks_below: 0,
    }
}
