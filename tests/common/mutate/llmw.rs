//! A `.llmw` up to the end of its tensors, section by section; what seals it comes after.

use super::super::Random;
use super::{any_field, bytes, field, json_text};

const HEADER_BYTES: usize = 32;
const ALIGN: usize = 64;

/// The content of a `.llmw` with one to three fields changed; `None` if it has not got its sections.
pub fn llmw(random: &mut Random, content: &[u8]) -> Option<Vec<u8>> {
    let word = |at: usize| {
        let bytes = content.get(at..at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
    };
    let mut exact_version = word(8)? as u64;
    let mut at = HEADER_BYTES;
    let mut take = |len: usize| {
        let part = content.get(at..at.checked_add(len)?)?.to_vec();
        at += len;
        Some(part)
    };
    let [mut config, mut tokenizer, mut start_values] =
        [take(word(12)?)?, take(word(16)?)?, take(word(20)?)?];
    let mut tensors = content.get(at.next_multiple_of(ALIGN)..)?.to_vec();
    let mut lies = [0u64; 4];
    for _ in 0..1 + random.below(3) {
        match random.below(12) {
            0 => field(random, &mut exact_version),
            1 => any_field(random, &mut lies),
            2 => bytes(random, &mut config),
            3 => bytes(random, &mut start_values),
            4 => bytes(random, &mut tensors),
            5 | 6 => bytes(random, &mut tokenizer),
            _ => config = json_text(random, &config).unwrap_or(config),
        }
    }
    let mut out = content[..8].to_vec();
    out.extend((exact_version as u32).to_le_bytes());
    for (section, lie) in [&config, &tokenizer, &start_values].into_iter().zip(lies) {
        out.extend((section.len() as u32).wrapping_add(lie as u32).to_le_bytes());
    }
    out.extend((tensors.len() as u64).wrapping_add(lies[3]).to_le_bytes());
    for section in [config, tokenizer, start_values] {
        out.extend(section);
    }
    out.resize(out.len().next_multiple_of(ALIGN), 0);
    out.extend(tensors);
    Some(out)
}
