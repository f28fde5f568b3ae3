//! Coded bytes to bytes: while one half of the lanes is mixed and coded, the model runs the other.

use super::predictor::{Predictor, PredictorLanes};
use super::walk::{Live, code_byte, code_token};
use super::{Lanes, Plan};
use crate::entropy::Decoder;
use crate::error::{Error, Result};
use crate::mixer::Mixer;
use crate::model::{Feed, Frequencies};
use crate::parallel;
use crate::tokenizer::Vocabulary;
use std::ops::Range;

/// Lanes below which a shard is not cut further: each shard reads all weights once a step.
const MIN_SHARD_LANES: usize = 4;

/// One lane of a shard.
pub(super) struct Slot {
    /// The model's opinion on the next token.
    pub(super) frequencies: Frequencies,
    /// The token that was coded and that the model has not seen.
    pub(super) coded: Option<u32>,
}

/// Some lanes that one thread runs.
pub(super) struct Shard<L> {
    pub(super) lanes: L,
    /// Global number of the first lane.
    pub(super) first: usize,
    pub(super) slots: Vec<Slot>,
}

impl<L: PredictorLanes> Shard<L> {
    /// Empty lanes, the first of which has this number among all.
    pub(super) fn new<P: Predictor<Lanes = L>>(
        predictor: &P,
        first: usize,
        n_lanes: usize,
        threads: usize,
    ) -> Result<Self> {
        let n_tokens = predictor.vocabulary().len();
        let slot = |_| Slot { frequencies: Frequencies::new(n_tokens), coded: None };
        Ok(Shard {
            lanes: predictor.lanes(n_lanes, 1, threads)?,
            first,
            slots: (0..n_lanes).map(slot).collect(),
        })
    }

    /// What the first lane of this shard has seen, and what it expects.
    pub(super) fn lead(&self) -> (L::Snapshot, Frequencies) {
        (self.lanes.snapshot(0), self.slots[0].frequencies.clone())
    }

    /// Makes all lanes but the one numbered 0 go on from there.
    pub(super) fn follow(&mut self, (snapshot, frequencies): &(L::Snapshot, Frequencies)) {
        for i in usize::from(self.first == 0)..self.slots.len() {
            self.lanes.restore(i, snapshot);
            self.slots[i].frequencies.clone_from(frequencies);
        }
    }

    /// Shows the model what was coded.
    pub(super) fn advance(&mut self) {
        let mut tokens = Vec::with_capacity(self.slots.len());
        for (lane, slot) in self.slots.iter_mut().enumerate() {
            tokens.extend(slot.coded.take().map(|token| (lane, [token])));
        }
        let feeds: Vec<_> =
            tokens.iter().map(|(lane, tokens)| Feed { lane: *lane, tokens }).collect();
        let slots = &mut self.slots;
        self.lanes.advance(&feeds, &mut |feed, _, frequencies| {
            std::mem::swap(frequencies, &mut slots[feeds[feed].lane].frequencies);
        });
    }
}

/// What codes, in the order that both sides share.
pub(super) struct Mixing<'a> {
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) mixer: Mixer,
    pub(super) coder: Decoder<'a>,
    pub(super) plain: Vec<u8>,
    /// The part of each lane that is still to come.
    pub(super) rest: Vec<Range<usize>>,
    pub(super) done: &'a (dyn Fn(u64) + Sync),
}

impl Mixing<'_> {
    /// Decodes the next token of a lane, if it is not finished.
    pub(super) fn token(&mut self, lane: usize, frequencies: &Frequencies) -> Result<Option<u32>> {
        let rest = &mut self.rest[lane];
        if Range::is_empty(rest) {
            return Ok(None);
        }
        let mut opinion = Live::new(frequencies, self.vocabulary.len());
        let token =
            code_token(self.vocabulary, lane, 0, &mut opinion, &mut self.mixer, &mut self.coder);
        let bytes = self.vocabulary.bytes(token);
        if bytes.len() > rest.len() {
            return Err(Error::damaged("a token runs over the end of its lane"));
        }
        self.plain[rest.start..rest.start + bytes.len()].copy_from_slice(bytes);
        rest.start += bytes.len();
        Ok(Some(token))
    }

    /// Decodes one token of each lane of some shards; false if all their lanes were finished.
    fn step<L>(&mut self, shards: &mut [Shard<L>]) -> Result<bool> {
        let before: usize = self.rest.iter().map(Range::len).sum();
        for shard in shards {
            for (i, slot) in shard.slots.iter_mut().enumerate() {
                slot.coded = self.token(shard.first + i, &slot.frequencies)?;
            }
        }
        self.coder.check()?;
        let after: usize = self.rest.iter().map(Range::len).sum();
        (self.done)((before - after) as u64);
        Ok(after < before)
    }
}

