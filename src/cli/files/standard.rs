//! Descriptors that the parent opened: standard input, standard output, and those that a path names.
//!
//! As files: nothing is buffered, so no failure of a late flush can be missed, and a descriptor that is closed or open
//! the other way round is an error, which Rust's own streams pass over.

use std::fs::File;
use std::io;
use std::path::Path;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Read,
    Write,
}

/// Standard input, whatever it is: its length may be known.
pub fn input() -> io::Result<File> {
    descriptor(0, Use::Read)
}

/// Standard output, whatever it is.
pub fn output() -> io::Result<File> {
    descriptor(1, Use::Write)
}

/// The open descriptor that `path` names (`/dev/stdout`, `/dev/fd/3`), to write to where it stands.
///
/// To open such a path again would begin at the beginning of the file behind it.
pub fn named_output(path: &Path) -> Option<io::Result<File>> {
    number_of(path).map(|number| descriptor(number, Use::Write))
}

/// Refuses a path that names a descriptor which was closed when we were started.
pub fn refuse_closed(path: &Path) -> io::Result<()> {
    match number_of(path) {
        Some(number) if super::super::inherited::was_closed(number) => Err(bad_descriptor()),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn bad_descriptor() -> io::Error {
    io::Error::from_raw_os_error(libc::EBADF)
}

#[cfg(not(unix))]
fn bad_descriptor() -> io::Error {
    io::Error::from(io::ErrorKind::NotFound)
}

#[cfg(unix)]
fn descriptor(number: u32, wanted: Use) -> io::Result<File> {
    use std::os::fd::BorrowedFd;

    let n = i32::try_from(number).map_err(|_| bad_descriptor())?;
    // SAFETY: these calls take numbers and change nothing.
    let (flags, status) = unsafe { (libc::fcntl(n, libc::F_GETFD), libc::fcntl(n, libc::F_GETFL)) };
    let is_open = flags != -1 && status != -1 && !super::super::inherited::was_closed(number);
    // What we have opened ourselves is closed in children; what a parent gave us cannot be.
    let is_ours = flags & libc::FD_CLOEXEC != 0;
    let against = if wanted == Use::Read { libc::O_WRONLY } else { libc::O_RDONLY };
    if !is_open || is_ours || status & libc::O_ACCMODE == against {
        return Err(bad_descriptor());
    }
    // SAFETY: it is open, and none of ours, which might be closed meanwhile.
    let borrowed = unsafe { BorrowedFd::borrow_raw(n) };
    Ok(File::from(borrowed.try_clone_to_owned()?))
}

#[cfg(windows)]
fn descriptor(number: u32, _wanted: Use) -> io::Result<File> {
    use std::os::windows::io::AsHandle;

    let handle = match number {
        0 => io::stdin().as_handle().try_clone_to_owned()?,
        1 => io::stdout().as_handle().try_clone_to_owned()?,
        _ => return Err(bad_descriptor()),
    };
    Ok(File::from(handle))
}

/// The number of the descriptor that `path` stands for, through any links.
#[cfg(unix)]
fn number_of(path: &Path) -> Option<u32> {
    use std::fs;

    let folders = ["/dev/fd", "/proc/self/fd", "/proc/thread-self/fd"];
    let folders: Vec<_> =
        folders.iter().filter_map(|folder| fs::canonicalize(folder).ok()).collect();
    let mut path = path.to_owned();
    // As many links as the system follows.
    for _ in 0..40 {
        let folder = super::temporary::folder(&path);
        let canonical = fs::canonicalize(folder).ok()?;
        if folders.contains(&canonical) {
            return path.file_name()?.to_str()?.parse().ok();
        }
        path = folder.join(fs::read_link(&path).ok()?);
    }
    None
}

#[cfg(not(unix))]
fn number_of(_path: &Path) -> Option<u32> {
    None
}
