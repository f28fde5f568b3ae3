//! The adaptive half of the prediction: it learns the file itself, in integers only.
//!
//! Every decision of the coder (a bit of a byte, or "the token ends here") is predicted by a language model, where
//! there is one, and by many small models of the bytes seen so far; a network of logistic mixers weighs them, and
//! adaptive probability maps correct the result. Everything learns from what really came. There are no floating
//! point numbers anywhere, so encoder and decoder agree on every machine.
//!
//! One mixer serves all lanes of a group: tables, weights and maps are shared, each lane has its own place in the
//! text. The lanes are coded token by token in lane order, so both directions see the same sequence of calls.
//!
//! A token is coded by this walk:
//!
//! ```text
//! begin_token(lane, best)
//! per byte:  [at_branch, predict_end, update_end]      from the second byte on, where both are possible
//!            8 x (at_branch, predict_bit, update_bit)  or skip_bit, where only one outcome is possible
//! end_token()
//! ```
//!
//! Without a model every byte is a token of its own, and there are no branches. `mixer/MIXER.md` is the description for a second implementation,
//! `mixer/MEASURED.md` has what each part buys.

mod advance;
mod byte_nodes;
mod cells;
mod contexts;
mod counters;
mod decide;
mod dispatch;
mod ending;
mod hash;
mod history;
mod inputs;
mod lane;
mod maps;
mod matching;
mod math;
mod messages;
mod network;
mod odds;
mod outcome;
mod over;
mod pixels;
mod plan;
mod platform;
mod records;
mod shape;
mod slots;
mod start;
#[cfg(test)]
mod tests;
mod text;
mod trust;
mod twins;

pub use ending::{Ending, LEFT, Sign, squash};
pub use messages::Mark;
pub use plan::{Beside, MixerKind, Part, Parts};
pub use start::{Learner, StartValues};

use crate::kernels::vectors::Vectors;
use byte_nodes::ByteNodes;
use cells::Cells;
use decide::Pending;
use dispatch::Paths;
use lane::Lane;
use maps::Map;
use matching::{Extent, Finder};
use math::Squash;
use network::Layer;
use odds::Odds;
use plan::{Plan, TableBits};
use platform::zeros;
use records::Records;
use slots::Slots;
use std::ops::Range;
use trust::Trust;

/// Pairs of bytes.
const AFTER_PAIRS: usize = 1 << 16;

/// The adaptive models of one group, and how they are mixed.
#[derive(Clone)]
pub struct Mixer {
    plan: Plan,
    bits: TableBits,
    squash: &'static Squash,
    histories: &'static history::Histories,

    /// The group's plain bytes, as far as each lane has come.
    history: Vec<u8>,
    /// One bit for each byte: whether a token begins there.
    token_starts: Vec<u64>,
    extents: Vec<Extent>,
    lanes: Vec<Lane>,
    current: usize,

    slots: Slots,
    odds: Odds,
    cells: Cells,
    finders: Vec<Finder>,
    records: Records,
    /// The bytes that followed each byte, and each pair of bytes, lately.
    after1: Vec<u32>,
    after2: Vec<u32>,

    first: Layer,
    second: Layer,
    maps: Vec<Map>,
    /// Where the first map has the contexts of a byte.
    byte_nodes: ByteNodes,
    /// What the model's probability has been worth, by branch of its vocabulary.
    model_map: Option<Map>,
    /// The branch that the next decision chooses, among those that have contexts of their own.
    branch: usize,
    pending: Pending,
    /// How far the mixer is trusted, beside a strong model.
    trust: Option<Trust>,
    paths: Paths,
}

impl Mixer {
    /// A mixer for a group that is cut into `lanes`, contiguous ranges of byte positions that begin at 0.
    ///
    /// `with_model` says whether `predict_bit` will be given a model's probabilities.
    ///
    /// # Panics
    ///
    /// When the lanes are not contiguous from 0, or end beyond 2^31.
    pub fn new(
        kind: MixerKind,
        with_model: bool,
        lanes: &[Range<usize>],
        start: &StartValues,
    ) -> Self {
        Self::with_parts(kind, Beside::new(with_model, lanes.len()), lanes, start, Parts::ALL)
    }

