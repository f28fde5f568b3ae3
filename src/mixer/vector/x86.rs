//! The vectors of x86-64: one register of AVX-512, two of AVX2.
//!
//! The methods are always inlined into the bodies of `dispatch.rs`, which are compiled for these instructions and
//! run on machines that have them; nothing else may call them.

use super::{BEHIND, Numbers, Vector, WIDTH};
use crate::mixer::math::{BEND, BEND_LESS};
use std::arch::x86_64::*;
use std::ops::{Add, BitAnd, BitXor, Mul, Sub};

/// Sixteen numbers in one register.
#[derive(Clone, Copy)]
pub struct Avx512(__m512i);

/// Sixteen numbers in two registers.
#[derive(Clone, Copy)]
pub struct Avx2(__m256i, __m256i);

/// Implements an operator by an intrinsic for both.
macro_rules! operators {
    ($($operator:ident $method:ident $wide:ident $half:ident;)*) => {$(
        impl $operator for Avx512 {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: only called on machines with these instructions, see above.
                Self(unsafe { $wide(self.0, other.0) })
            }
        }
        impl $operator for Avx2 {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: only called on machines with these instructions, see above.
                unsafe { Self($half(self.0, other.0), $half(self.1, other.1)) }
            }
        }
    )*};
}
operators! {
    Add add _mm512_add_epi32 _mm256_add_epi32;
    Sub sub _mm512_sub_epi32 _mm256_sub_epi32;
    Mul mul _mm512_mullo_epi32 _mm256_mullo_epi32;
    BitAnd bitand _mm512_and_si512 _mm256_and_si256;
    BitXor bitxor _mm512_xor_si512 _mm256_xor_si256;
}

/// An intrinsic of one or two operands for one register.
macro_rules! one {
    ($intrinsic:ident $a:ident $b:ident) => {
        Self($intrinsic($a.0, $b.0))
    };
    ($intrinsic:ident $a:ident by $b:ident) => {
        Self($intrinsic($a.0, $b))
    };
}

/// The same for two registers.
macro_rules! two {
    ($intrinsic:ident $a:ident $b:ident) => {
        Self($intrinsic($a.0, $b.0), $intrinsic($a.1, $b.1))
    };
    ($intrinsic:ident $a:ident by $b:ident) => {
        Self($intrinsic($a.0, $b), $intrinsic($a.1, $b))
    };
}

/// Methods of two vectors, and those that shift by one number of bits.
macro_rules! methods {
    ($registers:ident: $($method:ident $intrinsic:ident;)* | $($shift:ident $by:ident;)*) => {
        $(
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: only called on machines with these instructions, see above.
                unsafe { $registers!($intrinsic self other) }
            }
        )*
        $(
            #[inline(always)]
            fn $shift(self, bits: u32) -> Self {
                // SAFETY: only called on machines with these instructions, see above.
                unsafe {
                    // Constants become immediates.
                    let bits = _mm_cvtsi32_si128(bits as i32);
                    $registers!($by self by bits)
                }
            }
        )*
    };
}

/// 127, the bias of a float's exponent, above 15 bits.
const EXPONENT_BIAS_Q15: i32 = 127 << 15;

/// What `math::log2_q15` adds to the straight line between powers of two, by the fraction `f` in 15 bits.
#[inline(always)]
fn bend<V: Vector>(f: V) -> V {
    let bend = V::splat(BEND) - (f * V::splat(BEND_LESS)).shr(15);
    let between = (f * (V::splat(32_768) - f)).shr(15);
    (between * bend).shr(15)
}

/// Places up to `last`; those beyond it, as numbers without sign, become it. Tables have less than 2^32 elements, and where
/// places are signed, less than 2^31: see `Slots::new` and `Cells::new`.
#[inline(always)]
fn within(places: Avx512, last: usize) -> Avx512 {
    let last = Avx512::splat(last.min(i32::MAX as usize) as i32);
    // SAFETY: only called on machines with these instructions, see above.
    Avx512(unsafe { _mm512_min_epu32(places.0, last.0) })
}

