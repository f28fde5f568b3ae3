//! The instruction sets of aarch64: products, attention's weights, frequencies and vectors of their own; everything else is
//! plain code, which every build for this architecture compiles to NEON.
//!
//! Nothing is asked for ahead of time, as AVX-512 does: what that is worth was not measured on any such processor.
//!
//! TABLE

mod blocks;
mod dotprod;
mod fine;
mod frequencies;
mod i8mm;
mod neon;
mod powers;
mod product;
mod sinks;
mod steps;
pub mod vector;

use std::arch::is_aarch64_feature_detected;

use self::product::{grouped, product};
use super::operands::{Raw, Scaled};
use super::plain;
use super::table::Kernels;

/// What every processor of this architecture has.
const NEON: Kernels = Kernels {
    name: "neon",
    product_raw: neon::any_product::<Raw>,
    product_scaled: neon::any_product::<Scaled>,
    grouped: Some(neon::any_grouped),
    weigh_in_steps: steps::weigh,
    weigh_finely: fine::weigh,
    frequencies: frequencies::fill,
    ..plain::KERNELS
};

/// With dot products of bytes: from 2018 on, Cortex-A75 and the like.
const DOTPROD: Kernels = Kernels {
    name: "dotprod",
    product_raw: product::<dotprod::Dotprod, Raw>,
    product_scaled: product::<dotprod::Dotprod, Scaled>,
    grouped: Some(grouped::<dotprod::Dotprod>),
    ..NEON
};

/// With products of small matrices of bytes: from 2021 on, Cortex-A510, Neoverse V1, Apple M2.
const I8MM: Kernels = Kernels {
    name: "i8mm",
    product_raw: product::<i8mm::I8mm, Raw>,
    product_scaled: product::<i8mm::I8mm, Scaled>,
    grouped: Some(grouped::<i8mm::I8mm>),
    ..NEON
};

/// Those that this CPU has, from the plainest to the newest.
pub fn usable() -> Vec<&'static Kernels> {
    let mut sets = vec![&NEON];
    if is_aarch64_feature_detected!("dotprod") {
        sets.push(&DOTPROD);
    }
    if is_aarch64_feature_detected!("i8mm") {
        sets.push(&I8MM);
    }
    sets
}
