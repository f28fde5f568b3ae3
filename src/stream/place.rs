//! Where in the original an error happened.

use std::ops::Range;

use crate::error::Error;

/// A group and the bytes of the original that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub group: u64,
    pub bytes: Range<u64>,
}

impl Place {
    /// How a message names it.
    pub(super) fn name(&self) -> String {
        format!(
            "group {} (bytes {}..{} of the original)",
            self.group, self.bytes.start, self.bytes.end
        )
    }

    /// Adds the place to an error about the content of a file, where it has none yet.
    pub(super) fn mark(&self, error: Error) -> Error {
        match error {
            Error::Damaged { what, group: None, .. } => {
                Error::Damaged { what, group: Some(self.group), bytes: Some(self.bytes.clone()) }
            }
            Error::Truncated { what } => Error::truncated(format!("{what} in {}", self.name())),
            other => other,
        }
    }
}
