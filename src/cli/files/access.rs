//! The access list of a file: who else can do what, beyond owner, group and everybody.

use std::fs::File;
use std::io;

/// A list as the system writes it: a version of 4 bytes, then tag (2), permissions (2) and id (4) of each entry.
#[derive(Debug)]
pub struct Access(Vec<u8>);

const HEADER_BYTES: usize = 4;
const ENTRY_BYTES: usize = 8;
const TAG_OWNER: u16 = 0x01;
const TAG_MASK: u16 = 0x10;
const TAG_OTHERS: u16 = 0x20;

impl Access {
    /// What every one of the list but the owner can do, and everybody else as well.
    pub fn common(&self) -> u32 {
        let entries = self.0.get(HEADER_BYTES..).unwrap_or_default().chunks_exact(ENTRY_BYTES);
        let entries = entries.map(|entry| {
            (u16::from_le_bytes([entry[0], entry[1]]), u16::from_le_bytes([entry[2], entry[3]]))
        });
        let (mut common, mut has_others) = (0o7, false);
        for (tag, permissions) in entries {
            has_others |= tag == TAG_OTHERS;
            // The mask limits all between the owner and everybody else, so nobody has more than it says.
            if tag != TAG_OWNER {
                common &= permissions;
            }
        }
        if has_others { u32::from(common) } else { 0 }
    }

    /// Whether the list says no more than the mode does.
    fn is_plain(&self) -> bool {
        let entries = self.0.get(HEADER_BYTES..).unwrap_or_default().chunks_exact(ENTRY_BYTES);
        !entries.map(|entry| u16::from_le_bytes([entry[0], entry[1]])).any(|tag| tag == TAG_MASK)
            && self.0.len() == HEADER_BYTES + 3 * ENTRY_BYTES
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use std::os::fd::AsRawFd;
    use std::ptr;

    use super::*;

    const NAME: *const libc::c_char = c"system.posix_acl_access".as_ptr();

    /// The list of a file; `None` if it has none.
    pub fn of(file: &File) -> io::Result<Option<Access>> {
        loop {
            // SAFETY: with a length of 0, nothing is written.
            let len = unsafe { libc::fgetxattr(file.as_raw_fd(), NAME, ptr::null_mut(), 0) };
            let Ok(len) = usize::try_from(len) else { return none(io::Error::last_os_error()) };
            let mut list = vec![0; len];
            // SAFETY: the pointer and the length are those of the list.
            let len =
                unsafe { libc::fgetxattr(file.as_raw_fd(), NAME, list.as_mut_ptr().cast(), len) };
            match usize::try_from(len) {
                Ok(len) => list.truncate(len),
                Err(_) => match io::Error::last_os_error() {
                    // It has grown meanwhile.
                    error if error.raw_os_error() == Some(libc::ERANGE) => continue,
                    error => return none(error),
                },
            }
            return Ok(Some(Access(list)).filter(|list| !list.is_plain()));
        }
    }

    fn none(error: io::Error) -> io::Result<Option<Access>> {
        match error.raw_os_error() {
            Some(libc::ENODATA | libc::ENOTSUP | libc::ENOSYS) => Ok(None),
            _ => Err(error),
        }
    }

    /// Gives a file this list, and the mode that belongs to it.
    pub fn set(file: &File, Access(list): &Access) -> io::Result<()> {
        // SAFETY: the pointer and the length are those of the list.
        let set =
            unsafe { libc::fsetxattr(file.as_raw_fd(), NAME, list.as_ptr().cast(), list.len(), 0) };
        if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Takes away the list of a file.
    pub fn clear(file: &File) -> io::Result<()> {
        // SAFETY: the name ends with a zero.
        match unsafe { libc::fremovexattr(file.as_raw_fd(), NAME) } {
            0 => Ok(()),
            _ => none(io::Error::last_os_error()).map(drop),
        }
    }
}

/// Systems whose lists cannot be asked for here.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    use super::*;

    pub fn of(_file: &File) -> io::Result<Option<Access>> {
        Ok(None)
    }

    pub fn set(_file: &File, _list: &Access) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    pub fn clear(_file: &File) -> io::Result<()> {
        Ok(())
    }
}

pub use system::{clear, of, set};

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[(u16, u16)]) -> Access {
        let mut bytes = vec![2, 0, 0, 0];
        for (tag, permissions) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(permissions.to_le_bytes());
            bytes.extend([0xFF; 4]);
        }
        Access(bytes)
    }

    #[test]
    fn common_is_what_nobody_lacks() {
        let (owner, user, group) = (TAG_OWNER, 0x02, 0x04);
        let three = [(owner, 7), (group, 5), (TAG_OTHERS, 4)];
        assert!(list(&three).is_plain());
        assert_eq!(list(&three).common(), 4);
        let denied = [(owner, 6), (user, 0), (group, 4), (TAG_MASK, 4), (TAG_OTHERS, 4)];
        assert!(!list(&denied).is_plain());
        assert_eq!(list(&denied).common(), 0);
        assert_eq!(list(&[]).common(), 0);
    }
}
