//! How much memory a group takes, worked out before anything is allocated.
//!
//! What the file of a model takes is not in it: it is mapped, or in the program, and is there once for all groups.

use super::Plan;
use super::lanes::longest_lane;
use crate::mixer::{Mixer, MixerKind};
use crate::model::{Config, Frequencies, Learner, Lessons, Session};
use crate::parallel::MOST_THREADS;

/// What a group needs of everybody.
pub(super) struct Needs<'a> {
    /// Bytes of the group.
    pub len: usize,
    pub plan: &'a Plan,
    /// The model that runs in it, if one does.
    pub model: Option<ModelNeeds<'a>>,
}

/// A model that runs in a group.
pub(super) struct ModelNeeds<'a> {
    pub config: &'a Config,
    pub window: usize,
    /// Whether all lanes share one reading of the weights.
    pub reads_much: bool,
}

/// Rounds of notes on their way: two that each shard is ahead, one that it makes, one that is answered and one that is
/// mixed.
const ROUNDS: usize = 5;
/// Bytes of a token's notes: some thirty decisions, in a list that has just doubled its size.
const NOTE_BYTES: usize = 256;
/// Bytes of whatever is not counted: lists of lanes, of copies, of threads.
const LITTLE: u64 = 256 << 10;

impl Needs<'_> {
    fn lanes(&self) -> usize {
        self.plan.lanes
    }

    /// The mixer.
    fn mixer(&self) -> u64 {
        Mixer::memory_bytes(self.plan.mixer, self.model.is_some(), self.len, self.lanes())
    }

    /// Tokens that a lane has seen in the end: the start, what lane 0 has coded alone, and one a byte at most.
    fn positions(&self) -> usize {
        let alone = if self.lanes() == 1 { 0 } else { self.plan.prime_tokens.min(self.len) };
        1 + alone + longest_lane(self.len, self.lanes())
    }

    /// What learns, if anything does, and what it has to learn, in so many places for each lane.
    fn learning(&self, config: &Config, places: usize) -> usize {
        if !self.plan.learns {
            return 0;
        }
        Learner::memory_bytes(config) + places * self.lanes() * Lessons::memory_bytes(config)
    }

    /// Decoding it, with any number of threads.
    pub(super) fn decoding(&self) -> u64 {
        // The group without its copies and with them.
        let text = 2 * self.len as u64;
        text + self.mixer() + self.model.as_ref().map_or(0, |m| self.decoding_with(m)) + LITTLE
    }

    fn decoding_with(&self, model: &ModelNeeds<'_>) -> u64 {
        let ModelNeeds { config, window, reads_much } = *model;
        let (lanes, positions) = (self.lanes(), self.positions());
        let session =
            |lanes, threads| Session::memory_bytes(config, lanes, window, 1, positions, threads);
        let shards = if reads_much { 1 } else { lanes.min(MOST_THREADS) };
        let sessions = match shards {
            1 => session(lanes, MOST_THREADS),
            _ => {
                // One of them is spread over all threads in the beginning.
                let spread = session(1, MOST_THREADS) - session(1, 1);
                shards * session(lanes.div_ceil(shards), 1) + spread
            }
        };
        let lead = Session::lane_bytes(config, window, self.plan.prime_tokens.min(positions) + 1);
        let answers = (lanes + 1) * Frequencies::memory_bytes(config.coded);
        // Two blocks of steps on the board, and for each shard one that is due and what it notes.
        let learning = self.learning(config, (2 + shards) * super::lessons::STEPS + 1);
        (sessions + lead + answers + learning) as u64
    }

    /// Encoding it on so many threads: what the model runs beside the mixer.
    pub(super) fn encoding(&self, threads: usize) -> u64 {
        // The group without its copies, and a payload as long.
        let mut bytes = 2 * self.len as u64 + self.mixer() + LITTLE;
        if let Some(model) = &self.model {
            bytes += self.encoding_with(model, threads) + self.tokens();
        }
        bytes
    }

    /// Tokens of all lanes. Where there are more than four for five bytes, the model does not run, but in short groups.
    fn tokens(&self) -> u64 {
        4 * self.len as u64 * if self.len <= super::choice::TRY_BOTH_BYTES { 2 } else { 1 }
    }

    fn encoding_with(&self, model: &ModelNeeds<'_>, threads: usize) -> u64 {
        let ModelNeeds { config, window, reads_much } = *model;
        let (lanes, positions) = (self.lanes(), self.positions());
        let split = super::ahead::Split::new(lanes, reads_much, threads);
        let shards = lanes.div_ceil(split.lanes_each);
        let session = Session::memory_bytes(
            config,
            split.lanes_each,
            window,
            split.run,
            positions,
            split.threads_each,
        );
        let lead = Session::lane_bytes(config, window, self.plan.prime_tokens.min(positions) + 1);
        let note = NOTE_BYTES + if self.plan.learns { 2 * (config.hidden + 64) } else { 0 };
        let notes = lanes * split.run.min(positions) * ROUNDS * note;
        let learning = match self.plan.learns {
            true => {
                let output = Session::output_bytes(config, usize::MAX, 1);
                self.learning(config, 2 * super::lessons::STEPS) + output
            }
            false => 0,
        };
        (shards * session + lead + notes + learning) as u64
    }

    /// Looking at a group before it is encoded: copies are looked for, and tokens counted, on so many threads.
    pub(super) fn preparing(&self, threads: usize) -> u64 {
        let (len, model) = (self.len as u64, self.model.is_some());
        let copies = len / 4 + (16 << 10);
        // A token a byte in a list that has just doubled its size, and what is remembered of pieces.
        let pieces = (threads as u64) * (len / 16 * 64).clamp(1 << 10, 1 << 20);
        let tokens = if model { 6 * len + pieces } else { 0 };
        // The light mixer looks for noise.
        let trial = Mixer::memory_bytes(MixerKind::Light, false, 4 << 10, 1);
        len + copies.max(tokens).max(trial) + LITTLE
    }
}
