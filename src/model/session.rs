//! Lanes on their way through a model: one thread's KV caches and buffers.

use super::cache::LaneCache;
use super::config::MAX_WINDOW;
use super::forward::{Forward, MAX_ROWS, Row, Scratch};
use super::frequencies::Frequencies;
use super::learner::Learner;
use super::lessons::Lessons;
use super::observe::{Observer, ProductInputs};
use super::output::Output;
use super::{Config, Model};
use crate::container::WindowPolicy;
use crate::error::{Error, Result};
use crate::kernels::{FloatEnv, Isa, QuantRows};
use crate::parallel;
use std::ops::Range;
use std::sync::Arc;

/// Tokens to run in one lane.
#[derive(Clone, Copy, Debug)]
pub struct Feed<'a> {
    /// Index of the lane in the session.
    pub lane: usize,
    /// Rows of the embedding, in order.
    pub tokens: &'a [u32],
}

/// One lane of a session.
struct Lane {
    /// The newest tokens, for [`WindowPolicy::Hop`]; the last is the newest.
    recent: Vec<u32>,
}

/// Where the prediction of a row goes.
#[derive(Clone, Copy)]
struct Place {
    feed: usize,
    index: usize,
}

/// Takes the states that go into the output layer, and for each row where its prediction goes, if anywhere.
trait Sink: FnMut(&mut Output, &QuantRows, &[Option<Place>]) {}

impl<F: FnMut(&mut Output, &QuantRows, &[Option<Place>])> Sink for F {}

/// Gives the states to the output layer, and shows `visit` the frequencies that somebody wants: the feed's number, the
/// index within the feed, the frequencies.
fn answered(visit: &mut impl FnMut(usize, usize, &mut Frequencies)) -> impl Sink {
    |output, states, rows| {
        output.answer(
            states,
            rows.len(),
            |row| rows[row].is_some(),
            |row, frequencies| {
                if let Some(Place { feed, index }) = rows[row] {
                    visit(feed, index, frequencies);
                }
            },
        );
    }
}

