//! A text that both ends have, and that messages are like.

use crate::error::{Error, Result};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The longest reference: its text and what the mixer learns from it take sixty times as much memory.
pub const MAX_REFERENCE_BYTES: usize = 4 << 20;

/// A reference with its identity. Clones share the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Reference {
    text: Arc<[u8]>,
    id: [u8; 32],
}

impl std::fmt::Debug for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reference({}, {} bytes)", self.short_id(), self.text.len())
    }
}

impl Reference {
    /// A reference of any bytes; a message a line is best.
    ///
    /// # Errors
    /// `Invalid` for none, or for more than 4 MiB.
    pub fn new(text: impl Into<Arc<[u8]>>) -> Result<Reference> {
        let text = text.into();
        match text.len() {
            0 => Err(Error::invalid("the reference is empty")),
            1..=MAX_REFERENCE_BYTES => Ok(Reference { id: Sha256::digest(&text).into(), text }),
            len => Err(Error::invalid(format!(
                "a reference of {len} bytes; {MAX_REFERENCE_BYTES} are the most"
            ))),
        }
    }

    /// The text.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Its SHA-256.
    pub fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// The first two bytes of that in hexadecimal, as messages name it.
    pub fn short_id(&self) -> String {
        crate::container::hex(&self.id[..2])
    }
}
