//! Bytes to coded bytes: the model runs ahead in chunks, the mixer follows in lane order.

use super::predictor::{Predictor, PredictorLanes};
use super::walk::{Noted, code_byte, code_token, note_path};
use super::{Lanes, Plan};
use crate::entropy::Encoder;
use crate::error::Result;
use crate::mixer::Mixer;
use crate::model::Feed;
use crate::parallel;
use crate::tokenizer::Vocabulary;

/// Rows that a shard aims to run together.
const SHARD_ROWS: usize = 128;

/// The answers of the model for the next tokens of one lane.
#[derive(Default)]
struct NotedTokens {
    answers: Vec<u32>,
    tokens: usize,
}

/// Some lanes that one thread runs ahead.
struct Shard<L> {
    lanes: L,
    /// Global number of the first lane.
    first: usize,
    /// What was noted in the chunk that the model last ran, lane by lane.
    noted: Vec<NotedTokens>,
    /// What the mixer is working on at the same time.
    ready: Vec<NotedTokens>,
    /// Tokens per lane that the model has answered so far.
    answered: Vec<usize>,
}

impl<L: PredictorLanes> Shard<L> {
    /// Notes the model's answers for up to `run` more tokens of each lane.
    fn run_ahead(&mut self, vocabulary: &Vocabulary, tokens: &[Vec<u32>], run: usize) {
        let mut feeds = Vec::with_capacity(self.noted.len());
        for (i, noted) in self.noted.iter_mut().enumerate() {
            noted.answers.clear();
            let all = &tokens[self.first + i];
            let from = self.answered[i];
            noted.tokens = run.min(all.len() - from);
            self.answered[i] += noted.tokens;
            if noted.tokens > 0 {
                feeds.push(Feed { lane: i, tokens: &all[from - 1..from - 1 + noted.tokens] });
            }
        }
        let (noted, first, answered) = (&mut self.noted, self.first, &self.answered);
        self.lanes.advance(&feeds, &mut |feed, index, frequencies| {
            let lane = feeds[feed].lane;
            let token = tokens[first + lane][answered[lane] - noted[lane].tokens + index];
            note_path(vocabulary, frequencies, token, &mut noted[lane].answers);
        });
    }
}

/// What codes, in the order that both sides share.
struct Mixing<'a> {
    vocabulary: &'a Vocabulary,
    tokens: &'a [Vec<u32>],
    coded: Vec<usize>,
    mixer: Mixer,
    coder: Encoder,
    done: &'a (dyn Fn(u64) + Sync),
}

impl Mixing<'_> {
    /// Codes the next token of `lane`.
    fn token(&mut self, lane: usize, opinion: &mut Noted<'_>) -> u64 {
        let token = self.tokens[lane][self.coded[lane]];
        self.coded[lane] += 1;
        code_token(self.vocabulary, lane, token, opinion, &mut self.mixer, &mut self.coder);
        self.vocabulary.bytes(token).len() as u64
    }

    /// Codes all that is noted, one token of each lane per step.
    fn steps(&mut self, lanes: &[&NotedTokens]) {
        let mut opinions: Vec<_> = lanes.iter().map(|noted| Noted::new(&noted.answers)).collect();
        let steps = lanes.iter().map(|noted| noted.tokens).max().unwrap_or(0);
        let mut bytes = 0;
        for step in 0..steps {
            for (lane, opinion) in opinions.iter_mut().enumerate() {
                if step < lanes[lane].tokens {
                    bytes += self.token(lane, opinion);
                }
            }
        }
        (self.done)(bytes);
    }
}

/// Codes `plain` with the model's help; `done` hears of bytes as they are finished.
///
/// # Errors
/// What the tokenizer or the predictor cannot do.
pub fn encode<P: Predictor>(
    plain: &[u8],
    predictor: &P,
    plan: &Plan,
    done: &(dyn Fn(u64) + Sync),
) -> Result<Vec<u8>> {
    let ranges = Lanes::new(plain.len(), plan.lanes);
    let ranges = ranges.ranges();
    let tokenise = |range: &std::ops::Range<usize>| predictor.tokenizer().encode(&plain[range.clone()]);
    let tokens = ranges.iter().map(tokenise).collect::<Result<Vec<_>>>()?;
    let vocabulary = predictor.vocabulary();
    let (mut shards, run) = shards(predictor, plan.lanes)?;
    let mut mixing = Mixing {
        vocabulary,
        tokens: &tokens,
        coded: vec![0; plan.lanes],
        mixer: Mixer::new(plan.mixer, true, ranges, &plan.start_values),
        coder: Encoder::new(Vec::new()),
        done,
    };
    prime(predictor, plan, &tokens, &mut shards, &mut mixing);
    loop {
        for shard in &mut shards {
            std::mem::swap(&mut shard.noted, &mut shard.ready);
        }
        let mut noted = Vec::with_capacity(plan.lanes);
        let mut runs = Vec::with_capacity(shards.len());
        for shard in &mut shards {
            // The mixer reads what is ready while the model writes what is noted.
            let ready = std::mem::take(&mut shard.ready);
            noted.push(ready);
            runs.push(shard);
        }
        let lanes: Vec<&NotedTokens> = noted.iter().flatten().collect();
        if lanes.iter().all(|lane| lane.tokens == 0) {
            break;
        }
        parallel::join(
            || mixing.steps(&lanes),
            || parallel::for_each_mut(&mut runs, |shard| shard.run_ahead(vocabulary, &tokens, run)),
        );
        drop(lanes);
        for (shard, ready) in shards.iter_mut().zip(noted) {
            shard.ready = ready;
        }
    }
    Ok(mixing.coder.finish())
}

