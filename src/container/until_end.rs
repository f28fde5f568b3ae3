//! A reader whose end is seen once and for good.

use std::io::{self, Read, Seek, SeekFrom};

/// Gives nothing more once it has given nothing.
///
/// A file that somebody appends to, a pipe with a second writer, a terminal: all of them can end and then go on. Who reads
/// in several places must find the same end in each, or takes what follows for another part than it is.
#[derive(Debug)]
pub struct UntilEnd<R> {
    inner: R,
    has_ended: bool,
}

impl<R> UntilEnd<R> {
    /// Reads from here to the first end.
    pub fn new(inner: R) -> Self {
        UntilEnd { inner, has_ended: false }
    }
}

impl<R: Read> Read for UntilEnd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.has_ended {
            return Ok(0);
        }
        let n = self.inner.read(buffer)?;
        self.has_ended = n == 0 && !buffer.is_empty();
        Ok(n)
    }
}

impl<R: Seek> Seek for UntilEnd<R> {
    /// Elsewhere there may be something.
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.has_ended = false;
        self.inner.seek(to)
    }
}
