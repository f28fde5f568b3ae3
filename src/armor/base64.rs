//! Six bits a character: RFC 4648, section 4, written without padding and read with or without it.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Characters that 3 bytes are.
const QUARTET: usize = 4;

fn value(c: char) -> Option<u32> {
    let at = ALPHABET.iter().position(|&known| char::from(known) == c)?;
    Some(at as u32)
}

/// Whether a character is one of these.
pub fn has(byte: u8) -> bool {
    ALPHABET.contains(&byte)
}

pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * QUARTET / 3 + QUARTET);
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0, |bits, &byte| bits << 8 | u32::from(byte))
            << (8 * (3 - three.len()));
        let sixes = (0..=three.len()).map(|i| ALPHABET[(bits >> (18 - 6 * i) & 63) as usize]);
        text.extend(sixes.map(char::from));
    }
    text
}

pub fn decode(chars: impl Iterator<Item = char>) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut n_bits) = (Vec::new(), 0u32, 0);
    let (mut read, mut padding) = (0usize, 0usize);
    for c in chars {
        if c == '=' {
            padding += 1;
            continue;
        }
        bits = (bits << 6 | value(c).filter(|_| padding == 0)?) & 0xffff;
        n_bits += 6;
        read += 1;
        if n_bits >= 8 {
            n_bits -= 8;
            bytes.push((bits >> n_bits) as u8);
        }
    }
    // A byte is two characters at least, and bits that are left over are zeros.
    let is_whole = read % QUARTET != 1 && bits & ((1 << n_bits) - 1) == 0;
    let is_padded = padding == 0 || padding < 3 && (read + padding).is_multiple_of(QUARTET);
    (is_whole && is_padded).then_some(bytes)
}
