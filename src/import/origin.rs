//! Which model of the cache was made of files that a user names, so that they are read only once.
//!
//! What is compared is what the system says of the files, and not their bytes: gigabytes would have to be read each
//! time. A model that is found so is still opened by its own identity and with all its hashes, and that identity is what
//! compressed files record; at worst it is the model of what those files were.

use super::cache::{CachedModel, ModelCache};
use super::onnx::{is_onnx, published_in, weight_files};
use super::source;
use super::volume::{Volume, piece_number};
use crate::container::{EXACT_VERSION, hex};
use crate::error::Result;
use crate::model::{ModelId, builtin};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Files that a model would be made of, as they stand now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin([u8; 32]);

impl Origin {
    /// Looks at what [`import_model`](super::import_model) would read in `path`, and at no weights.
    ///
    /// # Errors
    /// `Io` or `Invalid`, as far as can be seen.
    pub fn of(path: &Path) -> Result<Origin> {
        let mut hash = Sha256::new();
        hash.update(b"llmzip origin 1");
        // Another version may make another model of the same files; the builtin shows it.
        hash.update(env!("CARGO_PKG_VERSION"));
        hash.update(EXACT_VERSION.to_le_bytes());
        hash.update(builtin().id().0);
        if path.is_dir() {
            described_by(path, &mut hash)?;
        } else {
            let volumes = match is_onnx(path) {
                true => {
                    described_by(&published_in(path)?, &mut hash)?;
                    weight_files(path)?
                }
                false => vec![Volume::open(path)?],
            };
            // The file may lie in pieces, and then its own name is that of none.
            let folder = path.parent().filter(|folder| *folder != Path::new(""));
            let folder = folder.unwrap_or(Path::new(".")).canonicalize()?;
            let whole = path.file_name().map_or_else(|| folder.clone(), |name| folder.join(name));
            hash.update(whole.as_os_str().as_encoded_bytes());
            for file in volumes.iter().flat_map(Volume::files) {
                stand(file, &mut hash)?;
            }
        }
        Ok(Origin(hash.finalize().into()))
    }

    /// The note in a cache that says which model was made of these files: its identity in hexadecimal digits.
    pub fn note(&self, cache: &ModelCache) -> PathBuf {
        cache.dir().join("made").join(&hex(&self.0)[..32])
    }
}

impl ModelCache {
    /// The model that was made of these files, where it is still here.
    ///
    /// # Errors
    /// `Io` if the folder is there and cannot be read.
    pub fn made_of(&self, origin: &Origin) -> Result<Option<CachedModel>> {
        let Ok(note) = source::read(&origin.note(self), 128) else { return Ok(None) };
        let id = note.trim_ascii();
        let mut found = self.list()?;
        found.retain(|model| model.summary.id.to_string().as_bytes() == id);
        Ok(found.pop())
    }

    /// The text of a note.
    #[must_use]
    pub fn note_of(id: &ModelId) -> String {
        format!("{id}\n")
    }
}

/// A directory, and what is in it of a model.
fn described_by(dir: &Path, hash: &mut Sha256) -> Result<()> {
    let dir = dir.canonicalize()?;
    hash.update(dir.as_os_str().as_encoded_bytes());
    for file in files_of_a_model(&dir)? {
        let name = file.file_name().unwrap_or_default().as_encoded_bytes();
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        stand(&source::open(&file)?, hash)?;
    }
    Ok(())
}

/// Ordinary files of a directory that can be a part of a model, by name; results of other work may lie beside them.
fn files_of_a_model(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let whole = piece_number(&name).map_or(&*name, |(whole, _)| whole);
        let counts = [".json", ".safetensors", "merges.txt"].iter().any(|end| whole.ends_with(end));
        if counts && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Length and times of a file; whoever writes to it changes one of them.
fn stand(file: &File, hash: &mut Sha256) -> Result<()> {
    let metadata = file.metadata()?;
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    hash.update(metadata.len().to_le_bytes());
    hash.update(since.map_or(0, |since| since.as_nanos()).to_le_bytes());
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        // Nobody can set this one back.
        hash.update(metadata.ctime().to_le_bytes());
        hash.update(metadata.ctime_nsec().to_le_bytes());
        hash.update(metadata.ino().to_le_bytes());
    }
    Ok(())
}
