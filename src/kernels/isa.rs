//! The choice of an instruction set, made once.

use std::sync::OnceLock;

use crate::error::{Error, Result};

/// An instruction set that this CPU is known to have.
///
/// Only [`Isa::choose`] and [`Isa::available`] make values other than [`Isa::SCALAR`], and they ask
/// the CPU; holding a value is the proof that its kernels may run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Isa(Set);

/// The sets there are kernels for, from the plainest to the newest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Set {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Amx,
}

/// Every name that `LLMZIP_ISA` may hold, on whatever machine.
const NAMES: [&str; 5] = ["scalar", "avx2", "avx512", "amx", "neon"];

impl Isa {
    /// Plain Rust, which every machine can run and every other set must equal.
    pub const SCALAR: Isa = Isa(Set::Scalar);

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
        match self.0 {
            Set::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Set::Amx => "amx",
        }
    }

    pub(super) fn set(self) -> Set {
        self.0
    }

    /// Whether the CPU has AVX-512 F, BW, DQ, VL and VNNI and may use them.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn has_avx512(self) -> bool {
        matches!(self.0, Set::Avx512 | Set::Amx)
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

#[cfg(not(target_arch = "x86_64"))]
fn detect() -> Vec<Isa> {
    vec![Isa::SCALAR]
}

#[cfg(target_arch = "x86_64")]
fn detect() -> Vec<Isa> {
    let mut sets = vec![Isa::SCALAR];
    if is_x86_feature_detected!("avx2") {
        sets.push(Isa(Set::Avx2));
    }
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni");
    if avx512 {
        sets.push(Isa(Set::Avx512));
        if super::amx::usable() {
            sets.push(Isa(Set::Amx));
        }
    }
    sets
}
