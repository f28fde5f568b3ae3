//! A reader that counts its bytes and says by name what is missing.

use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};

use super::varint;
use crate::error::{Error, Result};

/// No more than this is allocated on the word of a length alone; what is longer grows as it comes.
const TRUSTED_BYTES: u64 = 64 << 10;

/// Untrusted input, read from front to back.
pub struct Source<R> {
    inner: BufReader<R>,
    offset: u64,
}

impl<R: Read> Source<R> {
    /// Begins at the reader's present position, which counts as offset 0.
    pub fn new(reader: R) -> Self {
        Source { inner: BufReader::with_capacity(TRUSTED_BYTES as usize, reader), offset: 0 }
    }

    /// The number of bytes taken so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether nothing follows.
    pub fn is_at_end(&mut self) -> Result<bool> {
        loop {
            match self.inner.fill_buf() {
                Ok(buffer) => return Ok(buffer.is_empty()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Takes `N` bytes; an early end is [`Error::Truncated`] with `what` missing.
    pub fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes).map_err(|e| match e.kind() {
            ErrorKind::UnexpectedEof => Error::truncated(what),
            _ => e.into(),
        })?;
        self.offset += N as u64;
        Ok(bytes)
    }

    /// Takes one byte.
    pub fn byte(&mut self, what: &str) -> Result<u8> {
        Ok(self.array::<1>(what)?[0])
    }

    /// Takes a canonical variable-length integer.
    pub fn varint(&mut self, what: &str) -> Result<u64> {
        varint::read(what, || self.byte(what))
    }

    /// Takes a variable-length integer of at most `max`.
    pub fn varint_up_to(&mut self, max: u64, what: &str) -> Result<u64> {
        let value = self.varint(what)?;
        if value > max {
            return Err(Error::damaged(format!("{what} is {value}, more than {max}")));
        }
        Ok(value)
    }

    /// Takes `len` bytes, allocating no more than twice what really comes.
    pub fn bytes(&mut self, len: u64, what: &str) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(len.min(TRUSTED_BYTES) as usize);
        let got = (&mut self.inner).take(len).read_to_end(&mut bytes)? as u64;
        self.offset += got;
        if got < len { Err(Error::truncated(what)) } else { Ok(bytes) }
    }

    /// Takes what one read gives, at most 64 KB; nothing at the end.
    pub fn some_bytes(&mut self) -> Result<Vec<u8>> {
        if self.is_at_end()? {
            return Ok(Vec::new());
        }
        let bytes = self.inner.buffer().to_vec();
        self.inner.consume(bytes.len());
        self.offset += bytes.len() as u64;
        Ok(bytes)
    }

    /// Takes `len` bytes and forgets them.
    pub fn skip(&mut self, len: u64, what: &str) -> Result<()> {
        let got = std::io::copy(&mut (&mut self.inner).take(len), &mut std::io::sink())?;
        self.offset += got;
        if got < len { Err(Error::truncated(what)) } else { Ok(()) }
    }
}

impl<R: Read + Seek> Source<R> {
    /// Continues at `offset`, counted from the start of the underlying file.
    pub fn seek_to(&mut self, offset: u64) -> Result<()> {
        self.offset = self.inner.seek(SeekFrom::Start(offset))?;
        Ok(())
    }

    /// The length of the underlying file; the position is lost, so seek afterwards.
    pub fn seek_len(&mut self) -> Result<u64> {
        self.offset = self.inner.seek(SeekFrom::End(0))?;
        Ok(self.offset)
    }
}
