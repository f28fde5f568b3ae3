//! Mixers of messages: many short texts that begin with the same past, each as if it alone followed it.
//!
//! The past is coded once; then the mixer is *frozen*, and each message is coded by a clone of it, whose tables lie over the
//! frozen ones. What a message taught is forgotten before the next one begins.

use super::lane::Lane;
use super::matching::Extent;
use super::over::Layered;
use super::plan::{Beside, MixerKind, Parts, Plan};
use super::records::Records;
use super::trust::Trust;
use super::{Mixer, StartValues};

/// Tables of a mixer for messages are at least as large as for a group of so many bytes. They are in memory where
/// something came only.
const LEAST_TABLE_BYTES: usize = 4 << 10;

/// The end of a past: all of a mixer that is not in its tables.
#[derive(Clone)]
pub struct Mark {
    extents: Vec<Extent>,
    lanes: Vec<Lane>,
    records: Records,
    after1: Vec<u32>,
    after2: Vec<u32>,
    decisions: u32,
    trust: Option<Trust>,
}

impl Mixer {
    /// A mixer of one lane beside a model, for texts of up to `capacity` bytes that may end anywhere, the past among
    /// them; its tables are as large as for a group of `table_len` bytes.
    ///
    /// # Panics
    /// When the capacity is 2^31 bytes or more.
    pub fn for_messages(
        kind: MixerKind,
        start: &StartValues,
        capacity: usize,
        table_len: usize,
    ) -> Mixer {
        assert!(capacity < 1 << 31, "a group is below 2 GiB");
        let plan = Plan::new(kind, Beside::Model, Parts::ALL);
        // Nobody comes to the end of the lane, behind which nothing would be learned.
        let lane = 0..capacity + 1;
        Self::of_plan(plan, std::slice::from_ref(&lane), table_len.max(LEAST_TABLE_BYTES), start)
    }

    /// Ends the past, which all messages have in common from here on.
    pub fn freeze(&mut self) {
        self.forget_slots();
        self.each_table(|table| table.freeze());
        self.first.forget_uses();
        self.second.forget_uses();
    }

    /// Where the past ends, to come back to.
    pub fn mark(&self) -> Mark {
        Mark {
            extents: self.extents.clone(),
            lanes: self.lanes.clone(),
            records: self.records.clone(),
            after1: self.after1.clone(),
            after2: self.after2.clone(),
            decisions: self.pending.decisions,
            trust: self.trust.clone(),
        }
    }

    /// Forgets what came since the mark, which is of this mixer, or of the one that this is a clone of.
    pub fn go_back(&mut self, mark: &Mark) {
        self.each_table(|table| table.clear());
        // Text behind the past is overwritten before it is read; of the marks of tokens only ones are written.
        let (past, behind) = (mark.extents[0].position, self.extents[0].position);
        self.token_starts[past / 64] &= (1 << (past % 64)) - 1;
        self.token_starts[past / 64 + 1..]
            .iter_mut()
            .take(behind / 64 - past / 64)
            .for_each(|w| *w = 0);
        self.extents.clone_from(&mark.extents);
        self.lanes.clone_from(&mark.lanes);
        self.records.clone_from(&mark.records);
        self.after1.clone_from(&mark.after1);
        self.after2.clone_from(&mark.after2);
        self.pending.decisions = mark.decisions;
        self.trust.clone_from(&mark.trust);
    }

    /// Makes what came since it was frozen a part of the past.
    pub fn commit(&mut self) {
        self.forget_slots();
        self.each_table(|table| table.commit());
    }

    /// Every table that learns.
    fn each_table(&mut self, change: impl Fn(&mut dyn Layered)) {
        change(&mut self.slots);
        change(&mut self.cells);
        self.finders.iter_mut().for_each(|finder| change(&mut finder.table));
        change(&mut self.first.weights);
        change(&mut self.second.weights);
        self.maps.iter_mut().chain(&mut self.model_map).for_each(|map| change(&mut map.points));
    }

    /// Slots that the end of a token has found for the next byte are found again.
    fn forget_slots(&mut self) {
        for lane in &mut self.lanes {
            (lane.found, lane.byte_found) = (false, false);
        }
    }

    /// A mixer with whole tables of its own that goes on from where this one is, between two tokens: what a long text needs.
    pub fn settled(&self) -> Mixer {
        let mut mixer = self.clone();
        // The end of a token may have asked for the slots of the next byte.
        for lane in &mut mixer.lanes {
            for i in 0..mixer.plan.contexts.len() {
                if lane.found {
                    lane.set_slot(i, self.slots.in_whole(lane.slot(i)));
                }
                if lane.byte_found && i < mixer.plan.shape.runs {
                    lane.byte_slots[i] = self.slots.in_whole(lane.byte_slots[i]);
                }
            }
        }
        mixer.each_table(|table| table.settle());
        mixer
    }

    /// The last eight bytes, the newest lowest.
    pub fn recent(&self) -> u64 {
        self.lanes[0].text.recent[0]
    }

    /// Bytes that were coded so far, the past among them.
    pub fn position(&self) -> usize {
        self.extents[0].position
    }
}
