//! Vectors that are four registers of NEON.

use std::arch::aarch64::*;
use std::ops::{Add, BitAnd, BitXor, Mul, Sub};

use crate::kernels::operands::{BEHIND, Body, Numbers, Vector, WIDTH};
use crate::kernels::plain::vector::log2_q15_of_floats;

// SAFETY of this file: every processor of this architecture has the instructions, and what is loaded and stored has the
// size of what is borrowed.

/// Sixteen numbers in four registers.
#[derive(Clone, Copy)]
pub struct Neon([int32x4_t; 4]);

/// Runs what is computed with vectors.
pub fn run<B: Body>(on: &mut B::On, given: B::Given) -> B::Out {
    B::run::<Neon>(on, given)
}

impl Neon {
    #[inline(always)]
    fn map(self, f: impl Fn(int32x4_t) -> int32x4_t) -> Self {
        Neon(self.0.map(f))
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(int32x4_t, int32x4_t) -> int32x4_t) -> Self {
        let ([a, b, c, d], [e, g, h, i]) = (self.0, other.0);
        Neon([f(a, e), f(b, g), f(c, h), f(d, i)])
    }

    /// From registers to numbers in registers, without a way through memory.
    #[inline(always)]
    fn numbers(self) -> [i32; WIDTH] {
        // SAFETY: see above.
        let [a, b, c, d] = self.0.map(|four| unsafe {
            [
                vgetq_lane_s32::<0>(four),
                vgetq_lane_s32::<1>(four),
                vgetq_lane_s32::<2>(four),
                vgetq_lane_s32::<3>(four),
            ]
        });
        let mut all = [0; WIDTH];
        for (four, from) in all.as_chunks_mut::<4>().0.iter_mut().zip([a, b, c, d]) {
            *four = from;
        }
        all
    }

    /// Places in a table, none of which is beyond `last`.
    #[inline(always)]
    fn within(self, last: usize) -> [usize; WIDTH] {
        // SAFETY: see above.
        let places = self.map(|at| unsafe {
            let last = vdupq_n_u32(last.min(u32::MAX as usize) as u32);
            vreinterpretq_s32_u32(vminq_u32(vreinterpretq_u32_s32(at), last))
        });
        places.numbers().map(|at| at as u32 as usize)
    }
}

/// Implements an operator by an intrinsic.
macro_rules! operators {
    ($($operator:ident $method:ident $intrinsic:ident;)*) => {$(
        impl $operator for Neon {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: see above.
                self.zip(other, |a, b| unsafe { $intrinsic(a, b) })
            }
        }
    )*};
}
operators! {
    Add add vaddq_s32;
    Sub sub vsubq_s32;
    Mul mul vmulq_s32;
    BitAnd bitand vandq_s32;
    BitXor bitxor veorq_s32;
}

