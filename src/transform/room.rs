//! A list of bytes with a limit: what strangers' descriptions are carried out into.

use crate::error::{Error, Result};

/// Bytes that may become no more than a limit.
#[derive(Debug)]
pub struct Room {
    bytes: Vec<u8>,
    limit: usize,
}

impl Room {
    /// Room for `limit` bytes, none of them allocated yet.
    pub fn new(limit: usize) -> Self {
        Room { bytes: Vec::new(), limit }
    }

    /// How many bytes may follow.
    pub fn left(&self) -> usize {
        self.limit - self.bytes.len()
    }

    /// What is there.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What is there, for good.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Appends bytes; damage if there is no room for them.
    pub fn put(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.len() > self.left() {
            return Err(Error::damaged("a transform gives more bytes than there may be"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Appends one byte.
    pub fn push(&mut self, byte: u8) -> Result<()> {
        self.put(&[byte])
    }
}
