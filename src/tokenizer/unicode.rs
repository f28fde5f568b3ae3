//! Characters out of raw bytes, and the few classes that the split patterns tell apart.
//!
//! The tables are pinned (Unicode 16.0, see `unicode/tables.rs`): Rust's own `char::is_alphabetic` follows the
//! compiler, and the same program built later would cut text elsewhere. Every byte string has exactly one reading: a
//! well-formed UTF-8 sequence is one character, and each byte that is not part of one is a [`RAW`] character alone.

mod tables;

/// A letter, `\p{L}`.
pub(super) const LETTER: u8 = 1;
/// A number, `\p{N}`.
pub(super) const NUMBER: u8 = 2;
/// The space U+0020 itself, which patterns may put before a word.
pub(super) const SPACE: u8 = 4;
/// Carriage return or line feed.
pub(super) const NEWLINE: u8 = 8;
/// All other white space.
pub(super) const OTHER_WHITE: u8 = 16;
/// Every other character: punctuation, marks, symbols, controls, unassigned ones.
pub(super) const OTHER: u8 = 32;
/// A byte that is not part of well-formed UTF-8.
pub(super) const RAW: u8 = 64;
/// `\s`.
pub(super) const WHITE: u8 = SPACE | NEWLINE | OTHER_WHITE;

/// A character's class, one of the constants above, and its length in bytes; (0, 0) at the end of the text.
#[inline]
pub(super) fn class_at(text: &[u8], at: usize) -> (u8, usize) {
    match text.get(at) {
        None => (0, 0),
        Some(&byte) if byte < 0x80 => (ASCII[usize::from(byte)], 1),
        Some(_) => class_of_long(&text[at..]),
    }
}

/// Where the run of characters of the given classes that begins at `at` ends.
#[inline]
pub(super) fn run_end(text: &[u8], mut at: usize, classes: u8) -> usize {
    loop {
        let (class, len) = class_at(text, at);
        if class & classes == 0 {
            return at;
        }
        at += len;
    }
}

/// The class and length of the character that begins with the non-ASCII byte `text[0]`.
fn class_of_long(text: &[u8]) -> (u8, usize) {
    match decode(text) {
        None => (RAW, 1),
        Some((code, len)) => (class_of(code), len),
    }
}

/// Reads one multi-byte sequence; `None` where Unicode's table of well-formed sequences has no such beginning (stray
/// continuation bytes, overlong forms, surrogates, numbers past U+10FFFF, a cut end).
fn decode(text: &[u8]) -> Option<(u32, usize)> {
    let lead = text[0];
    let tail = |at: usize| match text.get(at) {
        Some(&byte) if byte & 0xc0 == 0x80 => Some(u32::from(byte & 0x3f)),
        _ => None,
    };
    let (code, len, least) = match lead {
        0xc2..=0xdf => (u32::from(lead & 0x1f) << 6 | tail(1)?, 2, 0x80),
        0xe0..=0xef => (u32::from(lead & 0x0f) << 12 | tail(1)? << 6 | tail(2)?, 3, 0x800),
        0xf0..=0xf4 => {
            (u32::from(lead & 0x07) << 18 | tail(1)? << 12 | tail(2)? << 6 | tail(3)?, 4, 0x1_0000)
        }
        _ => return None,
    };
    let allowed = code >= least && code <= 0x10_ffff && !(0xd800..=0xdfff).contains(&code);
    allowed.then_some((code, len))
}

/// The class of a non-ASCII code point.
fn class_of(code: u32) -> u8 {
    const CLASSES: [u8; 4] = [OTHER, LETTER, NUMBER, OTHER_WHITE];
    match BITS.get(code as usize / 4) {
        None => OTHER,
        Some(four) => CLASSES[usize::from(four >> (code % 4 * 2) & 3)],
    }
}

/// One past the last code point that is not plainly [`OTHER`], rounded up to four.
const LIMIT: usize = 0x3_23b0;

