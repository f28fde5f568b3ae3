//! One decision: the inputs of the network, its output, and what the probability maps make of it.

use super::Mixer;
use super::counters::{Counter, stretch_all};
use super::hash::mix;
use super::lane::{MAX_CONTEXTS, MAX_MATCHES};
use super::maps::Map;
use super::matching::length_class;
use super::math::{P_HALF, P_ONE, Squash, stretch, stretch_q32};
use super::network::{Inputs, LANES, MAX_INPUTS};
use super::plan::{MixerKind, Plan};
use super::shape::Shape;
use super::text::class;

/// The most weight sets of the first layer.
pub const SETS: usize = 6;

/// Contexts of the map by what a match expects: the partial byte where none does, or the expected byte and the decision.
pub const EXPECTED_CONTEXTS: usize = 256 + 256 * 9;

/// Contexts of the map that corrects the model: length and bit of the match, token's length, end or bit.
pub const MODEL_CONTEXTS: usize = 16 * 3 * 4 * 2;

/// Classes of run lengths.
pub const RUN_CLASSES: usize = 8;
/// Entries of a context's run map: by class, and whether bits of the byte are known.
pub const RUN_ENTRIES: usize = 2 * RUN_CLASSES;

/// The probability maps of a plan.
pub fn maps(plan: &Plan, squash: &Squash) -> Vec<Map> {
    plan.map_sizes().into_iter().map(|n| Map::new(n, squash)).collect()
}

/// Number of entries of the match maps for each finder.
pub const MATCH_ENTRIES: usize = 10 * 4 * 16;

/// The most counters that speak in one decision, padded.
const MAX_COUNTED: usize = 48;
const _: () = assert!(MAX_CONTEXTS + 4 + 3 + MAX_MATCHES <= MAX_COUNTED);
const _: () = assert!(2 * (MAX_CONTEXTS + MAX_MATCHES) + 4 + 3 + 3 < MAX_INPUTS);

/// What must be known between a prediction and its outcome.
pub struct Pending {
    /// Counters that speak: of bit histories, runs, direct ones, matches.
    pub said: [Counter; MAX_COUNTED],
    /// 0 where a counter speaks of a one, -1 where it speaks of a zero.
    pub signs: [i32; MAX_COUNTED],
    /// For each context: its state.
    pub states: [u8; MAX_CONTEXTS],
    /// For each context: its entry of `run_maps`.
    pub runs: [u8; MAX_CONTEXTS],
    /// For each direct counter: its place.
    pub counters: [usize; 3],
    /// For each finder: its entry of `match_maps`.
    pub matches: [usize; MAX_MATCHES],
    /// The node that was predicted.
    pub node: usize,
    /// Inputs of the first layer.
    pub inputs: Inputs,
    /// Its outputs, the inputs of the second layer.
    pub outputs: Inputs,
    /// Probability after the second layer.
    pub mixed: u32,
    /// How many decisions were learned from.
    pub decisions: u32,
    map_contexts: [usize; 3],
}

impl Pending {
    /// Nothing is pending.
    pub fn new() -> Self {
        Self {
            said: [Counter::HALF; MAX_COUNTED],
            signs: [0; MAX_COUNTED],
            states: [0; MAX_CONTEXTS],
            runs: [0; MAX_CONTEXTS],
            counters: [0; 3],
            matches: [0; MAX_MATCHES],
            node: 0,
            inputs: [0; MAX_INPUTS],
            outputs: [0; MAX_INPUTS],
            mixed: P_HALF,
            decisions: 0,
            map_contexts: [0; 3],
        }
    }
}

/// What the matches say together.
#[derive(Clone, Copy, Default)]
struct Heard {
    /// Class of the length of the longest finder's match that speaks, at least 1; 0 if none does.
    match_len: usize,
    /// The bit it expects.
    expected_bit: Option<bool>,
}

impl Mixer {
    /// The probability of a one for the next bit, or for the end of the token.
    #[inline(always)]
    pub(super) fn predict_body(
        &mut self,
        shape: &Shape,
        model_p1_q32: Option<u32>,
        end: bool,
    ) -> u32 {
        if !self.lanes[self.current].found {
            self.find_slots();
        }
        let lane = &self.lanes[self.current];
        let node = if end { 0 } else { lane.node() };
        // The node of the whole byte: the bits so far behind a leading one, 0 for the token's end.
        let partial = if end { 0 } else { lane.partial as usize };
        self.choose_maps(shape, node, partial);
        let heard = self.ask_counters(shape, node, partial, end);
        let model = self.fill_inputs(shape, heard, model_p1_q32, end);
        self.choose_weights(shape, heard, model, partial, end);
        let x = self.run_network(shape, partial);
        let p = self.squash.of(x);
        self.pending.mixed = p;
        self.refine(shape, p, x, model)
    }

