//! The instruction sets of x86-64.

#[macro_use]
mod vector;

pub mod amx;
pub mod avx2;
pub mod avx512;

use super::table::Kernels;

/// Those that this CPU has and this process may use, from the plainest to the newest.
pub fn usable() -> Vec<&'static Kernels> {
    let mut sets: Vec<&'static Kernels> = Vec::new();
    if avx2::usable() {
        sets.push(&avx2::KERNELS);
    }
    if avx512::usable() {
        sets.push(&avx512::KERNELS);
        if amx::usable() {
            sets.push(&amx::KERNELS);
        }
    }
    sets
}