/// Two bits for each code point below [`LIMIT`]: 0 other, 1 letter, 2 number, 3 white space.
static BITS: [u8; LIMIT / 4] = {
    let mut bits = [0; LIMIT / 4];
    mark(&mut bits, &tables::LETTERS, 1);
    mark(&mut bits, &tables::NUMBERS, 2);
    mark(&mut bits, &tables::WHITE_SPACE, 3);
    bits
};

/// Enters flat (first, last) ranges; runs in the compiler, which refuses ranges past [`LIMIT`].
const fn mark(bits: &mut [u8], ranges: &[u32], value: u8) {
    let mut i = 0;
    while i < ranges.len() {
        let (mut code, last) = (ranges[i], ranges[i + 1]);
        while code <= last {
            if code % 4 == 0 && code + 3 <= last {
                bits[code as usize / 4] = value * 0b0101_0101;
                code += 4;
            } else {
                bits[code as usize / 4] |= value << (code % 4 * 2);
                code += 1;
            }
        }
        i += 2;
    }
}

/// The classes of the bytes below 0x80; the upper half is never asked for.
static ASCII: [u8; 256] = {
    let mut classes = [OTHER; 256];
    let mut byte = 0;
    while byte < 128 {
        classes[byte] = match byte as u8 {
            b' ' => SPACE,
            b'\r' | b'\n' => NEWLINE,
            b'\t' | 0x0b | 0x0c => OTHER_WHITE,
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => NUMBER,
            _ => OTHER,
        };
        byte += 1;
    }
    classes
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scalar_value_is_read_back_with_its_length() {
        for code in 0..=0x10_ffff {
            if let Some(character) = char::from_u32(code) {
                let mut buffer = [0; 4];
                let text = character.encode_utf8(&mut buffer).as_bytes();
                let (class, len) = class_at(text, 0);
                assert_eq!(len, text.len(), "{code:#x}");
                assert!(class.is_power_of_two() && class != RAW, "{code:#x}");
                assert_eq!(class & WHITE != 0, character.is_whitespace(), "{code:#x}");
                if code < 0x80 {
                    assert_eq!(class == LETTER, character.is_ascii_alphabetic());
                    assert_eq!(class == NUMBER, character.is_ascii_digit());
                } else {
                    assert_eq!(decode(text), Some((code, len)));
                }
            }
        }
    }

    #[test]
    fn reads_as_valid_exactly_what_the_standard_library_does() {
        // All pairs, then threes and fours over the bytes at the borders of the table.
        const BORDERS: [u8; 17] = [
            0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xed, 0xef,
            0xf0, 0xf4, 0xff,
        ];
        let check = |text: &[u8]| {
            let (class, len) = class_at(text, 0);
            let valid = (1..=text.len()).find(|&n| std::str::from_utf8(&text[..n]).is_ok());
            assert_eq!(class != RAW, valid.is_some(), "{text:x?}");
            assert_eq!(len, valid.unwrap_or(1), "{text:x?}");
        };
        for first in 0..=255 {
            for second in 0..=255 {
                check(&[first, second]);
                for third in BORDERS {
                    check(&[first, second, third]);
                    BORDERS.iter().for_each(|&fourth| check(&[first, second, third, fourth]));
                }
            }
        }
    }

    #[test]
    fn knows_some_letters_numbers_and_neither() {
        let class = |character: char| class_at(character.to_string().as_bytes(), 0).0;
        for letter in ['é', 'ß', 'ſ', 'Ж', '中', '語', 'ʰ', 'ª', '\u{323af}'] {
            assert_eq!(class(letter), LETTER, "{letter}");
        }
        for number in ['٣', '²', 'Ⅷ', '½', '〇', '\u{1fbf9}'] {
            assert_eq!(class(number), NUMBER, "{number}");
        }
        for other in ['\u{301}', '€', '\u{200b}', '\u{feff}', '😀', '\u{e0001}', '\u{10ffff}'] {
            assert_eq!(class(other), OTHER, "{other}");
        }
        assert_eq!(class('\u{a0}'), OTHER_WHITE);
        assert_eq!(class('\u{85}'), OTHER_WHITE);
    }
}
