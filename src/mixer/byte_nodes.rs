//! Where the map by the last byte has its contexts: all that there can be in a long group, and in a short one those that
//! have come, in the order in which they came.
//!
//! A context is a byte and a node of the next one, and there are 65,536 of them, with points of 8 MB. In a message of 60
//! bytes some hundred rows of 16 nodes come up. Only where they stand depends on that, never what they say.

use super::lane::node;
use super::maps::Map;

/// All contexts.
pub const BYTE_NODES: usize = 1 << 16;
/// Nodes of half a byte, which stand side by side.
const ROW: usize = 16;
/// Halves of the byte that follows another: the first one, and a second one for each first.
const HALVES: usize = 17;
/// Rows at the beginning.
const FIRST_ROWS: usize = 32;

/// Rows that a group can have at most, or `None` for all contexts: a byte has two, and a row stands for those that have
/// not come.
fn most_rows(group_len: usize) -> Option<usize> {
    let most = 2 * group_len + 3;
    (most * ROW < BYTE_NODES).then_some(most)
}

/// Contexts that a map of `contexts` has room for at first.
pub fn at_first(contexts: usize, group_len: usize) -> usize {
    match most_rows(group_len) {
        Some(most) if contexts == BYTE_NODES => ROW * most.min(FIRST_ROWS),
        _ => contexts,
    }
}

/// The most that it takes room for, a list that grows being there twice for a moment.
pub fn at_last(contexts: usize, group_len: usize) -> usize {
    match most_rows(group_len) {
        Some(most) if contexts == BYTE_NODES => ROW * (most + most.div_ceil(2)),
        _ => contexts,
    }
}

/// The places of all contexts.
#[derive(Clone)]
pub struct ByteNodes {
    /// `[byte][half]`: the row, 0 if it has not come. Empty where every context has its own place.
    rows: Vec<u16>,
    /// Rows that have come, and row 0.
    used: usize,
    most: usize,
}

impl ByteNodes {
    /// Nothing has come of a group of so many bytes.
    pub fn new(group_len: usize) -> ByteNodes {
        let most = most_rows(group_len);
        let rows = if most.is_some() { vec![0; 256 * HALVES] } else { Vec::new() };
        ByteNodes { rows, used: 1, most: most.unwrap_or(0) }
    }

    /// The context of a node of the byte behind `byte`: 0 for the token's end, otherwise the bits so far behind a leading
    /// one.
    #[inline(always)]
    pub fn context(&self, byte: u8, partial: usize) -> usize {
        if self.rows.is_empty() {
            return usize::from(byte) << 8 | partial;
        }
        usize::from(self.rows[row(byte, partial)]) * ROW + node(partial)
    }

    /// Whether it has not come yet, and has no place.
    #[inline(always)]
    pub fn is_new(&self, byte: u8, partial: usize) -> bool {
        !self.rows.is_empty() && self.rows[row(byte, partial)] == 0
    }

    /// Gives it one in `map`.
    #[cold]
    pub fn add(&mut self, byte: u8, partial: usize, map: Option<&mut Map>) {
        let Some(map) = map else { return };
        if ROW * (self.used + 1) > map.contexts() {
            // In a group there are no more, but for a caller's mistake.
            map.grow(ROW * (2 * self.used).min(self.most).max(self.used + 1));
        }
        self.rows[row(byte, partial)] = self.used as u16;
        self.used += 1;
    }
}

/// The number of a byte and a half of the next.
#[inline(always)]
fn row(byte: u8, partial: usize) -> usize {
    let half = if partial < 16 { 0 } else { (partial >> (partial.ilog2() - 4)) - 15 };
    usize::from(byte) * HALVES + half
}

#[cfg(test)]
mod tests {
    use super::super::math::squash_table;
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_context_that_comes_has_a_place_of_its_own() {
        let mut map = Map::new(at_first(BYTE_NODES, 20), true, squash_table());
        let mut nodes = ByteNodes::new(20);
        let mut seen = HashSet::new();
        for byte in *b"twenty bytes of text" {
            for partial in [0, 1, 2, 15, 16, 31, 33] {
                if nodes.is_new(byte, partial) {
                    nodes.add(byte, partial, Some(&mut map));
                }
                assert!(nodes.context(byte, partial) < map.contexts());
                seen.insert((nodes.context(byte, partial), byte, partial));
            }
        }
        let contexts: HashSet<_> = seen.iter().map(|&(context, ..)| context).collect();
        assert_eq!(contexts.len(), seen.len());
        assert!(!nodes.is_new(b't', 33) && nodes.is_new(b't', 40));
    }

    #[test]
    fn a_long_group_has_all_contexts_at_once() {
        assert_eq!(ByteNodes::new(4000).context(3, 5), 3 << 8 | 5);
        assert_eq!(
            (at_first(BYTE_NODES, 4000), at_last(BYTE_NODES, 4000)),
            (BYTE_NODES, BYTE_NODES)
        );
        assert_eq!(at_first(BYTE_NODES, 60), 16 * 32);
        assert_eq!((at_first(300, 60), at_last(300, 60)), (300, 300));
    }
}
