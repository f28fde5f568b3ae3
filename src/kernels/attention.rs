//! Attention between the integer products: scores to weights, weighted sums to numbers.
//!
//! Scores become weights in two ways: in whole steps of a 64th of an octave to 8 bits (`steps`), and in floating point
//! to 15 (`fine`), which takes twice as long.

use std::ops::Range;

use super::doors::{weigh_finely, weigh_in_steps};
use super::isa::Isa;
use super::operands::{
    FineQuery, Keys, LANES, SlotView, Soon, StepQueries, ValueScales, seen_blocks,
};

/// Slots of one call. Each adds at most 2^18 to one of 16 sums, which so stay below 2^32.
const MAX_SLOTS: usize = (1 << 18) - LANES;

/// Turns the raw scores of queries at one position, one after the other, into weights for the values, and gives for each
/// the factor that scales the weighted sums.
///
/// `raw` holds the sums over `(q + 128) * k` of slots 0 and on, a multiple of 16 of them for each query, and is overwritten;
/// only the slots in `visible` count, all others weigh 0. `q_scales` are the queries' scales times log2(e) over the root of
/// the head's length. The weights include the values' scales. Those of 8 bits go to `weights`; of those of 15 bits, the
/// upper 7 go there and the lower 8 to `low`. A factor is 0, with all weights 0, where no slot is visible.
/// `EXACTNESS.md` has the steps.
///
/// Panics when the slices do not fit together, there is no multiple of 16 slots, `visible` goes beyond them, or `low` is
/// there without [`ValueScales::Floats`], or these without it.
pub fn attention_weights(
    isa: Isa,
    raw: &mut [i32],
    slots: &SlotView,
    visible: [Range<usize>; 2],
    q_scales: &[f32],
    (weights, low): (&mut [u8], Option<&mut [u8]>),
    factors: &mut [f32],
) {
    let (all, queries) = (raw.len(), q_scales.len());
    assert!(queries > 0 && all.is_multiple_of(queries), "{all} scores of {queries} queries");
    let n = all / queries;
    assert!(n.is_multiple_of(LANES) && n <= MAX_SLOTS, "{n} slots");
    assert!(visible.iter().all(|run| run.end <= n), "visible {visible:?} of {n} slots");
    assert!(factors.len() == queries, "{} factors of {queries} queries", factors.len());
    let keys = Keys {
        raw: raw.as_chunks_mut().0,
        blocks: n / LANES,
        corrections: slots.k_corrections[..n].as_chunks().0,
        scales: slots.k_scales[..n].as_chunks().0,
        seen: seen_blocks(&visible),
        visible,
        q_scales,
        soon: slots.soon,
    };
    let weights = weights[..all].as_chunks_mut().0;
    match (slots.v_scales, low) {
        (ValueScales::Logs(logs), None) => {
            let logs = logs[..n].as_chunks().0;
            weigh_in_steps(isa, &mut StepQueries { keys, logs, weights, factors });
        }
        (ValueScales::Floats(scales), Some(low)) => {
            let (scales, low) = (scales[..n].as_chunks().0, low[..all].as_chunks_mut().0);
            weigh_each_finely(isa, keys, scales, (weights, low), factors);
        }
        _ => panic!("8 bits need logarithms of the scales, 15 the scales"),
    }
}

/// Weighs the slots of queries, one after the other, with weights of 15 bits.
fn weigh_each_finely(
    isa: Isa,
    mut keys: Keys,
    scales: &[[f32; LANES]],
    (high, low): (&mut [[u8; LANES]], &mut [[u8; LANES]]),
    factors: &mut [f32],
) {
    let blocks = keys.blocks.max(1);
    let raw = keys.raw.chunks_exact_mut(blocks);
    let weights = high.chunks_exact_mut(blocks).zip(low.chunks_exact_mut(blocks));
    for (q, ((raw, (high, low)), factor)) in raw.zip(weights).zip(factors).enumerate() {
        let mut query = FineQuery {
            raw,
            corrections: keys.corrections,
            k_scales: keys.scales,
            visible: &keys.visible,
            q_scale: keys.q_scales[q],
            soon: std::mem::replace(&mut keys.soon, Soon::NOTHING),
            scales,
            high,
            low,
        };
        *factor = weigh_finely(isa, &mut query);
    }
}
