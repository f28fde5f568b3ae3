//! A binary arithmetic coder: one decision at a time, each with its own 22-bit probability.
//!
//! The encoder keeps an interval `[low, low + range)` of 32-bit numbers and cuts it in the ratio of the two
//! probabilities; a carry out of `low` runs back into the bytes already written, so no range is ever given away to
//! avoid it. After each decision `range >= 2^24`, and a probability lies in `1..=2^22 - 1`, so both parts hold at
//! least four numbers: the interval cannot collapse, whatever is coded.
//!
//! The decoder reads zeros behind the last byte, which is why the encoder may drop trailing zero bytes.
//!
//! Both keep a hash of all decisions. Where their caller allows it and enough bytes have passed, they code some bits of
//! that hash, a *checkpoint*: a decoder that comes by one knows that all it has decoded is right.

use crate::error::{Error, Result};

/// Bits of a probability: `p1_q22` says `p1_q22 / 2^22`.
pub const PROBABILITY_BITS: u32 = 22;

/// `range` never stays below this.
const MIN_RANGE: u32 = 1 << 24;

/// One walk over the decisions of a text, in either direction.
///
/// The encoder codes `bit` and returns it; the decoder ignores `bit` and returns what was coded. Code that makes
/// its decisions through this trait cannot differ between the two directions.
pub trait BinaryCoder {
    /// Codes one decision whose probability of being `true` is `p1_q22 / 2^22`, with `p1_q22` in `1..=2^22 - 1`.
    fn code(&mut self, bit: bool, p1_q22: u32) -> bool;
}

/// P(1) of even odds.
pub const HALF_Q22: u32 = 1 << (PROBABILITY_BITS - 1);

/// Codes the lowest `n` bits of `value` with even odds, highest first, and returns them.
pub fn code_bits<C: BinaryCoder>(value: u64, n: u32, coder: &mut C) -> u64 {
    (0..n)
        .rev()
        .fold(0, |coded, i| coded << 1 | u64::from(coder.code(value >> i & 1 == 1, HALF_Q22)))
}

/// Bytes of coded data from one checkpoint to where the next one may stand: with 3 bytes each they make it a
/// ten-thousandth longer.
pub const CHECKPOINT_BYTES: usize = 32 << 10;

/// Bits of a checkpoint: one in 2^24 damaged streams passes its first one by chance.
const CHECKPOINT_BITS: u32 = 24;

/// What both directions know of the decisions behind them.
#[derive(Clone, Debug)]
struct Trail {
    /// Of all decisions in their order.
    hash: u64,
    /// Bytes that were shifted when the last checkpoint was over.
    mark: usize,
}

impl Trail {
    /// Odd, so that no decision is ever multiplied away.
    const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

    fn new() -> Self {
        Trail { hash: 1, mark: 0 }
    }

    #[inline(always)]
    fn add(&mut self, bit: bool) {
        self.hash = (self.hash ^ u64::from(bit)).wrapping_mul(Self::MULTIPLIER);
    }

    /// Whether a checkpoint is due when so many bytes were shifted.
    #[inline(always)]
    fn is_due(&self, shifted: usize) -> bool {
        shifted - self.mark >= CHECKPOINT_BYTES
    }

    /// The bits of a checkpoint at this place.
    fn bits(&self) -> u64 {
        self.hash >> (64 - CHECKPOINT_BITS)
    }
}

/// Where `range` is cut: the part below belongs to `true`.
#[inline(always)]
fn split(range: u32, p1_q22: u32) -> u32 {
    debug_assert!(p1_q22 > 0 && p1_q22 < 1 << PROBABILITY_BITS);
    // At most 2^32 * 2^22 = 2^54. Clamped, so that a caller's mistake is a bad ratio and never a broken file.
    let p1 = p1_q22.clamp(1, (1 << PROBABILITY_BITS) - 1);
    ((u64::from(range) * u64::from(p1)) >> PROBABILITY_BITS) as u32
}

/// Writes decisions.
#[derive(Clone, Debug)]
pub struct Encoder {
    out: Vec<u8>,
    /// Length of `out` before the first decision: nothing in front of it is ours to touch.
    start: usize,
    /// Below 2^32 between the decisions.
    low: u64,
    range: u32,
    trail: Trail,
}

/// Zero bytes that the encoder leaves out at the end at most.
const MAX_DROPPED: usize = 60;

impl Encoder {
    /// Begins a stream that is appended to `out`.
    pub fn new(out: Vec<u8>) -> Self {
        Self { start: out.len(), out, low: 0, range: u32::MAX, trail: Trail::new() }
    }

