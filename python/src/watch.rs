//! How far work is, and ending it at any time.

use std::panic;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use llmzip::stream::Progress;

/// What a thread unwinds with when it was told to stop.
pub struct Stopped;

/// Hears how far the work is, from any thread.
///
/// The library asks between groups whether to stop, and a group can take minutes. So who is told of progress within one
/// unwinds from there: no panic, nothing is printed, and [`work`](crate::work) or [`pipe`](crate::pipe) take it up.
#[derive(Default)]
pub struct Watch {
    stop: AtomicBool,
    plain_bytes: AtomicU64,
    stored_bytes: AtomicU64,
}

impl Watch {
    /// Ends the work at its next report.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether it was told to.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Leaves the work if it was told to stop.
    pub fn leave_if_stopped(&self) {
        if self.is_stopped() {
            panic::resume_unwind(Box::new(Stopped));
        }
    }

    /// Bytes of the original and of the compressed file that are done.
    pub fn done(&self) -> (u64, u64) {
        (self.plain_bytes.load(Ordering::Relaxed), self.stored_bytes.load(Ordering::Relaxed))
    }
}

impl Progress for Watch {
    fn plain(&self, bytes: u64) {
        self.plain_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.leave_if_stopped();
    }

    fn stored(&self, bytes: u64) {
        self.stored_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn cancelled(&self) -> bool {
        self.is_stopped()
    }
}
