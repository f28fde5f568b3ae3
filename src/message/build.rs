//! A reference chosen out of samples: greedily, by what each sample would teach about the rest.

use crate::error::{Error, Result};
use std::collections::HashMap;

/// Bytes of a piece by which samples are compared.
const PIECE: usize = 6;
/// Longer samples are cut into lines, these into parts of so many bytes.
const MOST_PART: usize = 512;
/// A piece that stands in so many chosen samples has nothing more to teach.
const ENOUGH: u8 = 3;
/// Bytes of samples that are looked at: chosen evenly, if there are more.
const MOST_SAMPLES: usize = 64 << 20;

/// A reference of at most `most_bytes` out of samples, which are cut into lines. The last lines are the ones that most
/// others are like: what stands nearest to a message helps it most.
///
/// # Errors
/// `Invalid` if there is nothing to choose from.
pub fn build_reference<T: AsRef<[u8]>>(samples: &[T], most_bytes: usize) -> Result<Vec<u8>> {
    let lines: Vec<&[u8]> = samples.iter().flat_map(|sample| lines_of(sample.as_ref())).collect();
    let bytes: usize = lines.iter().map(|line| line.len()).sum();
    let step = bytes.div_ceil(MOST_SAMPLES).max(1);
    let lines: Vec<&[u8]> = lines.into_iter().step_by(step).collect();
    // How often each piece stands in a line, over all lines: what knowing it is worth.
    let mut worth: HashMap<&[u8], u32> = HashMap::new();
    for line in &lines {
        for piece in pieces(line) {
            *worth.entry(piece).or_default() += 1;
        }
    }
    let mut known: HashMap<&[u8], u8> = HashMap::new();
    let gain = |line: &[u8], known: &HashMap<&[u8], u8>| -> u64 {
        let gain = pieces(line).map(|piece| {
            let others = u64::from(worth[piece].saturating_sub(1));
            // The second time a piece is seen teaches half as much, and so on.
            match known.get(piece) {
                Some(&times) if times >= ENOUGH => 0,
                Some(&times) => (16 * others) >> (2 * times),
                None => 16 * others,
            }
        });
        // By the byte: a long line takes the place of several.
        gain.sum::<u64>() * 64 / (line.len() as u64 + 1)
    };
    // What a line gains only becomes less, so the best is known once it is still the best after it was reckoned again. Of
    // equal ones the first comes first.
    let mut heap: std::collections::BinaryHeap<(u64, std::cmp::Reverse<usize>)> = lines
        .iter()
        .enumerate()
        .map(|(i, line)| (gain(line, &known), std::cmp::Reverse(i)))
        .collect();
    let (mut chosen, mut left) = (Vec::new(), most_bytes);
    while let Some((before, std::cmp::Reverse(i))) = heap.pop() {
        let line = lines[i];
        if line.len() + 1 > left {
            continue;
        }
        let now = gain(line, &known);
        if now < before && heap.peek().is_some_and(|&(next, _)| next > now) {
            heap.push((now, std::cmp::Reverse(i)));
            continue;
        }
        if now == 0 && !chosen.is_empty() {
            continue;
        }
        for piece in pieces(line) {
            let times = known.entry(piece).or_default();
            *times = times.saturating_add(1);
        }
        left -= line.len() + 1;
        chosen.push(line);
    }
    if chosen.is_empty() {
        return Err(Error::invalid(
            "no sample is short enough for the reference, or there is none",
        ));
    }
    chosen.reverse();
    Ok(chosen.into_iter().flat_map(|line| line.iter().copied().chain([b'\n'])).collect())
}

fn lines_of(sample: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = sample.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.flat_map(|line| line.chunks(MOST_PART))
}

fn pieces(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    // A line that is shorter is a piece itself.
    line.windows(PIECE.min(line.len()).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_common_is_chosen_and_nothing_twice() {
        let mut samples: Vec<String> =
            (0..200).map(|i| format!("battery {} percent at camp\n", i % 100)).collect();
        samples
            .extend((0..5).map(|i| format!("{:x}{:x}\n", i * 0x9e37_79b9u64, i * 0x85eb_ca6bu64)));
        let built = build_reference(&samples, 1000).unwrap();
        assert!(built.len() <= 1000);
        let text = String::from_utf8(built.clone()).unwrap();
        assert!(text.lines().last().unwrap().starts_with("battery"));
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort();
        let n = lines.len();
        lines.dedup();
        assert_eq!(lines.len(), n);
        assert_eq!(build_reference(&samples, 1000).unwrap(), built);
    }

    #[test]
    fn nothing_to_choose_from_is_refused() {
        assert!(build_reference::<&[u8]>(&[], 1000).is_err());
        assert!(build_reference(&["a line that is too long"], 10).is_err());
    }
}
