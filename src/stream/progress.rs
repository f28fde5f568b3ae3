//! Telling the caller how far the work is, and being told to stop.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::container::Method;
use crate::error::{Error, Result};

/// Someone who watches. Every number is an increment; calls come from several threads.
pub trait Progress: Sync {
    /// So many more bytes of the original are done; none where work goes on of which nothing is reported.
    fn plain(&self, _bytes: u64) {}
    /// So many more bytes of the compressed file are written or read.
    fn stored(&self, _bytes: u64) {}
    /// A group is done; its payload has so many bytes. Comes in the order of the groups.
    fn group(&self, _method: Method, _plain_bytes: u64, _payload_bytes: u64) {}
    /// Whether to stop; asked between groups. The operation then fails with an
    /// [`Error::Io`] of kind [`io::ErrorKind::Interrupted`].
    fn cancelled(&self) -> bool {
        false
    }
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {}

pub(super) fn stop_if_cancelled(progress: &dyn Progress) -> Result<()> {
    if progress.cancelled() {
        return Err(Error::Io(io::Error::new(io::ErrorKind::Interrupted, "cancelled")));
    }
    Ok(())
}

/// Makes the reports about one group add up to its length, whatever its codec reports.
pub(super) struct Meter<'a> {
    progress: &'a dyn Progress,
    total: u64,
    seen: AtomicU64,
}

impl<'a> Meter<'a> {
    pub(super) fn new(progress: &'a dyn Progress, total: u64) -> Self {
        Meter { progress, total, seen: AtomicU64::new(0) }
    }

    pub(super) fn add(&self, bytes: u64) {
        let before = self.seen.fetch_add(bytes, Ordering::Relaxed);
        let new = bytes.min(self.total.saturating_sub(before));
        if new > 0 || bytes == 0 {
            self.progress.plain(new);
        }
    }

    pub(super) fn finish(&self) {
        self.add(self.total.saturating_sub(self.seen.load(Ordering::Relaxed)));
    }
}
