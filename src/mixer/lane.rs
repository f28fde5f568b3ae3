//! The state of one lane of a group.

use super::matching::Match;
use super::pixels::Blank;
use super::records::Seen;
use super::slots::Slot;
use super::text::Text;
use super::twins::Twins;
use crate::kernels::vectors::{Numbers, WIDTH};

/// The most hashed contexts.
pub const MAX_CONTEXTS: usize = 32;
/// The same in vectors.
pub const CONTEXT_VECTORS: usize = MAX_CONTEXTS / WIDTH;
/// The most match finders.
pub const MAX_MATCHES: usize = 3;

/// Where one lane stands, between and within its bytes.
#[derive(Clone)]
pub struct Lane {
    /// What it remembers of its text.
    pub text: Text,
    /// Its fields, where contexts ask for them.
    pub twins: Twins,
    /// How much of it is of one colour.
    pub blank: Blank,
    /// Distances of equal bytes.
    pub seen: Box<Seen>,
    /// The bits of the byte so far behind a leading one.
    pub partial: u32,
    /// Their number.
    pub bits: u32,
    /// The contexts' hashes for this byte.
    pub hashes: [u64; MAX_CONTEXTS],
    /// Their slots for this half of the byte, once `found`.
    pub slots: [Numbers; CONTEXT_VECTORS],
    /// The blocks of those contexts that have counters too.
    pub blocks: Numbers,
    /// Whether `slots` belongs to this half of this byte.
    pub found: bool,
    /// The slots of the first half, which hold the runs.
    pub byte_slots: [Slot; MAX_CONTEXTS],
    /// The run of each context: byte and class of the length.
    pub runs: [(u8, u8); MAX_CONTEXTS],
    /// Whether `byte_slots` and `runs` belong to this byte.
    pub byte_found: bool,
    /// Where the order-2 counters of this half of the byte begin.
    pub counters: usize,
    /// What the finders follow.
    pub matches: [Match; MAX_MATCHES],
    /// The bytes that they expect.
    pub expected: [u8; MAX_MATCHES],
    /// Which of them agree with the byte so far.
    pub agree: [bool; MAX_MATCHES],
}

impl Lane {
    /// A lane at its first byte.
    pub fn new(start: usize, with_twins: bool) -> Self {
        Self {
            text: Text::new(start),
            twins: Twins::new(with_twins),
            blank: Blank::default(),
            seen: Seen::new(),
            partial: 1,
            bits: 0,
            hashes: [0; MAX_CONTEXTS],
            slots: [Numbers::ZERO; CONTEXT_VECTORS],
            blocks: Numbers::ZERO,
            found: false,
            byte_slots: [Slot::default(); MAX_CONTEXTS],
            runs: [(0, 0); MAX_CONTEXTS],
            byte_found: false,
            counters: 0,
            matches: [Match::default(); MAX_MATCHES],
            expected: [0; MAX_MATCHES],
            agree: [false; MAX_MATCHES],
        }
    }

    /// Bytes that a lane takes.
    pub fn memory_bytes() -> u64 {
        (size_of::<Lane>() + size_of::<Seen>()) as u64 + Twins::memory_bytes()
    }

    /// The slot of a context.
    #[inline(always)]
    pub fn slot(&self, context: usize) -> Slot {
        Slot::from_number(self.slots[context / WIDTH].0[context % WIDTH])
    }

    /// Changes the slot of a context.
    #[inline(always)]
    pub fn set_slot(&mut self, context: usize, slot: Slot) {
        self.slots[context / WIDTH].0[context % WIDTH] = slot.number();
    }

    /// The node of the next bit in its slot: 1 to 15.
    #[inline(always)]
    pub fn node(&self) -> usize {
        node(self.partial as usize)
    }
}

/// The node of the next bit of a byte in its half's slot, 1 to 15, where `partial` is the bits so far behind a leading one.
#[inline(always)]
pub fn node(partial: usize) -> usize {
    if partial < 16 {
        return partial;
    }
    let bits = partial.ilog2() - 4;
    1 << bits | partial & ((1 << bits) - 1)
}