/// Decodes `len` bytes that `encode` coded with an equal predictor and plan.
///
/// # Errors
/// `Damaged` if the coded bytes cannot be what `encode` made.
pub fn decode<P: Predictor>(
    coder: Decoder<'_>,
    len: usize,
    predictor: &P,
    plan: &Plan,
    done: &(dyn Fn(u64) + Sync),
) -> Result<Vec<u8>> {
    let ranges = Lanes::new(len, plan.lanes);
    let ranges = ranges.ranges();
    let mut mixing = Mixing {
        vocabulary: predictor.vocabulary(),
        mixer: Mixer::new(plan.mixer, true, ranges, &plan.start_values),
        coder,
        plain: vec![0; len],
        rest: ranges.to_vec(),
        done,
    };
    let middle = plan.lanes.div_ceil(2);
    let mut halves = [shards(predictor, 0..middle)?, shards(predictor, middle..plan.lanes)?];
    prime(predictor, plan, &mut halves, &mut mixing)?;
    let [first, second] = &mut halves;
    mixing.step(first)?;
    // One half may be finished before the other begins: lane 0 can end while it is alone.
    let mut busy = true;
    while busy {
        busy = overlap(first, second, &mut mixing)? | overlap(second, first, &mut mixing)?;
    }
    mixing.coder.finish()?;
    Ok(mixing.plain)
}

/// The model runs some lanes while others are decoded.
fn overlap<L: PredictorLanes>(
    run: &mut [Shard<L>],
    code: &mut [Shard<L>],
    mixing: &mut Mixing<'_>,
) -> Result<bool> {
    let model = || parallel::for_each_mut(run, Shard::advance);
    parallel::join(|| mixing.step(code), model).0
}

/// Cuts some lanes into shards.
fn shards<P: Predictor>(predictor: &P, lanes: Range<usize>) -> Result<Vec<Shard<P::Lanes>>> {
    let threads = parallel::threads();
    let n_shards = match predictor.reads_much() {
        true => 1,
        false => threads.min(lanes.len() / MIN_SHARD_LANES).max(1),
    };
    let threads_each = (threads / n_shards).max(1);
    // Of two threads one mixes first, and so has time for fewer lanes of the other half.
    let per_shard = match n_shards {
        2 => (9 * lanes.len()).div_ceil(16),
        _ => lanes.len().div_ceil(n_shards).max(1),
    };
    let mut shards = Vec::new();
    for first in lanes.clone().step_by(per_shard) {
        let n = per_shard.min(lanes.end - first);
        shards.push(Shard::new(predictor, first, n, threads_each)?);
    }
    Ok(shards)
}

/// Decodes the beginning of lane 0, and gives its state to the others.
fn prime<P: Predictor>(
    predictor: &P,
    plan: &Plan,
    halves: &mut [Vec<Shard<P::Lanes>>; 2],
    mixing: &mut Mixing<'_>,
) -> Result<()> {
    let leader = &mut halves[0][0];
    leader.slots[0].coded = Some(predictor.start_token());
    leader.advance();
    let alone = if plan.lanes == 1 { 0 } else { plan.prime_tokens };
    for _ in 0..alone {
        leader.slots[0].coded = mixing.token(0, &leader.slots[0].frequencies)?;
        if leader.slots[0].coded.is_none() {
            break;
        }
        leader.advance();
    }
    let lead = leader.lead();
    for shard in halves.iter_mut().flatten() {
        shard.follow(&lead);
    }
    Ok(())
}

/// Decodes `len` bytes that the mixer alone coded.
///
/// # Errors
/// `Damaged` if the coded bytes end too early.
pub fn decode_without_model(
    mut coder: Decoder<'_>,
    len: usize,
    plan: &Plan,
    done: &(dyn Fn(u64) + Sync),
) -> Result<Vec<u8>> {
    let lane = 0..len;
    let mut mixer = Mixer::new(plan.mixer, false, std::slice::from_ref(&lane), &plan.start_values);
    let mut plain = vec![0; len];
    for part in plain.chunks_mut(super::REPORT_BYTES) {
        for byte in part.iter_mut() {
            *byte = code_byte(0, 0, &mut mixer, &mut coder);
        }
        coder.check()?;
        done(part.len() as u64);
    }
    coder.finish()?;
    Ok(plain)
}
