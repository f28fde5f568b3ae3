//! What stands before the coded bytes of a group: its copies.

use super::copies;
use crate::entropy::Decoder;
use crate::error::{Error, Result};

/// A payload whose copies are decoded.
pub(super) struct Opened<'a> {
    pub coder: Decoder<'a>,
    pub copies: Vec<copies::Copy>,
    /// Bytes that follow.
    pub rest_len: usize,
}

impl<'a> Opened<'a> {
    pub fn new(payload: &'a [u8], plain_len: usize) -> Result<Self> {
        let mut coder = Decoder::new(payload);
        let copies = copies::code(&[], plain_len, &mut coder)?;
        let rest_len = plain_len - copies.iter().map(|copy| copy.len).sum::<usize>();
        if rest_len == 0 {
            return Err(Error::damaged("a group of nothing but copies"));
        }
        Ok(Opened { coder, copies, rest_len })
    }

    pub fn put_back(&self, rest: Vec<u8>, plain_len: usize) -> Vec<u8> {
        if self.copies.is_empty() {
            return rest;
        }
        copies::put_back(&rest, &self.copies, plain_len)
    }
}