/// Lanes of one model that run together in one thread.
pub struct Session {
    model: Arc<Model>,
    isa: Isa,
    threads: usize,
    window: usize,
    policy: WindowPolicy,
    run: usize,
    /// Positions that a lane has room for.
    positions: usize,
    lanes: Vec<Lane>,
    caches: Vec<LaneCache>,
    scratch: Scratch,
    output: Output,
    /// While the output layer learns: what it was given last in each lane.
    given: Option<QuantRows>,
    rows: Vec<Row>,
    places: Vec<Option<Place>>,
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
        Session::with_positions(model, isa, lanes, window, policy, run, usize::MAX)
    }

    /// The same for lanes none of which will have seen more than `positions` tokens: those that see less than the
    /// window have room for no more.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_positions(
        model: Arc<Model>,
        isa: Isa,
        lanes: usize,
        window: usize,
        policy: WindowPolicy,
        run: usize,
        positions: usize,
    ) -> Result<Session> {
        check_window(window, policy)?;
        let config = model.config();
        let run = run.clamp(1, MAX_ROWS).min(positions.max(1));
        // Each on its own instead of copies: what no token reaches is then never in memory.
        let cache = |_| LaneCache::new(config, window, run, positions);
        let caches: Vec<_> = (0..lanes).map(cache).collect();
        let slots = LaneCache::capacity(config, window, run, positions);
        let max_rows = MAX_ROWS.min(run * lanes.max(1));
        Ok(Session {
            isa,
            threads: 1,
            window,
            policy,
            run,
            positions,
            lanes: (0..lanes).map(|_| Lane { recent: Vec::new() }).collect(),
            caches,
            scratch: Scratch::new(config, max_rows, slots),
            output: Output::new(model.clone(), isa, max_rows),
            given: None,
            rows: Vec::with_capacity(max_rows),
            places: Vec::with_capacity(max_rows),
            model,
        })
    }

    /// Lets large products and attention take up to `threads` threads of the caller's pool; results
    /// do not depend on it.
    pub fn spread(&mut self, threads: usize) {
        self.threads = threads.max(1);
        self.scratch.spread(self.threads);
        self.output.spread(self.threads);
    }

    /// Answers from here on as `learner`, which belongs to the same model, has learned.
    pub fn learn(&mut self, learner: Arc<Learner>) {
        let config = self.model.config();
        let mut given = QuantRows::default();
        given.reshape(self.lanes.len(), config.hidden, usize::MAX);
        self.given = Some(given);
        self.output.learn(learner);
    }

    /// The output layer.
    pub fn output(&mut self) -> &mut Output {
        &mut self.output
    }

    /// Notes what a lane's newest prediction, which was `frequencies`, has to learn: that `token` came.
    ///
    /// # Panics
    /// Unless the session learns.
    pub fn note(&self, lane: usize, token: u32, frequencies: &Frequencies, lessons: &mut Lessons) {
        let given = self.given.as_ref().expect("a session that learns");
        lessons.note(&self.model, given, lane, token, frequencies);
    }

    /// Bytes of memory that a session of this shape takes, when it is spread over so many threads.
    pub fn memory_bytes(
        config: &Config,
        lanes: usize,
        window: usize,
        run: usize,
        positions: usize,
        threads: usize,
    ) -> usize {
        let run = run.clamp(1, MAX_ROWS).min(positions.max(1));
        let rows = MAX_ROWS.min(run * lanes.max(1));
        let slots = LaneCache::capacity(config, window, run, positions);
        // Beside the keys and values of a lane, what went into the output layer last.
        let lane = LaneCache::memory_bytes(config, window, run, positions) + config.hidden + 1024;
        lanes * lane
            + Scratch::memory_bytes(config, rows, slots, threads)
            + rows * (size_of::<Row>() + size_of::<Option<Place>>())
            + Output::memory_bytes(config, rows, threads)
    }

    /// Bytes of the keys and values of a lane that has seen `positions` tokens.
    pub fn lane_bytes(config: &Config, window: usize, positions: usize) -> usize {
        LaneCache::memory_bytes(config, window, 1, positions)
    }

    /// Bytes of an output layer for up to `rows` rows at a time on so many threads.
    pub fn output_bytes(config: &Config, rows: usize, threads: usize) -> usize {
        Output::memory_bytes(config, rows, threads)
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
        self.run(feeds, &mut answered(&mut visit));
    }

    /// Runs each feed's tokens in its lane, and shows `visit` what the output layer would be given after each: the
    /// feed's number, the index within the feed, rows of states and which of them it is.
    ///
    /// For windows that slide; feeds as for [`advance`](Self::advance).
    pub fn states(
        &mut self,
        feeds: &[Feed<'_>],
        mut visit: impl FnMut(usize, usize, &QuantRows, usize),
    ) {
        self.run(feeds, &mut |_, states, rows| {
            for (row, place) in rows.iter().enumerate() {
                if let Some(Place { feed, index }) = *place {
                    visit(feed, index, states, row);
                }
            }
        });
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
        let sink = &mut answered(visit);
        for (feed, &(lane, token)) in tokens.iter().enumerate() {
            self.make_room(lane, sink);
            self.push(lane, token, Some(Place { feed, index: 0 }), sink);
        }
        self.flush(sink);
    }

    /// Runs each feed's tokens in its lane.
    fn run(&mut self, feeds: &[Feed<'_>], sink: &mut impl Sink) {
        let _exact = FloatEnv::exact();
        let mut index = 0;
        // Every lane by at most `run` tokens in turn, so that blocks stay full when there are many.
        while feeds.iter().any(|feed| index < feed.tokens.len()) {
            for (number, feed) in feeds.iter().enumerate() {
                let end = (index + self.run).min(feed.tokens.len());
                for at in index.min(end)..end {
                    self.make_room(feed.lane, sink);
                    let place = Some(Place { feed: number, index: at });
                    self.push(feed.lane, feed.tokens[at], place, sink);
                }
            }
            // The next turn would overwrite slots that rows of this one still read.
            self.flush(sink);
            index += self.run;
        }
    }

    /// Hops where the policy says so.
    fn make_room(&mut self, lane: usize, sink: &mut impl Sink) {
        let WindowPolicy::Hop { keep } = self.policy else { return };
        if self.caches[lane].position < self.window {
            return;
        }
        self.flush(sink);
        let recent = std::mem::take(&mut self.lanes[lane].recent);
        self.caches[lane].position = 0;
        for &token in &recent[recent.len() - keep as usize..] {
            self.push(lane, token, None, sink);
        }
    }

    fn push(&mut self, lane: usize, token: u32, place: Option<Place>, sink: &mut impl Sink) {
        if self.policy != WindowPolicy::Slide {
            self.lanes[lane].recent.push(token);
        }
        let position = self.caches[lane].position;
        assert!(position < self.positions, "more tokens than there is room for");
        self.caches[lane].position += 1;
        self.rows.push(Row { lane, token, position });
        self.places.push(place);
        if self.rows.len() == self.scratch_rows() {
            self.flush(sink);
        }
    }

    fn scratch_rows(&self) -> usize {
        MAX_ROWS.min(self.run * self.lanes.len().max(1))
    }

    /// Runs the rows that wait.
    fn flush(&mut self, sink: &mut impl Sink) {
        if self.rows.is_empty() {
            return;
        }
        let model = self.model.clone();
        let forward = Forward { model: &model, isa: self.isa, window: self.window };
        let (rows, caches, scratch) = (&self.rows, &mut self.caches, &mut self.scratch);
        let states = parallel::awake(self.threads, || {
            let _exact = FloatEnv::exact();
            forward.run(rows, caches, scratch)
        });
        if let Some(given) = &mut self.given {
            for (i, row) in self.rows.iter().enumerate() {
                given.copy_row(row.lane, states, i);
            }
        }
        sink(&mut self.output, states, &self.places);
        self.rows.clear();
        self.places.clear();
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
                let (config, seen) = (self.model.config(), &self.caches[lane]);
                let mut cache = LaneCache::new(config, self.window, self.run, seen.position);
                cache.copy_from(seen);
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
        WindowPolicy::Hop { keep } if 2 * keep as usize > window => {
            // Each hop reads again what it keeps: of a window of 1,000 a hop that keeps 999 reads
            // 999 tokens for each new one.
            Err(Error::invalid("a hop keeps at most half of the window"))
        }
        _ => Ok(()),
    }
}
