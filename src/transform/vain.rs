//! What was gone through in vain, so that it is not gone through again from each of its lines.

/// What was found at a place: how it is written, its bytes and its end; or up to where was read in vain.
pub type Found<T> = Result<(T, Vec<u8>, usize), usize>;

/// A stretch that was read in vain from several places.
///
/// It is tried again from the line behind the first, then from twice, four times and eight times as far: of what may begin
/// within, at least half is found, and `n` bytes are read `log n` times at most.
#[derive(Debug, Default)]
pub struct Vain {
    start: usize,
    /// From here on it is tried again.
    next: usize,
    end: usize,
}

impl Vain {
    /// Tries what begins at `at`, if that is worth it.
    pub fn attempt<T>(
        &mut self,
        at: usize,
        find: impl FnOnce() -> Found<T>,
    ) -> Option<(T, Vec<u8>, usize)> {
        if at < self.next.min(self.end) {
            return None;
        }
        find().map_err(|end| self.note(at, end)).ok()
    }

    /// What begins at `at` was read up to `end` in vain.
    fn note(&mut self, at: usize, end: usize) {
        if at >= self.end {
            self.start = at;
        }
        self.end = self.end.max(end).max(at + 1);
        self.next = at + (at - self.start).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_ever_farther_apart_until_the_end() {
        let mut vain = Vain::default();
        let mut tried = Vec::new();
        for at in 100..1010 {
            let found: Option<((), _, _)> = vain.attempt(at, || {
                tried.push(at);
                Err(at.max(1000))
            });
            assert!(found.is_none());
        }
        assert_eq!(tried[..12], [100, 101, 102, 104, 108, 116, 132, 164, 228, 356, 612, 1000]);
        // Behind it, nothing is known.
        assert_eq!(tried[12..], [1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009]);
    }
}
