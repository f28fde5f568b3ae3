//! How a lane moves on: from bit to bit, and from byte to byte.

use super::Mixer;
use super::contexts::Surroundings;
use super::decide::run_class;
use super::hash::mix;
use super::lane::MAX_MATCHES;
use super::matching::length_class;
use super::odds::Odds;
use super::platform::prefetch;
use super::slots::{Slot, Slots};
use crate::kernels::vectors::{Numbers, WIDTH};

impl Mixer {
    /// Takes a bit into the current lane's byte.
    #[inline(always)]
    pub(super) fn advance(&mut self, bit: bool) {
        let lane = &mut self.lanes[self.current];
        let shift = 7 - lane.bits;
        for (i, agree) in lane.agree.iter_mut().enumerate() {
            *agree &= (lane.expected[i] >> shift & 1 == 1) == bit;
        }
        lane.partial = lane.partial << 1 | u32::from(bit);
        lane.bits += 1;
        if lane.bits == 2 {
            let hashes = &lane.hashes[..self.plan.contexts.len()];
            for &hash in hashes {
                self.slots.prefetch_half(hash, lane.partial);
            }
            if self.plan.shape.odds {
                for &hash in &hashes[WIDTH..] {
                    let line = self.slots.half_pair(hash, lane.partial);
                    self.odds.prefetch(line);
                    self.odds.prefetch(line ^ 1);
                }
            }
        } else if lane.bits == 4 {
            lane.found = false;
            for hash in &mut lane.hashes[..self.plan.contexts.len()] {
                *hash = self.slots.second_half(*hash, lane.partial);
            }
            lane.counters = counters(lane.text.recent[0], lane.partial, self.bits.counters);
            self.cells.prefetch_order2(lane.counters);
            // What followed the pair of bytes that this one ends.
            let pair =
                (lane.text.recent[0] as usize & 0xff) << 8 | (lane.partial as usize & 15) << 4;
            prefetch(&self.after2, pair);
            // The nodes that can follow: each depth of the byte's second half has one line of them.
            let row = (lane.text.recent[0] as usize & 0xff) << 8;
            for depth in 0..4 {
                self.cells.prefetch_order1(row | (lane.partial as usize) << depth);
            }
        } else if lane.bits == 8 {
            self.finish_byte();
        }
    }

    fn finish_byte(&mut self) {
        let at = self.current;
        let lane = &mut self.lanes[at];
        let byte = lane.partial as u8;
        lane.partial = 1;
        lane.bits = 0;
        lane.found = false;
        if lane.byte_found {
            lane.byte_found = false;
            for &slot in &lane.byte_slots[..self.plan.shape.runs] {
                self.slots.note_byte(slot, byte);
            }
        }
        let extent = &mut self.extents[at];
        if extent.position == extent.end {
            // A caller's mistake: there is no such byte. Nothing is written outside the lane.
            return;
        }
        self.history[extent.position] = byte;
        let before = lane.text.recent[0];
        self.after1[before as usize & 0xff] =
            self.after1[before as usize & 0xff] << 8 | u32::from(byte);
        if self.plan.indirect {
            let pair = &mut self.after2[before as usize & 0xffff];
            *pair = *pair << 8 | u32::from(byte);
        }
        if self.plan.records {
            self.records.push(&mut lane.seen, byte, extent.position - extent.start);
        }
        extent.position += 1;
        lane.text.push(byte, extent.position);
        if self.plan.shape.pixels > 0 {
            lane.blank.push(byte);
        }
        lane.twins.push(byte, &lane.text, &self.history, extent.position);
        if extent.position == extent.end {
            return;
        }
        // The finders' tables are asked for before and read after the contexts are computed.
        let places: [usize; MAX_MATCHES] = std::array::from_fn(|i| {
            self.finders.get(i).map_or(0, |finder| finder.place(&lane.text))
        });
        self.select_contexts(at);
        let lane = &mut self.lanes[at];
        for (i, finder) in self.finders.iter_mut().enumerate() {
            finder.push(&mut lane.matches[i], places[i], &self.history, &self.extents, at, byte);
        }
        self.select_match_context(at);
    }

