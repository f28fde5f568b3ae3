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
    /// The level of a number from 1 to 9: the nearest one that is built.
    ///
    /// 3 is 2, 4 and 6 are 5, 8 is 7; 9 alone asks for the large model. A larger number is never weaker.
    ///
    /// # Errors
    /// `Invalid` for other numbers.
    pub fn from_number(number: u8) -> Result<Level> {
        match number {
            1 => Ok(Level::Light),
            2 | 3 => Ok(Level::Mixer),
            4..=6 => Ok(Level::Default),
            7 | 8 => Ok(Level::Full),
            9 => Ok(Level::Large),
            _ => Err(Error::invalid(format!("level {number}: the levels are 1 to 9"))),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_from_1_to_9_is_a_level_and_larger_ones_are_never_weaker() {
        let levels: Vec<Level> = (1..=9).map(|n| Level::from_number(n).unwrap()).collect();
        assert!(levels.is_sorted());
        let large = levels.iter().filter(|&&level| level == Level::Large).count();
        assert_eq!((large, levels[4]), (1, Level::Default));
        assert!([0, 10, 11, 255].into_iter().all(|n| Level::from_number(n).is_err()));
    }
}
