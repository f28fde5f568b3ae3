//! What everything learns from the outcome of a decision.

use super::Mixer;
use super::counters::{Counter, update_each};
use super::decide::{MATCH_ENTRIES, RUN_ENTRIES, SETS};
use super::math::P_ONE;
use super::shape::Shape;
use super::vector::{Vector, WIDTH};

/// Learning rates of the two layers in units of 2^-16: what remains, and what is added at the start.
const RATE: [u32; 2] = [200, 20];
const RATE_EXTRA: [u32; 2] = [1000, 100];
/// Decisions after which half of the added rate is gone.
const RATE_HALF: u32 = 1 << 14;

impl Mixer {
    /// Learns the outcome of the last prediction.
    #[inline(always)]
    pub(super) fn update_body<V: Vector>(&mut self, shape: &Shape, bit: bool) {
        self.ask_maps(shape, bit);
        self.teach_network::<V>(shape, bit);
        for map in self.maps[..shape.maps].iter_mut() {
            map.update(bit);
        }
        if shape.model_map
            && let Some(map) = &mut self.model_map
        {
            map.update(bit);
        }
        self.teach_counters::<V>(shape, bit);
    }

    #[inline(always)]
    fn teach_network<V: Vector>(&mut self, shape: &Shape, bit: bool) {
        let (squash, pending) = (self.squash, &mut self.pending);
        pending.decisions = pending.decisions.saturating_add(1);
        let extra = |k: usize| {
            (u64::from(RATE_EXTRA[k]) * u64::from(RATE_HALF)
                / u64::from(RATE_HALF + pending.decisions)) as i64
        };
        let rates = [i64::from(RATE[0]) + extra(0), i64::from(RATE[1]) + extra(1)];
        let target = if bit { P_ONE as i32 } else { 0 };
        let step = |p: u32, rate: i64| {
            ((i64::from(target - p as i32) * rate) >> 15).clamp(-(1 << 19), 1 << 19) as i32
        };
        let sets = shape.n_sets();
        let mut errors = [0; SETS];
        for (error, &x) in errors[..sets].iter_mut().zip(&pending.outputs) {
            *error = step(squash.of(x), rates[0]);
        }
        self.first.backward::<V>(&pending.inputs[..shape.width()], &errors[..sets]);
        if shape.second_layer {
            let error = step(pending.mixed, rates[1]);
            self.second.backward::<V>(std::slice::from_ref(&pending.second_inputs), &[error]);
        }
    }

    #[inline(always)]
    fn teach_counters<V: Vector>(&mut self, shape: &Shape, bit: bool) {
        let pending = &mut self.pending;
        let bits = V::splat(-i32::from(bit));
        let counted = pending.said.iter_mut().zip(&pending.signs);
        for (said, signs) in counted.take(shape.counted_vectors()) {
            update_each(V::load(said), bits ^ V::load(signs)).store(said);
        }
        let said = |i: usize| Counter::from_word(pending.said[i / WIDTH].0[i % WIDTH]);
        let next = &self.histories.next[usize::from(bit)];
        let slots = &self.lanes[self.current].slots;
        let rows = &mut self.state_maps[..shape.contexts];
        for (i, (row, &slot)) in rows.iter_mut().zip(slots).enumerate() {
            let state = pending.states[i];
            row[usize::from(state)] = said(i);
            row[0] = Counter::HALF;
            self.slots.set_state(slot, pending.node, next[usize::from(state)]);
        }
        let mut used = shape.contexts;
        for (i, row) in self.run_maps[..shape.runs].iter_mut().enumerate() {
            row[usize::from(pending.runs[i]) % RUN_ENTRIES] = said(used + i);
            row[0] = Counter::HALF;
        }
        used += shape.runs;
        for k in 0..shape.counters {
            let place = pending.counters[k];
            self.counters[k][place] = said(used + k).to_table(Counter::HALF);
        }
        used += shape.counters;
        for i in 0..shape.finders {
            self.match_maps[pending.matches[i]] = said(used + i);
            self.match_maps[i * MATCH_ENTRIES] = Counter::HALF;
        }
    }
}
