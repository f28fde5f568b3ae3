//! Vectors that are one register of AVX-512.

use std::arch::x86_64::*;

use crate::kernels::operands::{BEHIND, Body, Numbers, Vector, WIDTH};
use crate::kernels::plain::vector::log2_q15_of_floats;

/// Sixteen numbers in one register.
#[derive(Clone, Copy)]
pub struct Avx512(__m512i);

/// Whether a CPU with the vectors of AVX2 has what [`run`] is compiled for.
pub fn usable() -> bool {
    use std::is_x86_feature_detected as has;
    let dq = has!("avx512cd") && has!("avx512dq");
    has!("avx512f") && has!("avx512bw") && has!("avx512vl") && dq
}

/// Runs what is computed with vectors.
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,bmi1,bmi2,lzcnt,popcnt")]
pub fn run<B: Body>(on: &mut B::On, given: B::Given) -> B::Out {
    B::run::<Avx512>(on, given)
}

operators! { Avx512 one:
    Add add _mm512_add_epi32;
    Sub sub _mm512_sub_epi32;
    Mul mul _mm512_mullo_epi32;
    BitAnd bitand _mm512_and_si512;
    BitXor bitxor _mm512_xor_si512;
}

/// Places up to `last`; those beyond it, as numbers without sign, become it. Tables have less than 2^32 elements, and where
/// places are signed, less than 2^31: see `Slots::new` and `Cells::new`.
#[inline(always)]
fn within(places: Avx512, last: usize) -> Avx512 {
    let last = Avx512::splat(last.min(i32::MAX as usize) as i32);
    // SAFETY: only called on machines with these instructions, see `x86/vector.rs`.
    Avx512(unsafe { _mm512_min_epu32(places.0, last.0) })
}

impl Vector for Avx512 {
    #[inline(always)]
    fn splat(number: i32) -> Self {
        // SAFETY: only called on machines with these instructions, see `x86/vector.rs`.
        Self(unsafe { _mm512_set1_epi32(number) })
    }
    #[inline(always)]
    fn of(n: &[i32; WIDTH]) -> Self {
        // SAFETY: only called on machines with these instructions, see `x86/vector.rs`.
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
        // SAFETY: only called on machines with these instructions, see `x86/vector.rs`.
        log2_q15_of_floats(Self(unsafe { _mm512_castps_si512(_mm512_cvtepi32_ps(self.0)) }))
    }
    #[inline(always)]
    fn sum(self) -> i32 {
        // SAFETY: only called on machines with these instructions, see `x86/vector.rs`.
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
        // SAFETY: only called on machines with these instructions, see `x86/vector.rs`.
        u32::from(unsafe { _mm512_test_epi32_mask(self.0, self.0) })
    }
    #[inline(always)]
    fn with(self, at: usize, number: i32) -> Self {
        // SAFETY: only called on machines with these instructions, see `x86/vector.rs`.
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
