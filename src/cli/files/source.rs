//! Where bytes come from.

use std::fs::{self, File, Metadata};
use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;

use anyhow::Context;

use super::super::messages::Failure;
use super::super::names::Name;
use super::metadata::Inherited;
use super::standard;

/// An open source.
#[derive(Debug)]
pub struct Source {
    file: File,
    /// Where it is, unless it is standard input.
    path: Option<PathBuf>,
    /// What it was when it was opened.
    metadata: Metadata,
}

impl Source {
    /// Opens a source.
    ///
    /// Directories are skipped, and so are pipes and devices unless `allow_special`: a result
    /// beside a device is never what was meant.
    pub fn open(name: &Name, allow_special: bool) -> Result<Self, Failure> {
        let Name::Path(path) = name else {
            let file = standard::input().context("cannot read standard input")?;
            let metadata = file.metadata().context("cannot read standard input")?;
            return Ok(Source { file, path: None, metadata });
        };
        // Asked before opening, because to open a pipe that nobody writes waits for ever.
        let kind = fs::metadata(path)?;
        if kind.is_dir() {
            return Err(Failure::Skipped("is a directory, skipped".into()));
        }
        if !kind.is_file() && !allow_special {
            return Err(Failure::Skipped("is not a regular file, skipped".into()));
        }
        standard::refuse_closed(path)?;
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        Ok(Source { file, path: Some(path.clone()), metadata })
    }

    pub fn is_terminal(&self) -> bool {
        self.file.is_terminal()
    }

    /// What the result inherits; `None` unless this is a named regular file.
    pub fn inherited(&self) -> Option<Inherited<'_>> {
        let is_named = self.path.is_some() && self.metadata.is_file();
        is_named.then_some(Inherited { file: &self.file, metadata: &self.metadata })
    }

    /// How many bytes it has, where that is known; a pipe's length is not.
    pub fn len(&self) -> Option<u64> {
        self.metadata.is_file().then_some(self.metadata.len())
    }

    /// The open file, where one can go back and forth in it; standard input may begin anywhere.
    pub fn seekable(&mut self) -> Option<&mut File> {
        self.inherited().is_some().then_some(&mut self.file)
    }

    /// Whether the open file and this one are the same.
    #[cfg(unix)]
    pub fn is_same(&self, other: &Metadata) -> bool {
        use std::os::unix::fs::MetadataExt;
        (self.metadata.dev(), self.metadata.ino()) == (other.dev(), other.ino())
    }

    /// Whether the open file and this one are the same; not told apart here.
    #[cfg(not(unix))]
    pub fn is_same(&self, _other: &Metadata) -> bool {
        false
    }

    /// Removes the source, if its name still stands for the file that was read, unchanged.
    ///
    /// Not through a symbolic link: that would take the link and leave the file.
    pub fn remove(self) -> Result<(), Failure> {
        let Some(path) = &self.path else { return Ok(()) };
        let now = fs::symlink_metadata(path).context("cannot remove")?;
        if now.is_symlink() {
            return Err(Failure::Skipped("is a symbolic link, not removed".into()));
        }
        let is_unchanged = now.len() == self.metadata.len()
            && now.modified().ok() == self.metadata.modified().ok();
        if !self.is_same(&now) && cfg!(unix) || !is_unchanged {
            return Err(Failure::Skipped("has changed meanwhile, not removed".into()));
        }
        fs::remove_file(path).context("cannot remove")?;
        Ok(())
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}
