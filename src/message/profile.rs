//! What both ends agree on beforehand.

use crate::error::{Error, Result};
use crate::mixer::MixerKind;
use crate::model::{Model, builtin};
use std::sync::Arc;

/// The longest message.
pub const MAX_MESSAGE_BYTES: usize = 1 << 16;

/// The longest reference.
pub const MAX_REFERENCE_BYTES: usize = 4 << 20;

/// Everything that both ends must know before a datagram can be read.
#[derive(Clone)]
pub struct Profile {
    /// The model; `None` for the builtin.
    pub model: Option<Arc<Model>>,
    /// Tokens that the model sees at most; 0 for its own window.
    pub window: u32,
    /// A text like the messages, a message a line.
    pub reference: Option<Arc<[u8]>>,
    /// Bytes of a check behind each message: 0 to 2.
    pub check_bytes: usize,
}

impl Default for Profile {
    fn default() -> Self {
        Profile { model: None, window: 0, reference: None, check_bytes: 0 }
    }
}

impl Profile {
    /// The mixer of messages.
    pub(super) const MIXER: MixerKind = MixerKind::Full;

    /// The model.
    pub(super) fn model(&self) -> Arc<Model> {
        self.model.clone().unwrap_or_else(builtin)
    }

    /// Refuses what cannot be.
    ///
    /// # Errors
    /// `Invalid`, saying what.
    pub fn validate(&self) -> Result<()> {
        if self.check_bytes > 2 {
            return Err(Error::invalid("the check of a datagram has 0, 1 or 2 bytes"));
        }
        let len = self.reference.as_ref().map_or(0, |reference| reference.len());
        if len > MAX_REFERENCE_BYTES {
            return Err(Error::invalid(format!(
                "a reference of {len} bytes, of which {MAX_REFERENCE_BYTES} are the most"
            )));
        }
        Ok(())
    }
}
