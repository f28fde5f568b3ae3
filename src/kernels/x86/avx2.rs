//! AVX2: a product of its own; everything else is plain code, compiled for it.

mod product;
pub mod vector;

#[cfg(feature = "import")]
use crate::kernels::operands::SUMS;
use crate::kernels::operands::{
    FineQuery, Heads, Push, QuantPart, Raw, Scaled, StepQueries, Strided,
};
use crate::kernels::plain;

every_function! {
    compile KERNELS
    #[target_feature(enable = "avx2")]
    {
        name: "avx2",
        product_raw: product::product::<Raw>,
        product_scaled: product::product::<Scaled>,
        ..plain::KERNELS
    }
}

/// Whether the CPU has it.
pub fn usable() -> bool {
    is_x86_feature_detected!("avx2")
}
