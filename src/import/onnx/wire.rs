//! Protocol Buffers as they lie in a file: fields one after the other, values left where they are.
//!
//! The crates that read ONNX take the whole file into memory, and believe it: `rten-onnx` 0.27, which the tests write
//! their files with, runs for ever on a number of ten bytes that go on, allocates whatever a message inside another
//! claims, and follows graphs inside graphs until the stack ends. Here a message is a range of the file, weights are
//! passed over, and nothing inside anything may be longer than what it is in.

use crate::error::{Error, Result};
use crate::import::volume::Volume;
use std::ops::Range;

/// Bytes that are read at once; graphs are small, weights between them are passed over.
const BUFFER_BYTES: u64 = 1 << 16;
/// The longest text that is taken into memory: names, and places of external data.
const MAX_TEXT_BYTES: u64 = 1 << 12;

/// A value of a field.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Number(u64),
    Four([u8; 4]),
    /// Eight bytes, which nothing here wants.
    Eight,
    /// A text, bytes, a message or several numbers: where they lie in the file.
    Bytes(Range<u64>),
}

/// Reads a file from front to back.
pub(super) struct Wire<'a> {
    volume: &'a Volume,
    /// Where the buffer begins.
    at: u64,
    buffer: Vec<u8>,
    used: usize,
}

impl<'a> Wire<'a> {
    pub(super) fn new(volume: &'a Volume) -> Wire<'a> {
        Wire { volume, at: 0, buffer: Vec::new(), used: 0 }
    }

    fn position(&self) -> u64 {
        self.at + self.used as u64
    }

    /// Goes to a place of the file.
    fn seek(&mut self, to: u64) {
        let within = to.checked_sub(self.at).filter(|&used| used <= self.buffer.len() as u64);
        match within {
            Some(used) => self.used = used as usize,
            None => {
                (self.at, self.used) = (to, 0);
                self.buffer.clear();
            }
        }
    }

    fn byte(&mut self, end: u64) -> Result<u8> {
        if self.position() >= end {
            return Err(damaged("a number goes on behind its message", end));
        }
        if self.used == self.buffer.len() {
            let at = self.position();
            let left = self.volume.len().saturating_sub(at);
            self.buffer.resize(left.min(BUFFER_BYTES) as usize, 0);
            (self.at, self.used) = (at, 0);
            self.volume.read_at(at, &mut self.buffer)?;
        }
        self.used += 1;
        Ok(self.buffer[self.used - 1])
    }

    fn array<const N: usize>(&mut self, end: u64) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.byte(end)?;
        }
        Ok(bytes)
    }

    /// A number of seven bits a byte; ten bytes hold more than there are bits.
    fn number(&mut self, end: u64) -> Result<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte(end)?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(damaged("a number has more than 64 bits", self.position()))
    }

    /// Tells `each` of every field of the message in `range`, by its number. What it reads elsewhere in the file, such
    /// as a message inside this one, disturbs nothing.
    ///
    /// # Errors
    /// `Damaged` for what is no such message, and what `each` returns.
    pub(super) fn fields(
        &mut self,
        range: &Range<u64>,
        mut each: impl FnMut(&mut Wire<'a>, u64, Value) -> Result<()>,
    ) -> Result<()> {
        let mut at = range.start;
        while at < range.end {
            self.seek(at);
            let tag = self.number(range.end)?;
            let value = match tag & 7 {
                0 => Value::Number(self.number(range.end)?),
                1 => {
                    self.array::<8>(range.end)?;
                    Value::Eight
                }
                2 => {
                    let len = self.number(range.end)?;
                    let start = self.position();
                    match start.checked_add(len) {
                        Some(end) if end <= range.end => Value::Bytes(start..end),
                        _ if range.end == self.volume.len() => {
                            return Err(Error::truncated(format!(
                                "a part of {}",
                                self.volume.name()
                            )));
                        }
                        _ => {
                            let what = "a field is longer than the message that it is in";
                            return Err(damaged(what, start));
                        }
                    }
                }
                5 => Value::Four(self.array(range.end)?),
                kind => return Err(damaged(&format!("a field of kind {kind}"), at)),
            };
            at = match &value {
                Value::Bytes(bytes) => bytes.end,
                _ => self.position(),
            };
            each(self, tag >> 3, value)?;
        }
        Ok(())
    }

    /// A text.
    ///
    /// # Errors
    /// `Damaged` for one that is too long for a name, or not UTF-8.
    pub(super) fn text(&mut self, value: &Value) -> Result<String> {
        let range = bytes(value)?;
        let len = range.end - range.start;
        if len > MAX_TEXT_BYTES {
            return Err(damaged(&format!("a name of {len} bytes"), range.start));
        }
        let mut text = vec![0; len as usize];
        self.volume.read_at(range.start, &mut text)?;
        String::from_utf8(text).map_err(|_| damaged("a name that is not UTF-8", range.start))
    }

    /// Numbers of a repeated field, one alone or several together, appended to at most `most`.
    ///
    /// # Errors
    /// `Damaged` for more of them, or another kind of field.
    pub(super) fn numbers(&mut self, value: &Value, most: usize, out: &mut Vec<i64>) -> Result<()> {
        let mut push = |number: u64, at: u64| match out.len() < most {
            true => {
                out.push(number as i64);
                Ok(())
            }
            false => Err(damaged(&format!("more than {most} numbers"), at)),
        };
        match value {
            Value::Number(number) => push(*number, self.position()),
            value => {
                let range = bytes(value)?;
                self.seek(range.start);
                while self.position() < range.end {
                    let number = self.number(range.end)?;
                    push(number, self.position())?;
                }
                Ok(())
            }
        }
    }
}

/// The range of a text, bytes or a message.
///
/// # Errors
/// `Damaged` for another kind of field.
pub(super) fn bytes(value: &Value) -> Result<Range<u64>> {
    match value {
        Value::Bytes(range) => Ok(range.clone()),
        _ => Err(Error::damaged("a field is a number where a text or a message should be")),
    }
}

/// A whole number.
///
/// # Errors
/// `Damaged` for another kind of field.
pub(super) fn number(value: &Value) -> Result<i64> {
    match value {
        // Negative ones have all 64 bits.
        Value::Number(number) => Ok(*number as i64),
        _ => Err(Error::damaged("a field is no number where one should be")),
    }
}

fn damaged(what: &str, at: u64) -> Error {
    Error::damaged(format!("not ONNX: {what} (byte {at})"))
}
