//! Stretches that say by themselves what they are.

use super::ascii85::Ascii85;
use super::base64::Base64;
use super::code::Transform;
use super::deflate::Stream;
use super::dump::Dump;
use super::effort::Effort;
use super::hex::Hex;
use super::quoted::Quoted;
use super::url::Url;
use super::vain::Vain;

/// A stretch that was found, with what is within it.
pub struct Stretch {
    pub start: usize,
    pub end: usize,
    pub transform: Transform,
    pub inner: Vec<u8>,
}

/// Rows of letters and digits shorter than this are words.
const LEAST_ROW: usize = 32;

/// What was read in vain, by what was looked for.
#[derive(Default)]
struct Vains {
    hex: Vain,
    base64: Vain,
    ascii85: Vain,
    quoted: Vain,
}

/// The stretches of `bytes` that do.
pub fn find(bytes: &[u8], effort: &Effort) -> Vec<Stretch> {
    let mut list: Vec<Stretch> = Vec::new();
    let mut vains = Vains::default();
    let (mut at, mut end, mut line) = (0, 0, 0);
    while at < bytes.len() {
        let byte = bytes[at];
        if let Some((start, Stream { plain, corrections, len })) = effort.stream(bytes, at) {
            let transform = Transform::Deflate(corrections);
            list.push(Stretch { start, end: start + len, transform, inner: plain });
            (at, end) = (start + len, start + len);
            continue;
        }
        if Ascii85::may_begin(bytes, at)
            && let Some(found) = vains.ascii85.attempt(at, || Ascii85::at(bytes, at))
        {
            let (ascii85, inner, stretch_end) = found;
            let transform = Transform::Ascii85(ascii85);
            list.push(Stretch { start: at, end: stretch_end, transform, inner });
            (at, end) = (stretch_end, stretch_end);
            continue;
        }
        let found = match byte {
            b'I' if bytes[at..].starts_with(b"IDAT") && at >= end + 4 => {
                let found = effort.chunks(bytes, at);
                found.map(|(start, chunks, inner, end)| {
                    at = start;
                    (Transform::Png(chunks), inner, end)
                })
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_' => {
                let is_row =
                    |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_');
                let row = bytes[at..].iter().take_while(is_row).count();
                let found = match (at == line).then(|| Dump::at(bytes, at)).flatten() {
                    Some((dump, inner, end)) => Some((Transform::Dump(dump), inner, end)),
                    None if row >= LEAST_ROW => digits(bytes, at, &mut vains),
                    None => None,
                };
                if found.is_none() {
                    at += row;
                    continue;
                }
                found
            }
            b'%' => Url::at(bytes, at).map(|(url, inner, end)| (Transform::Url(url), inner, end)),
            b'=' if line >= end => {
                let found = vains.quoted.attempt(line, || Quoted::at(bytes, line));
                found.map(|(quoted, inner, stretch_end)| {
                    at = line;
                    (Transform::Quoted(quoted), inner, stretch_end)
                })
            }
            _ => None,
        };
        match found {
            Some((transform, inner, stretch_end)) => {
                // Stretches that were found in what is quoted lie within it.
                while list.last().is_some_and(|last| last.end > at) {
                    list.pop();
                }
                list.push(Stretch { start: at, end: stretch_end, transform, inner });
                (at, end) = (stretch_end, stretch_end);
                if bytes[at - 1] == b'\n' {
                    line = at;
                }
            }
            None => {
                at += 1;
                if byte == b'\n' {
                    line = at;
                }
            }
        }
    }
    list
}

/// Hexadecimal digits or base64.
fn digits(bytes: &[u8], at: usize, vains: &mut Vains) -> Option<(Transform, Vec<u8>, usize)> {
    let hex = vains.hex.attempt(at, || Hex::at(bytes, at));
    let hex = hex.map(|(hex, inner, end)| (Transform::Hex(hex), inner, end));
    hex.or_else(|| {
        let (base64, inner, end) = vains.base64.attempt(at, || Base64::at(bytes, at))?;
        Some((Transform::Base64(base64), inner, end))
    })
}
