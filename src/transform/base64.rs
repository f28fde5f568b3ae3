//! Base64: three bytes in four letters.

use super::kind::Kind;
use super::room::Room;
use super::vain::Found;
use super::wrap::{Block, Wrap};
use crate::error::{Error, Result};

/// How base64 is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Base64 {
    /// `-` and `_` instead of `+` and `/`.
    pub url: bool,
    /// `=` fills up the last four.
    pub padded: bool,
    pub wrap: Wrap,
}

/// Letters of the shortest stretch.
const LEAST: usize = 32;
/// Letters of the shortest stretch whose bytes are nothing known.
const LEAST_NOISE: usize = 160;

impl Base64 {
    fn alphabet(self) -> [u8; 64] {
        let mut alphabet = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        if self.url {
            (alphabet[62], alphabet[63]) = (b'-', b'_');
        }
        alphabet
    }

    /// The base64 at `at` of a text, where it is worth it.
    pub fn at(text: &[u8], at: usize) -> Found<Base64> {
        let plain = Block::at(text, at, |b| is_letter(b) || matches!(b, b'+' | b'/'), Some(b'='));
        let url = Block::at(text, at, |b| is_letter(b) || matches!(b, b'-' | b'_'), Some(b'='));
        let is_url = url.range.end > plain.range.end;
        let block = if is_url { url } else { plain };
        Base64::of(text, &block, is_url)
            .or_else(|| Base64::of(text, &block.without_last_line()?, is_url))
            .ok_or(block.range.end)
    }

    fn of(text: &[u8], block: &Block, url: bool) -> Option<(Base64, Vec<u8>, usize)> {
        let letters = block.digits.iter().position(|&b| b == b'=').unwrap_or(block.digits.len());
        if letters < LEAST || !is_likely(&block.digits[..letters], block.wrap) {
            return None;
        }
        let base64 = Base64 { url, padded: letters < block.digits.len(), wrap: block.wrap };
        let bytes = base64.decode(&block.digits[..letters])?;
        if Kind::of(&bytes) == Kind::Noise && letters < LEAST_NOISE {
            return None;
        }
        // What does not come back is seen here: bits behind the last byte, padding that is missing or too much.
        let mut again = Room::new(block.range.len());
        base64.inverse(&bytes, &mut again).ok()?;
        (again.bytes() == &text[block.range.clone()]).then_some((base64, bytes, block.range.end))
    }

    fn decode(self, letters: &[u8]) -> Option<Vec<u8>> {
        let mut values = [64u8; 256];
        for (value, letter) in self.alphabet().into_iter().enumerate() {
            values[usize::from(letter)] = value as u8;
        }
        let mut bytes = Vec::with_capacity(letters.len() * 3 / 4);
        for four in letters.chunks(4) {
            let mut bits = 0u32;
            for &letter in four {
                let value = values[usize::from(letter)];
                if value == 64 {
                    return None;
                }
                bits = bits << 6 | u32::from(value);
            }
            bits <<= 6 * (4 - four.len());
            bytes.extend_from_slice(&bits.to_be_bytes()[1..][..four.len() * 3 / 4]);
        }
        Some(bytes)
    }

    /// The letters of some bytes.
    pub fn inverse(self, bytes: &[u8], out: &mut Room) -> Result<()> {
        if bytes.len() > out.left() {
            return Err(Error::damaged("base64 of more bytes than there may be"));
        }
        let alphabet = self.alphabet();
        let mut letters = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
        for three in bytes.chunks(3) {
            let mut all = [0; 4];
            all[1..=three.len()].copy_from_slice(three);
            let bits = u32::from_be_bytes(all);
            for i in 0..=three.len() {
                letters.push(alphabet[(bits >> (18 - 6 * i) & 63) as usize]);
            }
            if self.padded {
                letters.resize(letters.len().div_ceil(4) * 4, b'=');
            }
        }
        self.wrap.put(&letters, out)
    }
}

/// A letter or digit.
pub fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// Whether letters are base64 rather than words: capitals, small letters and digits take turns.
fn is_likely(letters: &[u8], wrap: Wrap) -> bool {
    let class = |byte: u8| match byte {
        b'A'..=b'Z' => 0,
        b'a'..=b'z' => 1,
        _ => 2,
    };
    if wrap.len > 0 && letters.len() >= 3 * wrap.len {
        return letters[..2 * wrap.len].iter().any(|&b| class(b) == 0);
    }
    let look = &letters[..letters.len().min(1 << 10)];
    let turns = look.windows(2).filter(|pair| class(pair[0]) != class(pair[1])).count();
    match look.len() >= 200 {
        true => turns * 4 > look.len(),
        false => turns * 5 > look.len() * 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str) -> Option<(Vec<u8>, usize)> {
        let (base64, bytes, end) = Base64::at(text.as_bytes(), 0).ok()?;
        let mut back = Room::new(text.len());
        base64.inverse(&bytes, &mut back).unwrap();
        assert_eq!(back.bytes(), &text.as_bytes()[..end]);
        Some((bytes, end))
    }

    #[test]
    fn one_line_is_found() {
        let text = "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZy4=\"";
        let expected = b"The quick brown fox jumps over the lazy dog.".to_vec();
        assert_eq!(found(text), Some((expected, text.len() - 1)));
    }

    #[test]
    fn words_and_paths_are_not() {
        assert_eq!(found("/usr/lib/python3/distpackages/setuptools/command/install"), None);
        assert_eq!(found("ThisIsAVeryLongIdentifierOfSomeJavaProgramThatGoesOnAndOn"), None);
    }

    #[test]
    fn what_does_not_come_back_is_left() {
        // The last letter has bits that no byte has.
        assert_eq!(found("VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZy5=\""), None);
    }

    proptest! {
        #[test]
        fn lines_of_any_bytes_come_back(
            bytes in prop::collection::vec(any::<u8>(), 0..400),
            url: bool, padded: bool, len in prop::sample::select(&[0usize, 1, 60, 64, 76, 77][..]), end in 0u8..5,
        ) {
            let mut code = Vec::new();
            varint_wrap(len, end, &mut code);
            let mut left = code.iter().copied();
            let wrap = Wrap::read(|| Ok(left.next().unwrap())).unwrap();
            let base64 = Base64 { url, padded, wrap };
            let mut out = Room::new(4000);
            base64.inverse(&bytes, &mut out).unwrap();
            let text = out.into_bytes();
            if let Ok((found, bytes_found, end)) = Base64::at(&text, 0) {
                let mut again = Room::new(4000);
                found.inverse(&bytes_found, &mut again).unwrap();
                prop_assert_eq!(again.bytes(), &text[..end]);
                if len >= 60 && bytes.len() > 300 {
                    prop_assert_eq!(bytes_found, bytes);
                }
            }
        }
    }

    fn varint_wrap(len: usize, end: u8, out: &mut Vec<u8>) {
        crate::container::varint::write(out, len as u64);
        if len > 0 {
            out.push(end);
        }
    }
}
