//! Changes of one field of a file, after which its checks are made right again.
//!
//! A flipped bit stops at the first checksum. What lies behind the checksums is what someone with a
//! grudge reaches, so here a file is taken apart, a field changed to a value that nobody would
//! write, and all put together under checks that match.

pub mod frame;
pub mod gguf;
pub mod json;
pub mod llmw;
pub mod long;
pub mod onnx;
pub mod short;

use super::{Random, doors};
pub use gguf::gguf;
pub use json::{json_text, safetensors};
pub use llmw::llmw;
pub use onnx::onnx;

/// Another number than `now`: one of its neighbours, one with a bit changed, or one at an edge.
pub fn number(random: &mut Random, now: u64) -> u64 {
    match random.below(6) {
        0 => now.wrapping_add(1),
        1 => now.wrapping_sub(1),
        2 => now ^ 1 << random.below(64),
        3 => now.wrapping_mul(2),
        4 => random.below(300) as u64,
        _ => {
            let edge = 1u64 << [7, 8, 10, 14, 16, 24, 30, 31, 32, 47, 48, 62, 63][random.below(13)];
            edge.wrapping_add(random.below(3) as u64).wrapping_sub(1)
        }
    }
}

/// Changes a number in place.
pub fn field(random: &mut Random, value: &mut u64) {
    *value = number(random, *value);
}

/// Changes one of several numbers in place.
pub fn any_field(random: &mut Random, values: &mut [u64]) {
    let at = random.below(values.len());
    field(random, &mut values[at]);
}

/// Changes some bytes in place: flips, a cut, something put in.
pub fn bytes(random: &mut Random, bytes: &mut Vec<u8>) {
    let at = random.below(bytes.len() + 1);
    match random.below(5) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, random.next() as u8),
        2 => {
            let len = random.below(20);
            bytes.extend(random.bytes(len));
        }
        _ if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        _ => bytes.clear(),
    }
}

/// Takes an element out, doubles one, or swaps two.
pub fn order<T: Clone>(random: &mut Random, list: &mut Vec<T>) {
    if list.is_empty() {
        return;
    }
    let (at, other) = (random.below(list.len()), random.below(list.len()));
    match random.below(3) {
        0 => drop(list.remove(at)),
        1 => list.insert(other, list[at].clone()),
        _ => list.swap(at, other),
    }
}

/// A change as a fuzzer wants it; `None` for bytes that cannot be taken apart.
pub type Change = fn(&mut Random, &[u8]) -> Option<Vec<u8>>;

/// Any frame, under the codecs that the doors have.
pub fn any_frame(random: &mut Random, file: &[u8]) -> Option<Vec<u8>> {
    let doors::Codecs { mixer, model } = doors::codecs();
    frame::frame(random, file, &frame::Codecs { mixer, model })
}

/// Does `change` half of the time, and what the fuzzer itself would do otherwise, or where the
/// bytes cannot be taken apart. Both answer the new size.
pub fn for_fuzzer(
    change: Change,
    otherwise: fn(&mut [u8], usize, usize) -> usize,
    data: &mut [u8],
    size: usize,
    max_size: usize,
    seed: u32,
) -> usize {
    let mut random = Random(u64::from(seed) << 1 | 1);
    let changed = (random.below(2) == 0).then(|| change(&mut random, &data[..size])).flatten();
    match changed.filter(|changed| changed.len() <= max_size) {
        Some(changed) => {
            data[..changed.len()].copy_from_slice(&changed);
            changed.len()
        }
        None => otherwise(data, size, max_size),
    }
}
