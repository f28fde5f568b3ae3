//! Mode, owner and times of a file, carried over to what was made of it.

use std::fs::{File, FileTimes, Metadata};
use std::io;

/// Gives `file` the owner, mode and times of `source`; to be done after the last write.
///
/// Owner and group can only be kept by the administrator, and file systems differ in what they
/// can hold, so only the times' failure is told. Bits that would run a program as somebody else
/// are not carried over.
pub fn restore(file: &File, source: &Metadata) -> io::Result<()> {
    owner_and_mode(file, source);
    let times = FileTimes::new().set_modified(source.modified()?);
    let times = match source.accessed() {
        Ok(accessed) => times.set_accessed(accessed),
        Err(_) => times,
    };
    file.set_times(times)
}

#[cfg(unix)]
fn owner_and_mode(file: &File, source: &Metadata) {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    let mut mode = source.mode() & 0o777;
    let _ = fchown(file, Some(source.uid()), None);
    if fchown(file, None, Some(source.gid())).is_err() {
        // Another group than the source's must not get what only the source's could do: it may
        // do what both the source's group and everybody else could, and so may everybody else.
        let common = (mode >> 3) & mode & 0o7;
        mode = (mode & 0o700) | (common << 3) | common;
    }
    let _ = file.set_permissions(Permissions::from_mode(mode));
}

#[cfg(not(unix))]
fn owner_and_mode(file: &File, source: &Metadata) {
    let _ = file.set_permissions(source.permissions());
}
