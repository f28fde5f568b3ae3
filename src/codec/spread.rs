//! Reports of how much of a group is done, spread evenly over the time that it takes.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::container::Watch;
use crate::error::Result;

/// Reports copies with the bytes between them.
///
/// Copies are taken out at once, and what takes time is the rest. If they were reported when they are found, a file of
/// long repeats would seem half done after a moment, and the time that is left would be guessed from that.
pub struct Spread<'a> {
    done: &'a (dyn Fn(u64) + Sync),
    plain_len: u64,
    rest_len: u64,
    /// Bytes of the rest that are done.
    rest_done: AtomicU64,
}

impl<'a> Spread<'a> {
    /// `done` shall hear of `plain_len` bytes when `rest_len` are reported.
    pub fn new(done: &'a (dyn Fn(u64) + Sync), plain_len: usize, rest_len: usize) -> Self {
        let (plain_len, rest_len) = (plain_len as u64, rest_len as u64);
        Spread { done, plain_len, rest_len, rest_done: AtomicU64::new(0) }
    }

    /// So many more bytes of the rest are done; from any thread.
    pub fn add(&self, bytes: u64) {
        let before = self.rest_done.fetch_add(bytes, Ordering::Relaxed);
        let new = self.share(before + bytes) - self.share(before);
        if new > 0 {
            (self.done)(new);
        }
    }

    /// Bytes of the group that so many of the rest stand for.
    fn share(&self, rest_done: u64) -> u64 {
        let share = u128::from(self.plain_len) * u128::from(rest_done.min(self.rest_len));
        // Not more than `plain_len`.
        (share / u128::from(self.rest_len.max(1))) as u64
    }
}

/// A watch that hears of copies with the bytes between them.
pub struct Spreading<'a> {
    pub watch: &'a dyn Watch,
    pub spread: Spread<'a>,
}

impl Watch for Spreading<'_> {
    fn done(&self, bytes: u64) {
        self.spread.add(bytes);
    }

    fn known(&self, plain: &[u8], good: &[Range<usize>]) -> Result<()> {
        self.watch.known(plain, good)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bytes_are_reported_and_each_step_has_its_share() {
        let heard = AtomicU64::new(0);
        let done = |bytes| {
            heard.fetch_add(bytes, Ordering::Relaxed);
        };
        let spread = Spread::new(&done, 1000, 7);
        for expected in [142, 285, 428, 571, 714, 857, 1000, 1000] {
            spread.add(1);
            assert_eq!(heard.load(Ordering::Relaxed), expected);
        }
    }

    #[test]
    fn a_group_without_copies_is_reported_as_it_is() {
        let heard = AtomicU64::new(0);
        let done = |bytes| {
            heard.fetch_add(bytes, Ordering::Relaxed);
        };
        let spread = Spread::new(&done, 10, 10);
        spread.add(3);
        assert_eq!(heard.load(Ordering::Relaxed), 3);
    }
}
