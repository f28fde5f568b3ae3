//! Output that is kept in memory, as much of it as there is room for.

use std::io::{self, Write};

use crate::error::{Error, Result};
use crate::refusal::welcome;

/// Bytes in memory, at most so many.
pub struct BoundedVec {
    bytes: Vec<u8>,
    limit_bytes: u64,
    /// What was to be held when there was no room, if that has happened.
    needed_bytes: Option<u64>,
}

impl BoundedVec {
    /// Nothing yet, and room for so many bytes.
    pub fn new(limit_bytes: u64) -> BoundedVec {
        BoundedVec { bytes: Vec::new(), limit_bytes, needed_bytes: None }
    }

    /// What was written; [`Error::Memory`] instead of the error that came of it if there was no room for more.
    pub fn finish<T>(self, result: Result<T>) -> Result<(Vec<u8>, T)> {
        let BoundedVec { bytes, limit_bytes, needed_bytes } = self;
        match needed_bytes {
            Some(needed_bytes) => Err(Error::Memory { needed_bytes, limit_bytes }),
            None => result.map(|done| (bytes, done)),
        }
    }
}

impl Write for BoundedVec {
    fn write(&mut self, new: &[u8]) -> io::Result<usize> {
        let needed_bytes = self.bytes.len() as u64 + new.len() as u64;
        if needed_bytes > self.limit_bytes {
            self.needed_bytes = Some(needed_bytes);
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        if new.len() > self.bytes.capacity() - self.bytes.len() {
            // Twice as long, as lists grow, but no longer than may be.
            let twice = (2 * self.bytes.capacity() as u64).clamp(needed_bytes, self.limit_bytes);
            let more = usize::try_from(twice).unwrap_or(usize::MAX) - self.bytes.len();
            let reserved = welcome(|| self.bytes.try_reserve_exact(more));
            reserved.map_err(|_| io::ErrorKind::OutOfMemory)?;
        }
        self.bytes.extend_from_slice(new);
        Ok(new.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_is_held_as_there_is_room_for() {
        let mut held = BoundedVec::new(1000);
        for _ in 0..10 {
            held.write_all(&[7; 100]).unwrap();
        }
        assert!(held.bytes.capacity() <= 1000);
        let full = held.write_all(&[7]).map_err(Error::from);
        assert!(matches!(
            held.finish(full),
            Err(Error::Memory { needed_bytes: 1001, limit_bytes: 1000 })
        ));
        let (bytes, done) = BoundedVec::new(0).finish(Ok(3)).unwrap();
        assert!(bytes.is_empty() && done == 3);
    }
}
