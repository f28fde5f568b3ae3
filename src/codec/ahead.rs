//! The model running ahead of the mixer: it knows the text, so it need not wait for it.

mod answer;
mod drive;
mod look;

use self::answer::Answering;
pub use self::look::{LIKELIEST, Likeliest, Look};
use super::predictor::{Predictor, PredictorLanes};
use super::profile::Profile;
use super::walk::note_path;
use crate::error::Result;
use crate::kernels::QuantRows;
use crate::model::{Feed, Frequencies};
use crate::parallel;
use crate::tokenizer::Vocabulary;

/// Rows that a shard aims to run together.
const SHARD_ROWS: usize = 128;

/// The answers of the model for the next tokens of one lane.
#[derive(Clone, Debug, Default)]
pub struct NotedTokens {
    /// Of all tokens, as `note_path` notes them.
    pub answers: Vec<u32>,
    /// How many tokens.
    pub tokens: usize,
    /// What the model expected at each, where somebody wants to see it; else nothing.
    pub looks: Vec<Look>,
    /// What an output layer that learns has to answer, a row for each token.
    states: QuantRows,
}

impl NotedTokens {
    /// Notes what the model answers of a token, and if anybody `looks`, what it expected.
    fn note(
        &mut self,
        vocabulary: &Vocabulary,
        frequencies: &Frequencies,
        token: u32,
        looks: bool,
    ) {
        note_path(vocabulary, frequencies, token, &mut self.answers);
        if looks {
            self.looks.push(Look::new(frequencies, token));
        }
    }
}

/// Tokens of a lane that are run at once at least: as many queries read its keys and values once.
const LEAST_RUN: usize = 64;

/// Some lanes that one thread runs.
struct Shard<L> {
    lanes: L,
    /// Global number of the first lane.
    first: usize,
    noted: Vec<NotedTokens>,
    /// Tokens per lane that the model has answered so far.
    answered: Vec<usize>,
}

impl<L: PredictorLanes> Shard<L> {
    /// Notes the model's answers, or if its output layer learns only its states, for up to `run` more tokens of each
    /// lane.
    fn run(&mut self, vocabulary: &Vocabulary, tokens: &[Vec<u32>], run: usize, how: How<'_>) {
        self.noted.resize(self.answered.len(), NotedTokens::default());
        let mut feeds = Vec::with_capacity(self.noted.len());
        for (i, noted) in self.noted.iter_mut().enumerate() {
            let all = &tokens[self.first + i];
            let from = self.answered[i];
            *noted = NotedTokens { tokens: run.min(all.len() - from), ..NotedTokens::default() };
            if noted.tokens > 0 {
                feeds.push(Feed { lane: i, tokens: &all[from - 1..from - 1 + noted.tokens] });
            }
        }
        let (noted, first, answered) = (&mut self.noted, self.first, &self.answered);
        if how.learns {
            self.lanes.states(&feeds, &mut |feed, _, states, row| {
                noted[feeds[feed].lane].states.append_row(states, row);
            });
        } else {
            self.lanes.advance(&feeds, &mut |feed, index, frequencies| {
                let lane = feeds[feed].lane;
                let token = tokens[first + lane][answered[lane] + index];
                noted[lane].note(vocabulary, frequencies, token, how.looks);
            });
        }
        for (answered, noted) in self.answered.iter_mut().zip(&self.noted) {
            *answered += noted.tokens;
        }
    }
}

/// What is noted, and where.
#[derive(Clone, Copy)]
struct How<'a> {
    /// Whether the output layer learns.
    learns: bool,
    /// Whether what the model expects is noted for people.
    looks: bool,
    /// Where the time goes, if anybody wants to know.
    profile: Option<&'a Profile>,
}

/// How a group is cut into shards.
#[derive(Clone, Copy)]
pub(super) struct Split {
    /// Lanes of a shard; the last may have fewer.
    pub(super) lanes_each: usize,
    /// Tokens of a lane that are run at once.
    pub(super) run: usize,
    /// Threads that run a shard.
    pub(super) threads_each: usize,
}

