//! Vectors that are arrays, and what their operations mean.

use std::ops::{Add, BitAnd, BitXor, Mul, Sub};

use crate::kernels::operands::{BEHIND, Body, Numbers, Vector, WIDTH};

/// 0.422 and 0.157 in units of 2^-15: see [`log2_q15`].
const BEND: i32 = 13_828;
const BEND_LESS: i32 = 5_145;

/// `log2(x)` in units of 2^-15, at most 0.001 off, never falling; `x` is at least 1.
///
/// In each octave `log2(1 + f)` is taken as `f + f (1 - f) (0.422 - 0.157 f)`: the best polynomial of this degree
/// that is exact at both ends.
#[inline(always)]
pub fn log2_q15(x: u32) -> i32 {
    let zeros = x.leading_zeros() & 31;
    let f = (x << zeros >> 16 & 0x7fff) as i32;
    // All products are below 2^29.
    let bend = BEND - ((BEND_LESS * f) >> 15);
    let between = (f * (32_768 - f)) >> 15;
    ((31 - zeros as i32) << 15) + f + ((between * bend) >> 15)
}

/// The same of each number whose bits as a float these are, below 2^22: its octave is in the exponent, the fraction behind it.
#[allow(dead_code, reason = "platforms without a set of vectors have no floats to take it of")]
#[inline(always)]
pub fn log2_q15_of_floats<V: Vector>(floats: V) -> V {
    /// 127, the bias of a float's exponent, above 15 bits.
    const BIAS_Q15: i32 = 127 << 15;
    let line = floats.shr(8) - V::splat(BIAS_Q15);
    let f = line & V::splat(0x7fff);
    let bend = V::splat(BEND) - (f * V::splat(BEND_LESS)).shr(15);
    let between = (f * (V::splat(32_768) - f)).shr(15);
    line + (between * bend).shr(15)
}

/// Runs what is computed with vectors.
pub fn run<B: Body>(on: &mut B::On, given: B::Given) -> B::Out {
    B::run::<Numbers>(on, given)
}

impl Numbers {
    #[inline(always)]
    fn map(self, f: impl Fn(i32) -> i32) -> Self {
        let mut out = self.0;
        out.iter_mut().for_each(|x| *x = f(*x));
        Numbers(out)
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(i32, i32) -> i32) -> Self {
        let mut out = self.0;
        out.iter_mut().zip(other.0).for_each(|(x, y)| *x = f(*x, y));
        Numbers(out)
    }
}

/// Implements an operator by a function of two numbers.
macro_rules! operators {
    ($($operator:ident $method:ident $f:expr;)*) => {$(
        impl $operator for Numbers {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                self.zip(other, $f)
            }
        }
    )*};
}
operators! {
    Add add i32::wrapping_add;
    Sub sub i32::wrapping_sub;
    Mul mul i32::wrapping_mul;
    BitAnd bitand |a, b| a & b;
    BitXor bitxor |a, b| a ^ b;
}

impl Vector for Numbers {
    #[inline(always)]
    fn splat(number: i32) -> Self {
        Numbers([number; WIDTH])
    }
    #[inline(always)]
    fn of(numbers: &[i32; WIDTH]) -> Self {
        Numbers(*numbers)
    }
    #[inline(always)]
    fn load(numbers: &Numbers) -> Self {
        *numbers
    }
    #[inline(always)]
    fn store(self, numbers: &mut Numbers) {
        *numbers = self;
    }
    #[inline(always)]
    fn pairs(self, other: Self) -> Self {
        let half = |x: i32| i32::from(x as i16);
        self.zip(other, |a, b| (half(a) * half(b)).wrapping_add((a >> 16) * (b >> 16)))
    }
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.zip(other, Ord::min)
    }
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, Ord::max)
    }
    #[inline(always)]
    fn shl(self, bits: u32) -> Self {
        self.map(|x| x << bits)
    }
    #[inline(always)]
    fn sar(self, bits: u32) -> Self {
        self.map(|x| x >> bits)
    }
    #[inline(always)]
    fn shr(self, bits: u32) -> Self {
        self.map(|x| (x as u32 >> bits) as i32)
    }
    #[inline(always)]
    fn shl_each(self, bits: Self) -> Self {
        self.zip(bits, |x, n| x << (n & 31))
    }
    #[inline(always)]
    fn sar_each(self, bits: Self) -> Self {
        self.zip(bits, |x, n| x >> (n & 31))
    }
    #[inline(always)]
    fn log2_q15(self) -> Self {
        self.map(|x| log2_q15(x as u32))
    }
    #[inline(always)]
    fn sum(self) -> i32 {
        self.0.into_iter().fold(0, i32::wrapping_add)
    }
    #[inline(always)]
    fn gather(table: &[u32], places: Self) -> Self {
        let last = table.len() - 1;
        places.map(|place| table[(place as u32 as usize).min(last)] as i32)
    }
    #[inline(always)]
    fn gather_bytes(table: &[u8], places: Self) -> Self {
        let last = table.len() - 1 - BEHIND;
        places.map(|place| i32::from(table[(place as u32 as usize).min(last)]))
    }
    #[inline(always)]
    fn scatter(self, table: &mut [u32], places: Self, mask: u32) {
        let last = table.len() - 1;
        for (i, (&number, &place)) in self.0.iter().zip(&places.0).enumerate() {
            if mask >> i & 1 == 1 {
                table[(place as u32 as usize).min(last)] = number as u32;
            }
        }
    }
    #[inline(always)]
    fn nonzero(self) -> u32 {
        self.0.iter().rev().fold(0, |mask, &x| mask << 1 | u32::from(x != 0))
    }
    #[inline(always)]
    fn with(mut self, at: usize, number: i32) -> Self {
        self.0[at] = number;
        self
    }
    #[inline(always)]
    fn bytes(self) -> [u8; WIDTH] {
        self.0.map(|x| x as u8)
    }
}