    /// What each counter says: `said` and `signs`, and where it is to learn.
    #[inline(always)]
    fn ask_counters(&mut self, shape: &Shape, node: usize, partial: usize, end: bool) -> Heard {
        let lane = &self.lanes[self.current];
        let pending = &mut self.pending;
        pending.node = node;
        // Bit histories. The counter of the empty history stays at one half, so that it says nothing.
        let rows = &self.state_maps[..shape.contexts];
        for (i, (row, &slot)) in rows.iter().zip(&lane.slots).enumerate() {
            let state = self.slots.state(slot, node);
            pending.states[i] = state;
            pending.said[i] = row[usize::from(state)];
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
            pending.said[used + i] = row[usize::from(entry) % RUN_ENTRIES];
            pending.signs[used + i] = (byte << 1 >> shift & 1) as i32 - 1;
        }
        used += shape.runs;

        // Direct counters.
        let c1 = lane.text.recent[0] as usize & 0xff;
        let places = [partial, c1 << 8 | partial, lane.counters + node];
        for (k, &place) in places.iter().enumerate().take(shape.counters) {
            pending.counters[k] = place;
            pending.said[used + k] = Counter::from_table(self.counters[k][place], Counter::HALF);
        }
        used += shape.counters;

        // Matches. Entry 0 of each finder stays at one half.
        let mut heard = Heard::default();
        for i in (0..shape.finders).rev() {
            let found = &lane.matches[i];
            let mut at = i * MATCH_ENTRIES;
            if lane.agree[i] {
                let bit = if end {
                    self.token_starts[found.from / 64] >> (found.from % 64) & 1 == 1
                } else {
                    lane.expected[i] >> (7 - lane.bits) & 1 == 1
                };
                let class = length_class(found.len);
                let decision = if end { 1 } else { 2 + lane.bits as usize };
                let misses = (found.missed.count_ones() as usize).min(3);
                at += (decision * 4 + misses) * 16 + class;
                pending.signs[used + i] = i32::from(bit) - 1;
                heard = Heard { match_len: class.max(1), expected_bit: Some(bit) };
            }
            pending.matches[i] = at;
            pending.said[used + i] = self.match_maps[at];
        }
        heard
    }

    /// The inputs of the first layer; returns the model's stretched probability.
    #[inline(always)]
    fn fill_inputs(
        &mut self,
        shape: &Shape,
        heard: Heard,
        model_p1_q32: Option<u32>,
        end: bool,
    ) -> i32 {
        let pending = &mut self.pending;
        // Whole vectors; what stands behind the last counter is written over.
        let inputs = &mut pending.inputs;
        let mut used = shape.counted();
        let whole = shape.counted_padded();
        stretch_all(&pending.said[..whole], &pending.signs[..whole], &mut inputs[..whole]);
        if shape.confidences {
            for i in 0..shape.contexts {
                inputs[used + i] = pending.said[i].sureness();
            }
            let first_match = used - shape.finders;
            used += shape.contexts;
            for i in first_match..first_match + shape.finders {
                inputs[used] = (pending.said[i].sureness() ^ pending.signs[i]) - pending.signs[i];
                used += 1;
            }
        }
        let mut model_x = 0;
        if shape.with_model {
            let p = model_p1_q32.unwrap_or(1 << 31);
            model_x = stretch_q32(p);
            inputs[used] = model_x;
            inputs[used + 1] = ((p >> 10) as i32 - P_HALF as i32) >> 10;
            used += 2;
            if shape.model_map
                && let Some(map) = &mut self.model_map
            {
                let expected = heard.expected_bit.map_or(0, |bit| 1 + usize::from(bit));
                let place = heard.match_len * 3 + expected;
                let token = (self.lanes[self.current].text.token_len as usize).min(3);
                let context = (place * 4 + token) * 2 + usize::from(end);
                inputs[used] = stretch(map.refine(model_x, context));
                used += 1;
            }
        }
        inputs[used] = 512;
        model_x
    }

