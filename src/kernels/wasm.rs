//! WebAssembly with simd128: products and vectors of its own; everything else is plain code, which this build compiles to
//! the same instructions.
//!
//! A module cannot ask what the machine has: one that uses these instructions is refused as a whole where they are missing.
//! So the set is chosen when the module is built, and there are two modules. The relaxed instructions are never used:
//! what they give differs between machines.

mod product;
pub mod vector;

use super::operands::{Raw, Scaled};
use super::plain;
use super::table::Kernels;

/// The functions of this set.
pub const KERNELS: Kernels = Kernels {
    name: "simd128",
    product_raw: product::product::<Raw>,
    product_scaled: product::product::<Scaled>,
    ..plain::KERNELS
};
