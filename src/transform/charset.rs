//! Text in other encodings than UTF-8.
//!
//! A text becomes UTF-8 as far as it comes back: a byte that stands for nothing, or for a character that is written
//! differently, stays out of the stretch and cuts it in two.

mod guess;
mod tables;
mod wide;

pub use guess::guess;
pub use tables::Table;
pub use wide::Wide;

use super::room::Room;
use crate::error::{Error, Result};

/// An encoding, by its code in the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Charset {
    /// Units of two or four bytes.
    Wide(Wide),
    /// One or two bytes by a table of this number.
    Table(u8),
}

/// A piece of a text: characters in UTF-8, or bytes that are none.
#[derive(Debug, PartialEq, Eq)]
pub enum Run {
    Text(Vec<u8>),
    Bytes(Vec<u8>),
}

impl Charset {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Charset::Wide(wide) => wide.name(),
            Charset::Table(number) => tables::NAMES[usize::from(number)],
        }
    }

    /// The encoding of what follows the first piece: the mark stands there only.
    pub fn behind(self) -> Charset {
        match self {
            Charset::Wide(wide) => Charset::Wide(Wide { mark: false, ..wide }),
            table => table,
        }
    }

    /// The text as characters, in pieces where it does not come back.
    pub fn decode(self, bytes: &[u8]) -> Vec<Run> {
        let mut runs = Runs::default();
        match self {
            Charset::Wide(wide) => wide.decode(bytes, &mut runs),
            Charset::Table(number) => Table::of(number).decode(bytes, &mut runs),
        }
        runs.list
    }

    /// The bytes of a text.
    ///
    /// # Errors
    /// Damage where the text is not UTF-8 or has a character that the encoding lacks.
    pub fn encode(self, text: &[u8], out: &mut Room) -> Result<()> {
        let text =
            std::str::from_utf8(text).map_err(|_| Error::damaged("a text that is not UTF-8"))?;
        match self {
            Charset::Wide(wide) => wide.encode(text, out),
            Charset::Table(number) => Table::of(number).encode(text, out),
        }
    }
}

/// Pieces as they grow.
#[derive(Debug, Default)]
pub(super) struct Runs {
    list: Vec<Run>,
}

impl Runs {
    fn character(&mut self, c: char) {
        if !matches!(self.list.last(), Some(Run::Text(_))) {
            self.list.push(Run::Text(Vec::new()));
        }
        if let Some(Run::Text(text)) = self.list.last_mut() {
            text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    fn raw(&mut self, bytes: &[u8]) {
        match self.list.last_mut() {
            Some(Run::Bytes(run)) => run.extend_from_slice(bytes),
            _ => self.list.push(Run::Bytes(bytes.to_vec())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all() -> impl Iterator<Item = Charset> {
        let wide = Wide::ALL.into_iter().map(Charset::Wide);
        wide.chain((0..tables::NAMES.len() as u8).map(Charset::Table))
    }

    fn back(charset: Charset, runs: &[Run]) -> Vec<u8> {
        let mut out = Room::new(1 << 20);
        let mut charset = charset;
        for run in runs {
            match run {
                Run::Text(text) => charset.encode(text, &mut out).unwrap(),
                Run::Bytes(bytes) => out.put(bytes).unwrap(),
            }
            charset = charset.behind();
        }
        out.into_bytes()
    }

    #[test]
    fn known_words_are_read() {
        let named = |name: &str| all().find(|charset| charset.name() == name).unwrap();
        for (name, bytes, text) in [
            ("windows-1251", &b"\xcf\xf0\xe8\xe2\xe5\xf2"[..], "Привет"),
            ("KOI8-R", b"\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"),
            ("ISO-8859-1", b"gr\xfc\xdfe", "grüße"),
            ("Shift_JIS", b"\x93\xfa\x96\x7b\xb1", "日本ｱ"),
            ("EUC-JP", b"\xc6\xfc\xcb\xdc", "日本"),
            ("GB18030", b"\xd6\xd0\xce\xc4", "中文"),
            ("Big5", b"\xa4\xa4\xa4\xe5", "中文"),
            ("EUC-KR", b"\xc7\xd1\xb1\xdb", "한글"),
            ("EBCDIC 037", b"\xc8\x85\x93\x93\x96\x25", "Hello\n"),
            ("UTF-16LE", b"H\0i\0\x3d\xd8\x00\xde", "Hi😀"),
            ("UTF-32BE", b"\0\0\0H\0\x01\xf6\0", "H😀"),
        ] {
            let runs = named(name).decode(bytes);
            assert_eq!(runs, [Run::Text(text.into())], "{name}");
            assert_eq!(back(named(name), &runs), bytes, "{name}");
        }
    }

    #[test]
    fn every_pair_of_bytes_comes_back() {
        let pairs: Vec<u8> = (0..=0xFFFFu16).flat_map(u16::to_be_bytes).collect();
        for charset in all() {
            assert_eq!(back(charset, &charset.decode(&pairs)), pairs, "{}", charset.name());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            for charset in all() {
                prop_assert_eq!(back(charset, &charset.decode(&bytes)), &bytes[..], "{}", charset.name());
            }
        }

        #[test]
        fn any_text_is_written_or_refused(text in ".{0,60}", bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            for charset in all() {
                let _ = charset.encode(text.as_bytes(), &mut Room::new(100));
                let _ = charset.encode(&bytes, &mut Room::new(100));
            }
        }
    }
}
