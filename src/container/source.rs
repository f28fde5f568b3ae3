//! A reader that counts its bytes and says by name what is missing.

use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};

use super::{UntilEnd, varint};
use crate::error::{Error, Result};

/// No more than this is allocated on the word of a length alone; what is longer grows as it comes.
const TRUSTED_BYTES: u64 = 64 << 10;

/// Untrusted input, read from front to back.
pub struct Source<R> {
    inner: BufReader<UntilEnd<R>>,
    offset: u64,
    /// Whether `offset` is also where we are in the underlying file.
    is_in_place: bool,
}

impl<R: Read> Source<R> {
    /// Begins at the reader's present position, which counts as offset 0.
    pub fn new(reader: R) -> Self {
        let reader = UntilEnd::new(reader);
        Source {
            inner: BufReader::with_capacity(TRUSTED_BYTES as usize, reader),
            offset: 0,
            is_in_place: false,
        }
    }

    /// The number of bytes taken so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether nothing follows.
    pub fn is_at_end(&mut self) -> Result<bool> {
        if !self.inner.buffer().is_empty() {
            return Ok(false);
        }
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
        if let Err(error) = self.inner.read_exact(&mut bytes) {
            // Nobody says how much was read.
            self.is_in_place = false;
            return Err(match error.kind() {
                ErrorKind::UnexpectedEof => Error::truncated(what),
                _ => error.into(),
            });
        }
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
        let bytes = self.up_to(len)?;
        if (bytes.len() as u64) < len { Err(Error::truncated(what)) } else { Ok(bytes) }
    }

    /// Takes `len` bytes, or all there are if there are less.
    pub fn up_to(&mut self, len: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(len.min(TRUSTED_BYTES) as usize);
        let got = (&mut self.inner).take(len).read_to_end(&mut bytes);
        self.count(got.map(|n| n as u64))?;
        Ok(bytes)
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

    /// Takes the zero bytes that come next, and counts them.
    pub fn skip_zeros(&mut self) -> Result<u64> {
        let start = self.offset;
        while !self.is_at_end()? {
            let buffer = self.inner.buffer();
            let zeros = buffer.iter().take_while(|&&byte| byte == 0).count();
            let is_over = zeros < buffer.len();
            self.inner.consume(zeros);
            self.offset += zeros as u64;
            if is_over {
                break;
            }
        }
        Ok(self.offset - start)
    }

    /// Takes all that is left and forgets it.
    pub fn skip_all(&mut self) -> Result<()> {
        let got = std::io::copy(&mut self.inner, &mut std::io::sink());
        self.count(got)?;
        Ok(())
    }

    /// Takes `len` bytes and forgets them.
    pub fn skip(&mut self, len: u64, what: &str) -> Result<()> {
        let got = std::io::copy(&mut (&mut self.inner).take(len), &mut std::io::sink());
        if self.count(got)? < len { Err(Error::truncated(what)) } else { Ok(()) }
    }

    /// Counts what was taken; where that failed, nobody says how much it was.
    fn count(&mut self, got: std::io::Result<u64>) -> Result<u64> {
        self.is_in_place &= got.is_ok();
        let got = got?;
        self.offset += got;
        Ok(got)
    }
}

impl<R: Read + Seek> Source<R> {
    /// Continues at `offset`, counted from the start of the underlying file.
    pub fn seek_to(&mut self, offset: u64) -> Result<()> {
        // What is in the buffer need not be read again.
        match i64::try_from(i128::from(offset) - i128::from(self.offset)) {
            Ok(away) if self.is_in_place => self.inner.seek_relative(away)?,
            _ => _ = self.inner.seek(SeekFrom::Start(offset))?,
        }
        self.offset = offset;
        self.is_in_place = true;
        Ok(())
    }

    /// The length of the underlying file; the position is lost, so seek afterwards.
    pub fn seek_len(&mut self) -> Result<u64> {
        self.offset = self.inner.seek(SeekFrom::End(0))?;
        self.is_in_place = true;
        Ok(self.offset)
    }
}
