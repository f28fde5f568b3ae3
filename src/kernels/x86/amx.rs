//! AMX, which is only used beside AVX-512 with VNNI: products of many rows; everything else is that set's.

mod blocks;
mod detect;
mod groups;
mod product;
mod tiles;

use super::avx512::{self, Sink512};
use crate::kernels::operands::{LayerPart, Operands, Raw, Scaled};
use crate::kernels::table::Kernels;

pub use detect::usable;

/// Rows from which on tiles are worth while: below, most of a tile is empty, and its configuration takes as long as
/// the products of a head with the slots of a lane.
const LEAST_ROWS: usize = 5;

/// The same with several scale groups.
const LEAST_GROUPED_ROWS: usize = 8;

/// The functions of this set.
pub const KERNELS: Kernels = Kernels {
    name: "amx",
    product_raw: product::<Raw>,
    product_scaled: product::<Scaled>,
    grouped: Some(grouped),
    asks_below: LEAST_ROWS,
    ..avx512::KERNELS
};

/// Sums every row against every panel.
///
/// # Safety
/// The CPU and the operating system have AMX with bytes, and the CPU has AVX-512 with VNNI; the operands were checked; the
/// sink takes every row and panel.
unsafe fn product<S: Sink512>(job: &Operands, sink: &mut S) {
    // SAFETY: the caller's promises.
    unsafe {
        match job.m >= LEAST_ROWS {
            true => product::product(job, sink),
            false => avx512::product(job, sink),
        }
    }
}

/// Multiplies a part of a layer of several scale groups.
///
/// # Safety
/// As for `product`; all that the part speaks of is there, as `linear` checks.
unsafe fn grouped(part: &LayerPart) {
    // SAFETY: the caller's promises.
    unsafe {
        match part.rows >= LEAST_GROUPED_ROWS {
            true => groups::product(part),
            false => avx512::grouped_product(part),
        }
    }
}
