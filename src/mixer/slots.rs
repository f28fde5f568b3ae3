//! Bit histories of hashed contexts, in cache lines.
//!
//! A line of 64 bytes has three slots. A slot belongs to one context at one half of a byte and holds 16 states: one
//! for "the token ends here" and 15 for the nodes of four bits; beside them lie a 16-bit check that tells contexts
//! apart, and the byte that came last in this context with how often it did in a row.
//!
//! ```text
//! 0..6    checks, 3 x u16
//! 6..12   runs, 3 x (byte, length)
//! 12..16  unused
//! 16..64  states, 3 x 16
//! ```

use super::history::histories;
use super::over::{Layered, Over};
use super::platform::{prefetch, zeros};
use crate::kernels::vectors::Vector;

const LINE: usize = 64;
const WAYS: usize = 3;
/// Bytes of a slot's states, and bits of its check.
const WAY: usize = 16;
const WAY_BITS: usize = 16;
const RUNS: usize = 6;
const STATES: usize = 16;

/// Where a slot is: the offset of its 16 states.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Slot(u32);

impl Slot {
    /// The slot as a number, as vectors hold it.
    #[inline(always)]
    pub fn number(self) -> i32 {
        self.0 as i32
    }

    /// The slot whose number this is.
    #[inline(always)]
    pub fn from_number(number: i32) -> Slot {
        Slot(number as u32)
    }
}

/// The table of slots.
#[derive(Clone)]
pub struct Slots {
    bytes: Vec<u8>,
    /// Bytes in front of the first line, so that lines are cache lines.
    lead: usize,
    line_bits: u32,
    /// The lines that these lie over, if they are copies of some of them.
    over: Option<Over<u8>>,
}

/// Lines that there is room for at first over others: those of a message of 40 bytes.
const FIRST_LINES: usize = 2 << 10;

impl Slots {
    /// A table of `2^line_bits` lines.
    pub fn new(line_bits: u32) -> Self {
        // Room in front of the first line, and behind the last for what reads four bytes at a time.
        let bytes: Vec<u8> = zeros((LINE << line_bits) + 2 * LINE);
        // Only speed depends on where the allocation lies.
        let lead = bytes.as_ptr().align_offset(LINE).min(LINE);
        Self { bytes, lead, line_bits, over: None }
    }

    /// Where a slot is in the whole table, if these lines lie over others.
    pub fn in_whole(&self, slot: Slot) -> Slot {
        let Some(over) = &self.over else { return slot };
        let at = slot.0 as usize - self.lead;
        let block = over.block_of(at / LINE).expect("a line that was copied");
        Slot((over.base_lead() + block * LINE + at % LINE) as u32)
    }

    /// Bytes that a table takes.
    pub fn memory_bytes(line_bits: u32) -> u64 {
        (LINE as u64) << line_bits
    }

    /// The number of a context's line in the whole table.
    #[inline(always)]
    pub fn number(&self, hash: u64) -> usize {
        (hash >> (64 - self.line_bits)) as usize
    }

    /// Asks for a line; of a table that lies over another, for what would be copied.
    #[inline(always)]
    fn fetch(&self, number: usize) {
        match &self.over {
            None => prefetch(&self.bytes, self.lead + number * LINE),
            Some(over) => prefetch(over.base(), over.base_lead() + number * LINE),
        }
    }

    /// Asks for the line of a context that will be looked up soon.
    #[inline(always)]
    pub fn prefetch(&self, hash: u64) {
        self.fetch(self.number(hash));
    }

    /// Asks for the two lines, one of which the second half of a byte will need; `partial` holds its first two bits
    /// behind a leading one.
    #[inline(always)]
    pub fn prefetch_half(&self, hash: u64, partial: u32) {
        let line = self.half_pair(hash, partial);
        self.fetch(line);
        self.fetch(line ^ 1);
    }

    /// The first of those two lines, or the second.
    #[inline(always)]
    pub fn half_pair(&self, hash: u64, partial: u32) -> usize {
        self.number(hash ^ self.quarter(partial))
    }

    /// The hash of a context in the second half of a byte whose first half is `partial`.
    ///
    /// The first two bits choose a pair of lines, which can be asked for early; the third chooses a line of it. The
    /// pair lies in the same 4 KB as the line of the first half, whose page the processor has just looked up.
    #[inline(always)]
    pub fn second_half(&self, hash: u64, partial: u32) -> u64 {
        let check = u64::from(partial.wrapping_mul(0x9e35)) & 0xffff;
        let line = u64::from(partial >> 1 & 1) << (64 - self.line_bits);
        hash ^ self.quarter(partial >> 2) ^ line ^ check
    }

    /// What moves a context from its line to one of four pairs of lines.
    #[inline(always)]
    fn quarter(&self, partial: u32) -> u64 {
        u64::from((partial * 10) & 0x3e) << (64 - self.line_bits)
    }

