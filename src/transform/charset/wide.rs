//! UTF-16 and UTF-32, in both orders of bytes, with the mark at the beginning or without.

use super::Runs;
use crate::error::{Error, Result};
use crate::transform::room::Room;

/// Units of two or four bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wide {
    /// Four bytes a unit instead of two.
    pub four: bool,
    /// The highest byte comes first.
    pub big: bool,
    /// U+FEFF stands in front, and is left out of the text.
    pub mark: bool,
}

const MARK: char = '\u{feff}';

impl Wide {
    /// All of them, in the order of their codes.
    pub const ALL: [Wide; 8] = {
        let mut all = [Wide { four: false, big: false, mark: false }; 8];
        let mut i = 0;
        while i < 8 {
            all[i] = Wide { four: i & 4 != 0, mark: i & 2 != 0, big: i & 1 != 0 };
            i += 1;
        }
        all
    };

    pub(super) fn name(self) -> &'static str {
        match (self.four, self.big) {
            (false, false) => "UTF-16LE",
            (false, true) => "UTF-16BE",
            (true, false) => "UTF-32LE",
            (true, true) => "UTF-32BE",
        }
    }

    /// Bytes of a unit.
    pub fn unit(self) -> usize {
        if self.four { 4 } else { 2 }
    }

    /// The number in the first unit of `bytes`, which has one.
    fn number(self, bytes: &[u8]) -> u32 {
        let fold = |number, &byte: &u8| number << 8 | u32::from(byte);
        let unit = &bytes[..self.unit()];
        match self.big {
            true => unit.iter().fold(0, fold),
            false => unit.iter().rev().fold(0, fold),
        }
    }

    /// The character that `bytes` begin with and its length; `None` where there is none.
    fn character(self, bytes: &[u8]) -> Option<(char, usize)> {
        let unit = self.unit();
        if bytes.len() < unit {
            return None;
        }
        let first = self.number(bytes);
        if self.four || !(0xD800..0xDC00).contains(&first) {
            return Some((char::from_u32(first)?, unit));
        }
        let rest = bytes.get(unit..).filter(|rest| rest.len() >= unit)?;
        let second = self.number(rest).checked_sub(0xDC00).filter(|&low| low < 0x400)?;
        Some((char::from_u32(0x10000 + ((first - 0xD800) << 10) + second)?, 2 * unit))
    }

    pub(super) fn decode(self, bytes: &[u8], runs: &mut Runs) {
        let mut at = 0;
        if self.mark {
            match self.character(bytes) {
                Some((MARK, len)) => at = len,
                // Without its mark it is none of these.
                _ => return runs.raw(bytes),
            }
            if bytes.len() == at {
                return runs.raw(bytes);
            }
        }
        while at < bytes.len() {
            match self.character(&bytes[at..]) {
                Some((c, len)) => {
                    runs.character(c);
                    at += len;
                }
                // The mark stands in front of text only.
                None if self.mark && runs.list.is_empty() => return runs.raw(bytes),
                None => {
                    let len = self.unit().min(bytes.len() - at);
                    runs.raw(&bytes[at..at + len]);
                    at += len;
                }
            }
        }
    }

    pub(super) fn encode(self, text: &str, out: &mut Room) -> Result<()> {
        if text.is_empty() {
            return Err(Error::damaged("a text without characters"));
        }
        let mark = self.mark.then_some(MARK);
        for c in mark.into_iter().chain(text.chars()) {
            if self.four {
                self.put(u32::from(c), out)?;
                continue;
            }
            for unit in c.encode_utf16(&mut [0; 2]) {
                self.put(u32::from(*unit), out)?;
            }
        }
        Ok(())
    }

    fn put(self, number: u32, out: &mut Room) -> Result<()> {
        match self.big {
            true => out.put(&number.to_be_bytes()[4 - self.unit()..]),
            false => out.put(&number.to_le_bytes()[..self.unit()]),
        }
    }
}
