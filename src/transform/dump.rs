//! Dumps: lines of an offset, digits and letters, of which only the digits say anything.

use super::hex;
use super::room::Room;
use crate::error::{Error, Result};

/// What a program writes for 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// `00000000: 4865 6c6c 6f0a                           Hello.`, of `xxd`.
    Xxd,
    /// `00000000  48 65 6c 6c 6f 0a                                 |Hello.|`, of `hexdump -C`.
    Canonical,
}

/// A dump of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dump {
    pub style: Style,
    /// The offset of the first line.
    pub start: u32,
}

/// Lines of the shortest stretch.
const LEAST_LINES: usize = 2;
const LINE_BYTES: usize = 16;

impl Dump {
    /// All styles, in the order of their codes.
    pub const STYLES: [Style; 2] = [Style::Xxd, Style::Canonical];

    /// The dump whose first line begins at `at`, with its bytes and its end; `None` where there is none.
    pub fn at(text: &[u8], at: usize) -> Option<(Dump, Vec<u8>, usize)> {
        let start = (0..4).try_fold(0u32, |offset, i| {
            Some(offset << 8 | u32::from(hex::byte(text.get(at + 2 * i..)?, false)?))
        })?;
        let style = match text.get(at + 8..)? {
            [b':', b' ', ..] => Style::Xxd,
            [b' ', b' ', ..] => Style::Canonical,
            _ => return None,
        };
        let dump = Dump { style, start };
        let (mut bytes, mut end) = (Vec::new(), at);
        loop {
            let offset = u32::try_from(bytes.len()).ok().and_then(|len| start.checked_add(len));
            let (Some(offset), Some(of_line)) = (offset, style.bytes(&text[end..])) else { break };
            let line = style.line(offset, &of_line);
            if !text[end..].starts_with(&line) {
                break;
            }
            end += line.len();
            bytes.extend_from_slice(&of_line);
            if of_line.len() < LINE_BYTES {
                break;
            }
        }
        (bytes.len() > (LEAST_LINES - 1) * LINE_BYTES).then_some((dump, bytes, end))
    }

    /// The lines of some bytes.
    pub fn inverse(self, bytes: &[u8], out: &mut Room) -> Result<()> {
        let mut offset = self.start;
        for of_line in bytes.chunks(LINE_BYTES) {
            out.put(&self.style.line(offset, of_line))?;
            offset = offset.wrapping_add(LINE_BYTES as u32);
        }
        Ok(())
    }

    /// The dump of this code.
    pub fn read(style: u8, start: u64) -> Result<Dump> {
        let style = Dump::STYLES.get(usize::from(style)).copied();
        match (style, u32::try_from(start)) {
            (Some(style), Ok(start)) => Ok(Dump { style, start }),
            _ => Err(Error::damaged("a dump of a kind that there is not")),
        }
    }
}

impl Style {
    /// Where the digits of byte `i` stand in a line.
    fn column(self, i: usize) -> usize {
        match self {
            Style::Xxd => 10 + 5 * (i / 2) + 2 * (i % 2),
            Style::Canonical => 10 + 3 * i + i / 8,
        }
    }

    /// The bytes of the line at the beginning of a text, as far as its digits go.
    fn bytes(self, text: &[u8]) -> Option<Vec<u8>> {
        let digits = (0..LINE_BYTES).map_while(|i| hex::byte(text.get(self.column(i)..)?, false));
        let bytes: Vec<u8> = digits.collect();
        (!bytes.is_empty()).then_some(bytes)
    }

    fn line(self, offset: u32, bytes: &[u8]) -> Vec<u8> {
        let letters = match self {
            Style::Xxd => 51,
            Style::Canonical => 61,
        };
        let mut line = vec![b' '; if self == Style::Xxd { letters } else { letters - 1 }];
        line[..8].copy_from_slice(format!("{offset:08x}").as_bytes());
        if self == Style::Xxd {
            line[8] = b':';
        }
        for (i, &byte) in bytes.iter().enumerate() {
            line[self.column(i)..][..2].copy_from_slice(&hex::digits(byte, false));
        }
        let shown = |&byte: &u8| if (0x20..0x7F).contains(&byte) { byte } else { b'.' };
        if self == Style::Canonical {
            line.push(b'|');
        }
        line.extend(bytes.iter().map(shown));
        if self == Style::Canonical {
            line.push(b'|');
        }
        line.push(b'\n');
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_are_those_of_the_programs() {
        let bytes: Vec<u8> = (0x38..0x50).collect();
        let lines = |style| {
            let mut out = Room::new(1000);
            Dump { style, start: 0 }.inverse(&bytes, &mut out).unwrap();
            String::from_utf8(out.into_bytes()).unwrap()
        };
        let xxd = "00000000: 3839 3a3b 3c3d 3e3f 4041 4243 4445 4647  89:;<=>?@ABCDEFG\n\
                   00000010: 4849 4a4b 4c4d 4e4f                      HIJKLMNO\n";
        let canonical = "00000000  38 39 3a 3b 3c 3d 3e 3f  40 41 42 43 44 45 46 47  |89:;<=>?@ABCDEFG|\n\
                         00000010  48 49 4a 4b 4c 4d 4e 4f                           |HIJKLMNO|\n";
        assert_eq!(lines(Style::Xxd), xxd);
        assert_eq!(lines(Style::Canonical), canonical);
        for text in [xxd, canonical] {
            let (_, found, end) = Dump::at(text.as_bytes(), 0).unwrap();
            assert_eq!((found, end), (bytes.clone(), text.len()));
        }
    }

    proptest! {
        #[test]
        fn dumps_come_back(bytes in prop::collection::vec(any::<u8>(), 17..200), start: u32, style in 0usize..2) {
            let dump = Dump { style: Dump::STYLES[style], start: start & !15 & 0x7FFF_FFFF };
            let mut out = Room::new(10_000);
            dump.inverse(&bytes, &mut out).unwrap();
            let text = out.into_bytes();
            prop_assert_eq!(Dump::at(&text, 0), Some((dump, bytes, text.len())));
        }
    }
}
