//! How the payload of a group is made.

use serde::Serialize;

/// What turns a group's bytes into its payload; two bits in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Method {
    /// The bytes themselves.
    Stored = 0,
    /// One byte, repeated.
    Run = 1,
    /// The mixer alone, without a language model.
    Mixer = 2,
    /// A language model, its opinion refined by the mixer.
    Model = 3,
}

impl Method {
    /// Every method, in the order of their codes.
    pub const ALL: [Method; 4] = [Method::Stored, Method::Run, Method::Mixer, Method::Model];

    /// The method with the code in the two low bits of `bits`.
    pub fn from_bits(bits: u8) -> Self {
        Method::ALL[usize::from(bits & 3)]
    }

    /// The two bits that stand for it.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Whether a codec makes the payload, so that its length is recorded and settings apply.
    pub fn is_coded(self) -> bool {
        matches!(self, Method::Mixer | Method::Model)
    }

    /// How it is called in messages and in `info`.
    pub fn name(self) -> &'static str {
        match self {
            Method::Stored => "stored",
            Method::Run => "run",
            Method::Mixer => "mixer",
            Method::Model => "model",
        }
    }
}
