//! The instruction sets of aarch64: products, attention's weights, frequencies and vectors of their own; everything else is
//! plain code, which every build for this architecture compiles to NEON.
//!
//! Nothing is asked for ahead of time, as AVX-512 does: what that is worth was not measured on any such processor.
//!
//! Instructions for 1,000 multiply-additions, all of a call counted, in linear layers and in attention's products:
//!
//! | | plain | NEON | dotprod | i8mm | AVX2 |
//! |---|---|---|---|---|---|
//! | 1 row, 320 -> 1,536, weights within +-63 | 701 | 238 | 111 | 111 | 152 |
//! | 4 rows | 698 | 254 | 88 | 87 | 139 |
//! | 6 rows | 698 | 253 | 92 | 80 | 146 |
//! | 32 rows | 697 | 253 | 88 | 87 | 138 |
//! | 6 rows, 1,024 -> 256, any weights | 691 | 382 | 87 | 75 | 236 |
//! | 32 rows, the same in groups of 64 | 744 | 459 | 121 | 129 | 247 |
//! | 4 queries by 512 keys of 64 | 712 | 444 | 126 | 101 | 238 |
//!
//! A frequency takes 27 in plain code, 6.2 with NEON, 8.2 with AVX2; a weight of 8 bits in attention 34, 8.7 and 17. (The
//! instructions that qemu 7.2 translates, added up by a plugin of its interface; five calls less one, divided by four.
//! rustc 1.96. AVX2 has twice as many numbers in a register.)

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
