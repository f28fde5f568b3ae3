//! Thirteen or fourteen bits in two characters: basE91, after Joachim Henke's description.

const ALPHABET: &[u8; 91] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&()*+,./:;<=>?@[]^_`{|}~\"";
/// Behind a text that could be base64; not of the alphabet.
pub const SIGN: char = '-';

pub fn encode(bytes: &[u8]) -> String {
    let (mut text, mut bits, mut n_bits) = (String::new(), 0u32, 0);
    let character = |value: u32| char::from(ALPHABET[value as usize]);
    for &byte in bytes {
        bits |= u32::from(byte) << n_bits;
        n_bits += 8;
        if n_bits > 13 {
            // Values below 91 * 91 - 8192 have room for a fourteenth bit.
            let taken = if bits & 8191 > 88 { 13 } else { 14 };
            let value = bits & ((1 << taken) - 1);
            bits >>= taken;
            n_bits -= taken;
            text.extend([character(value % 91), character(value / 91)]);
        }
    }
    if n_bits > 0 {
        text.push(character(bits % 91));
        if n_bits > 7 || bits > 90 {
            text.push(character(bits / 91));
        }
    }
    text
}

pub fn decode(chars: impl Iterator<Item = char>) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut n_bits) = (Vec::new(), 0u32, 0);
    let mut first = None;
    for c in chars.filter(|&c| c != SIGN) {
        let value = ALPHABET.iter().position(|&known| char::from(known) == c)? as u32;
        let Some(low) = first.take() else {
            first = Some(value);
            continue;
        };
        let pair = low + 91 * value;
        bits |= pair << n_bits;
        n_bits += if pair & 8191 > 88 { 13 } else { 14 };
        while n_bits >= 8 {
            bytes.push(bits as u8);
            bits >>= 8;
            n_bits -= 8;
        }
    }
    if let Some(low) = first {
        bytes.push((bits | low << n_bits) as u8);
    }
    Some(bytes)
}
