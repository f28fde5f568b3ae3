//! The bytes of a model file, aligned for use in place, whoever owns them.

#[cfg(feature = "mmap")]
mod mapped;
#[cfg(feature = "mmap")]
mod stamp;

use crate::error::{Error, Result};
use crate::kernels::Aligned;
use std::fs::File;
use std::io::Read;
use std::path::Path;

#[cfg(feature = "mmap")]
pub(super) use stamp::Change;

/// Files up to this size are read, so that nothing done to them later matters: that takes a twentieth of the time that
/// their hashes do, and as much memory as coding with such a model takes anyway. Larger ones are mapped: several
/// processes then have them in memory once, and the system can drop what it can read again.
#[cfg(feature = "mmap")]
const READ_BYTES: u64 = 64 << 20;

/// Bytes aligned to 64, where the tensors of a `.llmw` can be used as they lie.
pub enum Storage {
    /// Inside the program.
    Static(&'static [u8]),
    /// In memory of our own.
    Owned(Aligned<u8>),
    /// A file mapped into memory.
    #[cfg(feature = "mmap")]
    Mapped(mapped::MappedFile),
}

impl Storage {
    /// Copies bytes into aligned memory.
    pub fn copy(bytes: &[u8]) -> Storage {
        Storage::Owned(Aligned::copy(bytes))
    }

    /// Makes a file's bytes available, by mapping where it is large and this build can.
    ///
    /// A mapped file must not be changed while it is in use: see [`Model::check_unchanged`](super::Model::check_unchanged).
    ///
    /// # Errors
    /// `Io` from the system.
    pub fn from_file(path: &Path) -> Result<Storage> {
        let mut file = File::open(path)?;
        let len = file.metadata()?.len();
        #[cfg(feature = "mmap")]
        if len > READ_BYTES
            && let Some(mapped) = mapped::MappedFile::new(&file)?
        {
            return Ok(Storage::Mapped(mapped));
        }
        let len = usize::try_from(len)
            .map_err(|_| Error::invalid("the model is larger than this machine can address"))?;
        let mut owned = Aligned::zeroed(len);
        file.read_exact(&mut owned)?;
        Ok(Storage::Owned(owned))
    }

    /// The bytes; their address is a multiple of 64.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Storage::Static(bytes) => bytes,
            Storage::Owned(owned) => owned,
            #[cfg(feature = "mmap")]
            Storage::Mapped(mapped) => mapped.bytes(),
        }
    }

    /// Whether the bytes may be others than at first.
    #[cfg(feature = "mmap")]
    pub(super) fn change(&self) -> Result<Change> {
        match self {
            Storage::Static(_) | Storage::Owned(_) => Ok(Change::No),
            Storage::Mapped(mapped) => mapped.change(),
        }
    }
}

#[cfg(all(test, feature = "mmap"))]
mod tests {
    use super::*;
    use std::fs::OpenOptions;
    use std::io::{Seek, SeekFrom, Write};
    use std::time::Duration;

    /// A file that is large enough to be mapped, without taking the place.
    fn large() -> (tempfile::NamedTempFile, Storage) {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(READ_BYTES + 1).unwrap();
        let storage = Storage::from_file(file.path()).unwrap();
        assert!(matches!(storage, Storage::Mapped(_)));
        // File systems count time in steps of some milliseconds.
        std::thread::sleep(Duration::from_millis(20));
        (file, storage)
    }

    #[test]
    fn what_is_written_to_a_mapped_file_is_seen() {
        let (file, storage) = large();
        assert_eq!(storage.change().unwrap(), Change::No);
        let mut other = OpenOptions::new().write(true).open(file.path()).unwrap();
        other.seek(SeekFrom::Start(READ_BYTES / 2)).unwrap();
        other.write_all(b"!").unwrap();
        assert_eq!(storage.change().unwrap(), Change::Yes);
    }

    #[test]
    fn another_length_is_seen() {
        let (file, storage) = large();
        let then = file.as_file().metadata().unwrap().modified().unwrap();
        file.as_file().set_len(READ_BYTES + 2).unwrap();
        file.as_file().set_modified(then).unwrap();
        assert_eq!(storage.change().unwrap(), Change::Yes);
    }

    #[cfg(unix)]
    #[test]
    fn a_time_that_was_set_back_is_seen() {
        use std::os::unix::fs::FileExt;

        let (file, storage) = large();
        let then = file.as_file().metadata().unwrap().modified().unwrap();
        file.as_file().write_all_at(b"!", 0).unwrap();
        file.as_file().set_modified(then).unwrap();
        assert_eq!(storage.change().unwrap(), Change::Perhaps);
    }

    #[test]
    fn a_new_file_of_the_same_name_is_another_file() {
        let (file, storage) = large();
        let folder = file.path().parent().unwrap();
        let mut new = tempfile::NamedTempFile::new_in(folder).unwrap();
        new.write_all(b"new").unwrap();
        std::fs::rename(new.path(), file.path()).unwrap();
        assert_ne!(storage.change().unwrap(), Change::Yes);
        assert_eq!(storage.bytes().len() as u64, READ_BYTES + 1);
    }

    #[test]
    fn nothing_that_is_done_to_a_small_file_later_matters() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&[7; 1000]).unwrap();
        let storage = Storage::from_file(file.path()).unwrap();
        file.as_file().set_len(10).unwrap();
        assert_eq!(storage.change().unwrap(), Change::No);
        assert_eq!(storage.bytes(), [7; 1000]);
    }
}
