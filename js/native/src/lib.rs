//! What JavaScript calls: numbers and addresses in, a code out, the answer in memory until the next call.
//!
//! A crate of its own, because only a `cdylib` becomes a module and the library should stay one that Rust programs link.
//! The boundary is written by hand: it is a dozen functions of numbers, less than a generator would add.
//!
//! Every function that can fail gives 0, or 1 where the answer is an error as JSON (`failure.rs`). The model is not in the
//! module, so that the module with simd128 and the one without share a file of it.

mod calls;
mod failure;
mod memory;
mod models;
mod selfcheck;
mod surprise;
mod watch;
