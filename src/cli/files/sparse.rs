//! Zeros that take no place on disk.

use std::fs::{File, Metadata};
use std::io::{self, Seek, SeekFrom, Write};

/// File systems give out space in blocks of this size, or of a multiple of it.
const BLOCK_BYTES: usize = 4096;
const ZEROS: [u8; BLOCK_BYTES] = [0; BLOCK_BYTES];

/// Writes at the end of a file, and goes past blocks of zeros instead of writing them.
///
/// Only [`Sparse::finish`] gives the file its length.
#[derive(Debug, Default)]
pub struct Sparse {
    /// Where in the file the next byte belongs.
    at: u64,
    /// Zeros before it that were gone past.
    hole_bytes: u64,
}

impl Sparse {
    /// For a file that is new and empty.
    pub fn new() -> Self {
        Sparse::default()
    }

    /// For standard output, where zeros can be gone past: a regular file whose end we stand at, and which is not open
    /// for appending, where every write goes to the end and would close the hole.
    pub fn on(mut file: &File, metadata: &Metadata) -> Option<Self> {
        let at = file.stream_position().ok()?;
        let is_wanted = metadata.is_file() && at == metadata.len() && !is_appending(file);
        is_wanted.then_some(Sparse { at, hole_bytes: 0 })
    }

    /// Takes all bytes, or as many as were written before something failed.
    pub fn write(&mut self, mut file: &File, bytes: &[u8]) -> io::Result<usize> {
        let Some(first) = self.block(bytes) else { return Ok(0) };
        if is_zero(first) {
            self.at += first.len() as u64;
            self.hole_bytes += first.len() as u64;
            return Ok(first.len());
        }
        // As many blocks with something in them as follow one another go in one call.
        let mut len = first.len();
        while let Some(next) = self.block_after(bytes, len).filter(|next| !is_zero(next)) {
            len += next.len();
        }
        if self.hole_bytes > 0 {
            file.seek(SeekFrom::Start(self.at))?;
            self.hole_bytes = 0;
        }
        let written = file.write(&bytes[..len])?;
        self.at += written as u64;
        Ok(written)
    }

    /// Gives the file its length, and leaves its position there.
    pub fn finish(&mut self, mut file: &File) -> io::Result<()> {
        if self.hole_bytes > 0 {
            file.set_len(self.at)?;
            file.seek(SeekFrom::Start(self.at))?;
            self.hole_bytes = 0;
        }
        Ok(())
    }

    /// What of `bytes` belongs into the block that the next byte is in.
    fn block<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        self.block_after(bytes, 0)
    }

    fn block_after<'a>(&self, bytes: &'a [u8], done: usize) -> Option<&'a [u8]> {
        let rest = &bytes[done..];
        let within = ((self.at + done as u64) % BLOCK_BYTES as u64) as usize;
        let block = &rest[..rest.len().min(BLOCK_BYTES - within)];
        (!block.is_empty()).then_some(block)
    }
}

fn is_zero(block: &[u8]) -> bool {
    block == &ZEROS[..block.len()]
}

#[cfg(unix)]
fn is_appending(file: &File) -> bool {
    use std::os::fd::AsRawFd;
    // SAFETY: the descriptor is open as long as `file` is.
    let status = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETFL) };
    status == -1 || status & libc::O_APPEND != 0
}

/// It cannot be asked here.
#[cfg(not(unix))]
fn is_appending(_file: &File) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_is_written_in_whatever_pieces_is_what_the_file_holds() {
        let mut content = vec![0; 5 * BLOCK_BYTES];
        for range in [0..1, 5000..5010, 8191..8193, 3 * BLOCK_BYTES + 1..4 * BLOCK_BYTES] {
            content[range].fill(7);
        }
        for len in [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, 9000, 3 * BLOCK_BYTES, content.len()] {
            for piece in [1, 7, 1000, BLOCK_BYTES, 5000, content.len()] {
                let mut file = tempfile::tempfile().unwrap();
                let mut sparse = Sparse::new();
                for mut bytes in content[..len].chunks(piece) {
                    while !bytes.is_empty() {
                        let written = sparse.write(&file, bytes).unwrap();
                        bytes = &bytes[written..];
                    }
                }
                sparse.finish(&file).unwrap();
                assert_eq!(file.stream_position().unwrap(), len as u64);
                let mut read = Vec::new();
                file.rewind().unwrap();
                file.read_to_end(&mut read).unwrap();
                assert!(read == content[..len], "{len} bytes in pieces of {piece}");
            }
        }
    }
}
