//! The product with AMX tiles: not offered to anyone before its kernel is here.

use super::gemm::Operands;
use super::sink::Sink;

/// Whether the kernel may be chosen.
pub(super) fn usable() -> bool {
    false
}

/// # Safety
/// As for the other kernels; never called, since `usable` says no.
pub(super) unsafe fn product<S: Sink>(job: &Operands, sink: &mut S) {
    super::scalar::product(job, sink);
}