    /// A mixer that lacks some parts, to measure what they buy, or that is made for other lanes than it has, to learn
    /// start values.
    pub fn with_parts(
        kind: MixerKind,
        beside: Beside,
        lanes: &[Range<usize>],
        start: &StartValues,
        parts: Parts,
    ) -> Self {
        let len = lanes.last().map_or(0, |l| l.end);
        assert!(len < 1 << 31, "a group is below 2 GiB");
        let mut end = 0;
        for lane in lanes {
            assert!(lane.start == end && lane.end >= end, "lanes are contiguous");
            end = lane.end;
        }
        Self::of_plan(Plan::new(kind, beside, parts), lanes, len, start)
    }

    /// A mixer for these lanes, with tables for a group of `table_len` bytes.
    fn of_plan(plan: Plan, lanes: &[Range<usize>], table_len: usize, start: &StartValues) -> Self {
        let (len, beside) = (lanes.last().map_or(0, |l| l.end), plan.beside);
        let bits = plan.table_bits(table_len);
        let squash = math::squash_table();
        let inputs = plan.shape.inputs();
        let sizes = plan.set_sizes();
        let weights = start::first_weights(&plan, inputs);
        let mut mixer = Self {
            squash,
            histories: history::histories(),
            history: vec![0; len],
            token_starts: vec![0; len / 64 + 1],
            extents: lanes
                .iter()
                .map(|l| Extent { start: l.start, end: l.end, position: l.start })
                .collect(),
            lanes: lanes.iter().map(|l| Lane::new(l.start, plan.twins)).collect(),
            current: 0,
            slots: Slots::new(bits.lines),
            odds: Odds::new(bits.odds),
            cells: Cells::new(&plan.shape, &bits),
            finders: plan.matches.iter().map(|&m| Finder::new(m, bits.matches)).collect(),
            records: Records::new(),
            after1: vec![0; 256],
            after2: if plan.indirect { zeros(AFTER_PAIRS) } else { Vec::new() },
            first: Layer::new(inputs, &sizes, &weights),
            second: Layer::new(sizes.len(), &[256], &start::second_weights(sizes.len())),
            byte_nodes: ByteNodes::new(table_len),
            maps: decide::maps(&plan, &bits, table_len, squash),
            model_map: plan.shape.model_map.then(|| Map::new(bits.branches(), true, squash)),
            branch: 0,
            pending: Pending::new(),
            trust: (start.are_for_strong_models() && beside.has_model()).then(Trust::new),
            paths: Paths::new(Vectors::best(), &plan.shape),
            plan,
            bits,
        };
        start.apply(&mut mixer);
        mixer.cells.silence(&mixer.plan.shape);
        for lane in 0..mixer.lanes.len() {
            mixer.select_contexts(lane);
        }
        mixer
    }

    /// Bytes of memory that a mixer for a group of `group_len` bytes in so many lanes takes.
    pub fn memory_bytes(kind: MixerKind, with_model: bool, group_len: usize, lanes: usize) -> u64 {
        let plan = Plan::new(kind, Beside::new(with_model, lanes), Parts::ALL);
        let bits = plan.table_bits(group_len);
        let tables = Slots::memory_bytes(bits.lines)
            + Odds::memory_bytes(bits.odds)
            + plan.matches.len() as u64 * Finder::memory_bytes(bits.matches);
        let counters = Cells::memory_bytes(&plan.shape, &bits)
            + if plan.indirect { size_of::<u32>() as u64 * AFTER_PAIRS as u64 } else { 0 };
        let model_map = if plan.shape.model_map { bits.branches() } else { 0 };
        let maps = plan.map_sizes(&bits).into_iter().chain([model_map]);
        let maps = maps.map(|n| Map::memory_bytes(byte_nodes::at_last(n, group_len)));
        let sizes = plan.set_sizes();
        let layers = Layer::memory_bytes(plan.shape.inputs(), &sizes)
            + Layer::memory_bytes(sizes.len(), &[256]);
        let text = group_len as u64 + group_len as u64 / 8;
        let lanes = lanes as u64 * (Lane::memory_bytes() + size_of::<Extent>() as u64);
        let rest = size_of::<Mixer>() as u64 + Records::memory_bytes() + (16 << 10);
        tables + counters + maps.sum::<u64>() + layers + text + lanes + rest
    }

