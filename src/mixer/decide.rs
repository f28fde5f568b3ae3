//! One decision: the inputs of the network, its output, and what everything learns from the outcome.

use super::Mixer;
use super::counters::Counter;
use super::hash::mix;
use super::lane::{MAX_CONTEXTS, MAX_MATCHES};
use super::maps::Map;
use super::matching::length_class;
use super::math::{P_HALF, P_ONE, Tables};
use super::plan::{MixerKind, Part, Plan};
use super::text::class;

/// The most weight sets of the first layer.
pub const SETS: usize = 8;

/// Where the slowest counters stop to slow down.
const STATE_LIMIT: u32 = 255;
const RUN_LIMIT: u32 = 255;
const MATCH_LIMIT: u32 = 255;
const COUNTER_LIMITS: [u32; 3] = [255, 255, 255];
const MAP_LIMIT: u32 = 255;

/// Learning rates of the two layers in units of 2^-16: what remains, and what is added at the start.
const RATE: [u32; 2] = [140, 60];
const RATE_EXTRA: [u32; 2] = [900, 200];
/// Decisions after which half of the added rate is gone.
const RATE_HALF: u32 = 1 << 12;

/// Classes of run lengths.
pub const RUN_CLASSES: usize = 8;
/// Entries of a context's run map: by class, and whether bits of the byte are known.
pub const RUN_ENTRIES: usize = 2 * RUN_CLASSES;

/// Number of inputs of the first layer.
pub fn n_inputs(plan: &Plan) -> usize {
    let per_context =
        1 + usize::from(plan.parts.has(Part::Confidences)) + usize::from(has_runs(plan));
    plan.contexts.len() * per_context
        + n_counters(plan)
        + 2 * plan.matches.len()
        + 2 * usize::from(plan.with_model)
        + 1
}

fn has_runs(plan: &Plan) -> bool {
    plan.parts.has(Part::Runs) && plan.kind != MixerKind::Light
}

fn n_counters(plan: &Plan) -> usize {
    match plan.kind {
        _ if !plan.parts.has(Part::Counters) => 0,
        MixerKind::Light => 2,
        _ => 3,
    }
}

/// Vectors in each weight set.
pub fn set_sizes(plan: &Plan) -> Vec<usize> {
    let mut sizes = vec![256];
    if plan.parts.has(Part::MatchSets) {
        sizes.push(16 * 3 * 2);
    }
    if plan.kind != MixerKind::Light {
        if plan.parts.has(Part::ByteSets) {
            sizes.push(512);
        }
        if plan.parts.has(Part::OrderSets) {
            sizes.push(9 * 9);
        }
        if plan.parts.has(Part::ModelSets) {
            sizes.push(if plan.with_model { 16 * 4 * 2 } else { 64 * 9 });
        }
    }
    if plan.kind == MixerKind::Full && plan.parts.has(Part::ByteSets) {
        sizes.push(512);
    }
    sizes
}

/// Contexts of each probability map.
pub fn map_sizes(plan: &Plan) -> Vec<usize> {
    if !plan.parts.has(Part::Maps) {
        return Vec::new();
    }
    match plan.kind {
        MixerKind::Light => vec![256, 1 << 12],
        MixerKind::Default => vec![1 << 16, 1 << 14],
        MixerKind::Full => vec![1 << 16, 1 << 16, 1 << 16],
    }
}

/// The probability maps of a plan.
pub fn maps(plan: &Plan, tables: &Tables) -> Vec<Map> {
    map_sizes(plan).into_iter().map(|n| Map::new(n, MAP_LIMIT, tables)).collect()
}

/// What must be known between a prediction and its outcome.
pub struct Pending {
    /// Inputs of the first layer, padded.
    inputs: Vec<i32>,
    /// Its outputs.
    outputs: [i32; SETS],
    /// Inputs of the second layer, padded.
    seconds: [i32; 16],
    /// Probability after the second layer.
    mixed: u32,
    states: [u8; MAX_CONTEXTS],
    node: usize,
    end: bool,
    /// For each context: its entry of `run_maps`, and the expected bit in the lowest bit.
    runs: [u8; MAX_CONTEXTS],
    /// For each finder: its entry of `match_maps` and the expected bit, where a match speaks.
    matches: [Option<(usize, bool)>; MAX_MATCHES],
    counters: [usize; 3],
    map_contexts: [usize; 3],
    decisions: u32,
}

impl Pending {
    /// Nothing is pending.
    pub fn new(inputs: usize) -> Self {
        Self {
            inputs: vec![0; inputs.next_multiple_of(super::network::LANES)],
            outputs: [0; SETS],
            seconds: [0; 16],
            mixed: P_HALF,
            states: [0; MAX_CONTEXTS],
            node: 0,
            end: false,
            runs: [0; MAX_CONTEXTS],
            matches: [None; MAX_MATCHES],
            counters: [0; 3],
            map_contexts: [0; 3],
            decisions: 0,
        }
    }
}

