//! Vectors that are four registers of simd128.

use std::arch::wasm32::*;
use std::ops::{Add, BitAnd, BitXor, Mul, Sub};

use crate::kernels::operands::{BEHIND, Body, Numbers, Vector, WIDTH};
use crate::kernels::plain::vector::log2_q15_of_floats;

/// Sixteen numbers in four registers.
#[derive(Clone, Copy)]
pub struct Simd128([v128; 4]);

/// Runs what is computed with vectors.
pub fn run<B: Body>(on: &mut B::On, given: B::Given) -> B::Out {
    B::run::<Simd128>(on, given)
}

impl Simd128 {
    #[inline(always)]
    fn map(self, f: impl Fn(v128) -> v128) -> Self {
        let [a, b, c, d] = self.0;
        Simd128([f(a), f(b), f(c), f(d)])
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(v128, v128) -> v128) -> Self {
        let ([a, b, c, d], [e, g, h, i]) = (self.0, other.0);
        Simd128([f(a, e), f(b, g), f(c, h), f(d, i)])
    }

    /// From numbers in registers to registers, without a way through memory.
    #[inline(always)]
    fn numbers(self) -> [i32; WIDTH] {
        let [a, b, c, d] = self.0.map(|four| {
            [
                i32x4_extract_lane::<0>(four),
                i32x4_extract_lane::<1>(four),
                i32x4_extract_lane::<2>(four),
                i32x4_extract_lane::<3>(four),
            ]
        });
        let mut all = [0; WIDTH];
        for (four, from) in all.as_chunks_mut::<4>().0.iter_mut().zip([a, b, c, d]) {
            *four = from;
        }
        all
    }

    #[inline(always)]
    fn each(self, other: Self, f: impl Fn(i32, i32) -> i32) -> Self {
        let (mut numbers, other) = (self.numbers(), other.numbers());
        for (number, other) in numbers.iter_mut().zip(other) {
            *number = f(*number, other);
        }
        Self::of(&numbers)
    }

    /// Places in a table, none of which is beyond `last`.
    #[inline(always)]
    fn within(self, last: usize) -> [usize; WIDTH] {
        let last = u32x4_splat(last.min(u32::MAX as usize) as u32);
        self.map(|at| u32x4_min(at, last)).numbers().map(|at| at as u32 as usize)
    }
}

/// Implements an operator by an intrinsic.
macro_rules! operators {
    ($($operator:ident $method:ident $intrinsic:ident;)*) => {$(
        impl $operator for Simd128 {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                self.zip(other, |a, b| $intrinsic(a, b))
            }
        }
    )*};
}
operators! {
    Add add i32x4_add;
    Sub sub i32x4_sub;
    Mul mul i32x4_mul;
    BitAnd bitand v128_and;
    BitXor bitxor v128_xor;
}

impl Vector for Simd128 {
    #[inline(always)]
    fn splat(number: i32) -> Self {
        Simd128([i32x4_splat(number); 4])
    }
    #[inline(always)]
    fn of(n: &[i32; WIDTH]) -> Self {
        Simd128([
            i32x4(n[0], n[1], n[2], n[3]),
            i32x4(n[4], n[5], n[6], n[7]),
            i32x4(n[8], n[9], n[10], n[11]),
            i32x4(n[12], n[13], n[14], n[15]),
        ])
    }
    #[inline(always)]
    fn load(numbers: &Numbers) -> Self {
        let at = (&raw const *numbers).cast::<v128>();
        // SAFETY: `Numbers` are 64 bytes on a boundary of 64.
        unsafe { Simd128([*at, *at.add(1), *at.add(2), *at.add(3)]) }
    }
    #[inline(always)]
    fn store(self, numbers: &mut Numbers) {
        // SAFETY: as above.
        unsafe { (&raw mut *numbers).cast::<[v128; 4]>().write(self.0) };
    }
    #[inline(always)]
    fn pairs(self, other: Self) -> Self {
        self.zip(other, |a, b| i32x4_dot_i16x8(a, b))
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| i32x4_min(a, b))
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| i32x4_max(a, b))
    }
    #[inline(always)]
    fn shl(self, bits: u32) -> Self {
        self.map(|x| i32x4_shl(x, bits))
    }
    #[inline(always)]
    fn sar(self, bits: u32) -> Self {
        self.map(|x| i32x4_shr(x, bits))
    }
    #[inline(always)]
    fn shr(self, bits: u32) -> Self {
        self.map(|x| u32x4_shr(x, bits))
    }
    #[inline(always)]
    fn shl_each(self, bits: Self) -> Self {
        self.each(bits, |x, n| x << (n & 31))
    }
    #[inline(always)]
    fn sar_each(self, bits: Self) -> Self {
        self.each(bits, |x, n| x >> (n & 31))
    }
    #[inline(always)]
    fn log2_q15(self) -> Self {
        log2_q15_of_floats(self.map(|x| f32x4_convert_i32x4(x)))
    }
    #[inline(always)]
    fn sum(self) -> i32 {
        let [a, b, c, d] = self.0;
        let four = i32x4_add(i32x4_add(a, b), i32x4_add(c, d));
        let two = i32x4_add(four, i32x4_shuffle::<2, 3, 0, 1>(four, four));
        i32x4_extract_lane::<0>(two).wrapping_add(i32x4_extract_lane::<1>(two))
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
        let zero = |four| u32::from(i32x4_bitmask(i32x4_eq(four, i32x4_splat(0))));
        let [a, b, c, d] = self.0.map(zero);
        !(a | b << 4 | c << 8 | d << 12) & 0xffff
    }
    #[inline(always)]
    fn bytes(self) -> [u8; WIDTH] {
        self.numbers().map(|x| x as u8)
    }
}
