//! ASCII85, as PostScript and PDF have it: four bytes in five characters.

use super::kind::Kind;
use super::room::Room;
use super::vain::Found;
use super::wrap::{Block, Wrap};
use crate::error::Result;

/// How ASCII85 is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ascii85 {
    /// Four zeros are `z`.
    pub short_zeros: bool,
    pub wrap: Wrap,
}

/// Characters of the shortest stretch that is text, and of anything else.
const LEAST: usize = 32;
const LEAST_BYTES: usize = 160;

/// What stands in front of it: the beginning of a stream in PDF, and the mark of its own.
const OPENINGS: [&[u8]; 4] = [b"stream\n", b"stream\r\n", b"stream\r", b"<~"];
/// What ends it, if need be on a line of its own.
const ENDS: [&[u8]; 3] = [b"~>", b"\n~>", b"\r\n~>"];

impl Ascii85 {
    /// Whether it may begin at `at` of a text, by what stands in front.
    pub fn may_begin(text: &[u8], at: usize) -> bool {
        // Nearly all places are ruled out by the first of these.
        at > 0
            && matches!(text[at - 1], b'\n' | b'\r' | b'~')
            && OPENINGS.iter().any(|opening| text[..at].ends_with(opening))
    }

    /// The characters at `at` of a text, if they [may begin](Ascii85::may_begin) there and are worth it.
    pub fn at(text: &[u8], at: usize) -> Found<Ascii85> {
        let block = Block::at(text, at, is_character, None);
        Ascii85::of(text, &block).ok_or(block.range.end)
    }

    fn of(text: &[u8], block: &Block) -> Option<(Ascii85, Vec<u8>, usize)> {
        let rest = &text[block.range.end..];
        if block.digits.len() < LEAST || !ENDS.iter().any(|end| rest.starts_with(end)) {
            return None;
        }
        let bytes = decoded(&block.digits)?;
        if block.digits.len() < LEAST_BYTES && Kind::of(&bytes) != Kind::Text {
            return None;
        }
        let ascii85 = Ascii85 { short_zeros: block.digits.contains(&b'z'), wrap: block.wrap };
        let mut back = Room::new(block.range.len());
        ascii85.inverse(&bytes, &mut back).ok()?;
        (back.bytes() == &text[block.range.clone()]).then_some((ascii85, bytes, block.range.end))
    }

    /// The characters of some bytes.
    pub fn inverse(self, bytes: &[u8], out: &mut Room) -> Result<()> {
        let characters: Vec<u8> = match self.short_zeros || bytes.len() <= out.left() {
            true => bytes.chunks(4).flat_map(|four| self.characters(four)).collect(),
            // There are more of them, which this says as well.
            false => bytes.to_vec(),
        };
        self.wrap.put(&characters, out)
    }

    /// Those of up to four bytes: one more than there are bytes.
    fn characters(self, bytes: &[u8]) -> impl Iterator<Item = u8> + use<> {
        let mut four = [0; 4];
        four[..bytes.len()].copy_from_slice(bytes);
        let number = u32::from_be_bytes(four);
        let is_short = self.short_zeros && bytes == [0; 4];
        let (count, z) = if is_short { (0, Some(b'z')) } else { (bytes.len() + 1, None) };
        let digit = move |i: usize| b'!' + (number / 85u32.pow(4 - i as u32) % 85) as u8;
        (0..count).map(digit).chain(z)
    }
}

fn is_character(byte: u8) -> bool {
    matches!(byte, b'!'..=b'u' | b'z')
}

/// The bytes of characters; not all come back, as some are written in several ways.
fn decoded(characters: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(characters.len() / 5 * 4 + 4);
    let mut left = characters;
    while let Some(&first) = left.first() {
        if first == b'z' {
            bytes.extend([0; 4]);
            left = &left[1..];
            continue;
        }
        let (five, rest) = left.split_at(left.len().min(5));
        // What is missing of the last five is taken for the highest.
        let digits = five.iter().copied().chain(std::iter::repeat_n(b'u', 5 - five.len()));
        let number = digits.into_iter().try_fold(0u64, |number, digit| match digit {
            b'!'..=b'u' => Some(number * 85 + u64::from(digit - b'!')),
            _ => None,
        })?;
        bytes.extend(&u32::try_from(number).ok()?.to_be_bytes()[..five.len() - 1]);
        left = rest;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A stream with these characters, and where they begin.
    fn stream(characters: &str) -> (String, usize) {
        let opening = "<< /Length 99 >>\nstream\n";
        (format!("{opening}{characters}~>endstream"), opening.len())
    }

    #[test]
    fn a_known_text_is_found() {
        // The beginning of the example in Adobe's documentation.
        let (text, at) = stream("9jqo^BlbD-BleB1DJ+*+F(f,q/0JhKF<GL>Cj@.4Gp$d7F!,L7@<6@)");
        let (ascii85, bytes, end) = Ascii85::at(text.as_bytes(), at).unwrap();
        assert_eq!(bytes, b"Man is distinguished, not only by his reason");
        assert_eq!((ascii85.short_zeros, ascii85.wrap.len), (false, 0));
        assert!(text[end..].starts_with("~>"));
    }

    #[test]
    fn what_is_none_or_does_not_come_back_is_left() {
        let characters = "9jqo^BlbD-BleB1DJ+*+F(f,q/0JhKF<GL>Cj@.4Gp$d7F!,L7@<6@)";
        assert!(!Ascii85::may_begin(characters.as_bytes(), 0));
        let (text, at) = stream(characters);
        assert!(Ascii85::at(text.replace("~>", "").as_bytes(), at).is_err());
        // More than 32 bits, and a last character that says more than it may.
        for other in
            ["uuuuuBlbD-BleB1DJ+*+F(f,q/0JhKF<GL>Cj@", "9jqo^BlbD-BleB1DJ+*+F(f,q/0JhKF<GL>Cj9"]
        {
            let (text, at) = stream(other);
            assert!(Ascii85::at(text.as_bytes(), at).is_err(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(
            bytes in prop::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 200..500), short_zeros: bool, lines: bool,
        ) {
            let code = if lines { &[72, 0][..] } else { &[0] };
            let mut left = code.iter().copied();
            let wrap = Wrap::read(|| Ok(left.next().unwrap())).unwrap();
            let mut out = Room::new(4000);
            Ascii85 { short_zeros, wrap }.inverse(&bytes, &mut out).unwrap();
            let (text, at) = stream(std::str::from_utf8(out.bytes()).unwrap());
            let (found, inner, end) = Ascii85::at(text.as_bytes(), at).unwrap();
            prop_assert_eq!(&inner, &bytes);
            let mut again = Room::new(4000);
            found.inverse(&inner, &mut again).unwrap();
            prop_assert_eq!(again.bytes(), &text.as_bytes()[at..end]);
        }

        #[test]
        fn hostile_characters_are_refused_or_come_back(characters in "[!-uz\n]{30,300}") {
            let (text, at) = stream(&characters);
            if let Ok((found, inner, end)) = Ascii85::at(text.as_bytes(), at) {
                let mut again = Room::new(text.len());
                found.inverse(&inner, &mut again).unwrap();
                prop_assert_eq!(again.bytes(), &text.as_bytes()[at..end]);
            }
        }
    }
}
