//! Levels: how hard to try.

use crate::container::{GroupParams, MixerKindCode};
use crate::error::{Error, Result};
use crate::mixer::MixerKind;

/// How hard to try, as on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `-1`: the light mixer alone.
    Light,
    /// `-2`: the full mixer alone.
    Mixer,
    /// `-5`: a model and the default mixer.
    Default,
    /// `-7`: a model and the full mixer.
    Full,
    /// `-9`: the large model and the full mixer.
    Large,
}

impl Level {
    /// The level of a number.
    ///
    /// # Errors
    /// `Invalid` for numbers that are no level.
    pub fn from_number(number: u8) -> Result<Level> {
        match number {
            1 => Ok(Level::Light),
            2 => Ok(Level::Mixer),
            5 => Ok(Level::Default),
            7 => Ok(Level::Full),
            9 => Ok(Level::Large),
            _ => Err(Error::invalid(format!("level {number}: there are 1, 2, 5, 7 and 9"))),
        }
    }

    /// Whether a language model takes part.
    pub fn has_model(self) -> bool {
        self >= Level::Default
    }

    /// The mixer.
    pub fn mixer(self) -> MixerKind {
        match self {
            Level::Light => MixerKind::Light,
            Level::Default => MixerKind::Default,
            Level::Mixer | Level::Full | Level::Large => MixerKind::Full,
        }
    }

    /// The parameters of groups at this level, where nothing else is asked.
    pub fn params(self) -> GroupParams {
        GroupParams { mixer: MixerKindCode(self.mixer().code()), ..GroupParams::default() }
    }
}
