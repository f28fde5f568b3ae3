//! Mixers of messages: many short texts that begin with the same past, each as if it alone followed it.
//!
//! The past is coded once; then the mixer is *frozen*, and each message is coded by a clone of it, whose tables lie over the
//! frozen ones. What a message taught is forgotten before the next one begins.

use super::plan::{Beside, MixerKind, Parts, Plan};
use super::{Mixer, StartValues};

/// Tables of a mixer for messages are at least as large as for a group of so many bytes. They are in memory where
/// something came only.
const LEAST_TABLE_BYTES: usize = 4 << 10;

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
        // Slots that were found for the next byte are of the table that is left; they are found again.
        for lane in &mut self.lanes {
            (lane.found, lane.byte_found) = (false, false);
        }
        self.slots.freeze();
        self.cells.freeze();
        self.finders.iter_mut().for_each(|finder| finder.freeze());
        self.first.freeze();
        self.second.freeze();
        self.maps.iter_mut().chain(&mut self.model_map).for_each(|map| map.freeze());
    }

    /// Forgets what came since `frozen`, of which this is a clone, was frozen.
    pub fn begin_again(&mut self, frozen: &Mixer) {
        self.slots.clear();
        self.cells.clear();
        self.finders.iter_mut().for_each(|finder| finder.clear());
        self.first.clear();
        self.second.clear();
        self.maps.iter_mut().chain(&mut self.model_map).for_each(|map| map.clear());
        // Text behind the past is overwritten before it is read; of the marks only ones are written.
        let past = frozen.extents[0].position / 64;
        let behind = self.extents[0].position / 64;
        self.token_starts[past..=behind].copy_from_slice(&frozen.token_starts[past..=behind]);
        self.extents.clone_from(&frozen.extents);
        self.lanes.clone_from(&frozen.lanes);
        self.records.clone_from(&frozen.records);
        self.after1.clone_from(&frozen.after1);
        self.after2.clone_from(&frozen.after2);
        self.pending.decisions = frozen.pending.decisions;
        self.trust.clone_from(&frozen.trust);
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
        mixer.slots.settle();
        mixer.cells.settle();
        mixer.finders.iter_mut().for_each(|finder| finder.settle());
        mixer.first.settle();
        mixer.second.settle();
        mixer.maps.iter_mut().chain(&mut mixer.model_map).for_each(|map| map.settle());
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
