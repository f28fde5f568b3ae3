//! What is known of a group before its end, or in spite of it: the copies that were taken out put back where they can be.

use super::copies::{Copy, Restored};
use crate::container::{Watch, beginning};
use crate::error::Result;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Passes on to who watches a group what is known of its rest, the part without copies.
///
/// Only the beginning of the group is passed on, since that is what can be put together once and for all.
pub struct Beginning<'a> {
    restored: Mutex<Restored<'a>>,
    watch: &'a dyn Watch,
}

impl<'a> Beginning<'a> {
    /// Of a group of `plain_len` bytes with these copies.
    pub fn new(copies: &'a [Copy], plain_len: usize, watch: &'a dyn Watch) -> Self {
        Beginning { restored: Mutex::new(Restored::new(copies, plain_len)), watch }
    }

    /// The whole group, now that all of its rest is there.
    pub fn finish(self, rest: &[u8]) -> Vec<u8> {
        let mut restored = self.restored.into_inner().unwrap_or_else(PoisonError::into_inner);
        restored.extend(rest);
        restored.plain
    }
}

impl Watch for Beginning<'_> {
    fn done(&self, bytes: u64) {
        self.watch.done(bytes);
    }

    fn known(&self, rest: &[u8], good: &[Range<usize>]) -> Result<()> {
        let mut restored = self.restored.lock().unwrap_or_else(PoisonError::into_inner);
        restored.extend(&rest[..beginning(good)]);
        let known = 0..restored.plain.len();
        self.watch.known(&restored.plain, std::slice::from_ref(&known))
    }
}

/// Which parts of a group are known, from what is known of its rest.
pub fn known_parts(rest: &[Range<usize>], copies: &[Copy], plain_len: usize) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    // How far we are in the group, and in its rest.
    let (mut at, mut taken) = (0, 0);
    let behind_all = Copy { position: plain_len, distance: 1, len: 0 };
    for copy in copies.iter().chain(std::iter::once(&behind_all)) {
        let literals = taken..taken + (copy.position - at);
        for part in overlap(rest, &literals) {
            append(&mut parts, at + part.start - taken..at + part.end - taken);
        }
        (at, taken) = (copy.position, literals.end);
        let (source, end) = (at - copy.distance.min(at), at + copy.len);
        while at < end {
            // Twice as much of what repeats itself is there each time.
            let piece = source..(source + (end - at)).min(at);
            for part in overlap(&parts, &piece) {
                append(&mut parts, at + part.start - source..at + part.end - source);
            }
            at += piece.len();
        }
    }
    parts
}

/// What parts in their order share with a range.
fn overlap(parts: &[Range<usize>], range: &Range<usize>) -> Vec<Range<usize>> {
    let first = parts.partition_point(|part| part.end <= range.start);
    let shared = parts[first..].iter().take_while(|part| part.start < range.end);
    shared
        .map(|part| part.start.max(range.start)..part.end.min(range.end))
        .filter(|part| !part.is_empty())
        .collect()
}

/// Adds a part behind all others.
fn append(parts: &mut Vec<Range<usize>>, part: Range<usize>) {
    match parts.last_mut() {
        Some(last) if last.end == part.start => last.end = part.end,
        _ => parts.push(part),
    }
}

#[cfg(test)]
mod tests {
    use super::super::copies::put_back;
    use super::*;
    use proptest::prelude::*;

    /// The same byte by byte.
    fn by_flags(rest: &[Range<usize>], rest_len: usize, copies: &[Copy], len: usize) -> Vec<u8> {
        let mut flags = vec![0; rest_len];
        for part in rest {
            flags[part.clone()].fill(1);
        }
        put_back(&flags, copies, len)
    }

    #[test]
    fn the_beginning_ends_at_the_first_gap() {
        assert_eq!(beginning(&[]), 0);
        assert_eq!(beginning(&[0..5, 5..5, 9..12]), 5);
        assert_eq!(beginning(&[0..5, 5..9, 9..12]), 12);
        assert_eq!(beginning(&[2..5, 5..6]), 0);
    }

    proptest! {
        #[test]
        fn a_copied_byte_is_as_good_as_its_source(
            edges in prop::collection::btree_set(0usize..200, 0..12),
            pieces in prop::collection::vec((0usize..40, 1usize..300, 0usize..90), 0..8),
        ) {
            let edges: Vec<usize> = edges.into_iter().collect();
            let good: Vec<_> = edges.chunks_exact(2).map(|edge| edge[0]..edge[1]).collect();
            // Every byte of the rest is used up by the literals before the copies and behind them.
            let (mut copies, mut at, mut literals_left) = (Vec::new(), 0, 200);
            for (literals, len, distance) in pieces {
                let literals = literals.min(literals_left);
                literals_left -= literals;
                let position = at + literals;
                if position > 0 {
                    copies.push(Copy { position, distance: 1 + distance % position, len });
                    at = position + len;
                } else {
                    at = position;
                }
            }
            let len = at + literals_left;
            let flags = by_flags(&good, 200, &copies, len);
            let mut found = vec![0; len];
            for part in known_parts(&good, &copies, len) {
                prop_assert!(!part.is_empty());
                found[part].fill(1);
            }
            prop_assert_eq!(found, flags);
        }
    }
}
