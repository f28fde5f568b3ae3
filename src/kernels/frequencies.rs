//! From logits to integer frequencies, and their running sums.

use super::LANES;
use super::portable::{LOG2_E, exp2, max_lanes, sanitise};

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
        for (lane, &logit) in lanes.iter_mut().zip(block) {
            let logit = sanitise(logit);
            *lane = if logit > *lane { logit } else { *lane };
        }
    }
    for (lane, &logit) in lanes.iter_mut().zip(tail) {
        let logit = sanitise(logit);
        *lane = if logit > *lane { logit } else { *lane };
    }
    let max = max_lanes(lanes);

    for (freq, &logit) in freqs.iter_mut().zip(logits) {
        let scaled = exp2((sanitise(logit) - max) * LOG2_E) * MOST;
        // SAFETY: the exponent is at most 0, so the value is within 0..=2^28, and not NaN.
        *freq = 1 + unsafe { scaled.to_int_unchecked::<i32>() } as u32;
    }

    let (blocks, tail) = freqs.as_chunks::<LANES>();
    let (prefix, last) = block_prefix.split_at_mut(blocks.len());
    let mut sum = 0u64;
    for (prefix, block) in prefix.iter_mut().zip(blocks) {
        *prefix = sum;
        sum += sum_block(block);
    }
    last[0] = sum;
    if let Some(total) = last.get_mut(1) {
        *total = sum + tail.iter().map(|&freq| u64::from(freq)).sum::<u64>();
    }
}

/// The sum of 16 frequencies.
#[inline(always)]
fn sum_block(block: &[u32; LANES]) -> u64 {
    // Eight of them are at most 8 * (2^28 + 1) < 2^32; all sixteen may not fit.
    let mut parts = [0u32; 8];
    for l in 0..8 {
        parts[l] = block[l] + block[l + 8];
    }
    let even = (parts[0] + parts[2]) + (parts[4] + parts[6]);
    let odd = (parts[1] + parts[3]) + (parts[5] + parts[7]);
    u64::from(even) + u64::from(odd)
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
