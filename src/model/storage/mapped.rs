//! A model file used where it lies.

use super::stamp::{Change, Stamp};
use crate::error::Result;
use memmap2::Mmap;
use std::fs::File;

/// A map, and what tells whether the file behind it has been changed.
pub struct MappedFile {
    map: Mmap,
    file: File,
    /// From before the first byte was read.
    stamp: Stamp,
}

impl MappedFile {
    /// Maps a file; `None` where the system cannot.
    pub(super) fn new(file: &File) -> Result<Option<MappedFile>> {
        let file = file.try_clone()?;
        let stamp = Stamp::of(&file)?;
        // SAFETY: the map is read-only. Another process may still write to the file or cut it short; a lock would only
        // stop those that ask for it. What is relied on instead:
        // - Only weights and scales are read from the map after the model was opened: numbers of which every pattern
        //   of bits is valid, and which nothing is indexed by. Changed ones give other predictions and no more. All
        //   else is copied when the model is opened.
        // - Whoever uses predictions asks `Model::check_unchanged` afterwards, and throws away what was made of them.
        // - Reading behind the end of a file that was cut short raises SIGBUS; the program ends then with an error.
        // Files that are replaced by renaming, as our own are, stay whole for those who have them open.
        let map = unsafe { Mmap::map(&file) };
        Ok(map.ok().map(|map| MappedFile { map, file, stamp }))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.map
    }

    pub(super) fn change(&self) -> Result<Change> {
        Ok(self.stamp.change_to(&Stamp::of(&self.file)?))
    }
}
