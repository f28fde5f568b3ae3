//! Products of unsigned by signed bytes, summed exactly.

use super::isa::Isa;
use super::operands::{LANES, Operands, Raw, span};

/// Sums `c[i][j] = a[i][0] * b[j][0] + ... + a[i][k-1] * b[j][k-1]`, unsigned by signed, exactly.
///
/// `a` is row-major, `m` rows of `k` bytes at `a_stride`. `b` holds `n_panels` panels of 16 columns
/// of `c`, laid out as [`pack`](super::pack) does, `k * 16` bytes each at `b_panel_stride`. `c`
/// gets `m` rows of `16 * n_panels` sums at `c_stride`. `b_bounded_63` promises that no byte of `b`
/// exceeds +-63; a false promise gives wrong sums on AVX2 (see [`bounded_63`](super::bounded_63)).
///
/// Panics unless `k` is a multiple of 64 up to [`MAX_K`] and the slices are long enough.
#[allow(clippy::too_many_arguments)]
pub fn gemm_u8i8(
    isa: Isa,
    a: &[u8],
    a_stride: usize,
    m: usize,
    k: usize,
    b: &[i8],
    b_panel_stride: usize,
    n_panels: usize,
    b_bounded_63: bool,
    c: &mut [i32],
    c_stride: usize,
) {
    assert!(m == 0 || c_stride >= n_panels * LANES, "rows of c overlap");
    let c_needed = span(m, c_stride, n_panels * LANES);
    assert!(c_needed.is_some_and(|needed| needed <= c.len()), "c is too short");
    let job = Operands {
        a,
        a_stride,
        m,
        k,
        b,
        b_panel_stride,
        n_panels,
        b_bounded_63,
        next: std::ptr::null(),
        awaited: None,
    };
    job.check();
    let mut sink = Raw { c: c.as_mut_ptr(), stride: c_stride };
    // SAFETY: the operands are all there, and `c` was found to hold `m` rows of all panels at this stride; the CPU has the
    // instructions of an `Isa`.
    unsafe { (isa.kernels().product_raw)(&job, &mut sink) };
}
