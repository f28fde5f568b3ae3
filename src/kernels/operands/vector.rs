//! Sixteen numbers at a time: what the counters and the network compute with.
//!
//! The formulas are written once, for any [`Vector`]; it is an array in plain code, or one or two registers. All of
//! them give the same bits: the operations are those of `i32`, wrapping. What is computed with them is a [`Body`], which is
//! compiled for each make.
//!
//! A vector is put together from scalars in registers ([`Vector::of`]) and not by way of memory: a wide load of
//! numbers that were just stored one by one has to wait until all of them have reached the cache, and everything
//! behind it waits too.

use std::ops::{Add, BitAnd, BitXor, Mul, Sub};

/// Numbers in a vector.
pub const WIDTH: usize = 16;

/// Bytes that a table of bytes has behind those that are looked up: four are read for each.
pub const BEHIND: usize = 3;

/// A vector in memory, in a cache line of its own.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[repr(C, align(64))]
pub struct Numbers(pub [i32; WIDTH]);

impl Numbers {
    /// All zero.
    pub const ZERO: Numbers = Numbers([0; WIDTH]);
}

/// Sixteen `i32`; all arithmetic wraps. Sets without instructions for single numbers go by way of memory, where they are
/// [`Numbers`].
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
    /// `log2_q15` of each, which are in `1..2^22`.
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
    #[inline(always)]
    fn scatter(self, table: &mut [u32], places: Self, mask: u32) {
        let (mut numbers, mut at) = (Numbers::ZERO, Numbers::ZERO);
        self.store(&mut numbers);
        places.store(&mut at);
        numbers.scatter(table, at, mask);
    }
    /// Which are not zero, a bit for each.
    fn nonzero(self) -> u32;
    /// The same with another number at one place.
    #[inline(always)]
    fn with(self, at: usize, number: i32) -> Self {
        let mut numbers = Numbers::ZERO;
        self.store(&mut numbers);
        numbers.0[at] = number;
        Self::load(&numbers)
    }
    /// The lowest byte of each.
    fn bytes(self) -> [u8; WIDTH];

    /// Within `-limit..=limit`.
    #[inline(always)]
    fn clamp_abs(self, limit: i32) -> Self {
        self.max(Self::splat(-limit)).min(Self::splat(limit))
    }
}

/// Code that is written for any vectors, and compiled for each make of them.
pub trait Body {
    /// What it works on.
    type On;
    /// What it is given besides.
    type Given;
    /// What it gives.
    type Out;

    /// Does it; `#[inline(always)]`, so that it takes on the instructions of the function that it is compiled into.
    fn run<V: Vector>(on: &mut Self::On, given: Self::Given) -> Self::Out;
}
