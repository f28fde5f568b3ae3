//! What everything learns from the outcome of a decision.

use super::Mixer;
use super::counters::update_each;
use super::decide::SETS;
use super::inputs::masks;
use super::math::P_ONE;
use super::odds;
use super::shape::Shape;
use super::slots::Slot;
use crate::kernels::vectors::{Vector, WIDTH};

/// Learning rates of the two layers in units of 2^-16: what remains, and what is added at the start. Without a model
/// there is more to learn about whom to trust.
const RATE: [u32; 2] = [200, 20];
const RATE_EXTRA: [u32; 2] = [1000, 100];
const RATE_ALONE: u32 = 60;
const RATE_EXTRA_ALONE: u32 = 100;
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
        let rate = |left: u32, extra: u32| {
            let decisions = RATE_HALF.saturating_add(pending.decisions);
            i64::from(left + extra * RATE_HALF / decisions)
        };
        let second = match shape.with_model {
            true => rate(RATE[1], RATE_EXTRA[1]),
            false => rate(RATE_ALONE, RATE_EXTRA_ALONE),
        };
        let rates = [rate(RATE[0], RATE_EXTRA[0]), second];
        let target = if bit { P_ONE as i32 } else { 0 };
        let step = |p: u32, rate: i64| {
            let error = i64::from(target - p as i32) * rate;
            // Rounded, not cut off: weights would drift where next to nothing is wrong.
            ((error + (1 << 16)) >> 17).clamp(-32_767, 32_767) as i32
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
        for i in 0..shape.counted_vectors() {
            let learned = update_each(V::load(&pending.said[i]), bits ^ V::load(&pending.signs[i]));
            let words = learned ^ V::of(&masks(shape, i));
            let places = V::load(&pending.places[i]);
            words.scatter(self.cells.words_mut(), places, pending.learning[i]);
        }
        let lane = &self.lanes[self.current];
        if shape.odds {
            let said = V::load(&pending.odds);
            let chance = odds::chance(pending.decisions);
            self.odds.teach::<V>(&lane.blocks, pending.node, said, bits, chance);
        }
        let row = V::splat(256 * i32::from(bit));
        for i in 0..shape.contexts.div_ceil(WIDTH) {
            let next = V::gather_bytes(&self.histories.next, V::load(&pending.states[i]) + row);
            let first = i * WIDTH;
            let slots = &lane.slots[i].0[..WIDTH.min(shape.contexts - first)];
            for (&slot, state) in slots.iter().zip(next.bytes()) {
                self.slots.set_state(Slot::from_number(slot), pending.node, state);
            }
        }
    }
}
