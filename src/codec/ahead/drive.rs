//! Shards that run ahead, and the mixer that follows them round by round.
//!
//! A round is what every shard noted in one run. Nobody waits for a round to end: a shard goes on as long as the mixer
//! is less than [`ROUNDS_AHEAD`] rounds behind it.

use super::{Ahead, NotedTokens, Shard};
use crate::codec::predictor::Predictor;
use crate::parallel;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Rounds that a shard may be ahead of the mixer; their notes are in memory.
const ROUNDS_AHEAD: usize = 2;

/// What is to be done.
enum Work<L, M> {
    /// The model is to run a shard, whose number this is.
    Run(usize, Shard<L>),
    /// A round is to be mixed.
    Mix(M, Vec<NotedTokens>),
}

/// Who is where.
struct Desk<L, M> {
    /// By shard: the rounds that are noted and not yet mixed.
    noted: Vec<VecDeque<Vec<NotedTokens>>>,
    /// Shards that are far enough ahead, or have ended.
    parked: Vec<Option<Shard<L>>>,
    /// The mixer, while it has nothing to do and there is something to come.
    mixer: Option<M>,
}

impl<L, M> Desk<L, M> {
    /// Takes what a shard has noted; adds what can be done now.
    fn arrive(&mut self, number: usize, mut shard: Shard<L>, work: &mut Vec<Work<L, M>>) {
        self.noted[number].push_back(std::mem::take(&mut shard.noted));
        self.parked[number] = Some(shard);
        self.next(work);
    }

    /// Adds everything that can be done now: shards that are not too far ahead, and a round if the mixer is free.
    fn next(&mut self, work: &mut Vec<Work<L, M>>) {
        let complete = self.noted.iter().all(|rounds| !rounds.is_empty());
        let mut mix = None;
        if complete && let Some(mixer) = self.mixer.take() {
            let round: Vec<_> =
                self.noted.iter_mut().filter_map(VecDeque::pop_front).flatten().collect();
            if round.iter().all(|lane| lane.tokens == 0) {
                // All shards have ended.
                return;
            }
            mix = Some(Work::Mix(mixer, round));
        }
        for (number, (parked, rounds)) in self.parked.iter_mut().zip(&self.noted).enumerate() {
            if rounds.len() < ROUNDS_AHEAD
                && let Some(shard) = parked.take()
            {
                work.push(Work::Run(number, shard));
            }
        }
        work.extend(mix);
    }
}

impl<P: Predictor> Ahead<'_, P> {
    /// Runs all lanes to their ends and shows `mix` the rounds in their order: what was noted, lane by lane.
    pub fn drive(self, mix: impl FnMut(&[NotedTokens]) + Send) {
        let Ahead { predictor, tokens, shards, run } = self;
        let vocabulary = predictor.vocabulary();
        let mut desk = Desk {
            noted: shards.iter().map(|_| VecDeque::new()).collect(),
            parked: shards.iter().map(|_| None).collect(),
            mixer: Some(mix),
        };
        let mut first = Vec::new();
        for (number, shard) in shards.into_iter().enumerate() {
            desk.arrive(number, shard, &mut first);
        }
        let desk = Mutex::new(desk);
        let desk = || desk.lock().unwrap_or_else(PoisonError::into_inner);
        parallel::work_off(first, |work, more| match work {
            Work::Run(number, mut shard) => {
                shard.run(vocabulary, tokens, run);
                desk().arrive(number, shard, more);
            }
            Work::Mix(mut mix, round) => {
                mix(&round);
                let mut desk = desk();
                desk.mixer = Some(mix);
                desk.next(more);
            }
        });
    }
}
