//! Characters spelt out: `\u00fc` in JSON, `%C3%BC` in addresses, `&#252;` and `&uuml;` in HTML.
//!
//! A stretch has no character beyond ASCII, so that the way back spells out all that are there. What could have been spelt
//! out in another way, or stands for no character, stays as it is: it is ASCII.

use std::ops::Range;

use super::hex;
use super::room::Room;
use crate::error::{Error, Result};

/// How characters beyond ASCII are spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Escape {
    /// `\u00fc`, with capital digits or small ones, two of them for characters that need it.
    Json { upper: bool },
    /// `%C3%BC`.
    Percent { upper: bool },
    /// `&#252;`
    Decimal,
    /// `&#xfc;`
    Hex { upper: bool },
    /// `&uuml;`
    Named,
}

/// Escapes that a stretch has at least.
const LEAST: usize = 3;

/// The names of U+00A0 to U+00FF.
const NAMES: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 \
    acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig \
    Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave \
    Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave \
    iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";

/// Other names that pages have.
const MORE: [(char, &str); 12] = [
    ('\u{2013}', "ndash"),
    ('\u{2014}', "mdash"),
    ('\u{2018}', "lsquo"),
    ('\u{2019}', "rsquo"),
    ('\u{201c}', "ldquo"),
    ('\u{201d}', "rdquo"),
    ('\u{201e}', "bdquo"),
    ('\u{2022}', "bull"),
    ('\u{2026}', "hellip"),
    ('\u{2122}', "trade"),
    ('\u{20ac}', "euro"),
    ('\u{2192}', "rarr"),
];

fn names() -> impl Iterator<Item = (char, &'static str)> {
    ('\u{a0}'..='\u{ff}').zip(NAMES.split_ascii_whitespace()).chain(MORE)
}

impl Escape {
    /// All of them, in the order of their codes.
    pub const ALL: [Escape; 8] = [
        Escape::Json { upper: false },
        Escape::Json { upper: true },
        Escape::Percent { upper: false },
        Escape::Percent { upper: true },
        Escape::Decimal,
        Escape::Hex { upper: false },
        Escape::Hex { upper: true },
        Escape::Named,
    ];

    /// How it is called.
    pub fn name(self) -> &'static str {
        match self {
            Escape::Json { .. } => "JSON escapes",
            Escape::Percent { .. } => "URL escapes",
            Escape::Decimal | Escape::Hex { .. } | Escape::Named => "HTML entities",
        }
    }

    /// The byte that every escape begins with.
    fn first(self) -> u8 {
        match self {
            Escape::Json { .. } => b'\\',
            Escape::Percent { .. } => b'%',
            _ => b'&',
        }
    }

    /// The character that is spelt at the beginning of `text`, and how long that is.
    fn read(self, text: &[u8]) -> Option<(char, usize)> {
        if text.first() != Some(&self.first()) {
            return None;
        }
        let (c, len) = match self {
            Escape::Json { upper } => {
                let unit = |text: &[u8]| -> Option<u32> {
                    let digits = text.strip_prefix(b"\\u")?;
                    let [high, low] = [0, 2].map(|at| hex::byte(digits.get(at..)?, upper));
                    Some(u32::from(high?) << 8 | u32::from(low?))
                };
                let first = unit(text)?;
                match first.checked_sub(0xD800).filter(|&high| high < 0x400) {
                    None => (char::from_u32(first)?, 6),
                    Some(high) => {
                        let low =
                            unit(text.get(6..)?)?.checked_sub(0xDC00).filter(|&low| low < 0x400)?;
                        (char::from_u32(0x10000 + (high << 10) + low)?, 12)
                    }
                }
            }
            Escape::Percent { upper } => {
                let byte = |i: usize| {
                    let part = text.get(3 * i..)?;
                    hex::byte(part.strip_prefix(b"%")?, upper)
                };
                let len = match byte(0)? {
                    0xC2..=0xDF => 2,
                    0xE0..=0xEF => 3,
                    0xF0..=0xF4 => 4,
                    _ => return None,
                };
                let bytes: Option<Vec<u8>> = (0..len).map(byte).collect();
                (std::str::from_utf8(&bytes?).ok()?.chars().next()?, 3 * len)
            }
            Escape::Decimal | Escape::Hex { .. } | Escape::Named => {
                let end = text.iter().take(12).position(|&byte| byte == b';')?;
                let inside = std::str::from_utf8(&text[1..end]).ok()?;
                let c = match self {
                    Escape::Decimal => char::from_u32(inside.strip_prefix('#')?.parse().ok()?)?,
                    Escape::Hex { .. } => {
                        char::from_u32(u32::from_str_radix(inside.strip_prefix("#x")?, 16).ok()?)?
                    }
                    _ => names().find(|(_, name)| *name == inside)?.0,
                };
                (c, end + 1)
            }
        };
        if c.is_ascii() {
            return None;
        }
        // It may have been spelt with other digits.
        let mut again = Room::new(12);
        self.write(c, &mut again).ok()?;
        (again.bytes() == &text[..len]).then_some((c, len))
    }

    fn write(self, c: char, out: &mut Room) -> Result<()> {
        let code = u32::from(c);
        match self {
            Escape::Json { upper } => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.put(b"\\u")?;
                    for byte in unit.to_be_bytes() {
                        out.put(&hex::digits(byte, upper))?;
                    }
                }
                Ok(())
            }
            Escape::Percent { upper } => c.encode_utf8(&mut [0; 4]).bytes().try_for_each(|byte| {
                out.push(b'%')?;
                out.put(&hex::digits(byte, upper))
            }),
            Escape::Decimal => out.put(format!("&#{code};").as_bytes()),
            Escape::Hex { upper: false } => out.put(format!("&#x{code:x};").as_bytes()),
            Escape::Hex { upper: true } => out.put(format!("&#x{code:X};").as_bytes()),
            Escape::Named => {
                let found = names().find(|(known, _)| *known == c);
                let (_, name) =
                    found.ok_or_else(|| Error::damaged("a character without a name"))?;
                out.put(format!("&{name};").as_bytes())
            }
        }
    }

    /// The stretches of a text that have enough of these escapes and no character beyond ASCII, each from its first escape to
    /// its last.
    pub fn find(self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let first = self.first();
        let mut stretch: Option<Range<usize>> = None;
        let (mut count, mut at) = (0, 0);
        let mut close = |stretch: &mut Option<Range<usize>>, count: &mut usize| {
            found.extend(stretch.take().filter(|_| *count >= LEAST));
            *count = 0;
        };
        while at < text.len() {
            let byte = text[at];
            if !byte.is_ascii() {
                close(&mut stretch, &mut count);
            } else if byte == first
                && let Some((_, len)) = self.read(&text[at..])
            {
                // Where few are far apart, each is left alone.
                if stretch.as_ref().is_some_and(|stretch| at - stretch.end > FAR) {
                    close(&mut stretch, &mut count);
                }
                let start = stretch.as_ref().map_or(at, |stretch| stretch.start);
                stretch = Some(start..at + len);
                count += 1;
                at += len;
                continue;
            }
            at += 1;
        }
        close(&mut stretch, &mut count);
        found
    }

    /// A stretch with its characters.
    pub fn forward(self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut at = 0;
        while at < text.len() {
            match self.read(&text[at..]) {
                Some((c, len)) => {
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    at += len;
                }
                None => {
                    out.push(text[at]);
                    at += 1;
                }
            }
        }
        out
    }

    /// All characters beyond ASCII spelt out.
    pub fn inverse(self, text: &[u8], out: &mut Room) -> Result<()> {
        let text =
            std::str::from_utf8(text).map_err(|_| Error::damaged("a text that is not UTF-8"))?;
        text.chars().try_for_each(|c| match u8::try_from(c) {
            Ok(byte) if byte.is_ascii() => out.push(byte),
            _ => self.write(c, out),
        })
    }
}

