//! The choice of an instruction set, made once.

use std::fmt;
use std::sync::OnceLock;

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
use super::arm;
use super::plain;
use super::table::Kernels;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use super::wasm;
#[cfg(target_arch = "x86_64")]
use super::x86;
use crate::error::{Error, Result};

/// An instruction set that this CPU is known to have.
///
/// Only [`Isa::choose`] and [`Isa::available`] make values other than [`Isa::SCALAR`], and they ask
/// the CPU; holding a value is the proof that its kernels may run.
#[derive(Clone, Copy)]
pub struct Isa(&'static Kernels);

/// Every name that `LLMZIP_ISA` may hold, on whatever machine.
const NAMES: [&str; 8] = ["scalar", "avx2", "avx512", "amx", "neon", "dotprod", "i8mm", "simd128"];

impl Isa {
    /// Plain Rust, which every machine can run and every other set must equal.
    pub const SCALAR: Isa = Isa(&plain::KERNELS);

    /// The best set of this machine, or the one that the variable `LLMZIP_ISA` names.
    ///
    /// The first call decides for the whole process. An unknown name, or a set that this CPU lacks,
    /// is [`Error::Invalid`].
    pub fn choose() -> Result<Isa> {
        static CHOSEN: OnceLock<Result<Isa, String>> = OnceLock::new();
        let chosen = CHOSEN.get_or_init(|| {
            let name = std::env::var_os("LLMZIP_ISA").unwrap_or_default();
            Isa::by_name(&name.to_string_lossy())
        });
        chosen.clone().map_err(Error::invalid)
    }

    /// Every set of this machine, the best last.
    pub fn available() -> Vec<Isa> {
        static AVAILABLE: OnceLock<Vec<Isa>> = OnceLock::new();
        AVAILABLE.get_or_init(detect).clone()
    }

    /// The name that `LLMZIP_ISA` uses for it.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// What it does.
    pub(super) fn kernels(self) -> &'static Kernels {
        self.0
    }

    /// The set called `name`; the empty name means the best.
    pub(super) fn by_name(name: &str) -> Result<Isa, String> {
        let available = Isa::available();
        if name.is_empty() {
            return Ok(available.last().copied().unwrap_or(Isa::SCALAR));
        }
        if let Some(isa) = available.iter().find(|isa| isa.name() == name) {
            return Ok(*isa);
        }
        let here = available.iter().map(|isa| isa.name()).collect::<Vec<_>>().join(", ");
        if NAMES.contains(&name) {
            Err(format!("LLMZIP_ISA={name}: this machine does not have it; it has {here}"))
        } else {
            Err(format!("LLMZIP_ISA={name}: no such instruction set; this machine has {here}"))
        }
    }
}

/// Sets are the same where they have the same name.
impl PartialEq for Isa {
    fn eq(&self, other: &Isa) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Isa {}

impl fmt::Debug for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Isa({})", self.0.name)
    }
}

/// Asks the CPU; what WebAssembly has was chosen when it was built.
fn detect() -> Vec<Isa> {
    #[cfg(target_arch = "x86_64")]
    let sets = x86::usable();
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    let sets = arm::usable();
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    let sets = [&wasm::KERNELS];
    #[cfg(not(any(
        target_arch = "x86_64",
        all(target_arch = "aarch64", target_endian = "little"),
        all(target_arch = "wasm32", target_feature = "simd128")
    )))]
    let sets: [&'static Kernels; 0] = [];
    std::iter::once(Isa::SCALAR).chain(sets.into_iter().map(Isa)).collect()
}
