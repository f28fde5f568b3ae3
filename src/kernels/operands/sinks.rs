//! What becomes of the sums that a product kernel computes.
//!
//! A set that has its sums in registers adds a trait of its own for these sinks (`x86/avx512/sinks.rs`).

use super::packing::LANES;

/// Takes the finished sums of one row of `a` and one panel of `b`, in any order of both.
pub trait Sink {
    /// Takes 16 sums.
    ///
    /// # Safety
    /// `row` and `panel` are within the call that the sink was made for.
    unsafe fn put(&mut self, row: usize, panel: usize, sums: &[i32; LANES]);
}

/// Stores the sums as they are.
pub struct Raw {
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
}

/// Turns the sums of one scale group into numbers, and stores or adds them.
///
/// `(f32(sum - correction) * weight_scale) * activation_scale`: three roundings, in this order.
/// Rust's `as f32` and `vcvtdq2ps` both round an integer to nearest even.
pub struct Scaled {
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
}
