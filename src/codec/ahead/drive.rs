//! Shards that run ahead, the output layer that learns if there is one, and the mixer: each follows the one before
//! it round by round.
//!
//! A round is what every shard noted in one run. Nobody waits for a round to end: a shard goes on as long as what
//! follows is less than [`ROUNDS_AHEAD`] rounds behind it.

use super::{Ahead, Answering, NotedTokens, Shard};
use crate::codec::predictor::Predictor;
use crate::codec::profile::{Stage, span};
use crate::parallel;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Rounds that a shard may be ahead of what follows; their notes are in memory.
const ROUNDS_AHEAD: usize = 2;

/// What the shards have noted in one run, lane by lane.
type Round = Vec<NotedTokens>;

/// What is to be done.
enum Work<L, M> {
    /// The model is to run a shard, whose number this is.
    Run(usize, Shard<L>),
    /// A round's states are to be answered.
    Answer(Box<Answering>, Round),
    /// A round is to be mixed.
    Mix(M, Round),
}

/// Who is where.
struct Desk<L, M> {
    /// By shard: the rounds that are noted and that nobody has taken.
    noted: Vec<VecDeque<Round>>,
    /// Shards that are far enough ahead, or have ended.
    parked: Vec<Option<Shard<L>>>,
    /// The output layer that learns, while it has nothing to do.
    answering: Option<Box<Answering>>,
    /// Whether there is one.
    learns: bool,
    /// Rounds that can be mixed.
    answered: VecDeque<Round>,
    /// The mixer, while it has nothing to do.
    mixer: Option<M>,
}

impl<L, M> Desk<L, M> {
    /// Takes what a shard has noted; adds what can be done now.
    fn arrive(&mut self, number: usize, mut shard: Shard<L>, work: &mut Vec<Work<L, M>>) {
        self.noted[number].push_back(std::mem::take(&mut shard.noted));
        self.parked[number] = Some(shard);
        self.next(work);
    }

    /// The next round, if all shards have noted it and there is anything in it. Behind one in which there is nothing
    /// nothing follows.
    fn round(&mut self) -> Option<Round> {
        let begun = |rounds: &VecDeque<Round>| {
            rounds.front().map(|round| round.iter().any(|lane| lane.tokens > 0))
        };
        let begun: Option<Vec<bool>> = self.noted.iter().map(begun).collect();
        begun?
            .contains(&true)
            .then(|| self.noted.iter_mut().filter_map(VecDeque::pop_front).flatten().collect())
    }

    /// Adds everything that can be done now: shards that are not too far ahead, and a round for each of those who
    /// follow, if they are free.
    fn next(&mut self, work: &mut Vec<Work<L, M>>) {
        let mut follow = Vec::new();
        if !self.learns {
            if self.answered.is_empty() {
                let round = self.round();
                self.answered.extend(round);
            }
        } else if self.answered.len() < ROUNDS_AHEAD
            && let Some(answering) = self.answering.take()
        {
            match self.round() {
                Some(round) => follow.push(Work::Answer(answering, round)),
                None => self.answering = Some(answering),
            }
        }
        if let Some(mixer) = self.mixer.take() {
            match self.answered.pop_front() {
                Some(round) => follow.push(Work::Mix(mixer, round)),
                None => self.mixer = Some(mixer),
            }
        }
        for (number, (parked, rounds)) in self.parked.iter_mut().zip(&self.noted).enumerate() {
            if rounds.len() < ROUNDS_AHEAD
                && let Some(shard) = parked.take()
            {
                work.push(Work::Run(number, shard));
            }
        }
        work.extend(follow);
    }
}

impl<P: Predictor> Ahead<'_, P> {
    /// Runs all lanes to their ends and shows `mix` the rounds in their order: what was noted, lane by lane.
    pub fn drive(self, mix: impl FnMut(&[NotedTokens]) + Send) {
        let Ahead { predictor, tokens, shards, run, how, alone } = self;
        let vocabulary = predictor.vocabulary();
        let mut desk = Desk {
            noted: shards.iter().map(|_| VecDeque::new()).collect(),
            parked: shards.iter().map(|_| None).collect(),
            answering: how.learns.then(|| {
                let output = predictor.output(predictor.learner());
                Box::new(Answering::new(output, alone, how.looks))
            }),
            learns: how.learns,
            answered: VecDeque::new(),
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
                span(how.profile, Stage::Model, || shard.run(vocabulary, tokens, run, how));
                desk().arrive(number, shard, more);
            }
            Work::Answer(mut answering, mut round) => {
                let answer = || answering.answer(vocabulary, tokens, &mut round);
                span(how.profile, Stage::Model, answer);
                let mut desk = desk();
                desk.answered.push_back(round);
                desk.answering = Some(answering);
                desk.next(more);
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
