//! What both ends agree on beforehand.

use super::Reference;
use crate::error::{Error, Result};
use crate::mixer::{MixerKind, StartValues};
use crate::model::{BUILTIN_NAME, Model, builtin};
use std::sync::Arc;

/// The longest message.
pub const MAX_MESSAGE_BYTES: usize = 1 << 16;

/// Everything that both ends must know before a datagram can be read.
#[derive(Clone, Default)]
pub struct Profile {
    /// The model; `None` for the builtin.
    pub model: Option<Arc<Model>>,
    /// Tokens that the model sees at most; 0 for its own window.
    pub window: u32,
    /// A text that the messages are like.
    pub reference: Option<Reference>,
    /// Bytes of a check behind each message: 0 to 2.
    pub check_bytes: u8,
    /// Whether a byte in front of coded messages tells them from text, which is then sent as it is where it is no longer.
    pub marked: bool,
}

/// The first mark: 5 bits are added that tell models, and those with a reference, apart.
const FIRST_MARK: u8 = 0x80;
/// Added where there is a reference.
const WITH_REFERENCE: u8 = 0x20;

impl Profile {
    /// The mixer of messages.
    pub(super) const MIXER: MixerKind = MixerKind::Full;

    /// The model.
    pub(super) fn model(&self) -> Arc<Model> {
        self.model.clone().unwrap_or_else(builtin)
    }

    /// What the mixer begins with.
    pub(super) fn start_values(&self, model: &Model) -> StartValues {
        match model.id() == builtin().id() {
            true => StartValues::messages(),
            false => model.start_values().clone(),
        }
    }

    /// The byte in front of coded messages, where there is one: `80` to `9F` by the first five bits of the model's identity,
    /// or `A0` to `BF` by those of the reference's.
    pub fn mark(&self) -> Option<u8> {
        let mark = match &self.reference {
            None => FIRST_MARK + (self.model().id().0[0] >> 3),
            Some(reference) => FIRST_MARK + WITH_REFERENCE + (reference.id()[0] >> 3),
        };
        self.marked.then_some(mark)
    }

    /// Whether a byte can be a mark. No UTF-8 text begins with one.
    pub(super) fn is_mark(byte: u8) -> bool {
        (FIRST_MARK..FIRST_MARK + 2 * WITH_REFERENCE).contains(&byte)
    }

    /// What is missing where another mark stands in front.
    pub(super) fn other_mark(&self, mark: u8) -> Error {
        let has_reference = mark >= FIRST_MARK + WITH_REFERENCE;
        let what = match (has_reference, &self.reference) {
            (true, None) => "was made with a reference, and none is given",
            (false, Some(_)) => "was made without a reference",
            (true, Some(_)) => "was made with another reference",
            (false, None) => "was made with another model",
        };
        Error::invalid(format!("the message {what} (its mark is {mark:02x})"))
    }

    /// What the profile is called in messages to people.
    pub fn name(&self) -> String {
        let model = self.model.as_ref().map_or(BUILTIN_NAME, |model| model.name());
        match &self.reference {
            None => model.to_owned(),
            Some(reference) => format!("{model} with the reference {}", reference.short_id()),
        }
    }

    /// Refuses what cannot be.
    ///
    /// # Errors
    /// `Invalid`, saying what.
    pub fn validate(&self) -> Result<()> {
        match self.check_bytes {
            0..=2 => Ok(()),
            _ => Err(Error::invalid("the check of a message has 0, 1 or 2 bytes")),
        }
    }
}
