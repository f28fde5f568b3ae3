//! From logits to integer frequencies, and their running sums.

use super::octaves::{POWERS_DOWN, STEPS, TOP};
use super::portable::{LARGEST, larger, max_lanes, round_even};
use crate::kernels::operands::LANES;

/// Parts of a step, between two of which the powers lie on a straight line.
pub const PARTS: u32 = 64;

/// 4096 * log2(e), rounded: the parts of a 64th of an octave that a logit's unit is.
pub const PARTS_PER_UNIT: f32 = f32::from_bits(0x45b8_aa3b);

/// Logits that are this many parts below the largest, or more, get a frequency of 1: 32 octaves less one step.
pub const DEEPEST: f32 = 131_008.0;

/// A power in steps is multiplied by this at the step's begin; 1 / 92 less is the next step.
pub const WHOLE: u32 = 1 << 13;

/// The slope of the line: what a part takes off, times 64.
pub const SLOPE: u32 = 89;

/// The frequency of the largest logit.
pub const LARGEST_FREQUENCY: u32 = 1 + TOP as u32 * WHOLE;

const _: () = assert!(8 * (TOP as u64 * WHOLE as u64 + 1) < 1 << 32);

/// Panics unless the lengths of what is filled suit so many logits.
#[inline(always)]
pub fn check(n: usize, freqs: &[u32], block_prefix: &[u64]) {
    assert!(freqs.len() == n && block_prefix.len() == n.div_ceil(LANES) + 1, "{n} logits");
}

/// The first that is as frequent as the largest logit makes one; 0 where there is none.
pub fn largest_of(freqs: &[u32]) -> usize {
    freqs.iter().position(|&freq| freq >= LARGEST_FREQUENCY).unwrap_or(0)
}

#[inline(always)]
pub fn frequencies(logits: &[f32], freqs: &mut [u32], block_prefix: &mut [u64]) -> usize {
    check(logits.len(), freqs, block_prefix);
    let (blocks, tail) = logits.as_chunks::<LANES>();
    let mut lanes = [-LARGEST; LANES];
    for block in blocks {
        for l in 0..LANES {
            lanes[l] = larger(block[l], lanes[l]);
        }
    }
    let max = largest(max_lanes(lanes), tail);
    for (freq, &logit) in freqs.iter_mut().zip(logits) {
        *freq = frequency(logit, max);
    }
    let (blocks, tail) = freqs.as_chunks::<LANES>();
    let mut sum = 0u64;
    for (prefix, block) in block_prefix.iter_mut().zip(blocks) {
        *prefix = sum;
        sum += sum_block(block);
    }
    end_sums(sum, tail, block_prefix);
    largest_of(freqs)
}

/// The largest of all logits, given that of the others: within +-1e30, and NaN counts as -1e30.
#[inline(always)]
pub fn largest(others: f32, tail: &[f32]) -> f32 {
    let max = tail.iter().fold(others, |max, &logit| larger(logit, max));
    if max < LARGEST { max } else { LARGEST }
}

/// One frequency, given the largest logit.
#[inline(always)]
pub fn frequency(logit: f32, max: f32) -> u32 {
    let depth = (max - logit) * PARTS_PER_UNIT;
    let depth = if depth < DEEPEST { depth } else { DEEPEST };
    let depth = if depth > 0.0 { depth } else { 0.0 };
    let depth = round_even(depth) as u32;
    let (steps, part) = (depth / PARTS, depth % PARTS);
    let power = u32::from(POWERS_DOWN[(steps % STEPS as u32) as usize]);
    1 + ((power * (WHOLE - part * SLOPE / PARTS)) >> (steps / STEPS as u32))
}

/// The sum of 16 frequencies.
#[inline(always)]
fn sum_block(block: &[u32; LANES]) -> u64 {
    // Eight of them fit; all sixteen may not.
    let mut halves = [0u32; 2];
    for l in 0..LANES {
        halves[l % 2] += block[l];
    }
    u64::from(halves[0]) + u64::from(halves[1])
}

/// Writes the sum of all, and that of whole blocks before it if there is a block that is not.
#[inline(always)]
pub fn end_sums(whole: u64, tail: &[u32], block_prefix: &mut [u64]) {
    let total = whole + tail.iter().map(|&freq| u64::from(freq)).sum::<u64>();
    match block_prefix {
        [.., before, last] if !tail.is_empty() => (*before, *last) = (whole, total),
        [.., last] => *last = total,
        [] => {}
    }
}

/// The sum of the frequencies before `i`.
///
/// Panics when `i` is beyond the frequencies.
#[inline]
pub fn cumulative(freqs: &[u32], block_prefix: &[u64], i: usize) -> u64 {
    let block = i / LANES;
    let rest = &freqs[block * LANES..i];
    block_prefix[block] + rest.iter().map(|&freq| u64::from(freq)).sum::<u64>()
}