    /// Codes one decision; see [`BinaryCoder::code`].
    #[inline]
    pub fn encode(&mut self, bit: bool, p1_q22: u32) {
        let r1 = split(self.range, p1_q22);
        if bit {
            self.range = r1;
        } else {
            self.low += u64::from(r1);
            self.range -= r1;
        }
        self.trail.add(bit);
        if self.range < MIN_RANGE {
            self.carry();
            while self.range < MIN_RANGE {
                self.out.push((self.low >> 24) as u8);
                self.low = (self.low & 0xff_ffff) << 8;
                self.range <<= 8;
            }
        }
    }

    /// Ends the stream and returns everything written, with at most one byte more than the decisions needed.
    pub fn finish(mut self) -> Vec<u8> {
        // An interval of at least 2^24 numbers holds a multiple of 2^24: its top byte is all that must be written,
        // since the decoder reads zeros behind it.
        self.low = (self.low + u64::from(MIN_RANGE - 1)) & !u64::from(MIN_RANGE - 1);
        self.carry();
        self.out.push((self.low >> 24) as u8);
        // Zeros without number would let a few bytes stand for a text of any length.
        for _ in 0..MAX_DROPPED {
            if self.out.len() == self.start || self.out.last() != Some(&0) {
                break;
            }
            self.out.pop();
        }
        self.out
    }

    /// Codes a checkpoint if one is due; the decoder must ask at the same places.
    #[inline]
    pub fn checkpoint(&mut self) {
        if self.trail.is_due(self.written()) {
            code_bits(self.trail.bits(), CHECKPOINT_BITS, self);
            self.trail.mark = self.written();
        }
    }

    /// Bytes written so far, without what `finish` will add.
    pub fn written(&self) -> usize {
        self.out.len() - self.start
    }

    /// Moves what exceeds 32 bits of `low` into the bytes already written.
    #[inline(always)]
    fn carry(&mut self) {
        if self.low >> 32 == 0 {
            return;
        }
        self.low &= 0xffff_ffff;
        // The whole stream is a number below 1, so the carry ends before `start`. A byte of 255 becomes 0 and
        // stops the next carry, so that all carries together cost no more than the bytes written.
        for byte in self.out[self.start..].iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }
}

impl BinaryCoder for Encoder {
    #[inline]
    fn code(&mut self, bit: bool, p1_q22: u32) -> bool {
        self.encode(bit, p1_q22);
        bit
    }
}

/// Reads decisions.
#[derive(Debug, Clone)]
pub struct Decoder<'a> {
    input: &'a [u8],
    /// Bytes taken, counting the zeros behind the end.
    taken: usize,
    /// The coded number, less the encoder's `low`.
    offset: u32,
    range: u32,
    trail: Trail,
}

impl<'a> Decoder<'a> {
    /// Begins to read a stream that fills `input`.
    pub fn new(input: &'a [u8]) -> Self {
        let mut decoder = Self { input, taken: 0, offset: 0, range: u32::MAX, trail: Trail::new() };
        for _ in 0..4 {
            decoder.take();
        }
        decoder
    }

    /// Decodes one decision; see [`BinaryCoder::code`]. Any input gives some sequence of decisions.
    #[inline]
    pub fn decode(&mut self, p1_q22: u32) -> bool {
        let r1 = split(self.range, p1_q22);
        let bit = self.offset < r1;
        if bit {
            self.range = r1;
        } else {
            self.offset -= r1;
            self.range -= r1;
        }
        self.trail.add(bit);
        while self.range < MIN_RANGE {
            self.take();
            self.range <<= 8;
        }
        bit
    }

    /// Decodes a checkpoint if one is due; `true` says that all decisions before it are right.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when the decisions since the last checkpoint are not those that were coded.
    #[inline]
    pub fn checkpoint(&mut self) -> Result<bool> {
        // The first four bytes were not shifted in.
        if !self.trail.is_due(self.taken - 4) {
            return Ok(false);
        }
        let expected = self.trail.bits();
        if code_bits(0, CHECKPOINT_BITS, self) != expected {
            return Err(Error::damaged("the coded data does not match a check within it"));
        }
        self.trail.mark = self.taken - 4;
        Ok(true)
    }

    /// Number of zeros that were read behind the end of the input.
    pub fn past_end(&self) -> usize {
        self.taken.saturating_sub(self.input.len())
    }

