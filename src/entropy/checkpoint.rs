//! Bits of a hash of all decisions, coded now and then: who comes by them knows that all before is right.

/// Bytes of coded data from one checkpoint to where the next one may stand: with 3 bytes each they make it a
/// ten-thousandth longer.
pub const CHECKPOINT_BYTES: usize = 32 << 10;

/// Bits of a checkpoint: one in 2^24 damaged streams passes its first one by chance.
pub const CHECKPOINT_BITS: u32 = 24;

/// What both directions know of the decisions behind them.
#[derive(Clone, Debug)]
pub struct Trail {
    /// Of all decisions in their order.
    hash: u64,
    /// Bytes that were shifted when the last checkpoint was over.
    pub mark: usize,
}

impl Trail {
    /// Odd, so that no decision is ever multiplied away.
    const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

    /// Before the first decision.
    pub fn new() -> Self {
        Trail { hash: 1, mark: 0 }
    }

    /// Adds a decision.
    #[inline(always)]
    pub fn add(&mut self, bit: bool) {
        self.hash = (self.hash ^ u64::from(bit)).wrapping_mul(Self::MULTIPLIER);
    }

    /// Whether a checkpoint is due when so many bytes were shifted.
    #[inline(always)]
    pub fn is_due(&self, shifted: usize) -> bool {
        shifted - self.mark >= CHECKPOINT_BYTES
    }

    /// The bits of a checkpoint at this place.
    pub fn bits(&self) -> u64 {
        self.hash >> (64 - CHECKPOINT_BITS)
    }
}