    /// Finds the slot of a context, or gives it the least used one of its line.
    #[inline(always)]
    pub fn find(&mut self, hash: u64) -> Slot {
        let number = self.number(hash);
        let number = match &mut self.over {
            None => number,
            Some(over) => over.place(number, &mut self.bytes, self.lead),
        };
        let at = self.lead + number * LINE;
        let line: &mut [u8; LINE] =
            (&mut self.bytes[at..at + LINE]).try_into().expect("a whole line");
        let check = hash as u16;
        // The three checks at once: the lowest 16 bits that are zero after the exclusive or are those of the slot.
        let checks = u64::from_le_bytes(*line.first_chunk().expect("a line is longer"));
        let differ = checks ^ (u64::from(check) * 0x0001_0001_0001);
        let equal = differ.wrapping_sub(0x0001_0001_0001) & !differ & 0x8000_8000_8000;
        if equal != 0 {
            return Slot((at + STATES + equal.trailing_zeros() as usize / WAY_BITS * WAY) as u32);
        }
        // Otherwise the slot that has seen least, the first of several.
        let seen = &histories().seen;
        let worth = |way: usize| usize::from(seen[line[STATES + WAY * way + 1] as usize]);
        let least = (0..WAYS).map(|way| worth(way) * WAYS + way).min().expect("there are slots");
        let way = least % WAYS;
        line[2 * way..2 * way + 2].copy_from_slice(&check.to_le_bytes());
        line[RUNS + 2 * way..RUNS + 2 * way + 2].fill(0);
        line[STATES + WAY * way..][..WAY].fill(0);
        Slot((at + STATES + WAY * way) as u32)
    }

    /// The state of a node: 0 for the token's end, 1..16 for the bits.
    #[cfg(test)]
    pub fn state(&self, slot: Slot, node: usize) -> u8 {
        self.bytes[slot.0 as usize + node]
    }

    /// The states of a node in sixteen slots, which are given as numbers.
    #[inline(always)]
    pub fn states<V: Vector>(&self, slots: V, node: usize) -> V {
        V::gather_bytes(&self.bytes, slots + V::splat(node as i32))
    }

    /// Changes the state of a node.
    #[inline(always)]
    pub fn set_state(&mut self, slot: Slot, node: usize, state: u8) {
        self.bytes[slot.0 as usize + node] = state;
    }

    /// The byte that came last in this context, and how often in a row (0 if none did).
    #[inline(always)]
    pub fn run(&self, slot: Slot) -> (u8, u8) {
        let at = self.run_at(slot);
        (self.bytes[at], self.bytes[at + 1])
    }

    /// Notes the byte that came in this context.
    #[inline(always)]
    pub fn note_byte(&mut self, slot: Slot, byte: u8) {
        let at = self.run_at(slot);
        let run = &mut self.bytes[at..at + 2];
        run[1] = if run[1] > 0 && run[0] == byte { run[1].saturating_add(1) } else { 1 };
        run[0] = byte;
    }

    #[inline(always)]
    fn run_at(&self, slot: Slot) -> usize {
        let in_line = (slot.0 as usize - self.lead) & (LINE - 1);
        slot.0 as usize - in_line + RUNS + (in_line - STATES) / 8
    }
}

impl Layered for Slots {
    fn freeze(&mut self) {
        let base = std::sync::Arc::new(std::mem::take(&mut self.bytes));
        self.over = Some(Over::new(base, self.lead, LINE));
        self.bytes = zeros(LINE * (FIRST_LINES + 2));
        self.lead = self.bytes.as_ptr().align_offset(LINE).min(LINE);
    }

    fn clear(&mut self) {
        if let Some(over) = &mut self.over {
            over.clear();
        }
    }

    fn commit(&mut self) {
        if let Some(over) = &mut self.over {
            over.commit(&self.bytes, self.lead);
        }
    }

    fn settle(&mut self) {
        if let Some(over) = self.over.take() {
            self.bytes = over.whole(&self.bytes, self.lead);
            self.lead = over.base_lead();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_finds_its_slot_again() {
        let mut slots = Slots::new(10);
        for i in 0u64..1000 {
            let hash = i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let slot = slots.find(hash);
            slots.set_state(slot, 1, 5);
            slots.note_byte(slot, 7);
            slots.note_byte(slot, 7);
            assert_eq!(slots.find(hash), slot);
            assert_eq!(slots.run(slot), (7, 2));
        }
    }

    #[test]
    fn the_least_used_slot_of_a_line_gives_way() {
        let mut slots = Slots::new(10);
        let line = 3u64 << 54;
        for check in 1..4u64 {
            let slot = slots.find(line | check);
            let mut state = 0u8;
            for _ in 0..check + 3 {
                state = histories().next[256 + state as usize];
            }
            slots.set_state(slot, 1, state);
        }
        let kept = slots.find(line | 2);
        let fresh = slots.find(line | 99);
        assert_eq!(slots.state(fresh, 1), 0);
        assert_eq!(slots.find(line | 2), kept);
        assert!(slots.state(kept, 1) != 0);
        let again = slots.find(line | 1);
        assert_eq!(slots.state(again, 1), 0);
    }
}