    /// Checks, after the last decision, that the stream ends where its encoder would have ended it.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when bytes are left over or the last one is zero. A stream that was cut short cannot be
    /// told from one with other decisions; that is what the checksum of a group is for.
    pub fn finish(&self) -> Result<()> {
        // The encoder wrote `taken - 4` bytes when it narrowed its range, and at most one at the end.
        if self.input.len() > self.taken - 3 {
            return Err(Error::damaged("bytes are left over behind the coded data"));
        }
        if self.input.last() == Some(&0) && self.past_end() < MAX_DROPPED {
            return Err(Error::damaged("the coded data ends in a zero byte"));
        }
        self.check()
    }

    /// Checks, at any time, that no encoder would have needed more bytes than there are.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when the end is too far behind.
    pub fn check(&self) -> Result<()> {
        if self.past_end() > MAX_DROPPED + 4 {
            return Err(Error::damaged("the coded data ends before the text does"));
        }
        Ok(())
    }

    #[inline(always)]
    fn take(&mut self) {
        let byte = self.input.get(self.taken).copied().unwrap_or(0);
        self.taken += 1;
        self.offset = self.offset << 8 | u32::from(byte);
    }
}

impl BinaryCoder for Decoder<'_> {
    #[inline]
    fn code(&mut self, _bit: bool, p1_q22: u32) -> bool {
        self.decode(p1_q22)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ONE: u32 = 1 << PROBABILITY_BITS;

    fn round_trip(decisions: &[(bool, u32)]) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::new());
        for &(bit, p) in decisions {
            encoder.encode(bit, p);
        }
        let bytes = encoder.finish();
        let mut decoder = Decoder::new(&bytes);
        for (i, &(bit, p)) in decisions.iter().enumerate() {
            assert_eq!(decoder.decode(p), bit, "decision {i}");
        }
        decoder.finish().unwrap();
        bytes
    }

    /// A linear congruential generator: test data that is the same everywhere.
    fn noise(n: usize, mut seed: u64) -> impl Iterator<Item = u32> {
        (0..n).map(move |_| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as u32
        })
    }

    #[test]
    fn nothing_costs_nothing() {
        assert!(round_trip(&[]).is_empty());
        assert!(round_trip(&vec![(true, ONE - 1); 1000]).is_empty());
    }

    #[test]
    fn one_decision_costs_at_most_one_byte() {
        for p in [1, 2, 1000, ONE / 2, ONE - 2, ONE - 1] {
            for bit in [false, true] {
                // The least likely outcome costs 22 bits.
                assert!(round_trip(&[(bit, p)]).len() <= 3);
            }
        }
    }

    #[test]
    fn extreme_probabilities_survive_on_the_unlikely_side() {
        let unlikely: Vec<_> =
            (0..2000).map(|i| if i % 2 == 0 { (true, 1) } else { (false, ONE - 1) }).collect();
        // 22 bits each.
        assert!(round_trip(&unlikely).len() <= 2000 * 22 / 8 + 2);
    }

    #[test]
    fn a_carry_runs_through_many_bytes() {
        // `false` at 1/2 builds low = 0.0111..., and the last decisions push it over.
        for n in [40, 400, 4000] {
            let mut decisions = vec![(true, ONE / 2)];
            decisions.extend(std::iter::repeat_n((false, ONE / 2), n));
            decisions.extend(std::iter::repeat_n((false, ONE - 1), 3));
            round_trip(&decisions);
        }
    }

    #[test]
    fn appends_and_leaves_what_was_there() {
        let mut encoder = Encoder::new(vec![0xff, 0]);
        encoder.encode(true, ONE - 1);
        assert_eq!(encoder.finish(), [0xff, 0]);
    }

    #[test]
    fn costs_what_the_probabilities_say() {
        // 80,000 decisions, 20,000 at each of p(1) = 1/2, 1/4, 1/16 and 1/256 where exactly that share is true:
        // entropies 1, 0.811278, 0.337290 and 0.036874 bits, so 20,000 * 2.185442 = 43,709 bits = 5,464 bytes.
        // The coder loses at most range / (range + 1) per decision: 2^-24 * 1.44 bits * 80,000, far below a bit.
        let mut decisions = Vec::new();
        for i in 0..20_000 {
            decisions.push((i % 2 == 0, ONE / 2));
            decisions.push((i % 4 == 0, ONE / 4));
            decisions.push((i % 16 == 0, ONE / 16));
            decisions.push((i % 256 == 0, ONE / 256));
        }
        let bytes = round_trip(&decisions).len();
        assert!((5463..=5466).contains(&bytes), "{bytes}");
    }

    #[test]
    fn left_over_bytes_and_trailing_zeros_are_refused() {
        let decisions: Vec<_> =
            noise(500, 1).map(|r| (r & 1 == 1, (r >> 1) % (ONE - 1) + 1)).collect();
        let mut bytes = round_trip(&decisions);
        for extra in [0, 7] {
            bytes.push(extra);
            let mut decoder = Decoder::new(&bytes);
            for &(_, p) in &decisions {
                decoder.decode(p);
            }
            assert!(decoder.finish().is_err());
            bytes.pop();
        }
    }

    #[test]
    fn counts_the_zeros_behind_the_end() {
        let mut decoder = Decoder::new(&[]);
        assert_eq!(decoder.past_end(), 4);
        for _ in 0..16 {
            decoder.decode(ONE / 2);
        }
        assert_eq!(decoder.past_end(), 6);
    }

    proptest! {
        #[test]
        fn any_decisions_come_back(
            decisions in proptest::collection::vec((any::<bool>(), 1..ONE), 0..600),
        ) {
            round_trip(&decisions);
        }

        #[test]
        fn decisions_at_the_ends_come_back(
            decisions in proptest::collection::vec((any::<bool>(), prop_oneof![1u32..4, ONE - 4..ONE]), 0..600),
        ) {
            round_trip(&decisions);
        }

        #[test]
        fn any_bytes_can_be_read(
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
            probabilities in proptest::collection::vec(1..ONE, 0..400),
        ) {
            let mut decoder = Decoder::new(&bytes);
            for p in probabilities {
                decoder.decode(p);
            }
            let _ = decoder.finish();
        }
    }

    /// Codes noise of even odds with a place for a checkpoint in front of each byte of it.
    fn with_checkpoints(n_bytes: usize) -> (Vec<u8>, Vec<u8>) {
        let plain: Vec<u8> = noise(n_bytes, 7).map(|n| n as u8).collect();
        let mut encoder = Encoder::new(Vec::new());
        for &byte in &plain {
            encoder.checkpoint();
            code_bits(byte.into(), 8, &mut encoder);
        }
        (plain, encoder.finish())
    }

    /// What comes back, how much of it passed a checkpoint, and what stopped it.
    fn until_damage(coded: &[u8], n_bytes: usize) -> (Vec<u8>, usize, Result<()>) {
        let mut decoder = Decoder::new(coded);
        let (mut plain, mut good) = (Vec::new(), 0);
        while plain.len() < n_bytes {
            match decoder.checkpoint() {
                Ok(true) => good = plain.len(),
                Ok(false) => {}
                Err(error) => return (plain, good, Err(error)),
            }
            plain.push(code_bits(0, 8, &mut decoder) as u8);
        }
        let end = decoder.finish();
        (plain, good, end)
    }

    #[test]
    fn checkpoints_come_back_and_cost_a_ten_thousandth() {
        for n_bytes in [CHECKPOINT_BYTES - 1, CHECKPOINT_BYTES, CHECKPOINT_BYTES + 5, 300_000] {
            let (plain, coded) = with_checkpoints(n_bytes);
            let (decoded, good, end) = until_damage(&coded, n_bytes);
            end.unwrap();
            assert_eq!(decoded, plain);
            assert!(n_bytes - good <= CHECKPOINT_BYTES + 8, "{good} of {n_bytes}");
            assert!(coded.len() <= n_bytes + n_bytes / 10_000 + 3, "{} of {n_bytes}", coded.len());
        }
    }

    #[test]
    fn what_passed_a_checkpoint_is_right_and_what_did_not_is_soon_noticed() {
        let n_bytes = 200_000;
        let (plain, coded) = with_checkpoints(n_bytes);
        for (at, flip) in noise(60, 3).map(|n| (n as usize % coded.len(), (n >> 20) as u8 | 1)) {
            let mut damaged = coded.clone();
            damaged[at] ^= flip;
            let (decoded, good, end) = until_damage(&damaged, n_bytes);
            assert_eq!(decoded[..good], plain[..good], "flipped {flip} at {at}");
            // The last stretch has no checkpoint behind it; that is what the check of a group is for.
            if at + CHECKPOINT_BYTES + 8 < coded.len() {
                assert!(end.is_err() && decoded.len() < at + CHECKPOINT_BYTES + 8);
            }
            assert!(good + CHECKPOINT_BYTES + 8 > at);
        }
    }
}