impl Vector for Neon {
    #[inline(always)]
    fn splat(number: i32) -> Self {
        // SAFETY: see above.
        Neon([unsafe { vdupq_n_s32(number) }; 4])
    }
    #[inline(always)]
    fn of(numbers: &[i32; WIDTH]) -> Self {
        let fours = numbers.as_chunks::<4>().0;
        // SAFETY: see above.
        Neon(std::array::from_fn(|i| unsafe { vld1q_s32(fours[i].as_ptr()) }))
    }
    #[inline(always)]
    fn load(numbers: &Numbers) -> Self {
        Self::of(&numbers.0)
    }
    #[inline(always)]
    fn store(self, numbers: &mut Numbers) {
        for (to, four) in numbers.0.as_chunks_mut::<4>().0.iter_mut().zip(self.0) {
            // SAFETY: see above.
            unsafe { vst1q_s32(to.as_mut_ptr(), four) };
        }
    }
    #[inline(always)]
    fn pairs(self, other: Self) -> Self {
        // SAFETY: see above.
        self.zip(other, |a, b| unsafe {
            let (a, b) = (vreinterpretq_s16_s32(a), vreinterpretq_s16_s32(b));
            let low = vmull_s16(vget_low_s16(a), vget_low_s16(b));
            vpaddq_s32(low, vmull_high_s16(a, b))
        })
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        // SAFETY: see above.
        self.zip(other, |a, b| unsafe { vminq_s32(a, b) })
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        // SAFETY: see above.
        self.zip(other, |a, b| unsafe { vmaxq_s32(a, b) })
    }
    #[inline(always)]
    fn shl(self, bits: u32) -> Self {
        // SAFETY: see above. Constants become immediates.
        self.map(|x| unsafe { vshlq_s32(x, vdupq_n_s32(bits as i32)) })
    }
    #[inline(always)]
    fn sar(self, bits: u32) -> Self {
        // SAFETY: see above. A shift to the left by less than nothing is one to the right.
        self.map(|x| unsafe { vshlq_s32(x, vdupq_n_s32(-(bits as i32))) })
    }
    #[inline(always)]
    fn shr(self, bits: u32) -> Self {
        // SAFETY: see above.
        self.map(|x| unsafe {
            let shifted = vshlq_u32(vreinterpretq_u32_s32(x), vdupq_n_s32(-(bits as i32)));
            vreinterpretq_s32_u32(shifted)
        })
    }
    #[inline(always)]
    fn shl_each(self, bits: Self) -> Self {
        // SAFETY: see above.
        self.zip(bits, |x, n| unsafe { vshlq_s32(x, n) })
    }
    #[inline(always)]
    fn sar_each(self, bits: Self) -> Self {
        // SAFETY: see above.
        self.zip(bits, |x, n| unsafe { vshlq_s32(x, vnegq_s32(n)) })
    }
    #[inline(always)]
    fn log2_q15(self) -> Self {
        // SAFETY: see above.
        log2_q15_of_floats(self.map(|x| unsafe { vreinterpretq_s32_f32(vcvtq_f32_s32(x)) }))
    }
    #[inline(always)]
    fn sum(self) -> i32 {
        let [a, b, c, d] = self.0;
        // SAFETY: see above.
        unsafe { vaddvq_s32(vaddq_s32(vaddq_s32(a, b), vaddq_s32(c, d))) }
    }
    #[inline(always)]
    fn gather(table: &[u32], places: Self) -> Self {
        let places = places.within(table.len() - 1);
        // SAFETY: no place is beyond the last.
        Self::of(&places.map(|place| unsafe { *table.get_unchecked(place) } as i32))
    }
    #[inline(always)]
    fn gather_bytes(table: &[u8], places: Self) -> Self {
        let places = places.within(table.len() - 1 - BEHIND);
        // SAFETY: no place is beyond the last.
        Self::of(&places.map(|place| i32::from(unsafe { *table.get_unchecked(place) })))
    }
    #[inline(always)]
    fn nonzero(self) -> u32 {
        let [a, b, c, d] = self.0;
        // SAFETY: see above.
        unsafe {
            // Sixteen bytes of all bits or none, of which the n-th keeps bit n % 8.
            let some = |x| vtstq_s32(x, x);
            let low = vuzp1q_u16(vreinterpretq_u16_u32(some(a)), vreinterpretq_u16_u32(some(b)));
            let high = vuzp1q_u16(vreinterpretq_u16_u32(some(c)), vreinterpretq_u16_u32(some(d)));
            let bytes = vuzp1q_u8(vreinterpretq_u8_u16(low), vreinterpretq_u8_u16(high));
            let bits = vandq_u8(bytes, vreinterpretq_u8_u64(vdupq_n_u64(0x8040_2010_0804_0201)));
            let (low, high) = (vaddv_u8(vget_low_u8(bits)), vaddv_u8(vget_high_u8(bits)));
            u32::from(low) | u32::from(high) << 8
        }
    }
    #[inline(always)]
    fn with(self, at: usize, number: i32) -> Self {
        const PLACES: [i32; WIDTH] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        // SAFETY: see above.
        self.zip(Self::of(&PLACES), |x, place| unsafe {
            let here = vceqq_s32(place, vdupq_n_s32(at as i32));
            vbslq_s32(here, vdupq_n_s32(number), x)
        })
    }
    #[inline(always)]
    fn bytes(self) -> [u8; WIDTH] {
        let [a, b, c, d] = self.0;
        let mut bytes = [0; WIDTH];
        // SAFETY: see above.
        unsafe {
            let low = vuzp1q_s16(vreinterpretq_s16_s32(a), vreinterpretq_s16_s32(b));
            let high = vuzp1q_s16(vreinterpretq_s16_s32(c), vreinterpretq_s16_s32(d));
            let all = vuzp1q_u8(vreinterpretq_u8_s16(low), vreinterpretq_u8_s16(high));
            vst1q_u8(bytes.as_mut_ptr(), all);
        }
        bytes
    }
}
