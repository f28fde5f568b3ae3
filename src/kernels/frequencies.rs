//! From logits to integer frequencies, and their running sums.

use super::LANES;
use super::portable::{LOG2_E, exp2, larger, max_lanes, sanitise};

/// The frequency of the likeliest token, less one: 2^28.
const MOST: f32 = 268_435_456.0;

for_every_isa! {
    /// Turns logits into frequencies from 1 to 2^28 + 1, and sums them before each block of 16.
    ///
    /// `freq = 1 + trunc(exp2((logit - max) * log2(e)) * 2^28)`. `block_prefix[b]` is the sum of
    /// all frequencies before `16 * b`; its last element is the sum of all.
    ///
    /// Panics unless `freqs` is as long as `logits`, and `block_prefix` has one element for each
    /// begun block of 16 and one more.
    pub fn frequencies(
        logits: &[f32],
        freqs: &mut [u32],
        block_prefix: &mut [u64],
    ) = frequencies_body;
}

#[inline(always)]
fn frequencies_body(logits: &[f32], freqs: &mut [u32], block_prefix: &mut [u64]) {
    let n = logits.len();
    assert!(freqs.len() == n && block_prefix.len() == n.div_ceil(LANES) + 1, "{n} logits");

    let (blocks, tail) = logits.as_chunks::<LANES>();
    let mut lanes = [sanitise(f32::NEG_INFINITY); LANES];
    for block in blocks {
        let mut sane = [0.0; LANES];
        for l in 0..LANES {
            sane[l] = sanitise(block[l]);
        }
        for l in 0..LANES {
            lanes[l] = larger(sane[l], lanes[l]);
        }
    }
    let max = tail.iter().fold(max_lanes(lanes), |max, &logit| larger(sanitise(logit), max));

    for (freq, &logit) in freqs.iter_mut().zip(logits) {
        *freq = frequency(logit, max);
    }

    // In a loop of its own: summed where they are computed, the frequencies would come back from
    // the store buffer, or need as many vector instructions as half an exponential.
    let (blocks, tail) = freqs.as_chunks::<LANES>();
    let mut sum = 0u64;
    for (prefix, block) in block_prefix.iter_mut().zip(blocks) {
        *prefix = sum;
        sum += sum_block(block);
    }
    block_prefix[blocks.len()] = sum;
    if let Some(total) = block_prefix.last_mut() {
        *total = sum + tail.iter().map(|&freq| u64::from(freq)).sum::<u64>();
    }
}

/// One frequency, given the largest logit.
#[inline(always)]
fn frequency(logit: f32, max: f32) -> u32 {
    let scaled = exp2((sanitise(logit) - max) * LOG2_E) * MOST;
    // SAFETY: the exponent is at most 0, so the value is within 0..=2^28, and not NaN.
    1 + unsafe { scaled.to_int_unchecked::<i32>() } as u32
}

/// The sum of 16 frequencies.
#[inline(always)]
fn sum_block(block: &[u32; LANES]) -> u64 {
    // Eight of them are at most 8 * (2^28 + 1) < 2^32; all sixteen may not fit.
    let mut halves = [0u32; 2];
    for l in 0..LANES {
        halves[l % 2] += block[l];
    }
    u64::from(halves[0]) + u64::from(halves[1])
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
