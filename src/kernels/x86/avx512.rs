//! AVX-512 with VNNI: products, attention's weights and frequencies of its own; everything else is plain code, compiled
//! for it.

mod fine;
mod frequencies;
mod groups;
mod product;
mod registers;
mod sinks;
mod steps;
pub mod vector;

#[cfg(feature = "import")]
use crate::kernels::operands::SUMS;
use crate::kernels::operands::{
    FineQuery, Heads, Push, QuantPart, Raw, Scaled, StepQueries, Strided,
};
use crate::kernels::plain;
use crate::kernels::table::Kernels;

pub use groups::product as grouped_product;
pub use product::product;
pub use sinks::Sink512;

every_function! {
    compile PLAIN
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    { ..plain::KERNELS }
}

/// The functions of this set.
pub const KERNELS: Kernels = Kernels {
    name: "avx512",
    product_raw: product::<Raw>,
    product_scaled: product::<Scaled>,
    grouped: Some(grouped_product),
    asks_below: usize::MAX,
    weigh_in_steps: steps::weigh,
    weigh_finely: fine::weigh,
    frequencies: frequencies::fill,
    ..PLAIN
};

/// Whether the CPU has AVX-512 F, BW, DQ, VL and VNNI and may use them.
pub fn usable() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni")
}
