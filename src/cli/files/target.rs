//! Where results go: standard output, a device, or a file that gets its name when it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};

use super::super::names::shown;
use super::metadata::{self, Inherited};
use super::sparse::Sparse;
use super::standard;
use super::temporary::{Temporary, folder};

/// An open target. Dropped before [`Target::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct Target {
    sink: Sink,
    /// Where the bytes wait until they have been verified, if not in the target itself.
    spool: Option<File>,
    /// Goes past zeros, where that was asked for and can be done.
    sparse: Option<Sparse>,
}

#[derive(Debug)]
enum Sink {
    /// What was open already, or a device or a pipe that was named: written where it stands, never replaced.
    Direct(File),
    Temporary {
        file: Temporary,
        path: PathBuf,
        force: bool,
    },
}

/// What a target has become.
#[derive(Debug, PartialEq, Eq)]
pub enum Written {
    /// A file, safely on disk under its name.
    File,
    /// Bytes that went somewhere.
    Elsewhere,
}

impl Target {
    /// Standard output; `spooled` keeps everything back until [`Target::commit`].
    pub fn stdout(spooled: bool) -> anyhow::Result<Self> {
        let file = standard::output().context("cannot write to standard output")?;
        Target::direct(file, spooled)
    }

    /// The file that the user named.
    ///
    /// A descriptor, a device or a pipe of that name is written directly. Otherwise as [`Target::beside`].
    pub fn named(path: &Path, force: bool, spooled: bool, private: bool) -> anyhow::Result<Self> {
        let writing = || format!("cannot write {}", shown(path));
        if let Some(open) = standard::named_output(path) {
            return Target::direct(open.with_context(writing)?, spooled);
        }
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => bail!("{} is a directory", shown(path)),
            Ok(there) if !there.is_file() => {
                let file = OpenOptions::new().write(true).open(path).with_context(writing)?;
                // Another file may have got the name meanwhile, and would be written over.
                if file.metadata().with_context(writing)?.is_file() {
                    return Err(exists(path));
                }
                Target::direct(file, spooled)
            }
            _ => Target::beside(path, force, private),
        }
    }

    /// The file `path`, whose name follows from that of its source.
    ///
    /// Nobody has said that bytes may go into a pipe or a device of that name: see [`refuse_replacing`]. `private` says
    /// that the metadata of a source will be restored; until then nobody else can read the file.
    pub fn beside(path: &Path, force: bool, private: bool) -> anyhow::Result<Self> {
        refuse_replacing(path, force)?;
        let file = Temporary::beside(path, private)
            .with_context(|| format!("cannot write {}", shown(path)))?;
        let sink = Sink::Temporary { file, path: path.to_owned(), force };
        Ok(Target { sink, spool: None, sparse: None })
    }

    fn direct(file: File, spooled: bool) -> anyhow::Result<Self> {
        let spool = spooled.then(tempfile::tempfile).transpose();
        let spool = spool.context("cannot make a temporary file")?;
        Ok(Target { sink: Sink::Direct(file), spool, sparse: None })
    }

    /// From now on, zeros take no place on disk where that can be.
    pub fn go_past_zeros(&mut self) {
        self.sparse = match &self.sink {
            Sink::Temporary { .. } => Some(Sparse::new()),
            Sink::Direct(file) => file.metadata().ok().and_then(|there| Sparse::on(file, &there)),
        };
    }

    /// Whether the bytes would appear on a screen.
    pub fn is_terminal(&self) -> bool {
        match &self.sink {
            Sink::Direct(file) => file.is_terminal(),
            Sink::Temporary { .. } => false,
        }
    }

    /// The open file that bytes are added to, if it is one that was there before.
    pub fn there_before(&self) -> Option<&File> {
        match &self.sink {
            Sink::Direct(file) => Some(file),
            Sink::Temporary { .. } => None,
        }
    }

    /// What was written so far, from its beginning; only for files and spooled targets.
    pub fn reread(&mut self) -> io::Result<File> {
        match (&mut self.spool, &self.sink) {
            (Some(spool), _) => {
                spool.seek(SeekFrom::Start(0))?;
                spool.try_clone()
            }
            (None, Sink::Temporary { file, .. }) => file.reopen(),
            (None, _) => Err(io::Error::from(io::ErrorKind::NotSeekable)),
        }
    }

    /// Makes the result final: metadata restored, on disk, and only then under its name.
    pub fn commit(mut self, inherited: Option<Inherited>) -> anyhow::Result<Written> {
        if let Some(mut spool) = self.spool.take() {
            spool.seek(SeekFrom::Start(0))?;
            io::copy(&mut spool, &mut self)?;
        }
        self.finish_sparse()?;
        let Sink::Temporary { file, path, force } = self.sink else {
            return Ok(Written::Elsewhere);
        };
        let writing = || format!("cannot write {}", shown(&path));
        if let Some(inherited) = inherited {
            metadata::restore(file.as_file(), &inherited).with_context(writing)?;
        }
        file.as_file().sync_all().with_context(writing)?;
        rename(file, &path, force)?;
        sync_folder(&path).with_context(writing)?;
        Ok(Written::File)
    }

    fn finish_sparse(&mut self) -> io::Result<()> {
        match (&mut self.sparse, &self.sink) {
            (None, _) => Ok(()),
            (Some(sparse), Sink::Direct(file)) => sparse.finish(file),
            (Some(sparse), Sink::Temporary { file, .. }) => sparse.finish(file.as_file()),
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut file = match (&self.spool, &self.sink) {
            (Some(spool), _) => return (&mut &*spool).write(bytes),
            (None, Sink::Direct(file)) => file,
            (None, Sink::Temporary { file, .. }) => file.as_file(),
        };
        match &mut self.sparse {
            Some(sparse) => sparse.write(file, bytes),
            None => file.write(bytes),
        }
    }

    /// Nothing is held back here: every write is a system call, whose failure is seen.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Refuses a name that a new file must not take.
///
/// With `force`, a file or a link of that name is replaced: never what the link points to. A folder, a device, a pipe or
/// a socket has been put there by someone for something, and stays.
pub fn refuse_replacing(path: &Path, force: bool) -> anyhow::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(there) if there.is_dir() => bail!("{} is a directory", shown(path)),
        Ok(there) if !there.is_file() && !there.is_symlink() => {
            bail!("{} exists already and is not a regular file", shown(path))
        }
        Ok(_) if !force => Err(exists(path)),
        _ => Ok(()),
    }
}

fn exists(path: &Path) -> anyhow::Error {
    anyhow!("{} exists already; -f overwrites it", shown(path))
}

fn rename(file: Temporary, path: &Path, force: bool) -> anyhow::Result<()> {
    // Hours may have gone by.
    refuse_replacing(path, force)?;
    match file.persist(path, force) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists(path)),
        renamed => renamed.with_context(|| format!("cannot write {}", shown(path))),
    }
}

/// A new name is only safe on disk once its folder is.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    match File::open(folder(path)).and_then(|folder| folder.sync_all()) {
        // File systems without such a thing say the one, folders that only let us write the other.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        result => result,
    }
}

/// A new name is only safe on disk once its folder is; this system sees to that itself.
#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}