impl Split {
    /// The shards of so many lanes, for so many threads, where all lanes share one reading of the weights or not.
    pub(super) fn new(lanes: usize, reads_much: bool, threads: usize) -> Split {
        let n_shards = match threads {
            1 => 1,
            // Every shard would read all weights, and has buffers as wide as the vocabulary.
            _ if reads_much => 1,
            // Several shards a thread, so that no thread is left with a long one at the end.
            _ => (4 * threads).min(lanes),
        };
        let mut lanes_each = lanes.div_ceil(n_shards);
        if lanes_each > 1 {
            // Even, so that runs fill the rows that go through the network together.
            lanes_each = lanes_each.next_multiple_of(2);
        }
        let run = (SHARD_ROWS / lanes_each).max(LEAST_RUN);
        Split { lanes_each, run, threads_each: (threads / n_shards).max(1) }
    }
}

/// All lanes of a group, cut into shards.
pub struct Ahead<'a, P: Predictor> {
    predictor: &'a P,
    tokens: &'a [Vec<u32>],
    shards: Vec<Shard<P::Lanes>>,
    /// Tokens of each lane that are run at once.
    run: usize,
    how: How<'a>,
    /// Tokens that lane 0 codes before the others begin.
    alone: usize,
}

impl<'a, P: Predictor> Ahead<'a, P> {
    /// Nothing run yet; `tokens` lane by lane, of which all others follow the first `alone` of lane 0.
    pub fn new(
        predictor: &'a P,
        tokens: &'a [Vec<u32>],
        alone: usize,
        learns: bool,
    ) -> Result<Self> {
        let split = Split::new(tokens.len(), predictor.reads_much(), parallel::threads());
        let Split { lanes_each, run, threads_each } = split;
        let positions = 1 + alone + tokens.iter().map(Vec::len).max().unwrap_or(0);
        let mut shards = Vec::new();
        for first in (0..tokens.len()).step_by(lanes_each) {
            let n = lanes_each.min(tokens.len() - first);
            shards.push(Shard {
                lanes: predictor.lanes(n, run, positions, threads_each)?,
                first,
                noted: vec![NotedTokens::default(); n],
                answered: vec![0; n],
            });
        }
        let how = How { learns, looks: false, profile: None };
        Ok(Ahead { predictor, tokens, shards, run, how, alone })
    }

    /// The same, noting what the model expects and where the time goes.
    pub fn beside(mut self, looks: bool, profile: Option<&'a Profile>) -> Self {
        (self.how.looks, self.how.profile) = (looks, profile);
        self
    }

    /// Runs what lane 0 codes alone, gives its state to all lanes, and notes the first
    /// token of each after it. Returns what was noted of lane 0 alone.
    pub fn start(&mut self) -> NotedTokens {
        let (vocabulary, tokens, alone) = (self.predictor.vocabulary(), self.tokens, self.alone);
        let looks = self.how.looks;
        let mut fed = vec![self.predictor.start_token()];
        fed.extend(&tokens[0][..alone]);
        let mut leader = NotedTokens { tokens: alone, ..NotedTokens::default() };
        let mut firsts = Vec::with_capacity(tokens.len());
        self.shards[0].lanes.advance(&[Feed { lane: 0, tokens: &fed }], &mut |_, index, answer| {
            if index < alone {
                leader.note(vocabulary, answer, tokens[0][index], looks);
                return;
            }
            for (lane, tokens) in tokens.iter().enumerate() {
                let mut first = NotedTokens::default();
                if let Some(&token) = tokens.get(if lane == 0 { alone } else { 0 }) {
                    first.note(vocabulary, answer, token, looks);
                    first.tokens = 1;
                }
                firsts.push(first);
            }
        });
        let snapshot = self.shards[0].lanes.snapshot(0);
        for shard in &mut self.shards {
            for i in 0..shard.noted.len() {
                let lane = shard.first + i;
                if lane > 0 {
                    shard.lanes.restore(i, &snapshot);
                }
                shard.noted[i] = std::mem::take(&mut firsts[lane]);
                shard.answered[i] = shard.noted[i].tokens + if lane == 0 { alone } else { 0 };
            }
        }
        leader
    }
}