impl Mixer {
    /// The probability of a one for the next bit, or for the end of the token.
    pub(super) fn predict(&mut self, model_p1_q32: Option<u32>, end: bool) -> u32 {
        if !self.lanes[self.current].found {
            self.find_slots();
        }
        let lane = &self.lanes[self.current];
        let node = if end { 0 } else { lane.node() };
        // The node of the whole byte: the bits so far behind a leading one, 0 for the token's end.
        let partial = if end { 0 } else { lane.partial as usize };
        self.choose_maps(node, partial);
        let t = self.tables;
        let lane = &self.lanes[self.current];
        let pending = &mut self.pending;
        let n = self.plan.contexts.len();
        pending.node = node;
        pending.end = end;

        // Bit histories. The entry of the empty history stays at one half, so that it says nothing.
        let inputs = &mut pending.inputs;
        let confidences = self.plan.parts.has(Part::Confidences);
        let mut probabilities = [P_HALF; MAX_CONTEXTS];
        let slots = &lane.slots[..n];
        let rows = self.state_maps.iter().zip(slots);
        for ((row, &slot), (state, p)) in rows.zip(pending.states.iter_mut().zip(&mut probabilities)) {
            *state = self.slots.state(slot, node);
            *p = row[usize::from(*state)].p();
        }
        for (input, &p) in inputs.iter_mut().zip(&probabilities[..n]) {
            *input = t.stretch(p);
        }
        let mut used = n;
        if confidences {
            for (input, &p) in inputs[n..2 * n].iter_mut().zip(&probabilities[..n]) {
                *input = (p as i32 - P_HALF as i32) >> 10;
            }
            used += n;
        }
        let mut longest = 0;
        for (i, order) in self.plan.orders.iter().enumerate() {
            if pending.states[i] != 0 {
                longest = longest.max(*order);
            }
        }

        // Runs. Entry 0 of each context stays at one half, for runs that have nothing to say.
        if has_runs(&self.plan) {
            let whole = if end { 0 } else { lane.partial };
            let shift = 8 - lane.bits;
            let entries = pending.runs.iter_mut().zip(&mut inputs[used..used + n]);
            for ((&(byte, class), row), (entry, input)) in lane.runs.iter().zip(&self.run_maps).zip(entries) {
                let byte = u32::from(byte) | 256;
                let speaks = byte >> shift == whole;
                let bit = (byte << 1 >> shift) & 1;
                let at = if speaks { 2 * class + u8::from(lane.bits > 0) } else { 0 };
                let x = t.stretch(row[usize::from(at)].p());
                let sign = bit as i32 * 2 - 1;
                *input = x * sign;
                *entry = at << 1 | bit as u8;
            }
            used += n;
        }

        // Direct counters.
        let recent = lane.text.recent[0];
        let places = [partial, (recent as usize & 0xff) << 8 | partial, lane.counters + node];
        for (k, &place) in places.iter().enumerate().take(n_counters(&self.plan)) {
            pending.counters[k] = place;
            inputs[used] = t.stretch(self.counters[k][place].p());
            used += 1;
        }

        // Matches.
        let mut match_len = 0;
        let mut expected_bit = None;
        for i in (0..self.finders.len()).rev() {
            let found = &lane.matches[i];
            pending.matches[i] = None;
            let (mut x, mut c) = (0, 0);
            if lane.agree[i] {
                let bit = if end {
                    self.token_starts[found.from / 64] >> (found.from % 64) & 1 == 1
                } else {
                    lane.expected[i] >> (7 - lane.bits) & 1 == 1
                };
                let class = length_class(found.len);
                let decision = if end { 0 } else { 1 + lane.bits as usize };
                let misses = (found.missed.count_ones() as usize).min(3);
                let at = ((i * 9 + decision) * 4 + misses) * 16 + class;
                let p = self.match_maps[at].p();
                (x, c) = (t.stretch(p), (p as i32 - P_HALF as i32) >> 10);
                if !bit {
                    (x, c) = (-x, -c);
                }
                pending.matches[i] = Some((at, bit));
                match_len = class.max(1);
                expected_bit = Some(bit);
            }
            inputs[used] = x;
            inputs[used + 1] = c;
            used += 2;
        }

        // The model, and a constant.
        let mut model_x = 0;
        if self.plan.with_model {
            let p = model_p1_q32.unwrap_or(1 << 31);
            model_x = t.stretch_q32(p);
            inputs[used] = model_x;
            inputs[used + 1] = ((p >> 10) as i32 - P_HALF as i32) >> 10;
            used += 2;
        }
        inputs[used] = 512;

        // Which weights.
        let c1 = recent as usize & 0xff;
        let c2 = recent as usize >> 8 & 0xff;
        let last = usize::from(end);
        let bits = if end { 8 } else { lane.bits as usize };
        let parts = self.plan.parts;
        let first = &mut self.first;
        first.choose(0, partial);
        let mut sets = 1;
        let agreement = match expected_bit {
            Some(bit) if self.plan.with_model => 1 + usize::from(bit == (model_x >= 0)),
            Some(bit) => usize::from(bit),
            None => 0,
        };
        if parts.has(Part::MatchSets) {
            first.choose(sets, (match_len * 3 + agreement) * 2 + last);
            sets += 1;
        }
        if self.plan.kind != MixerKind::Light {
            if parts.has(Part::ByteSets) {
                first.choose(sets, c1 * 2 + last);
                sets += 1;
            }
            if parts.has(Part::OrderSets) {
                first.choose(sets, longest as usize * 9 + bits);
                sets += 1;
            }
            if parts.has(Part::ModelSets) {
                let vector = if self.plan.with_model {
                    let confidence = ((model_x + 32_768) >> 12) as usize;
                    (confidence * 4 + (lane.text.token_len as usize).min(3)) * 2 + last
                } else {
                    (class(c1 as u8) as usize * 8 + class(c2 as u8) as usize) * 9 + bits
                };
                first.choose(sets, vector);
                sets += 1;
            }
        }
        if self.plan.kind == MixerKind::Full && parts.has(Part::ByteSets) {
            first.choose(sets, c2 * 2 + last);
            sets += 1;
        }

        first.forward(inputs, &mut pending.outputs[..sets]);
        let x = if parts.has(Part::SecondLayer) {
            pending.seconds[..sets].copy_from_slice(&pending.outputs[..sets]);
            self.second.choose(0, partial);
            let mut x = [0];
            self.second.forward(&pending.seconds, &mut x);
            x[0]
        } else {
            pending.outputs[..sets].iter().sum::<i32>() / sets as i32
        };
        let p = t.squash(x);
        pending.mixed = p;

        // Probability maps.
        let [a, b, c] = pending.map_contexts;
        match &mut self.maps[..] {
            [] => p,
            [first] => (p + first.refine(x, a)) / 2,
            [first, second] => (2 * p + first.refine(x, a) + second.refine(x, b)) / 4,
            [first, second, third, ..] => {
                (p + first.refine(x, a) + second.refine(x, b) + third.refine(x, c)) / 4
            }
        }
        .clamp(1, P_ONE - 1)
    }

