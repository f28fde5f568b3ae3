//! Exact arithmetic on slices: the same bits on every machine, instruction set and thread count.
//!
//! The house, from the bottom up; each floor uses only those below it:
//!
//! - `operands`: what kernels are given and where results go, for every instruction set the same;
//! - `table`: the functions that an instruction set fills in;
//! - `plain`: all of them in plain Rust, which defines their bits;
//! - one room for each set (`x86/avx2`, `x86/avx512`, `x86/amx`, those of `arm`, `wasm`), which knows `operands` and `plain` and nobody else. What a
//!   set lacks is plain code, compiled for it;
//! - `isa`: asks the CPU, once, and gives out the tables;
//! - `vectors`: the same for vectors of integers, which the mixer computes with;
//! - what callers see: `gemm`, `linear`, `attention`, and `doors` for all that is written once.
//!
//! The products of 8-bit integers are summed in 32-bit integers, where the order of summing cannot matter, so each set has
//! a product of its own. Everything in floating point is written once, in a fixed order; IEEE 754 fixes the bits of every
//! step, and Rust neither fuses nor reorders them.
//!
//! `EXACTNESS.md` beside this file specifies each step for a second implementation.
//!
//! A thread that calls these functions holds a [`FloatEnv`], because a host program may have
//! changed the rounding of its floating-point unit.

#[macro_use]
mod table;

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod arm;
mod attention;
mod doors;
mod float_env;
mod gemm;
mod isa;
mod linear;
mod operands;
mod plain;
#[cfg(test)]
mod tests;
pub(crate) mod vectors;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use attention::attention_weights;
pub use doors::{
    add_assign, combine_fine_values, combine_values, frequencies, gated_quantised, heads_quantised,
    norm_quantised, quantise_part, quantise_rows, rms_norm, rope, silu_mul, teach_row,
    unpack_nibbles, unpack_stepped,
};
#[cfg(feature = "import")]
pub(crate) use doors::{add_rows, weighted_rows};
pub use float_env::FloatEnv;
pub use gemm::gemm_u8i8;
pub use isa::Isa;
pub use linear::{SHARED_WORK, Way, linear, linear_asks};
#[cfg(feature = "import")]
pub(crate) use operands::SUMS;
pub(crate) use operands::fetch::fetch_close;
pub use operands::{
    Aligned, Awaited, FINE_BITS, Heads, LANES, LinearView, MAX_K, Push, QuantPart, QuantRows,
    SlotView, Soon, Strided, ValueScales, bounded_63, pack, packed_index, packed_len, padded_cols,
    padded_rows, result_stride,
};
pub use plain::frequencies::{LARGEST_FREQUENCY, cumulative, frequency};
pub use plain::nibbles::{STEP_BYTES, STEP_COLS, store_nibbles};
pub use plain::octaves::scale_log;
pub use plain::rope::{RopeTables, inv_freq};
