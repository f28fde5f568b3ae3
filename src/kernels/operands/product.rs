//! The operands of a product of unsigned by signed bytes.

use super::packing::LANES;
use super::soon::Awaited;

/// The longest sum that fits in 32 bits whatever the bytes are.
///
/// 255 * 128 * 65,792 = 2,147,450,880, just below 2^31. (Signed bytes within +-127 would allow
/// 66,311.)
pub const MAX_K: usize = 65_792;

/// The operands of one product: `m` rows of `k` unsigned bytes, `n_panels` of signed ones.
pub struct Operands<'a> {
    pub a: &'a [u8],
    pub a_stride: usize,
    pub m: usize,
    pub k: usize,
    pub b: &'a [i8],
    pub b_panel_stride: usize,
    pub n_panels: usize,
    /// No byte of `b` that is read exceeds +-63.
    // Only AVX2 and NEON ask.
    #[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), allow(dead_code))]
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
    pub fn check(&self) {
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
}

/// Elements from the first of row 0 to the end of the last row; `None` if that overflows.
pub fn span(rows: usize, stride: usize, len: usize) -> Option<usize> {
    match rows {
        0 => Some(0),
        _ => (rows - 1).checked_mul(stride)?.checked_add(len),
    }
}
