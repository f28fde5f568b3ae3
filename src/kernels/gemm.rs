//! Products of unsigned by signed bytes, summed exactly.

use super::isa::Set;
use super::sink::{Raw, Sink};
use super::{Awaited, Isa, LANES, scalar};

/// The longest sum that fits in 32 bits whatever the bytes are.
///
/// 255 * 128 * 65,792 = 2,147,450,880, just below 2^31. (Signed bytes within +-127 would allow
/// 66,311.)
pub const MAX_K: usize = 65_792;

/// Rows from which on tiles of AMX are worth while: below, most of a tile is empty, and its configuration takes as long as
/// the products of a head with the slots of a lane.
#[cfg(target_arch = "x86_64")]
pub(super) const LEAST_TILE_ROWS: usize = 5;

/// The checked operands of one product: `m` rows of `k` unsigned bytes, `n_panels` of signed ones.
pub(super) struct Operands<'a> {
    pub a: &'a [u8],
    pub a_stride: usize,
    pub m: usize,
    pub k: usize,
    pub b: &'a [i8],
    pub b_panel_stride: usize,
    pub n_panels: usize,
    /// No byte of `b` that is read exceeds +-63.
    // Only AVX2 asks.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub b_bounded_63: bool,
    /// What will be read after `b`, laid out as `b` is: fetched meanwhile, where a kernel knows how.
    /// Never read, so it may end earlier or point anywhere; null to fetch nothing.
    // Only AVX-512 asks.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub next: *const i8,
    /// What is read after this product and others, also fetched meanwhile.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub awaited: Option<&'a Awaited>,
}

impl Operands<'_> {
    /// Panics unless every byte that a kernel will read is there.
    fn check(&self) {
        assert!(
            self.k.is_multiple_of(64) && self.k <= MAX_K,
            "k = {} is no multiple of 64 in range",
            self.k
        );
        assert!(self.a_stride >= self.k, "rows of a overlap");
        let a_needed = span(self.m, self.a_stride, self.k);
        assert!(a_needed.is_some_and(|needed| needed <= self.a.len()), "a is too short");
        let b_needed = span(self.n_panels, self.b_panel_stride, self.k * LANES);
        assert!(b_needed.is_some_and(|needed| needed <= self.b.len()), "b is too short");
    }

    /// Runs the kernel of `isa`.
    ///
    /// # Safety
    /// The sink takes every row below `m` and every panel below `n_panels`.
    pub unsafe fn run<S: Sink>(&self, isa: Isa, sink: &mut S) {
        self.check();
        match isa.set() {
            Set::Scalar => scalar::product(self, sink),
            // SAFETY: `check` has seen that all operands are there, the caller vouches for the
            // sink, and a value of `Isa` exists only where the CPU has the instructions.
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => unsafe { super::avx2::product(self, sink) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { super::avx512::product(self, sink) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Set::Amx if self.m >= LEAST_TILE_ROWS => unsafe { super::amx::product(self, sink) },
            // SAFETY: as above; AMX is offered only beside AVX-512 with VNNI.
            #[cfg(target_arch = "x86_64")]
            Set::Amx => unsafe { super::avx512::product(self, sink) },
        }
    }
}

/// Elements from the first of row 0 to the end of the last row; `None` if that overflows.
pub(super) fn span(rows: usize, stride: usize, len: usize) -> Option<usize> {
    match rows {
        0 => Some(0),
        _ => (rows - 1).checked_mul(stride)?.checked_add(len),
    }
}

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
    let mut sink = Raw { c: c.as_mut_ptr(), stride: c_stride };
    // SAFETY: `c` was found to hold `m` rows of all panels at this stride.
    unsafe { job.run(isa, &mut sink) };
}
