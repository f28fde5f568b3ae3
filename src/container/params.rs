//! What a decoder must be told to repeat what the encoder did, besides the model.

use std::io::Read;

use serde::Serialize;

use super::{source::Source, varint};
use crate::error::{Error, Result};

/// What happens when a lane outgrows the context window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum WindowPolicy {
    /// The oldest position makes room for the newest.
    #[default]
    Slide,
    /// The window is emptied and begins again with its newest `keep` tokens.
    Hop {
        /// Tokens that are read again.
        keep: u32,
    },
}

/// Which mixer, with all its settings; the codec gives the numbers their meaning.
///
/// A mixer that codes differently gets another number, so that the number alone names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct MixerKindCode(pub u8);

/// The parameters of the groups of one frame; `Default` is what a short frame need not spell out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct GroupParams {
    /// Lanes of a group; 0 leaves it to the codec's documented policy by group size.
    pub lanes: u32,
    /// Context window in tokens; 0 means the model's own.
    pub window: u32,
    /// What happens when a lane outgrows the window.
    pub window_policy: WindowPolicy,
    /// Tokens at the beginning of a group that lane 0 codes alone and all lanes begin with.
    pub prime_tokens: u32,
    /// The mixer.
    pub mixer: MixerKindCode,
}

impl GroupParams {
    /// The most lanes that can be recorded.
    pub const LANES_MAX: u32 = 1 << 16;
    /// The most tokens that a window, a hop or a prime can have.
    pub const TOKENS_MAX: u32 = 1 << 24;

    /// Checks that the file can hold the parameters; [`Error::Invalid`] says which one is too large.
    pub fn validate(&self) -> Result<()> {
        let keep = match self.window_policy {
            WindowPolicy::Slide => 0,
            WindowPolicy::Hop { keep } => keep,
        };
        for (what, value, max) in [
            ("the number of lanes", self.lanes, Self::LANES_MAX),
            ("the window", self.window, Self::TOKENS_MAX),
            ("what a hop keeps", keep, Self::TOKENS_MAX),
            ("the number of prime tokens", self.prime_tokens, Self::TOKENS_MAX),
        ] {
            if value > max {
                return Err(Error::invalid(format!("{what} is {value}, more than {max}")));
            }
        }
        Ok(())
    }

    /// Appends the four varints: lanes, window, window policy, prime tokens. The mixer stands elsewhere.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        varint::write(out, self.lanes.into());
        varint::write(out, self.window.into());
        let policy = match self.window_policy {
            WindowPolicy::Slide => 0,
            WindowPolicy::Hop { keep } => u64::from(keep) + 1,
        };
        varint::write(out, policy);
        varint::write(out, self.prime_tokens.into());
    }

    /// Reads what [`Self::write`] wrote; the mixer is the default one.
    pub(super) fn read<R: Read>(source: &mut Source<R>) -> Result<Self> {
        let tokens = u64::from(Self::TOKENS_MAX);
        Ok(GroupParams {
            lanes: source.varint_up_to(Self::LANES_MAX.into(), "the number of lanes")? as u32,
            window: source.varint_up_to(tokens, "the window")? as u32,
            window_policy: match source.varint_up_to(tokens + 1, "the window policy")? {
                0 => WindowPolicy::Slide,
                code => WindowPolicy::Hop { keep: code as u32 - 1 },
            },
            prime_tokens: source.varint_up_to(tokens, "the number of prime tokens")? as u32,
            mixer: MixerKindCode::default(),
        })
    }
}
