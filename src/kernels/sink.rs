//! What becomes of the sums that a product kernel computes.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use super::LANES;

/// Takes the finished sums of one row of `a` and one panel of `b`, in any order of both.
pub(super) trait Sink {
    /// Takes 16 sums.
    ///
    /// # Safety
    /// `row` and `panel` are within the call that the sink was made for.
    unsafe fn put(&mut self, row: usize, panel: usize, sums: &[i32; LANES]);

    /// What all rows of a panel share, in registers.
    #[cfg(target_arch = "x86_64")]
    type Panel: Copy;

    /// What the rows of a panel share.
    ///
    /// # Safety
    /// As for `put`, and the CPU has AVX-512 F and DQ.
    #[cfg(target_arch = "x86_64")]
    unsafe fn panel512(&self, panel: usize) -> Self::Panel;

    /// Takes 16 sums in a register, with what the panel's rows share.
    ///
    /// # Safety
    /// As for `put`, and the CPU has AVX-512 F and DQ.
    #[cfg(target_arch = "x86_64")]
    unsafe fn put512(&mut self, row: usize, panel: usize, shared: &Self::Panel, sums: __m512i);

    /// Where the sums of a row and a panel stay as they are, and how far it is to the next row's; `None` if something
    /// else becomes of them.
    #[cfg(target_arch = "x86_64")]
    fn in_place(&mut self, _row: usize, _panel: usize) -> Option<(*mut i32, usize)> {
        None
    }
}

/// Stores the sums as they are.
pub(super) struct Raw {
    /// The first sum of row 0 and panel 0.
    pub c: *mut i32,
    /// Elements from one row to the next.
    pub stride: usize,
}

impl Sink for Raw {
    #[inline(always)]
    unsafe fn put(&mut self, row: usize, panel: usize, sums: &[i32; LANES]) {
        // SAFETY: the caller of the kernel checked that `c` holds every row and panel.
        unsafe {
            self.c.add(row * self.stride + panel * LANES).cast::<[i32; LANES]>().write(*sums);
        }
    }

    #[cfg(target_arch = "x86_64")]
    type Panel = ();

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn panel512(&self, _panel: usize) {}

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn put512(&mut self, row: usize, panel: usize, _shared: &(), sums: __m512i) {
        // SAFETY: as in `put`; the instruction is the caller's promise.
        unsafe {
            _mm512_storeu_si512(self.c.add(row * self.stride + panel * LANES).cast(), sums);
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn in_place(&mut self, row: usize, panel: usize) -> Option<(*mut i32, usize)> {
        Some((self.c.wrapping_add(row * self.stride + panel * LANES), self.stride))
    }
}

/// Turns the sums of one scale group into numbers, and stores or adds them.
///
/// `(f32(sum - correction) * weight_scale) * activation_scale`: three roundings, in this order.
/// Rust's `as f32` and `vcvtdq2ps` both round an integer to nearest even.
pub(super) struct Scaled {
    /// The first output of row 0 and panel 0.
    pub out: *mut f32,
    /// Elements from one row to the next.
    pub stride: usize,
    /// 128 times the sum of the weights, 16 for each panel.
    pub corrections: *const i32,
    /// 16 for each panel.
    pub weight_scales: *const f32,
    /// The scale of row 0 for this group.
    pub activation_scales: *const f32,
    /// Elements from one row's scale to the next row's.
    pub activation_stride: usize,
    /// Whether this is the first group, whose values are stored and not added.
    pub first: bool,
}

impl Sink for Scaled {
    #[inline(always)]
    unsafe fn put(&mut self, row: usize, panel: usize, sums: &[i32; LANES]) {
        // SAFETY: the caller of the kernel checked that every array holds every row and panel.
        // The arrays may lie at any address that suits their elements, hence the copies.
        unsafe {
            let out = self.out.add(row * self.stride + panel * LANES).cast::<[f32; LANES]>();
            let corrections = self.corrections.add(panel * LANES).cast::<[i32; LANES]>().read();
            let scales = self.weight_scales.add(panel * LANES).cast::<[f32; LANES]>().read();
            let activation = *self.activation_scales.add(row * self.activation_stride);
            let mut values = [0.0; LANES];
            for l in 0..LANES {
                let sum = sums[l].wrapping_sub(corrections[l]);
                values[l] = (sum as f32 * scales[l]) * activation;
            }
            if !self.first {
                let before = out.read();
                for l in 0..LANES {
                    values[l] += before[l];
                }
            }
            out.write(values);
        }
    }

    /// Corrections and weight scales.
    #[cfg(target_arch = "x86_64")]
    type Panel = (__m512i, __m512);

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn panel512(&self, panel: usize) -> (__m512i, __m512) {
        // SAFETY: as in `put`; the instructions are the caller's promise.
        unsafe {
            (
                _mm512_loadu_si512(self.corrections.add(panel * LANES).cast()),
                _mm512_loadu_ps(self.weight_scales.add(panel * LANES)),
            )
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn put512(
        &mut self,
        row: usize,
        panel: usize,
        &(corrections, scales): &(__m512i, __m512),
        sums: __m512i,
    ) {
        // SAFETY: as in `put`; the instructions are the caller's promise.
        unsafe {
            let out = self.out.add(row * self.stride + panel * LANES);
            let activation = *self.activation_scales.add(row * self.activation_stride);
            let exact = _mm512_cvtepi32_ps(_mm512_sub_epi32(sums, corrections));
            let mut values =
                _mm512_mul_ps(_mm512_mul_ps(exact, scales), _mm512_set1_ps(activation));
            if !self.first {
                values = _mm512_add_ps(values, _mm512_loadu_ps(out));
            }
            _mm512_storeu_ps(out, values);
        }
    }
}