    /// Computes the contexts of a lane's next byte, all but what matches expect.
    pub(super) fn select_contexts(&mut self, at: usize) {
        let lane = &mut self.lanes[at];
        let extent = self.extents[at];
        let recent = lane.text.recent[0];
        let twin = lane.twins.bytes(&lane.text, &self.history, extent.position);
        let around = Surroundings {
            history: &self.history,
            start: extent.start,
            position: extent.position,
            record: self.records.length(),
            after1: self.after1[recent as usize & 0xff],
            after2: if self.plan.indirect { self.after2[recent as usize & 0xffff] } else { 0 },
            expected: 0,
            twin: (lane.twins.class(), twin),
            lane: at,
        };
        let has_odds = self.plan.shape.odds;
        let odds_of = |i: usize| (has_odds && i >= WIDTH).then_some(&self.odds);
        for (i, context) in self.plan.contexts.iter().enumerate() {
            lane.hashes[i] = context.hash(&lane.text, &around);
            fetch(&self.slots, odds_of(i), lane.hashes[i]);
        }
        lane.counters = counters(recent, 0, self.bits.counters);
        self.cells.prefetch_order2(lane.counters);
    }

    /// Asks for what the first decision of a lane will read.
    pub(super) fn fetch_lane(&self, at: usize) {
        let lane = &self.lanes[at];
        for &hash in &lane.hashes[..self.plan.contexts.len()] {
            self.slots.prefetch(hash);
        }
        self.cells.prefetch_order2(lane.counters);
        self.cells.prefetch_order1((lane.text.recent[0] as usize & 0xff) << 8);
        self.ask_maps_of(at);
    }

    /// Notes what the matches expect next.
    fn select_match_context(&mut self, at: usize) {
        let lane = &mut self.lanes[at];
        let mut expected = 0;
        for i in (0..self.finders.len()).rev() {
            let found = &lane.matches[i];
            // A shorter match that follows the same text has nothing to add.
            let fresh =
                !lane.matches[..i].iter().any(|longer| longer.live && longer.from == found.from);
            lane.agree[i] = found.live && fresh;
            if lane.agree[i] {
                lane.expected[i] = self.history[found.from];
                expected = (length_class(found.len) as u32 + 1) << 8 | u32::from(lane.expected[i]);
            }
        }
        if let Some(i) = self.plan.match_context {
            let around = Surroundings { expected, ..Surroundings::nothing() };
            lane.hashes[i] = self.plan.contexts[i].hash(&lane.text, &around);
            let has_odds = self.plan.shape.odds && i >= WIDTH;
            fetch(&self.slots, has_odds.then_some(&self.odds), lane.hashes[i]);
        }
    }

    /// Computes again what a new token changes.
    pub(super) fn select_token_contexts(&mut self, at: usize) {
        let lane = &mut self.lanes[at];
        let around = Surroundings::nothing();
        for (i, context) in self.plan.contexts.iter().enumerate() {
            if context.of_tokens() {
                lane.hashes[i] = context.hash(&lane.text, &around);
                if lane.found {
                    lane.set_slot(i, self.slots.find(lane.hashes[i]));
                } else {
                    self.slots.prefetch(lane.hashes[i]);
                }
            }
        }
    }

    /// Finds the slots of the current lane's contexts for this half of the byte.
    #[inline(never)]
    pub(super) fn find_slots(&mut self) {
        let lane = &mut self.lanes[self.current];
        lane.found = true;
        let n = self.plan.contexts.len();
        for i in 0..n {
            lane.set_slot(i, self.slots.find(lane.hashes[i]));
        }
        if self.plan.shape.odds {
            let hashes = &lane.hashes[WIDTH..n];
            lane.blocks = Numbers([self.odds.spare(); WIDTH]);
            for (block, &hash) in lane.blocks.0.iter_mut().zip(hashes) {
                *block = self.odds.find(self.slots.number(hash), hash as u16);
            }
        }
        if lane.bits < 4 {
            lane.byte_found = true;
            for i in 0..self.plan.shape.runs {
                lane.byte_slots[i] = lane.slot(i);
                lane.runs[i] = run(&self.slots, lane.byte_slots[i]);
            }
        }
    }
}

/// Asks for the line of a context that will be looked up soon, and for that of its counters if it has some.
#[inline(always)]
fn fetch(slots: &Slots, odds: Option<&Odds>, hash: u64) {
    slots.prefetch(hash);
    if let Some(odds) = odds {
        odds.prefetch(slots.number(hash));
    }
}

/// The byte that came last in a context, and the class of how often it did in a row.
#[inline(always)]
fn run(slots: &Slots, slot: Slot) -> (u8, u8) {
    let (byte, len) = slots.run(slot);
    (byte, run_class(len))
}

/// Where the 16 order-2 counters of a half of a byte begin, of `2^bits` counters; `partial` is 0 for the first half.
#[inline(always)]
fn counters(recent: u64, partial: u32, bits: u32) -> usize {
    ((mix(3, recent & 0xffff, u64::from(partial)) >> (64 - bits + 4)) << 4) as usize
}
