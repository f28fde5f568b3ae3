//! Vectors that are two registers of AVX2.

use std::arch::x86_64::*;

use crate::kernels::operands::{BEHIND, Body, Numbers, Vector, WIDTH};
use crate::kernels::plain::vector::log2_q15_of_floats;

/// Sixteen numbers in two registers.
#[derive(Clone, Copy)]
pub struct Avx2(__m256i, __m256i);

/// Whether the CPU has what [`run`] is compiled for.
pub fn usable() -> bool {
    use std::is_x86_feature_detected as has;
    has!("avx2") && has!("bmi1") && has!("bmi2") && has!("lzcnt") && has!("popcnt")
}

/// Runs what is computed with vectors.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub fn run<B: Body>(on: &mut B::On, given: B::Given) -> B::Out {
    B::run::<Avx2>(on, given)
}

operators! { Avx2 two:
    Add add _mm256_add_epi32;
    Sub sub _mm256_sub_epi32;
    Mul mul _mm256_mullo_epi32;
    BitAnd bitand _mm256_and_si256;
    BitXor bitxor _mm256_xor_si256;
}

/// Does something with both halves of places up to `last`, as `within` makes them.
#[inline(always)]
fn each(places: Avx2, last: usize, f: impl Fn(__m256i) -> __m256i) -> Avx2 {
    let last = Avx2::splat(last.min(i32::MAX as usize) as i32);
    // SAFETY: only called on machines with these instructions, see `x86/vector.rs`.
    let (low, high) =
        unsafe { (_mm256_min_epu32(places.0, last.0), _mm256_min_epu32(places.1, last.1)) };
    Avx2(f(low), f(high))
}

impl Vector for Avx2 {
    #[inline(always)]
    fn splat(number: i32) -> Self {
        // SAFETY: only called on machines with these instructions, see `x86/vector.rs`.
        let half = unsafe { _mm256_set1_epi32(number) };
        Self(half, half)
    }
    #[inline(always)]
    fn of(n: &[i32; WIDTH]) -> Self {
        // SAFETY: only called on machines with these instructions, see `x86/vector.rs`.
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
        // SAFETY: only called on machines with these instructions, see `x86/vector.rs`.
        let floats = unsafe {
            Self(
                _mm256_castps_si256(_mm256_cvtepi32_ps(self.0)),
                _mm256_castps_si256(_mm256_cvtepi32_ps(self.1)),
            )
        };
        log2_q15_of_floats(floats)
    }
    #[inline(always)]
    fn sum(self) -> i32 {
        // SAFETY: only called on machines with these instructions, see `x86/vector.rs`.
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
        // SAFETY: only called on machines with these instructions, see `x86/vector.rs`; no place is beyond the end.
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
    fn nonzero(self) -> u32 {
        // SAFETY: only called on machines with these instructions, see `x86/vector.rs`.
        let zero = |half| unsafe {
            let zero = _mm256_cmpeq_epi32(half, _mm256_setzero_si256());
            _mm256_movemask_ps(_mm256_castsi256_ps(zero)) as u32
        };
        !(zero(self.0) | zero(self.1) << 8) & 0xffff
    }
    #[inline(always)]
    fn bytes(self) -> [u8; WIDTH] {
        let mut numbers = Numbers::ZERO;
        self.store(&mut numbers);
        numbers.bytes()
    }
}