impl Vector for Avx512 {
    #[inline(always)]
    fn splat(number: i32) -> Self {
        // SAFETY: only called on machines with these instructions, see above.
        Self(unsafe { _mm512_set1_epi32(number) })
    }
    #[inline(always)]
    fn of(n: &[i32; WIDTH]) -> Self {
        // SAFETY: only called on machines with these instructions, see above.
        Self(unsafe {
            _mm512_setr_epi32(
                n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11], n[12],
                n[13], n[14], n[15],
            )
        })
    }
    #[inline(always)]
    fn load(numbers: &Numbers) -> Self {
        // SAFETY: as above; `Numbers` are 64 bytes on a boundary of 64.
        Self(unsafe { _mm512_load_si512((&raw const *numbers).cast()) })
    }
    #[inline(always)]
    fn store(self, numbers: &mut Numbers) {
        // SAFETY: as above; `Numbers` are 64 bytes on a boundary of 64.
        unsafe { _mm512_store_si512((&raw mut *numbers).cast(), self.0) }
    }
    methods! { one:
        pairs _mm512_madd_epi16;
        min _mm512_min_epi32;
        max _mm512_max_epi32;
        shl_each _mm512_sllv_epi32;
        sar_each _mm512_srav_epi32;
        |
        shl _mm512_sll_epi32;
        sar _mm512_sra_epi32;
        shr _mm512_srl_epi32;
    }
    #[inline(always)]
    fn log2_q15(self) -> Self {
        // A float of a number below 2^24 is exact: its exponent is the whole part, its mantissa the fraction.
        // SAFETY: only called on machines with these instructions, see above.
        let float = Self(unsafe { _mm512_castps_si512(_mm512_cvtepi32_ps(self.0)) });
        let line = float.shr(8) - Self::splat(EXPONENT_BIAS_Q15);
        line + bend(line & Self::splat(0x7fff))
    }
    #[inline(always)]
    fn sum(self) -> i32 {
        // SAFETY: only called on machines with these instructions, see above.
        unsafe { _mm512_reduce_add_epi32(self.0) }
    }
    #[inline(always)]
    fn gather(table: &[u32], places: Self) -> Self {
        let places = within(places, table.len() - 1);
        // SAFETY: as above; no place is beyond the end.
        Self(unsafe { _mm512_i32gather_epi32::<4>(places.0, table.as_ptr().cast()) })
    }
    #[inline(always)]
    fn gather_bytes(table: &[u8], places: Self) -> Self {
        let places = within(places, table.len() - 1 - BEHIND);
        // SAFETY: as above; three bytes are behind each place.
        let words = Self(unsafe { _mm512_i32gather_epi32::<1>(places.0, table.as_ptr().cast()) });
        words & Self::splat(0xff)
    }
    #[inline(always)]
    fn scatter(self, table: &mut [u32], places: Self, mask: u32) {
        let places = within(places, table.len() - 1);
        let table = table.as_mut_ptr().cast();
        // SAFETY: as above; no place is beyond the end.
        unsafe { _mm512_mask_i32scatter_epi32::<4>(table, mask as __mmask16, places.0, self.0) };
    }
    #[inline(always)]
    fn nonzero(self) -> u32 {
        // SAFETY: only called on machines with these instructions, see above.
        u32::from(unsafe { _mm512_test_epi32_mask(self.0, self.0) })
    }
    #[inline(always)]
    fn with(self, at: usize, number: i32) -> Self {
        // SAFETY: only called on machines with these instructions, see above.
        Self(unsafe { _mm512_mask_set1_epi32(self.0, 1 << at, number) })
    }
    #[inline(always)]
    fn bytes(self) -> [u8; WIDTH] {
        let mut bytes = [0; WIDTH];
        // SAFETY: as above; writes 16 bytes.
        unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(self.0)) };
        bytes
    }
}

/// Does something with both halves of places up to `last`, as `within` makes them.
#[inline(always)]
fn each(places: Avx2, last: usize, f: impl Fn(__m256i) -> __m256i) -> Avx2 {
    let last = Avx2::splat(last.min(i32::MAX as usize) as i32);
    // SAFETY: only called on machines with these instructions, see above.
    let (low, high) =
        unsafe { (_mm256_min_epu32(places.0, last.0), _mm256_min_epu32(places.1, last.1)) };
    Avx2(f(low), f(high))
}

