//! The bytes of a model file, aligned for use in place, whoever owns them.

use crate::error::{Error, Result};
use crate::kernels::Aligned;
use std::fs::File;
use std::io::Read;
use std::path::Path;

#[cfg(target_endian = "big")]
compile_error!(
    "weights are used in place and are little-endian; a big-endian host would need a copy"
);

/// Bytes aligned to 64, where the tensors of a `.llmw` can be used as they lie.
pub enum Storage {
    /// Inside the program.
    Static(&'static [u8]),
    /// In memory of our own.
    Owned(Aligned<u8>),
    /// A file mapped into memory.
    #[cfg(feature = "mmap")]
    Mapped(memmap2::Mmap),
}

impl Storage {
    /// Copies bytes into aligned memory.
    pub fn copy(bytes: &[u8]) -> Storage {
        Storage::Owned(Aligned::copy(bytes))
    }

    /// Makes a file's bytes available, by mapping where this build can.
    ///
    /// # Errors
    /// `Io` from the system.
    pub fn from_file(path: &Path) -> Result<Storage> {
        let mut file = File::open(path)?;
        #[cfg(feature = "mmap")]
        {
            // SAFETY: the map is read-only and private to this process. Should another process
            // truncate the file while it is mapped, the system stops us with a signal; model
            // files are replaced by renaming only, which leaves the old one whole.
            let map = unsafe { memmap2::Mmap::map(&file) };
            if let Ok(map) = map {
                return Ok(Storage::Mapped(map));
            }
        }
        let len = usize::try_from(file.metadata()?.len())
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
            Storage::Mapped(map) => map,
        }
    }
}
