//! Line ends that are not a line feed.

use super::room::Room;
use crate::error::Result;

/// What ends the lines of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineEnd {
    /// A carriage return, which changes places with the line feed.
    Return,
    /// A zero byte, which changes places with the line feed.
    Zero,
    /// A carriage return in front of each line feed, which is left out.
    Both,
}

/// Lines shorter than this on average are looked for.
const LINE_BYTES: usize = 2000;
const LOOK_BYTES: usize = 64 << 10;

impl LineEnd {
    /// How it is called.
    pub fn name(self) -> &'static str {
        match self {
            LineEnd::Return => "CR line ends",
            LineEnd::Zero => "NUL line ends",
            LineEnd::Both => "CRLF line ends",
        }
    }

    /// What ends the lines of `text`, if it is one of these.
    pub fn of(text: &[u8]) -> Option<LineEnd> {
        let look = &text[..text.len().min(LOOK_BYTES)];
        let mut counts = [0usize; 256];
        look.iter().for_each(|&byte| counts[usize::from(byte)] += 1);
        let enough = |n: usize| n >= 3 && n * LINE_BYTES > look.len();
        let [zeros, feeds, returns] = [0, 10, 13].map(|byte| counts[byte]);
        let controls = |but: usize| -> usize {
            (0..32).filter(|i| ![9, 10, 12, 13, 27, but].contains(i)).map(|i| counts[i]).sum()
        };
        let is_text = |but| controls(but) * 200 < look.len();
        if enough(returns) && feeds * 50 < returns && is_text(13) {
            return Some(LineEnd::Return);
        }
        if enough(zeros) && feeds * 50 < zeros && zeros * 3 < look.len() && is_text(0) {
            return Some(LineEnd::Zero);
        }
        if enough(feeds) && returns * 16 >= feeds * 15 && is_text(13) {
            return Some(LineEnd::Both);
        }
        None
    }

    /// The text with line feeds, in pieces between the line feeds that were there, where they must be told apart.
    pub fn forward(self, text: &[u8]) -> Vec<Piece> {
        let LineEnd::Both = self else { return vec![Piece::Lines(self.swapped(text))] };
        let mut pieces = Vec::new();
        let mut lines = Vec::with_capacity(text.len());
        for (i, &byte) in text.iter().enumerate() {
            match byte {
                b'\r' if text.get(i + 1) == Some(&b'\n') => {}
                b'\n' if i == 0 || text[i - 1] != b'\r' => {
                    if !lines.is_empty() {
                        pieces.push(Piece::Lines(std::mem::take(&mut lines)));
                    }
                    match pieces.last_mut() {
                        Some(Piece::Feeds(n)) => *n += 1,
                        _ => pieces.push(Piece::Feeds(1)),
                    }
                }
                _ => lines.push(byte),
            }
        }
        if !lines.is_empty() {
            pieces.push(Piece::Lines(lines));
        }
        pieces
    }

    /// The text with its own line ends.
    pub fn inverse(self, lines: &[u8], out: &mut Room) -> Result<()> {
        let LineEnd::Both = self else { return out.put(&self.swapped(lines)) };
        for line in lines.split_inclusive(|&byte| byte == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(line) => {
                    out.put(line)?;
                    out.put(b"\r\n")?;
                }
                None => out.put(line)?,
            }
        }
        Ok(())
    }

    fn swapped(self, text: &[u8]) -> Vec<u8> {
        let other = if self == LineEnd::Zero { 0 } else { b'\r' };
        let swap = |&byte: &u8| match byte {
            b'\n' => other,
            byte if byte == other => b'\n',
            byte => byte,
        };
        text.iter().map(swap).collect()
    }
}

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// Lines that end in line feeds now.
    Lines(Vec<u8>),
    /// So many line feeds that were there.
    Feeds(usize),
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn line_ends_are_seen() {
        let text = |end: &str| format!("one line{end}").repeat(10).into_bytes();
        assert_eq!(LineEnd::of(&text("\r")), Some(LineEnd::Return));
        assert_eq!(LineEnd::of(&text("\0")), Some(LineEnd::Zero));
        assert_eq!(LineEnd::of(&text("\r\n")), Some(LineEnd::Both));
        assert_eq!(LineEnd::of(&text("\n")), None);
        assert_eq!(LineEnd::of(&[0; 100]), None);
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in prop::collection::vec(
            prop::sample::select(&b"\r\n\0ab"[..]), 0..60,
        )) {
            for end in [LineEnd::Return, LineEnd::Zero, LineEnd::Both] {
                let mut out = Room::new(text.len());
                for piece in end.forward(&text) {
                    match piece {
                        Piece::Lines(lines) => end.inverse(&lines, &mut out).unwrap(),
                        Piece::Feeds(n) => out.put(&vec![b'\n'; n]).unwrap(),
                    }
                }
                prop_assert_eq!(out.into_bytes(), &text[..]);
            }
        }
    }
}
