//! The vectors of x86-64: one register of AVX-512, two of AVX2.
//!
//! The methods are always inlined into the bodies of `dispatch.rs`, which are compiled for these instructions and
//! run on machines that have them; nothing else may call them.

use super::{Numbers, Vector, WIDTH};
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
}
