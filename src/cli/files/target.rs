//! Where results go: standard output, a device, or a file that gets its name when it is whole.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, IsTerminal, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use tempfile::NamedTempFile;

use super::super::names::shown;
use super::super::signals;
use super::metadata;

/// An open target. Dropped before [`Target::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct Target {
    sink: Sink,
    /// Where the bytes wait until they have been verified, if not in the target itself.
    spool: Option<File>,
}

#[derive(Debug)]
enum Sink {
    Stdout(File),
    /// A device or a pipe that was named: written directly, never replaced.
    Special(File),
    Temporary {
        file: NamedTempFile,
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
        let file = standard_output().context("cannot write to standard output")?;
        Target::direct(Sink::Stdout(file), spooled)
    }

    /// The file `path`, which must not be there yet unless `force`.
    ///
    /// A device or pipe of that name is written directly. `inherits` says that the metadata of a
    /// source will be restored; until then nobody else can read the file.
    pub fn file(path: &Path, force: bool, spooled: bool, inherits: bool) -> anyhow::Result<Self> {
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => bail!("{} is a directory", shown(path)),
            Ok(there) if !there.is_file() => {
                let file = OpenOptions::new().write(true).open(path);
                let file = file.with_context(|| format!("cannot write {}", shown(path)))?;
                return Target::direct(Sink::Special(file), spooled);
            }
            _ if !force && fs::symlink_metadata(path).is_ok() => return Err(exists(path)),
            _ => {}
        }
        let file = temporary_beside(path, inherits)
            .with_context(|| format!("cannot write {}", shown(path)))?;
        let sink = Sink::Temporary { file, path: path.to_owned(), force };
        Ok(Target { sink, spool: None })
    }

    fn direct(sink: Sink, spooled: bool) -> anyhow::Result<Self> {
        let spool = spooled.then(tempfile::tempfile).transpose();
        Ok(Target { sink, spool: spool.context("cannot make a temporary file")? })
    }

    /// Whether the bytes would appear on a screen.
    pub fn is_terminal(&self) -> bool {
        match &self.sink {
            Sink::Stdout(file) | Sink::Special(file) => file.is_terminal(),
            Sink::Temporary { .. } => false,
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
    pub fn commit(mut self, inherited: Option<&Metadata>) -> anyhow::Result<Written> {
        if let Some(mut spool) = self.spool.take() {
            spool.seek(SeekFrom::Start(0))?;
            io::copy(&mut spool, &mut self)?;
        }
        let Sink::Temporary { file, path, force } = self.sink else {
            return Ok(Written::Elsewhere);
        };
        let writing = || format!("cannot write {}", shown(&path));
        if let Some(inherited) = inherited {
            metadata::restore(file.as_file(), inherited).with_context(writing)?;
        }
        file.as_file().sync_all().with_context(writing)?;
        rename(file, &path, force)?;
        sync_folder(&path).with_context(writing)?;
        Ok(Written::File)
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match (&mut self.spool, &mut self.sink) {
            (Some(spool), _) => spool.write(bytes),
            (None, Sink::Stdout(file) | Sink::Special(file)) => file.write(bytes),
            (None, Sink::Temporary { file, .. }) => file.as_file_mut().write(bytes),
        }
    }

    /// Nothing is held back here: every write is a system call, whose failure is seen.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn exists(path: &Path) -> anyhow::Error {
    anyhow!("{} exists already; -f overwrites it", shown(path))
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// A file in the folder of `path`, so that it can be renamed, known to the signal handler.
///
/// Its name does not contain the final one, which may already be as long as names can be.
fn temporary_beside(path: &Path, inherits: bool) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".llmzip-").suffix(".tmp");
    #[cfg(unix)]
    if !inherits {
        use std::os::unix::fs::PermissionsExt;
        // What any new file gets; the process's mask takes its share.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut registered = signals::temporary();
    let file = builder.tempfile_in(folder(path))?;
    *registered = Some(file.path().to_owned());
    Ok(file)
}

fn rename(file: NamedTempFile, path: &Path, force: bool) -> anyhow::Result<()> {
    let mut registered = signals::temporary();
    let renamed = if force { file.persist(path) } else { file.persist_noclobber(path) };
    let renamed = renamed.or_else(|failed| match failed.error.kind() {
        io::ErrorKind::AlreadyExists => Err(failed),
        // Some file systems cannot rename without overwriting; then the check before must do.
        _ if fs::symlink_metadata(path).is_err() => failed.file.persist(path),
        _ => Err(failed),
    });
    *registered = None;
    match renamed {
        Ok(_) => Ok(()),
        Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => Err(exists(path)),
        Err(failed) => Err(failed.error).with_context(|| format!("cannot write {}", shown(path))),
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

/// Standard output as a file: nothing is buffered, so no failure of a late flush can be missed.
#[cfg(unix)]
fn standard_output() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// Standard output as a file: nothing is buffered, so no failure of a late flush can be missed.
#[cfg(windows)]
fn standard_output() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
}