    /// Which vectors of weights the first layer uses.
    #[inline(always)]
    fn choose_weights(
        &mut self,
        shape: &Shape,
        heard: Heard,
        model_x: i32,
        partial: usize,
        end: bool,
    ) {
        let lane = &self.lanes[self.current];
        let recent = lane.text.recent[0];
        let c1 = recent as usize & 0xff;
        let c2 = recent as usize >> 8 & 0xff;
        let last = usize::from(end);
        let bits = if end { 8 } else { lane.bits as usize };
        let [by_match, by_byte, by_order, by_model, by_second] = shape.sets;
        let first = &mut self.first;
        first.choose(0, partial);
        let mut sets = 1;
        if by_match {
            let agreement = match heard.expected_bit {
                Some(bit) if shape.with_model => 1 + usize::from(bit == (model_x >= 0)),
                Some(bit) => usize::from(bit),
                None => 0,
            };
            first.choose(sets, (heard.match_len * 3 + agreement) * 2 + last);
            sets += 1;
        }
        if by_byte {
            first.choose(sets, c1 * 2 + last);
            sets += 1;
        }
        if by_order {
            let mut longest = 0;
            let states = &self.pending.states[..shape.contexts];
            for (&state, &order) in states.iter().zip(&self.plan.orders) {
                longest = longest.max(if state != 0 { order } else { 0 });
            }
            first.choose(sets, longest as usize * 9 + bits);
            sets += 1;
        }
        if by_model {
            let vector = if shape.with_model {
                let confidence = ((model_x + 32_768) >> 12) as usize;
                (confidence * 4 + (lane.text.token_len as usize).min(3)) * 2 + last
            } else {
                (class(c1 as u8) as usize * 8 + class(c2 as u8) as usize) * 9 + bits
            };
            first.choose(sets, vector);
            sets += 1;
        }
        if by_second {
            first.choose(sets, c2 * 2 + last);
        }
    }

    /// The stretched probability after both layers.
    #[inline(always)]
    fn run_network(&mut self, shape: &Shape, partial: usize) -> i32 {
        let pending = &mut self.pending;
        let sets = shape.n_sets();
        self.first.forward(&pending.inputs, shape.width(), &mut pending.outputs[..sets]);
        if shape.second_layer {
            self.second.choose(0, partial);
            let mut x = [0];
            self.second.forward(&pending.outputs, LANES, &mut x);
            return x[0];
        }
        // The light kind has two sets; a division would take longer than all that went before.
        match sets {
            1 => pending.outputs[0],
            2 => (pending.outputs[0] + pending.outputs[1]) >> 1,
            _ => pending.outputs[..sets].iter().sum::<i32>() / sets as i32,
        }
    }

    /// What the probability maps make of the network's probability `p`, stretched `x`.
    #[inline(always)]
    fn refine(&mut self, shape: &Shape, p: u32, x: i32, model_x: i32) -> u32 {
        let [a, b, c] = self.pending.map_contexts;
        let maps = &mut self.maps[..shape.maps];
        let refined = match maps {
            [] => p,
            [first] => (p + first.refine(x, a)) / 2,
            [first, second] => (2 * p + first.refine(x, a) + second.refine(x, b)) / 4,
            // The third corrects what the model alone says, but where a match speaks it would hold back a mixer that
            // is surer than the model: logs became 9 % larger.
            [first, second, third] if shape.with_model => {
                let sum = 4 * p + 2 * first.refine(x, a) + second.refine(x, b);
                let from = if c < 256 { model_x } else { x };
                (sum + third.refine(from, c)) / 8
            }
            [first, second, third, ..] => {
                (p + first.refine(x, a) + second.refine(x, b) + third.refine(x, c)) / 4
            }
        };
        refined.clamp(1, P_ONE - 1)
    }

    /// The contexts of the probability maps for the next decision of the current lane.
    #[inline(always)]
    fn choose_maps(&mut self, shape: &Shape, node: usize, partial: usize) {
        let lane = &self.lanes[self.current];
        let recent = lane.text.recent[0];
        let c1 = recent as usize & 0xff;
        // The nodes of one half of a byte lie side by side.
        let half = if partial < 16 { 0 } else { partial >> (lane.bits - 4) };
        let order2 = mix(5, recent & 0xffff, half as u64);
        // What a match expects agrees with the bits so far, so it and their number say all.
        let agreeing = (0..self.finders.len()).find(|&i| lane.agree[i]);
        let expected = agreeing.map_or(partial, |i| {
            let decision = if partial == 0 { 8 } else { lane.bits as usize };
            256 + usize::from(lane.expected[i]) * 9 + decision
        });
        self.pending.map_contexts = match shape.kind {
            MixerKind::Light => {
                [partial, (mix(5, recent & 0xff, half as u64) >> 56 << 4) as usize | node, 0]
            }
            MixerKind::Default => {
                [c1 << 8 | partial, (order2 >> 54 << 4) as usize | node, expected]
            }
            MixerKind::Full => [c1 << 8 | partial, (order2 >> 52 << 4) as usize | node, expected],
        };
        for (map, context) in self.maps.iter().zip(self.pending.map_contexts) {
            map.prefetch(context);
        }
    }
}

/// The class of a run's length: 0 is no run.
#[inline(always)]
pub fn run_class(len: u8) -> u8 {
    match len {
        0..=3 => len,
        4..=5 => 4,
        6..=9 => 5,
        10..=31 => 6,
        _ => 7,
    }
}
