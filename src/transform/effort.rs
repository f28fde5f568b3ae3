//! How much work a group may make that is looked through.

use std::cell::Cell;

use super::deflate::{self, Stream};
use super::holders::stream_at;
use super::kind::Kind;
use super::limit;
use super::png::Chunks;

/// Bytes that are read in vain at most, for each byte of a group, behind heads that say how much follows them.
const EFFORT: usize = 4;

/// What is left of the work that a group may make.
pub struct Effort {
    /// Bytes that deflate streams may yet give.
    bytes: Cell<usize>,
    /// Bytes that may yet be read in vain.
    vain: Cell<usize>,
}

impl Effort {
    /// What a group of so many bytes may make.
    pub fn of_group(len: usize) -> Effort {
        let bytes = limit(len).saturating_sub(len);
        Effort { bytes: Cell::new(bytes), vain: Cell::new(EFFORT * len) }
    }

    /// The deflate stream that is announced at `at`, and where it begins.
    pub fn stream(&self, bytes: &[u8], at: usize) -> Option<(usize, Stream)> {
        let start = stream_at(bytes, at)?;
        let stream = bytes.get(start..)?;
        let most = self.bytes.get().min(self.vain.get().saturating_mul(64));
        let mut vain = 0;
        match deflate::forward(stream, most, &mut vain) {
            Some(stream) if Kind::of(&stream.plain) != Kind::Noise => {
                self.bytes.set(self.bytes.get() - stream.plain.len());
                Some((start, stream))
            }
            _ => {
                self.was_in_vain(vain);
                None
            }
        }
    }

    /// The chunks of a picture whose first name is at `at`, where they begin, their bytes and their end.
    pub fn chunks(&self, bytes: &[u8], at: usize) -> Option<(usize, Chunks, Vec<u8>, usize)> {
        if self.vain.get() == 0 {
            return None;
        }
        let mut vain = 0;
        let found = Chunks::at(bytes, at, &mut vain);
        if found.is_none() {
            self.was_in_vain(vain);
        }
        found
    }

    fn was_in_vain(&self, bytes: usize) {
        // Even a glance is something.
        self.vain.set(self.vain.get().saturating_sub(bytes + 8));
    }
}
