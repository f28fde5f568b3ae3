//! Coded bytes to bytes: the lanes are cut into a shard for each thread, and the shards take turns.
//!
//! A shard's lanes are mixed and coded when its turn has come; then the model runs them while the others have their
//! turns. So all threads have something to do, and each reads the weights once for all lanes that it has.

mod class;

use self::class::Class;
use super::lessons::Board;
use super::predictor::{Predictor, PredictorLanes};
use super::walk::{Live, code_byte, code_token};
use super::{Plan, cuts};
use crate::container::{Decoded, Watch};
use crate::entropy::Decoder;
use crate::error::{Error, Result};
use crate::mixer::Mixer;
use crate::model::Frequencies;
use crate::parallel;
use crate::tokenizer::Vocabulary;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

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
    /// What the model is to see: lanes and tokens. Here so that a step allocates nothing.
    fed: Vec<(usize, u32)>,
    /// If the output layer learns.
    class: Option<Class>,
}

impl<L: PredictorLanes> Shard<L> {
    /// Empty lanes, the first of which has this number among all; none will have seen more than `positions` tokens.
    pub(super) fn new<P: Predictor<Lanes = L>>(
        predictor: &P,
        first: usize,
        n_lanes: usize,
        positions: usize,
        threads: usize,
    ) -> Result<Self> {
        let n_tokens = predictor.vocabulary().len();
        let slot = |_| Slot { frequencies: Frequencies::new(n_tokens), coded: None };
        Ok(Shard {
            lanes: predictor.lanes(n_lanes, 1, positions, threads)?,
            first,
            slots: (0..n_lanes).map(slot).collect(),
            fed: Vec::with_capacity(n_lanes),
            class: None,
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
        self.fed.clear();
        for (lane, slot) in self.slots.iter_mut().enumerate() {
            self.fed.extend(slot.coded.take().map(|token| (lane, token)));
        }
        let slots = &mut self.slots;
        self.lanes.step(&self.fed, &mut |lane, frequencies| {
            std::mem::swap(frequencies, &mut slots[lane].frequencies);
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
    /// The part of each lane that has passed a checkpoint.
    pub(super) good: Vec<Range<usize>>,
    pub(super) watch: &'a dyn Watch,
}

impl<'a> Mixing<'a> {
    /// Nothing decoded yet of these lanes.
    pub(super) fn new(
        vocabulary: &'a Vocabulary,
        mixer: Mixer,
        coder: Decoder<'a>,
        lanes: &[Range<usize>],
        watch: &'a dyn Watch,
    ) -> Self {
        let len = lanes.last().map_or(0, |lane| lane.end);
        Mixing {
            vocabulary,
            mixer,
            coder,
            plain: vec![0; len],
            rest: lanes.to_vec(),
            good: lanes.iter().map(|lane| lane.start..lane.start).collect(),
            watch,
        }
    }

    /// Comes by where a step begins, which is where a checkpoint may stand.
    pub(super) fn checkpoint(&mut self) -> Result<()> {
        if self.coder.checkpoint()? {
            for (good, rest) in self.good.iter_mut().zip(&self.rest) {
                good.end = rest.start;
            }
            self.watch.known(&self.plain, &self.good)?;
        }
        Ok(())
    }

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

    /// Decodes one token of each lane of a shard.
    fn step<L>(&mut self, shard: &mut Shard<L>) -> Result<()> {
        let mut bytes = 0;
        for (i, slot) in shard.slots.iter_mut().enumerate() {
            let before = self.rest[shard.first + i].len();
            slot.coded = self.token(shard.first + i, &slot.frequencies)?;
            bytes += before - self.rest[shard.first + i].len();
        }
        self.coder.check()?;
        self.watch.done(bytes as u64);
        Ok(())
    }

    /// What is decoded, and how it ended.
    fn into_decoded(self, result: Result<()>) -> Decoded {
        let end = result.and_then(|()| self.coder.finish());
        Decoded { plain: self.plain, good: self.good, end }
    }

    /// Whether all lanes have reached their ends.
    fn over(&self) -> bool {
        self.rest.iter().all(Range::is_empty)
    }
}

/// Decodes `len` bytes that `encode` coded with an equal predictor and plan.
///
/// # Errors
/// `Damaged` if the coded bytes cannot be what `encode` made, at the end of what could be decoded, or of nothing.
pub fn decode<P: Predictor>(
    mut coder: Decoder<'_>,
    len: usize,
    predictor: &P,
    plan: &Plan,
    watch: &dyn Watch,
) -> Result<Decoded> {
    let lanes = cuts::code(&[], len, plan.lanes, &mut coder)?;
    let ranges = lanes.ranges();
    let mixer = Mixer::new(plan.mixer, true, ranges, &plan.start_values);
    let mut mixing = Mixing::new(predictor.vocabulary(), mixer, coder, ranges, watch);
    let mut shards = shards(predictor, plan, ranges)?;
    let threads = parallel::threads();
    let primed = parallel::awake(threads, || prime(predictor, plan, &mut shards, &mut mixing));
    if primed.is_err() {
        return Ok(mixing.into_decoded(primed));
    }
    let threads = if shards.len() == 1 { threads } else { 1 };
    let waiting = shards.iter().map(|_| None).collect();
    let board = Board::default();
    let relay = Mutex::new(Relay { mixing, board, waiting, turn: 0, step: 0, result: Ok(()) });
    // Nobody waits for another: a shard whose turn has not come is left for whoever has the turn before it.
    let work = |(number, mut shard): (usize, Shard<P::Lanes>), go_on: &mut Vec<_>| {
        let Shard { lanes, slots, class, .. } = &mut shard;
        if let Some(class) = class {
            class.learn(slots, lanes);
        }
        if shard.slots.iter().any(|slot| slot.coded.is_some()) {
            shard.advance();
        }
        relay.lock().unwrap_or_else(PoisonError::into_inner).arrive(number, shard, go_on);
    };
    let shards = shards.into_iter().enumerate().collect();
    parallel::awake(threads, || parallel::work_off(shards, work));
    let relay = relay.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(relay.mixing.into_decoded(relay.result))
}

/// Who is to be mixed next, and who waits for it.
struct Relay<'a, L> {
    mixing: Mixing<'a>,
    board: Board,
    /// By shard: those whose lanes the model has run.
    waiting: Vec<Option<Shard<L>>>,
    turn: usize,
    /// The step that the shards have in this turn.
    step: usize,
    result: Result<()>,
}

impl<L: PredictorLanes> Relay<'_, L> {
    /// Mixes and codes this shard and those behind it that wait, if their turn has come; adds the ones that the model
    /// is to run now to `go_on`, which is empty.
    fn arrive(&mut self, number: usize, mut shard: Shard<L>, go_on: &mut Vec<(usize, Shard<L>)>) {
        if let Some(class) = &mut shard.class {
            class.teach(&mut self.board);
        }
        self.waiting[number] = Some(shard);
        while self.result.is_ok()
            && !self.mixing.over()
            && let Some(mut shard) = self.waiting[self.turn].take()
        {
            self.result = match self.turn {
                0 => self.mixing.checkpoint().and_then(|()| self.mixing.step(&mut shard)),
                _ => self.mixing.step(&mut shard),
            };
            if let Some(class) = &mut shard.class {
                class.attend(self.step, &mut self.board);
            }
            go_on.push((self.turn, shard));
            self.turn = (self.turn + 1) % self.waiting.len();
            self.step += usize::from(self.turn == 0);
        }
        // When all is said, nobody needs to know what would come next.
        if self.result.is_err() || self.mixing.over() {
            go_on.clear();
        }
    }
}

/// Cuts the lanes into shards.
fn shards<P: Predictor>(
    predictor: &P,
    plan: &Plan,
    ranges: &[Range<usize>],
) -> Result<Vec<Shard<P::Lanes>>> {
    let lanes = plan.lanes;
    // The start, what lane 0 has coded alone, and a token for each byte.
    let alone = if lanes == 1 { 0 } else { plan.prime_tokens.min(ranges[0].len()) };
    let positions = 1 + alone + ranges.iter().map(Range::len).max().unwrap_or(0);
    let threads = parallel::threads();
    let (n_shards, threads_each) = match predictor.reads_much() || lanes == 1 {
        true => (1, threads),
        false => (threads.min(lanes), 1),
    };
    let learner = plan.learns.then(|| predictor.learner());
    let shard = |number: usize| {
        let (first, end) = (number * lanes / n_shards, (number + 1) * lanes / n_shards);
        let mut shard = Shard::new(predictor, first, end - first, positions, threads_each)?;
        if let Some(learner) = &learner {
            shard.lanes.learn(learner.clone());
            shard.class = Some(Class::new(number, n_shards));
        }
        Ok(shard)
    };
    (0..n_shards).map(shard).collect()
}

/// Decodes the beginning of lane 0 on all threads, and gives its state to the others.
fn prime<P: Predictor>(
    predictor: &P,
    plan: &Plan,
    shards: &mut [Shard<P::Lanes>],
    mixing: &mut Mixing<'_>,
) -> Result<()> {
    let shared = shards.len() > 1;
    let leader = &mut shards[0];
    if shared {
        leader.lanes.spread(parallel::threads());
    }
    leader.slots[0].coded = Some(predictor.start_token());
    leader.advance();
    let alone = if plan.lanes == 1 { 0 } else { plan.prime_tokens };
    for _ in 0..alone {
        if Range::is_empty(&mixing.rest[0]) {
            break;
        }
        mixing.checkpoint()?;
        leader.slots[0].coded = mixing.token(0, &leader.slots[0].frequencies)?;
        leader.advance();
    }
    if shared {
        leader.lanes.spread(1);
    }
    let lead = leader.lead();
    for shard in shards {
        shard.follow(&lead);
    }
    Ok(())
}

/// Decodes `len` bytes that the mixer alone coded.
///
/// # Errors
/// `Damaged` at the end of what could be decoded, if the coded bytes cannot be what was made.
pub fn decode_without_model(
    mut coder: Decoder<'_>,
    len: usize,
    plan: &Plan,
    watch: &dyn Watch,
) -> Decoded {
    let lane = 0..len;
    let mut mixer = Mixer::new(plan.mixer, false, std::slice::from_ref(&lane), &plan.start_values);
    let mut plain = vec![0; len];
    let mut good = 0;
    let mut all = || {
        for at in 0..len {
            if coder.checkpoint()? {
                good = at;
                watch.known(&plain, std::slice::from_ref(&(0..at)))?;
            }
            plain[at] = code_byte(0, 0, &mut mixer, &mut coder);
            let reported = at / super::REPORT_BYTES * super::REPORT_BYTES;
            if (at + 1).is_multiple_of(super::REPORT_BYTES) || at + 1 == len {
                coder.check()?;
                watch.done((at + 1 - reported) as u64);
            }
        }
        coder.finish()
    };
    let end = all();
    Decoded { plain, good: std::iter::once(0..good).collect(), end }
}
