//! Lanes on their way through a model: one thread's KV caches and buffers.

use super::cache::LaneCache;
use super::config::MAX_WINDOW;
use super::forward::{Forward, MAX_ROWS, Row, Scratch};
use super::observe::{Observer, ProductInputs};
use super::{Config, Model};
use crate::container::WindowPolicy;
use crate::error::{Error, Result};
use crate::kernels::{FloatEnv, Isa, LARGEST_FREQUENCY, Way, cumulative, frequencies, linear};
use std::ops::Range;
use std::sync::Arc;

/// Rows whose logits are in memory together.
const OUTPUT_ROWS: usize = 16;

/// Tokens to run in one lane.
#[derive(Clone, Copy, Debug)]
pub struct Feed<'a> {
    /// Index of the lane in the session.
    pub lane: usize,
    /// Rows of the embedding, in order.
    pub tokens: &'a [u32],
}

/// Integer frequencies of the next token, with sums over any range in constant time.
#[derive(Clone, Default)]
pub struct Frequencies {
    freqs: Vec<u32>,
    block_prefix: Vec<u64>,
}

impl Frequencies {
    /// Room for `n` tokens.
    pub fn new(n: usize) -> Frequencies {
        Frequencies { freqs: vec![0; n], block_prefix: vec![0; n.div_ceil(16) + 1] }
    }

    /// The frequencies in token order, each at least 1.
    pub fn as_slice(&self) -> &[u32] {
        &self.freqs
    }

    /// Sum of the frequencies of tokens below `end`.
    #[inline]
    pub fn below(&self, end: usize) -> u64 {
        cumulative(&self.freqs, &self.block_prefix, end)
    }

    /// Sum of all frequencies; at least 2^28.
    pub fn total(&self) -> u64 {
        self.block_prefix[self.block_prefix.len() - 1]
    }

    /// The likeliest token: the first that is as frequent as the largest logit makes one.
    pub fn best(&self) -> u32 {
        let likely = |&freq: &u32| freq >= LARGEST_FREQUENCY;
        // Few blocks are as heavy as such a token, so that most are passed by.
        let blocks = self.block_prefix.windows(2).zip(self.freqs.chunks(16)).enumerate();
        let mut heavy =
            blocks.filter(|(_, (sums, _))| sums[1] - sums[0] >= u64::from(LARGEST_FREQUENCY));
        let best = heavy.find_map(|(i, (_, block))| Some(16 * i + block.iter().position(likely)?));
        best.unwrap_or(0) as u32
    }

    fn fill(&mut self, isa: Isa, logits: &[f32]) {
        frequencies(isa, logits, &mut self.freqs, &mut self.block_prefix);
    }

    /// Takes those of `all` rows of the output layer, where the rows behind the tokens stand for
    /// tokens before them: row `n + i` is one more of token `duplicates[i].0`.
    fn fill_adding(&mut self, all: &Frequencies, duplicates: &[(u32, u32)]) {
        let n = self.freqs.len();
        self.freqs.copy_from_slice(&all.freqs[..n]);
        for (&(token, _), &more) in duplicates.iter().zip(&all.freqs[n..]) {
            self.freqs[token as usize] += more;
        }
        let mut sum = 0;
        for (block, prefix) in self.freqs.chunks(16).zip(&mut self.block_prefix[1..]) {
            sum += block.iter().map(|&freq| u64::from(freq)).sum::<u64>();
            *prefix = sum;
        }
    }
}

/// One lane of a session.
struct Lane {
    /// The newest tokens, for [`WindowPolicy::Hop`]; the last is the newest.
    recent: Vec<u32>,
}

/// A row that waits for its block, and where its prediction goes.
struct Pending {
    feed: usize,
    index: usize,
}

/// Lanes of one model that run together in one thread.
pub struct Session {
    model: Arc<Model>,
    isa: Isa,
    threads: usize,
    window: usize,
    policy: WindowPolicy,
    run: usize,
    lanes: Vec<Lane>,
    caches: Vec<LaneCache>,
    scratch: Scratch,
    logits: Vec<f32>,
    frequencies: Frequencies,
    /// Those of all rows of the output layer, where these are more than the tokens.
    all_frequencies: Frequencies,
    rows: Vec<Row>,
    pending: Vec<Option<Pending>>,
}

