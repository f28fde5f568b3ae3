//! The bytes of a model file, aligned for use in place, whoever owns them.

use crate::error::{Error, Result};
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
    Owned(AlignedBytes),
    /// A file mapped into memory.
    #[cfg(feature = "mmap")]
    Mapped(memmap2::Mmap),
}

impl Storage {
    /// Copies bytes into aligned memory.
    pub fn copy(bytes: &[u8]) -> Storage {
        let mut owned = AlignedBytes::zeroed(bytes.len());
        owned.as_mut().copy_from_slice(bytes);
        Storage::Owned(owned)
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
        let mut owned = AlignedBytes::zeroed(len);
        file.read_exact(owned.as_mut())?;
        Ok(Storage::Owned(owned))
    }

    /// The bytes; their address is a multiple of 64.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Storage::Static(bytes) => bytes,
            Storage::Owned(owned) => owned.as_ref(),
            #[cfg(feature = "mmap")]
            Storage::Mapped(map) => map,
        }
    }
}

/// One 64-byte line.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// A byte buffer whose address is a multiple of 64.
pub struct AlignedBytes {
    lines: Vec<Line>,
    len: usize,
}

impl AlignedBytes {
    /// `len` zeros.
    pub fn zeroed(len: usize) -> AlignedBytes {
        AlignedBytes { lines: vec![Line([0; 64]); len.div_ceil(64)], len }
    }
}

impl AsRef<[u8]> for AlignedBytes {
    fn as_ref(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }
}

impl AsMut<[u8]> for AlignedBytes {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}