    /// The contexts of the probability maps for the next decision of the current lane.
    #[inline(always)]
    fn choose_maps(&mut self, node: usize, partial: usize) {
        let lane = &self.lanes[self.current];
        let recent = lane.text.recent[0];
        let c1 = recent as usize & 0xff;
        // The nodes of one half of a byte lie side by side.
        let half = if partial < 16 { 0 } else { partial >> (lane.bits - 4) };
        let order2 = mix(5, recent & 0xffff, half as u64);
        let expected = (0..self.finders.len()).find(|&i| lane.agree[i]).map_or(0, |i| lane.expected[i]);
        self.pending.map_contexts = match self.plan.kind {
            MixerKind::Light => [partial, (mix(5, recent & 0xff, half as u64) >> 56 << 4) as usize | node, 0],
            MixerKind::Default => [c1 << 8 | partial, (order2 >> 54 << 4) as usize | node, 0],
            MixerKind::Full => {
                [c1 << 8 | partial, (order2 >> 52 << 4) as usize | node, usize::from(expected) << 8 | partial]
            }
        };
        for (map, context) in self.maps.iter().zip(self.pending.map_contexts) {
            map.prefetch(context);
        }
    }

    /// Learns the outcome of the last prediction.
    pub(super) fn update(&mut self, bit: bool) {
        let t = self.tables;
        let pending = &mut self.pending;
        let lane = &self.lanes[self.current];
        let n = self.plan.contexts.len();

        // The network.
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
        let sets = self.first.n_sets();
        let mut errors = [0; SETS];
        for (error, &x) in errors[..sets].iter_mut().zip(&pending.outputs) {
            *error = step(t.squash(x), rates[0]);
        }
        self.first.backward(&pending.inputs, &errors[..sets]);
        if self.plan.parts.has(Part::SecondLayer) {
            self.second.backward(&pending.seconds, &[step(pending.mixed, rates[1])]);
        }
        for map in &mut self.maps {
            map.update(t, bit);
        }

        // Bit histories.
        let slots = &lane.slots[..n];
        for ((row, &slot), &state) in self.state_maps.iter_mut().zip(slots).zip(&pending.states) {
            row[usize::from(state)].update(t, bit, STATE_LIMIT);
            row[0] = Counter::HALF;
            let next = self.histories.next[usize::from(state)][usize::from(bit)];
            self.slots.set_state(slot, pending.node, next);
        }
        if has_runs(&self.plan) {
            for (row, &entry) in self.run_maps.iter_mut().zip(&pending.runs) {
                row[usize::from(entry >> 1)].update(t, bit == (entry & 1 == 1), RUN_LIMIT);
                row[0] = Counter::HALF;
            }
        }
        for k in 0..n_counters(&self.plan) {
            self.counters[k][pending.counters[k]].update(t, bit, COUNTER_LIMITS[k]);
        }
        for said in &pending.matches[..self.finders.len()] {
            if let Some((at, expected)) = *said {
                self.match_maps[at].update(t, bit == expected, MATCH_LIMIT);
            }
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

/// Number of entries of the match maps for each finder.
pub const MATCH_ENTRIES: usize = 9 * 4 * 16;
