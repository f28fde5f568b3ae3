//! Fifteen bits a character, each of which is one UTF-16 unit, a letter in every Unicode normal form or put together again.
//!
//! The alphabet: U+4E00 to 9FA5, U+3400 to 4DB5, U+A000 to A48C, then U+AC00 on, 32,768 in all; for a rest of at most seven
//! bits, the 128 behind them. Bits go highest first; what a rest does not fill is ones.

/// First characters of the ranges, and behind their last.
const RANGES: [(u32, u32); 4] =
    [(0x4e00, 0x9fa6), (0x3400, 0x4db6), (0xa000, 0xa48d), (0xac00, 0xbc97)];
/// Numbers of whole characters; 128 more stand for rests.
const WHOLE: u32 = 1 << 15;

fn character(mut number: u32) -> char {
    for (first, end) in RANGES {
        if number < end - first {
            return char::from_u32(first + number).unwrap_or('\u{fffd}');
        }
        number -= end - first;
    }
    '\u{fffd}'
}

fn number(c: char) -> Option<u32> {
    let mut before = 0;
    for (first, end) in RANGES {
        if (first..end).contains(&u32::from(c)) {
            return Some(before + u32::from(c) - first);
        }
        before += end - first;
    }
    None
}

pub fn encode(bytes: &[u8]) -> String {
    let (mut text, mut bits, mut n_bits) = (String::new(), 0u32, 0);
    for &byte in bytes {
        bits = bits << 8 | u32::from(byte);
        n_bits += 8;
        if n_bits >= 15 {
            n_bits -= 15;
            text.push(character(bits >> n_bits & (WHOLE - 1)));
            bits &= (1 << n_bits) - 1;
        }
    }
    let filled = |width: u32| (bits << (width - n_bits)) | ((1 << (width - n_bits)) - 1);
    match n_bits {
        0 => {}
        1..=7 => text.push(character(WHOLE + filled(7))),
        _ => text.push(character(filled(15))),
    }
    text
}

pub fn decode(chars: impl Iterator<Item = char>) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut n_bits) = (Vec::new(), 0u32, 0);
    let mut over = false;
    for c in together(chars) {
        let number = number(c).filter(|_| !over)?;
        // A rest ends the text.
        (bits, n_bits) = match number.checked_sub(WHOLE) {
            None => (bits << 15 | number, n_bits + 15),
            Some(rest) => (bits << 7 | rest, n_bits + 7),
        };
        over = number >= WHOLE;
        while n_bits >= 8 {
            n_bits -= 8;
            bytes.push((bits >> n_bits) as u8);
            bits &= (1 << n_bits) - 1;
        }
    }
    (bits == (1 << n_bits) - 1).then_some(bytes)
}

/// Letters of Hangul that a normal form has taken apart, put together.
fn together(chars: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    let mut chars = chars.peekable();
    std::iter::from_fn(move || {
        let c = u32::from(chars.next()?);
        let part = |c: Option<&char>, first: u32, n: u32| {
            c.map(|&c| u32::from(c).wrapping_sub(first)).filter(|&part| part < n)
        };
        let lead = c.wrapping_sub(0x1100);
        let Some(vowel) = part(chars.peek(), 0x1161, 21).filter(|_| lead < 19) else {
            return char::from_u32(c);
        };
        chars.next();
        // Letters at a syllable's end are counted from 1.
        let end = part(chars.peek(), 0x11a8, 27).map_or(0, |end| end + 1);
        if end > 0 {
            chars.next();
        }
        char::from_u32(0xac00 + (lead * 21 + vowel) * 28 + end)
    })
}

/// A character as the normal form D has it.
#[cfg(test)]
pub fn apart(c: char) -> Vec<char> {
    let Some(syllable) = u32::from(c).checked_sub(0xac00).filter(|&n| n < 11_172) else {
        return vec![c];
    };
    let parts = [0x1100 + syllable / 588, 0x1161 + syllable % 588 / 28, 0x11a7 + syllable % 28];
    let n = if syllable % 28 == 0 { 2 } else { 3 };
    parts[..n].iter().filter_map(|&part| char::from_u32(part)).collect()
}