impl Vector for Avx2 {
    #[inline(always)]
    fn splat(number: i32) -> Self {
        // SAFETY: only called on machines with these instructions, see above.
        let half = unsafe { _mm256_set1_epi32(number) };
        Self(half, half)
    }
    #[inline(always)]
    fn of(n: &[i32; WIDTH]) -> Self {
        // SAFETY: only called on machines with these instructions, see above.
        unsafe {
            Self(
                _mm256_setr_epi32(n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7]),
                _mm256_setr_epi32(n[8], n[9], n[10], n[11], n[12], n[13], n[14], n[15]),
            )
        }
    }
    #[inline(always)]
    fn load(numbers: &Numbers) -> Self {
        let at = (&raw const *numbers).cast::<__m256i>();
        // SAFETY: as above; `Numbers` are 64 bytes on a boundary of 64.
        unsafe { Self(_mm256_load_si256(at), _mm256_load_si256(at.add(1))) }
    }
    #[inline(always)]
    fn store(self, numbers: &mut Numbers) {
        let at = (&raw mut *numbers).cast::<__m256i>();
        // SAFETY: as above; `Numbers` are 64 bytes on a boundary of 64.
        unsafe {
            _mm256_store_si256(at, self.0);
            _mm256_store_si256(at.add(1), self.1);
        }
    }
    methods! { two:
        pairs _mm256_madd_epi16;
        min _mm256_min_epi32;
        max _mm256_max_epi32;
        shl_each _mm256_sllv_epi32;
        sar_each _mm256_srav_epi32;
        |
        shl _mm256_sll_epi32;
        sar _mm256_sra_epi32;
        shr _mm256_srl_epi32;
    }
    #[inline(always)]
    fn log2_q15(self) -> Self {
        // SAFETY: only called on machines with these instructions, see above.
        let float = unsafe {
            Self(
                _mm256_castps_si256(_mm256_cvtepi32_ps(self.0)),
                _mm256_castps_si256(_mm256_cvtepi32_ps(self.1)),
            )
        };
        let line = float.shr(8) - Self::splat(EXPONENT_BIAS_Q15);
        line + bend(line & Self::splat(0x7fff))
    }
    #[inline(always)]
    fn sum(self) -> i32 {
        // SAFETY: only called on machines with these instructions, see above.
        unsafe {
            let eight = _mm256_add_epi32(self.0, self.1);
            let four =
                _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256::<1>(eight));
            let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b_11_10>(four));
            _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32::<1>(two)))
        }
    }
    #[inline(always)]
    fn gather(table: &[u32], places: Self) -> Self {
        let last = table.len() - 1;
        // SAFETY: only called on machines with these instructions, see above; no place is beyond the end.
        each(places, last, |at| unsafe { _mm256_i32gather_epi32::<4>(table.as_ptr().cast(), at) })
    }
    #[inline(always)]
    fn gather_bytes(table: &[u8], places: Self) -> Self {
        let last = table.len() - 1 - BEHIND;
        // SAFETY: as above; three bytes are behind each place.
        let words = each(places, last, |at| unsafe {
            _mm256_i32gather_epi32::<1>(table.as_ptr().cast(), at)
        });
        words & Self::splat(0xff)
    }
    #[inline(always)]
    fn scatter(self, table: &mut [u32], places: Self, mask: u32) {
        let (mut numbers, mut at) = (Numbers::ZERO, Numbers::ZERO);
        self.store(&mut numbers);
        places.store(&mut at);
        numbers.scatter(table, at, mask);
    }
    #[inline(always)]
    fn nonzero(self) -> u32 {
        // SAFETY: only called on machines with these instructions, see above.
        let zero = |half| unsafe {
            let zero = _mm256_cmpeq_epi32(half, _mm256_setzero_si256());
            _mm256_movemask_ps(_mm256_castsi256_ps(zero)) as u32
        };
        !(zero(self.0) | zero(self.1) << 8) & 0xffff
    }
    #[inline(always)]
    fn with(self, at: usize, number: i32) -> Self {
        let mut numbers = Numbers::ZERO;
        self.store(&mut numbers);
        numbers.0[at] = number;
        Self::load(&numbers)
    }
    #[inline(always)]
    fn bytes(self) -> [u8; WIDTH] {
        let mut numbers = Numbers::ZERO;
        self.store(&mut numbers);
        numbers.bytes()
    }
}
