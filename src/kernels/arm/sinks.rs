//! What becomes of sums that are in registers.

use std::arch::aarch64::*;

use crate::kernels::operands::{LANES, Raw, Scaled, Sink};

/// Registers of 16 sums.
pub const REGISTERS: usize = LANES / 4;

/// 16 sums.
pub type Sums = [int32x4_t; REGISTERS];

/// Takes the finished sums of one row of `a` and one panel of `b` in registers, in any order of both.
pub trait Sink128: Sink {
    /// Whether sums over bytes 128 lower will do: the sink takes away what those would lack.
    ///
    /// Instructions multiply signed bytes by signed ones, or unsigned by unsigned; activations with 128 taken off are signed,
    /// as they were before they were stored, and their sums need no correction.
    const TAKES_LOWERED: bool;

    /// What all rows of a panel share, in registers.
    type Panel: Copy;

    /// What the rows of a panel share, where the sums will be those over bytes 128 lower (`lowered`) or not.
    ///
    /// # Safety
    /// As for `put`. `lowered` only where the sink takes them.
    unsafe fn panel128(&self, panel: usize, lowered: bool) -> Self::Panel;

    /// Takes 16 sums in registers, with what the panel's rows share.
    ///
    /// # Safety
    /// As for `put`.
    unsafe fn put128(&mut self, row: usize, panel: usize, shared: &Self::Panel, sums: Sums);
}

impl Sink128 for Raw {
    const TAKES_LOWERED: bool = false;

    type Panel = ();

    #[inline(always)]
    unsafe fn panel128(&self, _panel: usize, lowered: bool) {
        debug_assert!(!lowered);
    }

    #[inline(always)]
    unsafe fn put128(&mut self, row: usize, panel: usize, _shared: &(), sums: Sums) {
        // SAFETY: as in `put`.
        unsafe {
            let at = self.c.add(row * self.stride + panel * LANES);
            for (i, &four) in sums.iter().enumerate() {
                vst1q_s32(at.add(4 * i), four);
            }
        }
    }
}

impl Sink128 for Scaled {
    const TAKES_LOWERED: bool = true;

    /// Corrections and weight scales.
    type Panel = (Sums, [float32x4_t; REGISTERS]);

    #[inline(always)]
    unsafe fn panel128(&self, panel: usize, lowered: bool) -> Self::Panel {
        // SAFETY: as in `put`.
        unsafe {
            let scales = self.weight_scales.add(panel * LANES);
            let scales = std::array::from_fn(|i| vld1q_f32(scales.add(4 * i)));
            if lowered {
                return ([vdupq_n_s32(0); REGISTERS], scales);
            }
            let corrections = self.corrections.add(panel * LANES);
            (std::array::from_fn(|i| vld1q_s32(corrections.add(4 * i))), scales)
        }
    }

    #[inline(always)]
    unsafe fn put128(&mut self, row: usize, panel: usize, shared: &Self::Panel, sums: Sums) {
        let (corrections, scales) = shared;
        // SAFETY: as in `put`.
        unsafe {
            let out = self.out.add(row * self.stride + panel * LANES);
            let activation = vdupq_n_f32(*self.activation_scales.add(row * self.activation_stride));
            for i in 0..REGISTERS {
                let exact = vcvtq_f32_s32(vsubq_s32(sums[i], corrections[i]));
                let mut four = vmulq_f32(vmulq_f32(exact, scales[i]), activation);
                if !self.first {
                    four = vaddq_f32(four, vld1q_f32(out.add(4 * i)));
                }
                vst1q_f32(out.add(4 * i), four);
            }
        }
    }
}