    /// The bytes that a lane has coded so far.
    pub fn coded(&self, lane: usize) -> &[u8] {
        let extent = self.extents[lane];
        &self.history[extent.start..extent.position]
    }

    /// Goes on with `lane`, at the beginning of a token; `best` is the one that the model thinks likeliest, anything
    /// without a model.
    ///
    /// # Panics
    ///
    /// When there is no such lane, or it has reached its end.
    pub fn begin_token(&mut self, lane: usize, best: u32) {
        let position = self.extents[lane].position;
        assert!(position < self.extents[lane].end, "the lane has ended");
        self.current = lane;
        self.token_starts[position / 64] |= 1 << (position % 64);
        if self.plan.shape.with_model {
            self.lanes[lane].text.best = best;
            self.select_token_contexts(lane);
        }
        // Lanes are coded in turn, and since this one's last turn its lines may have left the caches.
        if self.lanes.len() > 1 {
            self.fetch_lane((lane + 1) % self.lanes.len());
        }
    }

    /// The next decision is whether the token lies below the token `middle` of the model's vocabulary, or not.
    pub fn at_branch(&mut self, middle: u32) {
        self.branch = middle as usize % self.bits.branches();
    }

    /// Asks for what will be read at the branch `middle`.
    pub fn ask_for_branch(&self, middle: u32) {
        let branch = middle as usize % self.bits.branches();
        if let Some(map) = &self.model_map {
            map.prefetch(branch);
        }
        if let Some(map) = self.maps.get(2) {
            map.prefetch(decide::EXPECTED_CONTEXTS + branch);
        }
    }

    /// The probability, in units of 2^-22 and in `1..2^22`, that the token ends before the next byte.
    ///
    /// `model_p1_q32` is the model's opinion in units of 2^-32.
    pub fn predict_end(&mut self, model_p1_q32: u32) -> u32 {
        let p = self.predict(Some(model_p1_q32), true);
        self.weigh(Some(model_p1_q32), p)
    }

    /// Learns whether the token ended.
    pub fn update_end(&mut self, ended: bool) {
        self.learn(ended);
    }

    /// The probability, in units of 2^-22 and in `1..2^22`, that the next bit of the byte is a one.
    ///
    /// `model_p1_q32` is the model's opinion in units of 2^-32, `None` without a model.
    pub fn predict_bit(&mut self, model_p1_q32: Option<u32>) -> u32 {
        let p = self.predict(model_p1_q32, false);
        self.weigh(model_p1_q32, p)
    }

    /// Learns the bit that was predicted.
    pub fn update_bit(&mut self, bit: bool) {
        self.learn(bit);
        self.advance(bit);
    }

    /// Goes past a bit that could only have this value: nothing is coded, and the models learn nothing.
    pub fn skip_bit(&mut self, bit: bool) {
        self.advance(bit);
    }

    /// What is made of the model's probability and that of the maps.
    fn weigh(&mut self, model_p1_q32: Option<u32>, refined: u32) -> u32 {
        match (&mut self.trust, model_p1_q32) {
            (Some(trust), Some(model)) => trust.mix(model, self.pending.mixed, refined),
            _ => refined,
        }
    }

    /// Everything learns the outcome of the last prediction.
    fn learn(&mut self, bit: bool) {
        if let Some(trust) = &mut self.trust {
            trust.update(bit);
        }
        self.update(bit);
    }

    /// Ends the token; the lane stands behind a whole byte.
    pub fn end_token(&mut self) {
        self.lanes[self.current].text.end_token();
    }
}

#[cfg(test)]
impl Mixer {
    /// Uses other vector instructions than the widest ones.
    pub(crate) fn set_vectors(&mut self, vectors: Vectors) {
        self.paths = Paths::new(vectors, &self.plan.shape);
    }
}