impl Session {
    /// A session of `lanes` empty lanes, in which a lane advances by at most `run` tokens between
    /// two looks at its window (a matter of memory and speed, never of results).
    ///
    /// # Errors
    /// `Invalid` for a window or a policy that cannot be.
    pub fn new(
        model: Arc<Model>,
        isa: Isa,
        lanes: usize,
        window: usize,
        policy: WindowPolicy,
        run: usize,
    ) -> Result<Session> {
        check_window(window, policy)?;
        let config = model.config();
        let run = run.clamp(1, MAX_ROWS);
        // Each on its own instead of copies: what no token reaches is then never in memory.
        let caches: Vec<_> = (0..lanes).map(|_| LaneCache::new(config, window, run)).collect();
        let slots = LaneCache::capacity(window, run);
        let max_rows = MAX_ROWS.min(run * lanes.max(1));
        let logits_stride = crate::kernels::padded_rows(config.predicted);
        Ok(Session {
            isa,
            threads: 1,
            window,
            policy,
            run,
            lanes: (0..lanes).map(|_| Lane { recent: Vec::new() }).collect(),
            caches,
            scratch: Scratch::new(config, max_rows, slots),
            logits: vec![0.0; OUTPUT_ROWS.min(max_rows) * logits_stride],
            frequencies: Frequencies::new(config.coded),
            all_frequencies: match config.predicted > config.coded {
                true => Frequencies::new(config.predicted),
                false => Frequencies::default(),
            },
            rows: Vec::with_capacity(max_rows),
            pending: Vec::with_capacity(max_rows),
            model,
        })
    }

    /// Lets large products and attention take up to `threads` threads of the caller's pool; results
    /// do not depend on it.
    pub fn spread(&mut self, threads: usize) {
        self.threads = threads.max(1);
        self.scratch.spread(self.threads);
    }

    /// Bytes of memory that a session of this shape takes.
    pub fn memory_bytes(config: &Config, lanes: usize, window: usize, run: usize) -> usize {
        let run = run.clamp(1, MAX_ROWS);
        let rows = MAX_ROWS.min(run * lanes.max(1));
        let per_row = 4 * (4 * config.hidden + 3 * config.feed_forward + 2 * config.qkv_rows());
        lanes * LaneCache::memory_bytes(config, window, run)
            + rows * per_row
            + OUTPUT_ROWS.min(rows) * 4 * config.predicted
            + 16 * config.heads_per_kv() * (window + run) * 6
    }

