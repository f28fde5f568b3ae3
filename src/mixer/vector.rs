//! Sixteen numbers at a time: what the counters and the network compute with.
//!
//! The formulas are written once, for any [`Vector`]; it is an array in plain code, or one or two registers. All of
//! them give the same bits: the operations are those of `i32`, wrapping.
//!
//! A vector is put together from scalars in registers ([`Vector::of`]) and not by way of memory: a wide load of
//! numbers that were just stored one by one has to wait until all of them have reached the cache, and everything
//! behind it waits too.

#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512};

use super::math::log2_q15;
use std::ops::{Add, BitAnd, BitXor, Mul, Sub};

/// Numbers in a vector.
pub const WIDTH: usize = 16;

/// Bytes that a table of bytes has behind those that are looked up: four are read for each.
pub const BEHIND: usize = 3;

/// A vector in memory, in a cache line of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C, align(64))]
pub struct Numbers(pub [i32; WIDTH]);

impl Numbers {
    /// All zero.
    pub const ZERO: Numbers = Numbers([0; WIDTH]);
}

/// Sixteen `i32`; all arithmetic wraps.
pub trait Vector:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + BitAnd<Output = Self>
    + BitXor<Output = Self>
{
    /// The same number sixteen times.
    fn splat(number: i32) -> Self;
    /// From numbers that were computed one by one.
    fn of(numbers: &[i32; WIDTH]) -> Self;
    /// From memory.
    fn load(numbers: &Numbers) -> Self;
    /// Into memory.
    fn store(self, numbers: &mut Numbers);
    /// Products of the lower 16 bits of each, plus those of the upper 16; both with sign.
    fn pairs(self, other: Self) -> Self;
    /// The smaller ones.
    fn min(self, other: Self) -> Self;
    /// The larger ones.
    fn max(self, other: Self) -> Self;
    /// Shifted left.
    fn shl(self, bits: u32) -> Self;
    /// Shifted right, signs kept.
    fn sar(self, bits: u32) -> Self;
    /// Shifted right, zeros from the left.
    fn shr(self, bits: u32) -> Self;
    /// Each shifted left by its own number of bits, 0 to 31.
    fn shl_each(self, bits: Self) -> Self;
    /// Each shifted right by its own number of bits, 0 to 31, signs kept.
    fn sar_each(self, bits: Self) -> Self;
    /// [`log2_q15`] of each, which are in `1..2^22`.
    fn log2_q15(self) -> Self;
    /// The sum of all sixteen, wrapping.
    fn sum(self) -> i32;
    /// Words of a table at these places; a place beyond the end is taken for the last.
    ///
    /// # Panics
    /// When the table is empty.
    fn gather(table: &[u32], places: Self) -> Self;
    /// Bytes of a table at these places; a place among the last [`BEHIND`] bytes and beyond is taken for the first of those.
    ///
    /// # Panics
    /// When the table has no more than [`BEHIND`] bytes.
    fn gather_bytes(table: &[u8], places: Self) -> Self;
    /// Writes those whose bit is set in `mask` to their places in a table, which all differ; places as for
    /// [`gather`](Self::gather).
    ///
    /// # Panics
    /// When the table is empty.
    fn scatter(self, table: &mut [u32], places: Self, mask: u32);
    /// Which are not zero, a bit for each.
    fn nonzero(self) -> u32;
    /// The same with another number at one place.
    fn with(self, at: usize, number: i32) -> Self;
    /// The lowest byte of each.
    fn bytes(self) -> [u8; WIDTH];

    /// Within `-limit..=limit`.
    #[inline(always)]
    fn clamp_abs(self, limit: i32) -> Self {
        self.max(Self::splat(-limit)).min(Self::splat(limit))
    }
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

#[cfg(test)]
mod tests;
