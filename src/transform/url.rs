//! Percent-encoded text: every byte that is not safe as `%20`.
//!
//! Which bytes are safe differs from one encoder to the next; a stretch ends where a byte stands both as itself and in
//! percents.

use super::hex;
use super::room::Room;
use crate::error::{Error, Result};

/// How a text is percent-encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Url {
    /// Digits from A to F are capitals.
    pub upper: bool,
    /// A blank is written as `+`.
    pub plus: bool,
    /// Of the ASCII bytes that are no letters or digits, bit `b` for byte `b`: those that stand as themselves.
    pub safe: u128,
}

/// Escapes of a stretch, and how many bytes there may be for each.
const LEAST: usize = 5;
const BYTES_EACH: usize = 40;

impl Url {
    /// The stretch that begins with the escape at `at`, with its bytes and its end; `None` where there is none worth it.
    pub fn at(text: &[u8], at: usize) -> Option<(Url, Vec<u8>, usize)> {
        for upper in [true, false] {
            let plus = [false, true];
            let found = plus.map(|plus| Url::greedy(text, at, upper, plus));
            let longest = found.into_iter().flatten().max_by_key(|(url, _, end)| (*end, url.plus));
            if longest.is_some() {
                return longest;
            }
        }
        None
    }

    fn greedy(text: &[u8], start: usize, upper: bool, plus: bool) -> Option<(Url, Vec<u8>, usize)> {
        let (mut raw, mut spelt) = (0u128, 0u128);
        let mut bytes = Vec::new();
        let (mut at, mut count) = (start, 0);
        // Up to the last escape: what follows it may be something else.
        let mut last = None;
        while let Some(&byte) = text.get(at) {
            if byte == b'%' {
                let Some(value) = hex::byte(&text[at + 1..], upper) else { break };
                let bit = if value.is_ascii() { 1 << value } else { 0 };
                if value.is_ascii_alphanumeric() || raw & bit != 0 || (plus && value == b' ') {
                    break;
                }
                spelt |= bit;
                bytes.push(value);
                at += 3;
                count += 1;
                last = Some((at, bytes.len(), raw));
            } else {
                let blank = plus && byte == b'+';
                let bit = if byte.is_ascii() { 1 << byte } else { 0 };
                let is_one = byte.is_ascii_graphic() || byte == b'\n';
                if !is_one || spelt & bit != 0 && !blank || matches!(byte, b'"' | b'<' | b'>') {
                    break;
                }
                if !blank && !byte.is_ascii_alphanumeric() {
                    raw |= bit;
                }
                bytes.push(if blank { b' ' } else { byte });
                at += 1;
            }
            if at - start > BYTES_EACH * (count + LEAST) {
                break;
            }
        }
        let (end, len, safe) = last?;
        bytes.truncate(len);
        let has_blank = plus && bytes.contains(&b' ');
        let enough = count >= LEAST && end - start <= BYTES_EACH * count && plus == has_blank;
        enough.then_some((Url { upper, plus, safe }, bytes, end))
    }

    /// The text of some bytes.
    pub fn inverse(self, bytes: &[u8], out: &mut Room) -> Result<()> {
        for &byte in bytes {
            let is_safe = byte.is_ascii() && self.safe >> byte & 1 != 0;
            if byte.is_ascii_alphanumeric() || is_safe {
                out.push(byte)?;
            } else if self.plus && byte == b' ' {
                out.push(b'+')?;
            } else {
                out.push(b'%')?;
                out.put(&hex::digits(byte, self.upper))?;
            }
        }
        Ok(())
    }

    /// Its code behind the number of the transform: flags, and the safe bytes with how many there are.
    pub fn write(self, out: &mut Vec<u8>) {
        out.push(u8::from(self.upper) | u8::from(self.plus) << 1);
        let safe: Vec<u8> = (0..128).filter(|byte| self.safe >> byte & 1 != 0).collect();
        out.push(safe.len() as u8);
        out.extend(safe);
    }

    /// Reads what [`Url::write`] wrote.
    pub fn read(mut next: impl FnMut() -> Result<u8>) -> Result<Url> {
        let (flags, count) = (next()?, next()?);
        let mut safe = 0u128;
        for _ in 0..count {
            let byte = next()?;
            if !byte.is_ascii() || byte.is_ascii_alphanumeric() || safe >> byte != 0 {
                return Err(Error::damaged("safe bytes that are none"));
            }
            safe |= 1 << byte;
        }
        if flags > 3 {
            return Err(Error::damaged("a kind of percents that there is not"));
        }
        Ok(Url { upper: flags & 1 != 0, plus: flags & 2 != 0, safe })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn comes_back(text: &[u8], at: usize) -> Option<(Vec<u8>, usize)> {
        let (url, bytes, end) = Url::at(text, at)?;
        let mut out = Room::new(text.len());
        url.inverse(&bytes, &mut out).unwrap();
        assert_eq!(out.bytes(), &text[at..end]);
        let mut code = Vec::new();
        url.write(&mut code);
        let mut left = code.into_iter();
        assert_eq!(Url::read(|| Ok(left.next().unwrap())).unwrap(), url);
        Some((bytes, end))
    }

    #[test]
    fn encoded_text_is_found() {
        let text = b"%22Yes%22%2C%20he%20said%2C%20%27come%20in%27%21 and";
        let (bytes, end) = comes_back(text, 0).unwrap();
        assert_eq!((&bytes[..], end), (&b"\"Yes\", he said, 'come in'!"[..], 48));
        let (bytes, _) = comes_back(&b"%22Yes%22%2C+he+said%2C+come".repeat(2), 0).unwrap();
        assert!(bytes.starts_with(b"\"Yes\", he said, come"));
    }

    proptest! {
        #[test]
        fn what_is_found_comes_back(parts in prop::collection::vec(prop::sample::select(&[
            "%20", "%2F", "%2f", "/", "+", "a", "%C3%A9", "%41", "%", "\n", "~", "%7E", " ",
        ][..]), 0..80)) {
            let text = parts.concat();
            comes_back(text.as_bytes(), 0);
        }
    }
}