    /// Lanes of the session.
    pub fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// Runs each feed's tokens in its lane, and shows `visit` the frequencies of the token after
    /// each of them: the feed's number, the index within the feed, the frequencies.
    ///
    /// Feeds name different lanes. Results do not depend on how tokens are cut into calls.
    pub fn advance(
        &mut self,
        feeds: &[Feed<'_>],
        mut visit: impl FnMut(usize, usize, &mut Frequencies),
    ) {
        let _exact = FloatEnv::exact();
        let mut index = 0;
        // Every lane by at most `run` tokens in turn, so that blocks stay full when there are many.
        while feeds.iter().any(|feed| index < feed.tokens.len()) {
            for (number, feed) in feeds.iter().enumerate() {
                let end = (index + self.run).min(feed.tokens.len());
                for at in index.min(end)..end {
                    self.make_room(feed.lane, &mut visit);
                    let pending = Some(Pending { feed: number, index: at });
                    self.push(feed.lane, feed.tokens[at], pending, &mut visit);
                }
            }
            // The next turn would overwrite slots that rows of this one still read.
            self.flush(&mut visit);
            index += self.run;
        }
    }

    /// Runs one token in each of some lanes, all different, and shows `visit` the lane and the
    /// frequencies of the token after it. It allocates nothing.
    pub fn step(
        &mut self,
        tokens: &[(usize, u32)],
        mut visit: impl FnMut(usize, &mut Frequencies),
    ) {
        let _exact = FloatEnv::exact();
        let visit = &mut |feed: usize, _, frequencies: &mut _| visit(tokens[feed].0, frequencies);
        for (feed, &(lane, token)) in tokens.iter().enumerate() {
            self.make_room(lane, visit);
            self.push(lane, token, Some(Pending { feed, index: 0 }), visit);
        }
        self.flush(visit);
    }

    /// Hops where the policy says so.
    fn make_room(&mut self, lane: usize, visit: &mut impl FnMut(usize, usize, &mut Frequencies)) {
        let WindowPolicy::Hop { keep } = self.policy else { return };
        if self.caches[lane].position < self.window {
            return;
        }
        self.flush(visit);
        let recent = std::mem::take(&mut self.lanes[lane].recent);
        self.caches[lane].position = 0;
        for &token in &recent[recent.len() - keep as usize..] {
            self.push(lane, token, None, visit);
        }
    }

    fn push(
        &mut self,
        lane: usize,
        token: u32,
        pending: Option<Pending>,
        visit: &mut impl FnMut(usize, usize, &mut Frequencies),
    ) {
        if self.policy != WindowPolicy::Slide {
            self.lanes[lane].recent.push(token);
        }
        let position = self.caches[lane].position;
        self.caches[lane].position += 1;
        self.rows.push(Row { lane, token, position });
        self.pending.push(pending);
        if self.rows.len() == self.scratch_rows() {
            self.flush(visit);
        }
    }

    fn scratch_rows(&self) -> usize {
        MAX_ROWS.min(self.run * self.lanes.len().max(1))
    }

    /// Runs the rows that wait.
    fn flush(&mut self, visit: &mut impl FnMut(usize, usize, &mut Frequencies)) {
        if self.rows.is_empty() {
            return;
        }
        let model = self.model.clone();
        let forward = Forward { model: &model, isa: self.isa, window: self.window };
        let states = forward.run(&self.rows, &mut self.caches, &mut self.scratch);
        let view = model.linear(model.layout.output());
        let predicted = model.config().predicted;
        let duplicates = model.tokenizer.spec().duplicates();
        let panels = 0..predicted.div_ceil(16);
        let stride = 16 * panels.end;
        let n_rows = self.rows.len();
        for first in (0..n_rows).step_by(OUTPUT_ROWS) {
            let rows = first..(first + OUTPUT_ROWS).min(n_rows);
            if self.pending[rows.clone()].iter().all(Option::is_none) {
                continue;
            }
            linear(
                self.isa,
                states,
                rows.clone(),
                &view,
                panels.clone(),
                &mut self.logits,
                stride,
                Way::Threads(self.threads),
            );
            for (logits, row) in self.logits.chunks_exact(stride).zip(rows) {
                if let Some(Pending { feed, index }) = self.pending[row] {
                    match duplicates {
                        [] => self.frequencies.fill(self.isa, &logits[..predicted]),
                        _ => {
                            self.all_frequencies.fill(self.isa, &logits[..predicted]);
                            self.frequencies.fill_adding(&self.all_frequencies, duplicates);
                        }
                    }
                    visit(feed, index, &mut self.frequencies);
                }
            }
        }
        self.rows.clear();
        self.pending.clear();
    }

    /// Begins to keep what goes into the products of these numbers: four a block (q, k and v; the
    /// output of attention; gate and up; down), then the output layer.
    pub fn observe(&mut self, products: Range<usize>) {
        self.scratch.observer = Some(Observer::new(products));
    }

    /// What was kept since [`observe`](Self::observe), one entry a product.
    pub fn observed(&mut self) -> Vec<ProductInputs> {
        self.scratch.observer.take().map(Observer::finish).unwrap_or_default()
    }

    /// Makes lane `to` one that has seen what lane `from` of `source` has.
    ///
    /// # Panics
    /// If the two sessions differ in shape.
    pub fn copy_lane(&mut self, to: usize, source: &Snapshot) {
        assert_eq!((self.window, self.policy), (source.window, source.policy));
        self.caches[to].copy_from(&source.cache);
        self.lanes[to].recent.clone_from(&source.recent);
    }

    /// What a lane has seen, to be given to others.
    pub fn snapshot(&self, lane: usize) -> Snapshot {
        Snapshot {
            window: self.window,
            policy: self.policy,
            cache: {
                let config = self.model.config();
                let mut cache = LaneCache::new(config, self.window, self.run);
                cache.copy_from(&self.caches[lane]);
                cache
            },
            recent: self.lanes[lane].recent.clone(),
        }
    }
}

/// The state of one lane, detached from its session.
#[derive(Clone)]
pub struct Snapshot {
    window: usize,
    policy: WindowPolicy,
    cache: LaneCache,
    recent: Vec<u32>,
}

/// Refuses windows that no session can have.
///
/// # Errors
/// `Invalid`, saying what the bounds are.
pub fn check_window(window: usize, policy: WindowPolicy) -> Result<()> {
    if !(1..=MAX_WINDOW).contains(&window) {
        return Err(Error::invalid(format!("a window is 1 to {MAX_WINDOW} tokens, not {window}")));
    }
    match policy {
        WindowPolicy::Hop { keep } if keep as usize >= window => {
            Err(Error::invalid("a hop keeps fewer tokens than the window holds"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_token_is_the_first_of_the_likeliest() {
        for n in [1, 15, 16, 17, 100, 1000] {
            for at in [0, n / 2, n - 1] {
                // One of many that are nearly as likely, and another like it behind.
                let mut logits = vec![1.0; n];
                logits[at] = 1.5;
                logits[n - 1] = 1.5;
                let mut frequencies = Frequencies::new(n);
                frequencies.fill(Isa::SCALAR, &logits);
                assert_eq!(frequencies.best() as usize, at, "{n} tokens");
            }
        }
    }

    #[test]
    fn a_duplicate_can_make_a_token_the_best() {
        let mut all = Frequencies::new(20);
        let mut logits = vec![0.0; 20];
        (logits[3], logits[19]) = (4.0, 5.0);
        all.fill(Isa::SCALAR, &logits);
        let mut frequencies = Frequencies::new(18);
        frequencies.fill_adding(&all, &[(7, 0), (9, 0)]);
        assert_eq!(frequencies.best(), 9);
    }
}