/// Bytes between escapes of one stretch at most.
const FAR: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_is_read() {
        let json = [Escape::Json { upper: false }, Escape::Json { upper: true }];
        for (escape, text, expected) in [
            (json[0], r"\u00fc-\ud83d\ude00, \u0041 \u00FC", "ü-😀, \\u0041 \\u00FC"),
            (json[1], r"\u00FC\uD83D\uDE00 \ud83d", "ü😀 \\ud83d"),
            (Escape::Percent { upper: true }, "%C3%BC%20%E6%97%A5%ff", "ü%20日%ff"),
            (Escape::Decimal, "&#252;&#0252; &#65; &uuml;", "ü&#0252; &#65; &uuml;"),
            (Escape::Hex { upper: false }, "&#xfc;&#xFC;", "ü&#xFC;"),
            (Escape::Named, "&uuml;&yuml;&amp;&euro;&nbsp;", "üÿ&amp;€\u{a0}"),
        ] {
            let read = escape.forward(text.as_bytes());
            assert_eq!(String::from_utf8(read.clone()).unwrap(), expected);
            let mut out = Room::new(100);
            escape.inverse(&read, &mut out).unwrap();
            assert_eq!(out.bytes(), text.as_bytes());
        }
        assert_eq!(names().count(), 108);
    }

    #[test]
    fn stretches_have_no_other_characters() {
        let spelt = r"a\u00e9b".repeat(5);
        let text = format!("{spelt}é{spelt}");
        let found = Escape::Json { upper: false }.find(text.as_bytes());
        assert_eq!(found, [1..spelt.len() - 1, spelt.len() + 3..text.len() - 1]);
    }

    proptest! {
        #[test]
        fn any_stretch_comes_back(parts in prop::collection::vec(prop::sample::select(&[
            "\\u00e9", "\\ud83d", "\\ude00", "\\u", "\\", "%C3%A9", "%c3%a9", "%C3", "%", "&#233;", "&#x1f;", "&#xE9;",
            "&eacute;", "&", ";", "#", "a", "é", "\\uD83D\\uDE00", "\\u0000", "&#128512;", "%F0%9F%98%80", "%ED%A0%80",
        ][..]), 0..60)) {
            let text = parts.concat();
            for escape in Escape::ALL {
                for part in escape.find(text.as_bytes()) {
                    let mut out = Room::new(1 << 16);
                    let stretch = &text.as_bytes()[part];
                    escape.inverse(&escape.forward(stretch), &mut out).unwrap();
                    prop_assert_eq!(out.bytes(), stretch);
                }
            }
        }

        #[test]
        fn any_bytes_are_spelt_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            for escape in Escape::ALL {
                let _ = escape.inverse(&bytes, &mut Room::new(60));
            }
        }
    }
}
