//! A file that may lie in pieces (`NAME.part.0`, `NAME.part.1`, ...), read as if it were one.

use super::source;
use crate::error::{Error, Result};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// One file, or the pieces of one; nothing is copied.
pub(super) struct Volume {
    /// What to call it in messages.
    name: String,
    /// The pieces with the offset of each, ascending.
    pieces: Vec<(u64, File)>,
    len: u64,
}

impl Volume {
    /// Opens `path`, or the pieces beside it if there is no such file.
    ///
    /// # Errors
    /// `Io`, or `Invalid` if pieces are missing.
    pub(super) fn open(path: &Path) -> Result<Volume> {
        let name = path.display().to_string();
        let paths = if path.exists() { vec![path.to_owned()] } else { pieces_of(path)? };
        let mut volume = Volume { name, pieces: Vec::new(), len: 0 };
        for path in paths {
            let file = source::open(&path)?;
            let len = file.metadata()?.len();
            volume.pieces.push((volume.len, file));
            // Sparse files can claim more than there is room for anywhere.
            volume.len = volume.len.checked_add(len).ok_or_else(|| {
                Error::invalid(format!("{}: the pieces are too long together", volume.name))
            })?;
        }
        Ok(volume)
    }

    /// Bytes in all.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// What to call it in messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The pieces, in order.
    pub(super) fn files(&self) -> impl Iterator<Item = &File> {
        self.pieces.iter().map(|(_, file)| file)
    }

    /// Fills `out` with the bytes from `at` on.
    ///
    /// # Errors
    /// `Truncated` past the end, or `Io`.
    pub(super) fn read_at(&self, at: u64, out: &mut [u8]) -> Result<()> {
        let end = at.checked_add(out.len() as u64);
        if end.is_none_or(|end| end > self.len) {
            return Err(Error::truncated(format!("a part of {}", self.name)));
        }
        let (mut at, mut rest) = (at, out);
        while !rest.is_empty() {
            let index = self.pieces.partition_point(|(start, _)| *start <= at) - 1;
            let (start, file) = &self.pieces[index];
            let piece_end = self.pieces.get(index + 1).map_or(self.len, |(start, _)| *start);
            let len = rest.len().min(usize::try_from(piece_end - at).unwrap_or(usize::MAX));
            let (now, later) = rest.split_at_mut(len);
            let mut file = file;
            file.seek(SeekFrom::Start(at - start))?;
            file.read_exact(now)?;
            (at, rest) = (at + len as u64, later);
        }
        Ok(())
    }

    /// SHA-256 of the whole.
    pub(super) fn sha256(&self) -> Result<[u8; 32]> {
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        let mut at = 0;
        while at < self.len {
            let len = buffer.len().min(usize::try_from(self.len - at).unwrap_or(usize::MAX));
            self.read_at(at, &mut buffer[..len])?;
            hash.update(&buffer[..len]);
            at += len as u64;
        }
        Ok(hash.finalize().into())
    }
}

/// The base name and number of a piece's file name.
pub(super) fn piece_number(name: &str) -> Option<(&str, u32)> {
    let (base, number) = name.rsplit_once(".part.")?;
    Some((base, number.parse().ok()?))
}

/// The pieces beside `path`, in order.
fn pieces_of(path: &Path) -> Result<Vec<PathBuf>> {
    let missing = || {
        let kind = std::io::ErrorKind::NotFound;
        Error::Io(std::io::Error::new(kind, format!("{}: no such file", path.display())))
    };
    let base = path.file_name().and_then(|name| name.to_str()).ok_or_else(missing)?;
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if let Some((whole, number)) = name.to_str().and_then(piece_number)
            && whole == base
        {
            found.push((number, entry.path()));
        }
    }
    found.sort();
    // Pieces are counted from 0 or from 1.
    let first = u64::from(found.first().ok_or_else(missing)?.0 > 0);
    let gap = (first..).zip(&found).find(|(wanted, (number, _))| *wanted != u64::from(*number));
    if let Some((wanted, _)) = gap {
        return Err(Error::invalid(format!("{}.part.{wanted} is missing", path.display())));
    }
    Ok(found.into_iter().map(|(_, path)| path).collect())
}
