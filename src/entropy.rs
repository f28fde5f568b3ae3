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

mod checkpoint;

pub use checkpoint::CHECKPOINT_BYTES;
use checkpoint::{CHECKPOINT_BITS, Trail};

use crate::error::{Error, Result};
use crate::kernels::vectors::log2_q15;

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

/// How far a coder has come: both directions know it alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spent {
    /// Whole bytes.
    pub bytes: usize,
    /// What is left of 2^32 within the bytes behind them, at least 2^24.
    pub range: u32,
}

impl Spent {
    /// What is left of `len` bytes, in bits in units of 2^-15; negative where more is taken up.
    pub fn left_q15(self, len: usize) -> i64 {
        let whole_bits = 8 * (len as i64 - self.bytes as i64) - 32;
        (whole_bits << 15) + i64::from(log2_q15(self.range))
    }
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

    /// What the decisions so far have taken up.
    pub fn spent(&self) -> Spent {
        Spent { bytes: self.written(), range: self.range }
    }

    /// Ends the stream with the shortest bytes behind which all is zeros.
    pub fn finish_short(mut self) -> Vec<u8> {
        self.carry();
        // A carry into the bytes before leaves nothing to write, if the interval reaches so far.
        if self.low > 0 && self.low + u64::from(self.range) > 1 << 32 {
            self.low = 1 << 32;
            self.carry();
        } else if self.low > 0 {
            self.low = (self.low + u64::from(MIN_RANGE - 1)) & !u64::from(MIN_RANGE - 1);
            self.carry();
            self.out.push((self.low >> 24) as u8);
        }
        while self.out.len() > self.start && self.out.last() == Some(&0) {
            self.out.pop();
        }
        self.out
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

    /// What the decisions so far have taken up: the same as the encoder had spent on them.
    pub fn spent(&self) -> Spent {
        Spent { bytes: self.taken - 4, range: self.range }
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
mod tests;
