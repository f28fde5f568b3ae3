//! What a shard teaches and learns, where the output layer learns.

use super::Slot;
use crate::codec::lessons::{Board, made_behind, version};
use crate::codec::predictor::PredictorLanes;
use crate::model::{Lessons, PARTS};

/// One shard among those that teach each other.
pub struct Class {
    /// The number of this shard, and of all.
    number: usize,
    n_shards: usize,
    /// The step that was coded last.
    step: usize,
    /// What this shard has to teach of it.
    noted: Lessons,
    /// What all had to teach, if the next version is to be made of it.
    due: Lessons,
    is_due: bool,
}

impl Class {
    /// A shard of so many, before step 0.
    pub fn new(number: usize, n_shards: usize) -> Class {
        let (noted, due) = (Lessons::default(), Lessons::default());
        Class { number, n_shards, step: 0, noted, due, is_due: false }
    }

    /// Hears which step was just coded; takes from the board what makes the next version if it is time for that.
    pub fn attend(&mut self, step: usize, board: &mut Board) {
        self.step = step;
        if let Some(version) = made_behind(step) {
            self.due.copy_from(board.lessons(version));
            self.is_due = true;
        }
    }

    /// Notes what the step that was coded last has to teach, makes this shard's parts of the next version if that is
    /// due, and turns to the version that is to predict now.
    pub fn learn(&mut self, slots: &[Slot], lanes: &mut impl PredictorLanes) {
        if self.step > 0 {
            for (lane, slot) in slots.iter().enumerate() {
                if let Some(token) = slot.coded {
                    lanes.note(lane, token, &slot.frequencies, &mut self.noted);
                }
            }
        }
        let output = lanes.output();
        if std::mem::take(&mut self.is_due) {
            for part in (self.number..PARTS).step_by(self.n_shards) {
                output.study(part, &self.due);
            }
        }
        output.turn_to(version(self.step + 1));
    }

    /// Puts what was noted on the board.
    pub fn teach(&mut self, board: &mut Board) {
        if self.step > 0 {
            board.of(self.step).append(&self.noted);
            self.noted.clear();
        }
    }
}
