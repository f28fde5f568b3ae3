//! Hexadecimal digits: strings and lines of them.

use super::kind::Kind;
use super::room::Room;
use super::vain::Found;
use super::wrap::{Block, Wrap};
use crate::error::Result;

/// How hexadecimal digits are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hex {
    /// Capitals from A to F.
    pub upper: bool,
    pub wrap: Wrap,
}

/// Digits of the shortest stretch that is text.
const LEAST: usize = 32;
/// Digits of the shortest stretch of anything else: hashes stay as they are.
const LEAST_BYTES: usize = 256;

/// The two digits of a byte.
pub fn digits(byte: u8, upper: bool) -> [u8; 2] {
    let digits = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]
}

/// The value of a digit of either kind.
pub fn value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// The byte of the two digits at the beginning of a text, if they are written so.
pub fn byte(text: &[u8], upper: bool) -> Option<u8> {
    let pair = text.first_chunk::<2>()?;
    let byte = value(pair[0])? << 4 | value(pair[1])?;
    (digits(byte, upper) == *pair).then_some(byte)
}

impl Hex {
    /// The digits at `at` of a text, where they are worth it.
    pub fn at(text: &[u8], at: usize) -> Found<Hex> {
        let lower = Block::at(text, at, |b| matches!(b, b'0'..=b'9' | b'a'..=b'f'), None);
        let upper = Block::at(text, at, |b| matches!(b, b'0'..=b'9' | b'A'..=b'F'), None);
        let is_upper = upper.range.end > lower.range.end;
        let block = if is_upper { upper } else { lower };
        Hex::of(text, &block, is_upper)
            .or_else(|| Hex::of(text, &block.without_last_line()?, is_upper))
            .ok_or(block.range.end)
    }

    fn of(text: &[u8], block: &Block, upper: bool) -> Option<(Hex, Vec<u8>, usize)> {
        let len = block.digits.len();
        if len < LEAST
            || !len.is_multiple_of(2)
            || text.get(block.range.end).is_some_and(|b| b.is_ascii_alphanumeric())
        {
            return None;
        }
        let bytes: Option<Vec<u8>> = block.digits.chunks(2).map(|pair| byte(pair, upper)).collect();
        let bytes = bytes?;
        let is_text = Kind::of(&bytes) == Kind::Text && !bytes.iter().all(u8::is_ascii_digit);
        let has_letters = block.digits.iter().any(|byte| !byte.is_ascii_digit());
        let enough = is_text || (len >= LEAST_BYTES && has_letters);
        let hex = Hex { upper, wrap: block.wrap };
        enough.then_some((hex, bytes, block.range.end))
    }

    /// The digits of some bytes.
    pub fn inverse(self, bytes: &[u8], out: &mut Room) -> Result<()> {
        if bytes.len() > out.left() {
            return out.put(bytes);
        }
        let all: Vec<u8> = bytes.iter().flat_map(|&byte| digits(byte, self.upper)).collect();
        self.wrap.put(&all, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_in_digits_is_found_and_hashes_are_not() {
        let text = b"The quick brown fox jumps over the lazy dog.";
        for upper in [false, true] {
            let all: Vec<u8> = text.iter().flat_map(|&b| digits(b, upper)).collect();
            let (hex, bytes, end) = Hex::at(&all, 0).unwrap();
            assert_eq!((hex.upper, &bytes[..], end), (upper, &text[..], all.len()));
        }
        assert!(Hex::at(b"d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f", 0).is_err());
        assert!(Hex::at(b"12345678123456781234567812345678", 0).is_err());
    }

    proptest! {
        #[test]
        fn what_is_found_comes_back(text in "([0-9a-f]{60}\n){0,12}[0-9A-F]{0,300}", cut in 0usize..100) {
            let text = &text.as_bytes()[cut.min(text.len())..];
            if let Ok((hex, bytes, end)) = Hex::at(text, 0) {
                let mut out = Room::new(text.len());
                hex.inverse(&bytes, &mut out).unwrap();
                prop_assert_eq!(out.bytes(), &text[..end]);
            }
        }
    }
}
