//! Where the positions of a lane are stored, and which of them a query sees.
//!
//! A block has as many slots as its window needs, and position `p` is in slot `p % slots`.
//!
//! Where the first position stays visible, the ring lies between two slots that hold nothing else: its key is turned
//! anew as the window goes on, so that it stays as far behind the query as it can be in a model's training (8,192
//! positions away, SmolLM2 no longer knows it). That happens every [`TURN`] positions, and the newest two of its keys are
//! kept, since the queries of a run may see one or the other.

use super::SLOT_BLOCK;
use crate::model::Config;
use std::ops::Range;

/// Positions from one turning of the first key to the next; no run is longer.
const TURN: usize = 128;

/// The slots of one block's heads, one head after the other.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Ring {
    /// The first slot among those of all blocks.
    pub(super) first: usize,
    /// Slots of a head.
    pub(super) slots: usize,
    /// Positions that a query sees.
    window: usize,
    /// Whether the first position is always among them.
    pub(super) keeps_start: bool,
}

/// Those of all blocks, where `run` positions are written at once, of at most `positions` in all.
pub(super) fn rings(
    config: &Config,
    window: usize,
    run: usize,
    positions: usize,
) -> impl Iterator<Item = Ring> {
    let mut first = 0;
    (0..config.layers).map(move |block| {
        let keeps_start = config.keeps_start_in(block, window);
        let window = config.block_window(block, window);
        let slots = slots_for(keeps_start, window, run, positions);
        let ring = Ring { first, slots, window, keeps_start };
        first += slots * config.kv_heads;
        ring
    })
}

/// Slots of a head that sees the whole window. A ring as long as all positions never comes round.
pub(super) fn slots_for(keeps_start: bool, window: usize, run: usize, positions: usize) -> usize {
    // Beside the ring, the first position has two slots instead of one in the window.
    let more = usize::from(keeps_start);
    let slots = (window + run - 1 + more).min(positions.max(1).saturating_add(more));
    slots.next_multiple_of(SLOT_BLOCK)
}

impl Ring {
    /// Where a position is stored.
    pub(super) fn slot(&self, position: usize) -> usize {
        match position {
            _ if !self.keeps_start => position % self.slots,
            0 => 0,
            _ => 1 + (position - 1) % (self.slots - 2),
        }
    }

    /// How many positions a query at `position` no longer sees; the first one counts, whether it stays or not.
    fn hidden(&self, position: usize) -> usize {
        (position + 1).saturating_sub(self.window)
    }

    /// Where the first key is when it is turned to `place`.
    pub(super) fn start_slot(&self, place: usize) -> usize {
        if (place / TURN).is_multiple_of(2) { 0 } else { self.slots - 1 }
    }

    /// The place to which the first key is turned for queries from `position` on, if those before it see it at another.
    pub(super) fn turned_start(&self, position: usize) -> Option<usize> {
        let hidden = self.hidden(position);
        (self.keeps_start && hidden > 0 && hidden.is_multiple_of(TURN)).then_some(hidden)
    }

    /// The slots of what a query at `position` sees, as the two runs into which the ring cuts them.
    pub(super) fn visible(&self, position: usize) -> [Range<usize>; 2] {
        let (hidden, last) = (self.hidden(position), self.slot(position));
        if hidden == 0 {
            return [0..last + 1, 0..0];
        }
        let start = self.keeps_start.then(|| self.start_slot(hidden / TURN * TURN));
        let first = self.slot(hidden + usize::from(self.keeps_start));
        if first <= last {
            return [first..last + 1, start.map_or(0..0, |slot| slot..slot + 1)];
        }
        // The first position's slot that is seen goes with the end of the ring beside it.
        match start {
            None => [0..last + 1, first..self.slots],
            Some(0) => [0..last + 1, first..self.slots - 1],
            Some(_) => [1..last + 1, first..self.slots],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is in the slots after each position of a lane, against what a query there should see.
    #[test]
    fn a_query_sees_its_window_and_nothing_else() {
        for keeps_start in [false, true] {
            for (window, run) in [(2, 1), (3, 60), (64, 1), (64, 128), (100, 7), (300, 128)] {
                let slots = slots_for(keeps_start, window, run, usize::MAX);
                let ring = Ring { first: 0, slots, window, keeps_start };
                let mut held = vec![None; slots];
                for from in (0..2000).step_by(run) {
                    let rows = from..from + run;
                    for position in rows.clone() {
                        held[ring.slot(position)] = Some((position, position));
                        if let Some(place) = ring.turned_start(position) {
                            held[ring.start_slot(place)] = Some((0, place));
                        }
                    }
                    for position in rows {
                        let slots = ring.visible(position).into_iter().flatten();
                        let mut seen: Vec<_> = slots.map(|slot| held[slot].unwrap()).collect();
                        seen.sort();
                        let left = (position + 1).saturating_sub(window);
                        let mut expected: Vec<_> = (left..position + 1).map(|p| (p, p)).collect();
                        if keeps_start && left > 0 {
                            expected[0] = (0, left / 128 * 128);
                        }
                        assert_eq!(seen, expected, "{window} {run} {position} {keeps_start}");
                    }
                }
            }
        }
    }
}
