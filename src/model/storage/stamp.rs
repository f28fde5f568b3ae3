//! What the system says of a file, to be compared later.

use crate::error::Result;
use std::fs::File;
use std::time::SystemTime;

/// How an open file stood at some moment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    content: (u64, Option<SystemTime>),
    /// Also new after a file is renamed or gets another mode, but nobody can set it back.
    #[cfg(unix)]
    changed: (i64, i64),
}

/// What has become of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    No,
    /// Its name, its mode, or its content and then its time: the bytes must be looked at.
    Perhaps,
    /// Its bytes.
    Yes,
}

impl Stamp {
    pub(super) fn of(file: &File) -> Result<Stamp> {
        let metadata = file.metadata()?;
        Ok(Stamp {
            content: (metadata.len(), metadata.modified().ok()),
            #[cfg(unix)]
            changed: changed(&metadata),
        })
    }

    pub(super) fn change_to(&self, now: &Stamp) -> Change {
        match now {
            now if now.content != self.content => Change::Yes,
            now if now != self => Change::Perhaps,
            _ => Change::No,
        }
    }
}

#[cfg(unix)]
fn changed(metadata: &std::fs::Metadata) -> (i64, i64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.ctime(), metadata.ctime_nsec())
}
