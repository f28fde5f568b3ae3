//! What becomes of sums that are in registers.

use std::arch::x86_64::*;

use crate::kernels::operands::{LANES, Raw, Scaled, Sink};

/// Takes the finished sums of one row of `a` and one panel of `b` in a register, in any order of both.
pub trait Sink512: Sink {
    /// What all rows of a panel share, in registers.
    type Panel: Copy;

    /// What the rows of a panel share.
    ///
    /// # Safety
    /// As for `put`, and the CPU has AVX-512 F and DQ.
    unsafe fn panel512(&self, panel: usize) -> Self::Panel;

    /// Takes 16 sums in a register, with what the panel's rows share.
    ///
    /// # Safety
    /// As for `put`, and the CPU has AVX-512 F and DQ.
    unsafe fn put512(&mut self, row: usize, panel: usize, shared: &Self::Panel, sums: __m512i);

    /// Where the sums of a row and a panel stay as they are, and how far it is to the next row's; `None` if something
    /// else becomes of them.
    fn in_place(&mut self, _row: usize, _panel: usize) -> Option<(*mut i32, usize)> {
        None
    }
}

impl Sink512 for Raw {
    type Panel = ();

    #[inline(always)]
    unsafe fn panel512(&self, _panel: usize) {}

    #[inline(always)]
    unsafe fn put512(&mut self, row: usize, panel: usize, _shared: &(), sums: __m512i) {
        // SAFETY: as in `put`; the instruction is the caller's promise.
        unsafe {
            _mm512_storeu_si512(self.c.add(row * self.stride + panel * LANES).cast(), sums);
        }
    }

    #[inline(always)]
    fn in_place(&mut self, row: usize, panel: usize) -> Option<(*mut i32, usize)> {
        Some((self.c.wrapping_add(row * self.stride + panel * LANES), self.stride))
    }
}

impl Sink512 for Scaled {
    /// Corrections and weight scales.
    type Panel = (__m512i, __m512);

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
