//! Mode, owner, access list and times of a file, carried over to what was made of it.

use std::fs::{File, FileTimes, Metadata};
use std::io;

#[cfg(unix)]
use super::access;

/// What a result gets from its source.
#[derive(Debug, Clone, Copy)]
pub struct Inherited<'a> {
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no access lists"))]
    pub file: &'a File,
    /// What the source was when it was opened.
    pub metadata: &'a Metadata,
}

/// Gives `file` the owner, mode, access list and times of its source; to be done after the last write.
///
/// Nobody gets at the result who could not get at the source. Owner and group can only be kept by the administrator,
/// and file systems differ in what they can hold, so only the times' failure is told. Bits that would run a program as
/// somebody else are not carried over.
pub fn restore(file: &File, source: &Inherited) -> io::Result<()> {
    owner_and_access(file, source);
    let metadata = source.metadata;
    let times = FileTimes::new().set_modified(metadata.modified()?);
    let times = match metadata.accessed() {
        Ok(accessed) => times.set_accessed(accessed),
        Err(_) => times,
    };
    file.set_times(times)
}

#[cfg(unix)]
fn owner_and_access(file: &File, source: &Inherited) {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    let _ = fchown(file, Some(source.metadata.uid()), None);
    let keeps_group = fchown(file, None, Some(source.metadata.gid())).is_ok();
    let access = access::of(source.file);
    if let (Ok(Some(list)), true) = (&access, keeps_group)
        && access::set(file, list).is_ok()
    {
        return;
    }
    // The folder may have given the new file a list of its own, with people whom the source does not know.
    let is_free = access::clear(file).is_ok();
    let mode = source.metadata.mode() & 0o777;
    let mode = match access {
        _ if !is_free => mode & 0o700,
        Ok(None) if keeps_group => mode,
        // Another group than the source's must not get what only the source's could do: it may
        // do what both the source's group and everybody else could, and so may everybody else.
        Ok(None) => mode & 0o700 | both(mode >> 3 & mode & 0o7),
        // What the group's bits say are the most that anybody in the list can do, not the group.
        Ok(Some(list)) => mode & 0o700 | both(list.common() & mode),
        Err(_) => mode & 0o700,
    };
    let _ = file.set_permissions(Permissions::from_mode(mode));
}

/// The same bits for the group and for everybody else.
#[cfg(unix)]
fn both(bits: u32) -> u32 {
    (bits & 0o7) << 3 | bits & 0o7
}

#[cfg(not(unix))]
fn owner_and_access(file: &File, source: &Inherited) {
    let _ = file.set_permissions(source.metadata.permissions());
}
