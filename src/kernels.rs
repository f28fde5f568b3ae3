//! Exact arithmetic on slices: the same bits on every machine, instruction set and thread count.
//!
//! Two kinds of function live here. The products of 8-bit integers are summed in 32-bit integers,
//! where the order of summing cannot matter, so each instruction set has its own kernel
//! (`scalar`, `avx2`, `avx512`, `amx`). Everything in floating point is written once, as plain
//! Rust in a fixed order, and compiled several times with different instructions allowed; IEEE 754
//! fixes the bits of every step, and Rust neither fuses nor reorders them.
//!
//! `EXACTNESS.md` beside this file specifies each step for a second implementation.
//!
//! A thread that calls these functions holds a [`FloatEnv`], because a host program may have
//! changed the rounding of its floating-point unit.

#[macro_use]
mod dispatch;

mod aligned;
#[cfg(target_arch = "x86_64")]
mod amx;
mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_groups;
#[cfg(feature = "import")]
mod double;
mod elementwise;
mod float_env;
mod frequencies;
#[cfg(target_arch = "x86_64")]
mod frequencies_avx512;
mod fused;
mod gemm;
mod isa;
mod linear;
mod nibbles;
mod octaves;
mod packing;
mod portable;
mod quantise;
mod real;
mod rope;
mod scalar;
mod sink;
mod soon;
mod teaching;
#[cfg(test)]
mod tests;

pub use aligned::Aligned;
pub use attention::{
    SlotView, ValueScales, attention_weights, combine_fine_values, combine_values,
};
#[cfg(feature = "import")]
pub(crate) use double::{SUMS, add_rows, weighted_rows};
pub use elementwise::{add_assign, rms_norm, silu_mul};
pub use float_env::FloatEnv;
pub use frequencies::{LARGEST_FREQUENCY, cumulative, frequencies};
pub use fused::{Heads, Strided, gated_quantised, heads_quantised, norm_quantised};
pub use gemm::{MAX_K, gemm_u8i8};
pub use isa::Isa;
pub use linear::{LinearView, SHARED_WORK, Way, linear, linear_asks};
pub use nibbles::{STEP_BYTES, STEP_COLS, store_nibbles, unpack_nibbles, unpack_stepped};
pub use octaves::scale_log;
pub use packing::{
    bounded_63, pack, packed_index, packed_len, padded_cols, padded_rows, result_stride,
};
pub use quantise::{QuantPart, QuantRows, quantise_part, quantise_rows};
pub use rope::{RopeTables, inv_freq, rope};
pub use soon::{Awaited, Soon};
pub use teaching::{FINE_BITS, Push, teach_row};

/// Lanes of every floating-point reduction, output rows in a panel, frequencies in a block.
pub const LANES: usize = 16;
