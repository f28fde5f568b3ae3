//! Long rows of digits, as they are cut into lines.

use std::ops::Range;

use super::room::Room;
use crate::container::varint;
use crate::error::{Error, Result};

/// What stands between lines, by number: as bytes, and as JSON and source code spell it.
const ENDS: [&[u8]; 5] = [b"\n", b"\r\n", b"\\n", b"\\r\\n", b"\n "];

/// Lines of equal length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wrap {
    /// Digits of a line; 0 where there is one line.
    pub len: usize,
    /// The number of what stands between.
    end: u8,
}

/// Digits in a text.
pub struct Block {
    /// Where they stand.
    pub range: Range<usize>,
    /// The digits alone.
    pub digits: Vec<u8>,
    /// How they are cut.
    pub wrap: Wrap,
}

/// Digits of a line that others may follow.
const LEAST_LINE: usize = 32;
/// The longest line, for the reader's sake.
const MOST_LINE: u64 = 1 << 20;

impl Wrap {
    /// The rest of its code: the length and what stands between are two numbers.
    pub fn write(self, out: &mut Vec<u8>) {
        varint::write(out, self.len as u64);
        if self.len > 0 {
            out.push(self.end);
        }
    }

    /// Reads what [`Wrap::write`] wrote.
    pub fn read(mut next: impl FnMut() -> Result<u8>) -> Result<Wrap> {
        let len = varint::read("the length of a line", &mut next)?;
        let end = if len > 0 { next()? } else { 0 };
        if len > MOST_LINE || usize::from(end) >= ENDS.len() {
            return Err(Error::damaged("lines of a kind that there is not"));
        }
        Ok(Wrap { len: len as usize, end })
    }

    /// Digits cut into lines.
    pub fn put(self, digits: &[u8], out: &mut Room) -> Result<()> {
        if self.len == 0 {
            return out.put(digits);
        }
        for (i, line) in digits.chunks(self.len).enumerate() {
            if i > 0 {
                out.put(ENDS[usize::from(self.end)])?;
            }
            out.put(line)?;
        }
        Ok(())
    }
}

impl Block {
    /// The same without its last line, if it has several: where a text is cut, that is what does not come back.
    pub fn without_last_line(&self) -> Option<Block> {
        let Wrap { len, end } = self.wrap;
        let lines = self.digits.len().div_ceil(len.max(1));
        if len == 0 || lines < 2 {
            return None;
        }
        let digits = self.digits[..(lines - 1) * len].to_vec();
        let between = (lines - 2) * ENDS[usize::from(end)].len();
        let range = self.range.start..self.range.start + digits.len() + between;
        Some(Block {
            range,
            digits,
            wrap: if lines > 2 { self.wrap } else { Wrap { len: 0, end: 0 } },
        })
    }

    /// The block of digits that begins at `at`, where one does; all lines but the last are equally long.
    ///
    /// Only the last line may have `padding` behind its digits.
    pub fn at(text: &[u8], at: usize, is_digit: impl Fn(u8) -> bool, padding: Option<u8>) -> Block {
        let line_at = |from: usize| {
            let len = text[from..].iter().take_while(|&&byte| is_digit(byte)).count();
            let pads = text[from + len..].iter().take(3).take_while(|&&byte| Some(byte) == padding);
            (len, len + pads.count())
        };
        let (first, whole) = line_at(at);
        let one = Wrap { len: 0, end: 0 };
        let mut block =
            Block { range: at..at + whole, digits: text[at..at + whole].to_vec(), wrap: one };
        if first < LEAST_LINE || first as u64 > MOST_LINE || whole > first {
            return block;
        }
        let rest = &text[at + first..];
        // The longest that fits.
        let fitting = (0..ENDS.len()).filter(|&end| rest.starts_with(ENDS[end]));
        let Some(end) = fitting.max_by_key(|&end| ENDS[end].len()) else { return block };
        loop {
            if !text[block.range.end..].starts_with(ENDS[end]) {
                return block;
            }
            let from = block.range.end + ENDS[end].len();
            let (digits, whole) = line_at(from);
            if digits == 0 || whole > first {
                return block;
            }
            // A short line that is followed by another letter is a word.
            let next = text.get(from + whole).copied().unwrap_or(b'\n');
            let is_word = digits < first && matches!(next, b' ' | b',' | b'.' | b':' | b'-');
            if is_word {
                return block;
            }
            block.wrap = Wrap { len: first, end: end as u8 };
            block.digits.extend_from_slice(&text[from..from + whole]);
            block.range.end = from + whole;
            if whole < first || whole > digits {
                return block;
            }
        }
    }
}