/// Cuts the lanes into shards, and says how many tokens of each lane are run at once.
fn shards<P: Predictor>(predictor: &P, lanes: usize) -> Result<(Vec<Shard<P::Lanes>>, usize)> {
    let threads = parallel::threads();
    // Two shards a thread let the thread that mixes leave one to the others.
    let n_shards = if threads == 1 { 1 } else { (2 * threads).min(lanes) };
    let per_shard = lanes.div_ceil(n_shards);
    let run = (SHARD_ROWS / per_shard).max(1);
    let mut shards = Vec::new();
    for first in (0..lanes).step_by(per_shard) {
        let n = per_shard.min(lanes - first);
        let empty = || (0..n).map(|_| NotedTokens::default()).collect::<Vec<_>>();
        shards.push(Shard {
            lanes: predictor.lanes(n, run)?,
            first,
            noted: empty(),
            ready: empty(),
            answered: vec![0; n],
        });
    }
    Ok((shards, run))
}

/// Runs and codes the beginning of lane 0, and gives its state to the others.
fn prime<P: Predictor>(
    predictor: &P,
    plan: &Plan,
    tokens: &[Vec<u32>],
    shards: &mut [Shard<P::Lanes>],
    mixing: &mut Mixing<'_>,
) {
    let vocabulary = predictor.vocabulary();
    let alone = if plan.lanes == 1 { 0 } else { plan.prime_tokens.min(tokens[0].len()) };
    let mut fed = vec![predictor.start_token()];
    fed.extend(&tokens[0][..alone]);
    let mut answers = Vec::new();
    let (leader, others) = shards.split_first_mut().expect("there is at least one lane");
    let mut first_answers: Vec<NotedTokens> = Vec::new();
    leader.lanes.advance(&[Feed { lane: 0, tokens: &fed }], &mut |_, index, frequencies| {
        if index < alone {
            note_path(vocabulary, frequencies, tokens[0][index], &mut answers);
            return;
        }
        for (lane, tokens) in tokens.iter().enumerate() {
            let mut noted = NotedTokens::default();
            if let Some(&token) = tokens.get(if lane == 0 { alone } else { 0 }) {
                note_path(vocabulary, frequencies, token, &mut noted.answers);
                noted.tokens = 1;
            }
            first_answers.push(noted);
        }
    });
    let snapshot = leader.lanes.snapshot(0);
    for shard in std::iter::once(leader).chain(others) {
        for i in 0..shard.noted.len() {
            let lane = shard.first + i;
            if lane > 0 {
                shard.lanes.restore(i, &snapshot);
            }
            shard.noted[i] = std::mem::take(&mut first_answers[lane]);
            shard.answered[i] = shard.noted[i].tokens + if lane == 0 { alone } else { 0 };
        }
    }
    let mut opinion = Noted::new(&answers);
    let bytes = (0..alone).map(|_| mixing.token(0, &mut opinion)).sum();
    (mixing.done)(bytes);
}

/// Codes `plain` by the mixer alone.
pub fn encode_without_model(plain: &[u8], plan: &Plan, done: &(dyn Fn(u64) + Sync)) -> Vec<u8> {
    let lane = 0..plain.len();
    let mut mixer = Mixer::new(plan.mixer, false, std::slice::from_ref(&lane), &plan.start_values);
    let mut coder = Encoder::new(Vec::new());
    for part in plain.chunks(super::REPORT_BYTES) {
        for &byte in part {
            code_byte(0, byte, &mut mixer, &mut coder);
        }
        done(part.len() as u64);
    }
    coder.finish()
}
