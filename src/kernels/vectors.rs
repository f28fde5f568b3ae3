//! The choice of vectors of integers, made once for each that computes with them.
//!
//! It is not that of an `Isa`: vectors ask for other instructions than products do, and machines have the ones without the
//! others.

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
use super::arm;
pub use super::operands::{BEHIND, Body, Numbers, Vector, WIDTH};
use super::plain;
pub use super::plain::vector::log2_q15;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use super::wasm;
#[cfg(target_arch = "x86_64")]
use super::x86::{avx2, avx512};

/// Vectors that this machine is known to have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Vectors(Make);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Make {
    Plain,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    Neon,
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128,
}

impl Vectors {
    /// Arrays, with what every machine of this architecture has.
    pub const PLAIN: Vectors = Vectors(Make::Plain);

    /// The widest that this machine has.
    pub fn best() -> Vectors {
        Vectors::all().last().copied().unwrap_or(Vectors::PLAIN)
    }

    /// All that this machine has, narrowest first.
    pub fn all() -> Vec<Vectors> {
        #[allow(unused_mut)] // on other architectures
        let mut all = vec![Vectors::PLAIN];
        #[cfg(target_arch = "x86_64")]
        if avx2::vector::usable() {
            all.push(Vectors(Make::Avx2));
            if avx512::vector::usable() {
                all.push(Vectors(Make::Avx512));
            }
        }
        #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
        all.push(Vectors(Make::Neon));
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        all.push(Vectors(Make::Simd128));
        all
    }

    /// What was compiled for them.
    pub fn path<B: Body>(self) -> Path<B::On, B::Given, B::Out> {
        match self.0 {
            Make::Plain => Path(plain::vector::run::<B>),
            #[cfg(target_arch = "x86_64")]
            Make::Avx2 => Path(avx2::vector::run::<B>),
            #[cfg(target_arch = "x86_64")]
            Make::Avx512 => Path(avx512::vector::run::<B>),
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Make::Neon => Path(arm::vector::run::<B>),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Make::Simd128 => Path(wasm::vector::run::<B>),
        }
    }
}

/// A [`Body`] that was compiled for vectors which this machine has: only [`Vectors`] make one.
pub struct Path<On, Given, Out>(unsafe fn(&mut On, Given) -> Out);

impl<On, Given, Out> Clone for Path<On, Given, Out> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<On, Given, Out> Copy for Path<On, Given, Out> {}

impl<On, Given, Out> Path<On, Given, Out> {
    /// Runs it.
    #[inline(always)]
    pub fn run(self, on: &mut On, given: Given) -> Out {
        // SAFETY: a value of `Vectors` exists only where the machine has its instructions, and these functions ask for
        // no more.
        unsafe { (self.0)(on, given) }
    }
}
