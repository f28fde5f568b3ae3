//! Arrays of a GGUF header, read from the file when they are wanted.

use super::header::{Header, List, Value};
use super::metadata::{missing, unknown};
use crate::error::{Error, Result};
use crate::import::source::MAX_TOKENIZER_BYTES;
use crate::import::volume::Volume;
use crate::tokenizer::MAX_ROWS;

/// The bytes of an array.
pub(super) struct Raw {
    kind: u32,
    count: usize,
    bytes: Vec<u8>,
}

impl Raw {
    /// The array of this name; `None` if there is none.
    ///
    /// # Errors
    /// `Unsupported` for a value that is no array, or one that is larger than any vocabulary.
    pub(super) fn find(header: &Header, volume: &Volume, key: &str) -> Result<Option<Raw>> {
        let List { kind, count, start, bytes } = match header.metadata.get(key) {
            None => return Ok(None),
            Some(Value::List(list)) => *list,
            Some(_) => return Err(unknown(key)),
        };
        if count > MAX_ROWS || bytes > MAX_TOKENIZER_BYTES {
            return Err(Error::unsupported(format!(
                "GGUF: {key} has {count} entries in {bytes} bytes; at most {MAX_ROWS} in \
                 {MAX_TOKENIZER_BYTES} are possible"
            )));
        }
        let mut all = vec![0; bytes as usize];
        volume.read_at(start, &mut all)?;
        Ok(Some(Raw { kind, count, bytes: all }))
    }

    /// As [`find`](Self::find), for what must be there.
    ///
    /// # Errors
    /// As [`find`](Self::find), and `Unsupported` if there is none.
    pub(super) fn must(header: &Header, volume: &Volume, key: &str) -> Result<Raw> {
        Raw::find(header, volume, key)?.ok_or_else(|| missing(key))
    }

    /// The texts; `None` if it holds anything else.
    pub(super) fn texts(&self) -> Option<Vec<&str>> {
        let mut rest = (self.kind == 8).then_some(&self.bytes[..])?;
        let mut texts = Vec::with_capacity(self.count);
        for _ in 0..self.count {
            let (len, behind) = rest.split_first_chunk()?;
            let len = usize::try_from(u64::from_le_bytes(*len)).ok()?;
            let (text, behind) = behind.split_at_checked(len)?;
            texts.push(std::str::from_utf8(text).ok()?);
            rest = behind;
        }
        Some(texts)
    }

    /// Single-precision numbers; `None` if it holds anything else.
    pub(super) fn floats(&self) -> Option<impl ExactSizeIterator<Item = f32>> {
        (self.kind == 6).then(|| self.words().map(f32::from_le_bytes))
    }

    /// Numbers of 32 bits with or without a sign; `None` if it holds anything else.
    pub(super) fn integers(&self) -> Option<impl ExactSizeIterator<Item = i32>> {
        matches!(self.kind, 4 | 5).then(|| self.words().map(i32::from_le_bytes))
    }

    fn words(&self) -> impl ExactSizeIterator<Item = [u8; 4]> {
        self.bytes.as_chunks().0.iter().copied()
    }
}
