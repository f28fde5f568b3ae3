//! What everything that counts says to a decision: the inputs of the network.

use super::Mixer;
use super::counters::{Counter, opinions, sureness};
use super::decide::{MATCH_ENTRIES, RUN_ENTRIES};
use super::lane::{MAX_CONTEXTS, MAX_MATCHES};
use super::matching::length_class;
use super::math::{P_HALF, stretch_q32};
use super::network::MAX_VECTORS;
use super::shape::Shape;
use super::vector::{Vector, WIDTH};

/// The most counters that speak in one decision, with what stands behind them, in whole vectors.
pub const MAX_COUNTED: usize = 48;
/// The same in vectors.
pub const COUNTED_VECTORS: usize = MAX_COUNTED / WIDTH;
const _: () = assert!(MAX_CONTEXTS + 4 + 3 + MAX_MATCHES + 1 + 3 <= MAX_COUNTED);
const _: () = assert!(COUNTED_VECTORS + 2 <= MAX_VECTORS);

/// What the counters say, one by one; whole arrays, so that they may live in registers.
pub struct Said {
    counters: [i32; MAX_COUNTED],
    /// 0 where a counter speaks of a one, -1 where it speaks of a zero.
    signs: [i32; MAX_COUNTED],
}

/// What contexts and matches say together.
#[derive(Clone, Copy, Default)]
pub struct Heard {
    /// The longest order that has seen anything.
    pub order: u32,
    /// Class of the length of the longest finder's match that speaks, at least 1; 0 if none does.
    pub match_len: usize,
    /// The bit it expects.
    pub expected_bit: Option<bool>,
}

impl Mixer {
    /// What each counter says, and where it is to learn.
    #[inline(always)]
    pub(super) fn ask_counters(
        &mut self,
        shape: &Shape,
        node: usize,
        partial: usize,
        end: bool,
    ) -> (Said, Heard) {
        let lane = &self.lanes[self.current];
        let pending = &mut self.pending;
        (pending.node, pending.partial) = (node, partial);
        let mut heard = Heard::default();
        let mut said =
            Said { counters: [Counter::HALF.word(); MAX_COUNTED], signs: [0; MAX_COUNTED] };
        // Bit histories. The counter of the empty history stays at one half, so that it says nothing.
        let rows = &self.state_maps[..shape.contexts];
        let orders = &self.plan.orders[..shape.contexts];
        for i in 0..shape.contexts {
            let state = self.slots.state(lane.slots[i], node);
            pending.states[i] = state;
            said.counters[i] = rows[i][usize::from(state)].word();
            heard.order = heard.order.max(if state != 0 { orders[i] } else { 0 });
        }
        let mut used = shape.contexts;

        // Runs. Entry 0 of each context stays at one half, for runs that have nothing to say.
        let whole = if end { 0 } else { lane.partial };
        let shift = 8 - lane.bits;
        let rows = &self.run_maps[..shape.runs];
        for (i, (&(byte, class), row)) in lane.runs.iter().zip(rows).enumerate() {
            let byte = u32::from(byte) | 256;
            let speaks = byte >> shift == whole;
            let entry = if speaks { 2 * class + u8::from(lane.bits > 0) } else { 0 };
            pending.runs[i] = entry;
            said.counters[used + i] = row[usize::from(entry) % RUN_ENTRIES].word();
            said.signs[used + i] = (byte << 1 >> shift & 1) as i32 - 1;
        }
        used += shape.runs;

        // Direct counters.
        let c1 = lane.text.recent[0] as usize & 0xff;
        let places = [partial, c1 << 8 | partial, lane.counters + node];
        for (k, &place) in places.iter().enumerate().take(shape.counters) {
            pending.counters[k] = place;
            let counter = Counter::from_table(self.counters[k][place], Counter::HALF);
            said.counters[used + k] = counter.word();
        }
        used += shape.counters;

        // Matches. Entry 0 of each finder stays at one half.
        for i in (0..shape.finders).rev() {
            let found = &lane.matches[i];
            let mut at = i * MATCH_ENTRIES;
            let mut bit = true;
            if lane.agree[i] {
                bit = if end {
                    self.token_starts[found.from / 64] >> (found.from % 64) & 1 == 1
                } else {
                    lane.expected[i] >> (7 - lane.bits) & 1 == 1
                };
                let class = length_class(found.len);
                let decision = if end { 1 } else { 2 + lane.bits as usize };
                let misses = (found.missed.count_ones() as usize).min(3);
                at += (decision * 4 + misses) * 16 + class;
                (heard.match_len, heard.expected_bit) = (class.max(1), Some(bit));
            }
            pending.matches[i] = at;
            said.counters[used + i] = self.match_maps[at].word();
            said.signs[used + i] = i32::from(bit) - 1;
        }
        (said, heard)
    }

    /// The inputs of the first layer; the model's stretched probability beside them.
    #[inline(always)]
    pub(super) fn fill_inputs<V: Vector>(
        &mut self,
        shape: &Shape,
        mut said: Said,
        model_p1_q32: Option<u32>,
    ) -> ([V; MAX_VECTORS], i32) {
        let counted = shape.counted();
        // What stands behind the counters, where those say nothing.
        let mut extras = [0; MAX_COUNTED];
        let mut model_x = 0;
        if shape.with_model {
            let p = model_p1_q32.unwrap_or(1 << 31);
            model_x = stretch_q32(p);
            extras[counted] = model_x;
            extras[counted + 1] = ((p >> 10) as i32 - P_HALF as i32) >> 10;
            if shape.model_map
                && let Some(map) = &mut self.model_map
            {
                let corrected = map.refine(model_x, self.branch);
                said.counters[counted - 1] = Counter::of_probability(corrected).word();
            }
        }
        extras[counted + shape.extras() - 1] = 512;

        let pending = &mut self.pending;
        let mut inputs = [V::splat(0); MAX_VECTORS];
        let vectors = shape.counted_vectors();
        for i in 0..vectors {
            let counters = V::of(vector(&said.counters, i));
            let signs = V::of(vector(&said.signs, i));
            counters.store(&mut pending.said[i]);
            signs.store(&mut pending.signs[i]);
            inputs[i] = opinions(counters, signs) + V::of(vector(&extras, i));
            inputs[i].store(&mut pending.inputs[i]);
            if i < shape.sure_vectors {
                let sure = sureness(counters, signs);
                inputs[vectors + i] = sure;
                sure.store(&mut pending.inputs[vectors + i]);
            }
        }
        (inputs, model_x)
    }
}

/// The `i`-th vector of some numbers.
#[inline(always)]
fn vector(numbers: &[i32; MAX_COUNTED], i: usize) -> &[i32; WIDTH] {
    &numbers.as_chunks().0[i]
}
