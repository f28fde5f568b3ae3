//! Quoted-printable: `=C3=BC` for bytes that mail does not take, and lines cut with `=` at their ends.

use super::hex;
use super::room::Room;
use super::vain::Found;
use crate::error::{self, Error};

/// How quoted-printable is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quoted {
    /// The longest line, with the `=` at its end.
    pub most: u8,
    /// Lines end in CR and LF.
    pub crlf: bool,
}

/// Escapes and cut lines of the shortest stretch.
const LEAST: usize = 4;
/// The usual lengths of lines.
const LENGTHS: [u8; 5] = [76, 75, 74, 73, 72];

impl Quoted {
    /// The text at the beginning of a line at `at`, where it is worth it.
    pub fn at(text: &[u8], at: usize) -> Found<Quoted> {
        // The longest line tells the length.
        let first = text[at..].iter().position(|&byte| byte == b'\n').ok_or(text.len())?;
        let crlf = first > 0 && text[at + first - 1] == b'\r';
        let found = LENGTHS.map(|most| Quoted { most, crlf }.stretch(text, at));
        let read = found.iter().filter_map(|found| found.as_ref().err()).max().copied();
        let best = found.into_iter().flatten().max_by_key(|(quoted, _, end)| (*end, quoted.most));
        best.ok_or(read.unwrap_or(at))
    }

    fn end(self) -> &'static [u8] {
        if self.crlf { b"\r\n" } else { b"\n" }
    }

    fn stretch(self, text: &[u8], start: usize) -> Found<Quoted> {
        let (mut bytes, mut at, mut count) = (Vec::new(), start, 0);
        // Up to the last line that has one.
        let mut last = None;
        let read = loop {
            let (line, end, escapes) = match self.line(text, at) {
                Ok(line) => line,
                Err(end) => break end,
            };
            let mut again = Room::new(end - at);
            if self.put_line(&line, &mut again).is_err() || again.put(self.end()).is_err() {
                break end;
            }
            if again.bytes() != &text[at..end] {
                break end;
            }
            bytes.extend_from_slice(&line);
            bytes.push(b'\n');
            count += escapes;
            at = end;
            if escapes > 0 {
                last = Some((bytes.len(), at));
            }
            // Ordinary text is read in vain.
            if last.map_or(at - start, |(_, end)| at - end) > 4 << 10 {
                break at;
            }
        };
        match last {
            Some((len, end)) if count >= LEAST => {
                bytes.truncate(len);
                Ok((self, bytes, end))
            }
            _ => Err(read),
        }
    }

    /// The line at `at`, joined where it is cut; where the next begins, and how many escapes it has. Where it is none, up to
    /// where it was read.
    fn line(self, text: &[u8], mut at: usize) -> Result<(Vec<u8>, usize, usize), usize> {
        let (mut line, mut escapes) = (Vec::new(), 0);
        loop {
            let byte = *text.get(at).ok_or(at)?;
            if text[at..].starts_with(self.end()) {
                return Ok((line, at + self.end().len(), escapes));
            }
            at += 1;
            if byte != b'=' {
                line.push(byte);
                continue;
            }
            escapes += 1;
            if text[at..].starts_with(self.end()) {
                at += self.end().len();
            } else {
                line.push(hex::byte(&text[at..], true).ok_or(at)?);
                at += 2;
            }
        }
    }

    /// Writes a line without its end.
    fn put_line(self, line: &[u8], out: &mut Room) -> error::Result<()> {
        let mut column = 0;
        for (i, &byte) in line.iter().enumerate() {
            let is_last = i + 1 == line.len();
            let is_blank = matches!(byte, b' ' | b'\t');
            let is_safe = (b'!'..=b'~').contains(&byte) && byte != b'=' || is_blank && !is_last;
            let len = if is_safe { 1 } else { 3 };
            let room = usize::from(self.most) - usize::from(!is_last);
            if column + len > room {
                out.push(b'=')?;
                out.put(self.end())?;
                column = 0;
            }
            match is_safe {
                true => out.push(byte)?,
                false => {
                    out.push(b'=')?;
                    out.put(&hex::digits(byte, true))?;
                }
            }
            column += len;
        }
        Ok(())
    }

    /// The lines of some bytes.
    pub fn inverse(self, bytes: &[u8], out: &mut Room) -> error::Result<()> {
        let mut lines = bytes.split(|&byte| byte == b'\n');
        // Behind the last line feed there is nothing.
        if lines.next_back().is_some_and(|rest| !rest.is_empty()) {
            return Err(Error::damaged("a line without an end"));
        }
        for line in lines {
            self.put_line(line, out)?;
            out.put(self.end())?;
        }
        Ok(())
    }

    /// The kind of this code.
    pub fn read(most: u8, crlf: u8) -> error::Result<Quoted> {
        match (most, crlf) {
            (4.., 0 | 1) => Ok(Quoted { most, crlf: crlf == 1 }),
            _ => Err(Error::damaged("a kind of quoted lines that there is not")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cut_lines_are_joined() {
        let text =
            b"Gr=C3=BC=C3=9Fe aus der Stadt, in der man sich gut kennt und in der man woh=\n\
                     nt, so lange man will.=20\nEnde\n";
        let (quoted, bytes, end) = Quoted::at(text, 0).unwrap();
        assert_eq!(quoted, Quoted { most: 76, crlf: false });
        let line = "Grüße aus der Stadt, in der man sich gut kennt und in der man wohnt, so lange man will. \n";
        assert_eq!(bytes, line.as_bytes());
        assert_eq!(end, text.len() - 5);
    }

    proptest! {
        #[test]
        fn lines_of_any_bytes_come_back(
            lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..90), 1..6),
            most in 4u8..90, crlf: bool,
        ) {
            let bytes: Vec<u8> = lines.into_iter().flat_map(|mut line| {
                line.retain(|&byte| byte != b'\n');
                line.push(b'\n');
                line
            }).collect();
            let mut out = Room::new(1 << 20);
            Quoted { most, crlf }.inverse(&bytes, &mut out).unwrap();
            let text = out.into_bytes();
            for line in text.split(|&byte| byte == b'\n') {
                prop_assert!(line.len() <= usize::from(most) + 1);
            }
            if let Ok((quoted, found, end)) = Quoted::at(&text, 0) {
                let mut again = Room::new(1 << 20);
                quoted.inverse(&found, &mut again).unwrap();
                prop_assert_eq!(again.bytes(), &text[..end]);
            }
        }
    }
}
