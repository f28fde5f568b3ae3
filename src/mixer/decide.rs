//! One decision: the inputs of the network, its output, and what everything learns from the outcome.

use super::Mixer;
use super::counters::{Counter, stretch_all, update_all};
use super::hash::mix;
use super::lane::{MAX_CONTEXTS, MAX_MATCHES};
use super::maps::Map;
use super::matching::length_class;
use super::math::{P_HALF, P_ONE, Squash, stretch, stretch_q32};
use super::network::LANES;
use super::plan::{MixerKind, Part, Plan};
use super::platform::Vectors;
use super::text::class;

/// The most weight sets of the first layer.
pub const SETS: usize = 8;

/// Learning rates of the two layers in units of 2^-16: what remains, and what is added at the start.
const RATE: [u32; 2] = [200, 40];
const RATE_EXTRA: [u32; 2] = [900, 200];
/// Decisions after which half of the added rate is gone.
const RATE_HALF: u32 = 1 << 12;

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

/// The most counters that speak in one decision, padded.
const MAX_COUNTED: usize = 80;
const _: () = assert!(2 * MAX_CONTEXTS + 3 + MAX_MATCHES <= MAX_COUNTED);

/// What must be known between a prediction and its outcome.
pub struct Pending {
    /// Counters that speak: of bit histories, runs, direct ones, matches.
    said: [Counter; MAX_COUNTED],
    /// 0 where a counter speaks of a one, -1 where it speaks of a zero.
    signs: [i32; MAX_COUNTED],
    states: [u8; MAX_CONTEXTS],
    /// For each context: its entry of `run_maps`.
    runs: [u8; MAX_CONTEXTS],
    counters: [usize; 3],
    /// For each finder: its entry of `match_maps`.
    matches: [usize; MAX_MATCHES],
    node: usize,
    map_contexts: [usize; 3],
    /// Inputs of the first layer, padded.
    inputs: Vec<i32>,
    /// Its outputs.
    outputs: [i32; SETS],
    /// Inputs of the second layer, padded.
    seconds: [i32; LANES],
    /// Probability after the second layer.
    mixed: u32,
    decisions: u32,
}

impl Pending {
    /// Nothing is pending.
    pub fn new(inputs: usize) -> Self {
        Self {
            said: [Counter::HALF; MAX_COUNTED],
            signs: [0; MAX_COUNTED],
            states: [0; MAX_CONTEXTS],
            runs: [0; MAX_CONTEXTS],
            counters: [0; 3],
            matches: [0; MAX_MATCHES],
            node: 0,
            map_contexts: [0; 3],
            inputs: vec![0; inputs.next_multiple_of(LANES)],
            outputs: [0; SETS],
            seconds: [0; LANES],
            mixed: P_HALF,
            decisions: 0,
        }
    }
}

impl Mixer {
    /// The probability of a one for the next bit, or for the end of the token.
    #[inline(always)]
    pub(super) fn predict_body(&mut self, model_p1_q32: Option<u32>, end: bool) -> u32 {
        if !self.lanes[self.current].found {
            self.find_slots();
        }
        let lane = &self.lanes[self.current];
        let node = if end { 0 } else { lane.node() };
        // The node of the whole byte: the bits so far behind a leading one, 0 for the token's end.
        let partial = if end { 0 } else { lane.partial as usize };
        self.choose_maps(node, partial);
        let squash = self.squash;
        let lane = &self.lanes[self.current];
        let pending = &mut self.pending;
        let n = self.plan.contexts.len();
        pending.node = node;

        // What each counter says. Bit histories first; the counter of the empty history stays at one half, so that
        // it says nothing.
        for (i, (row, &slot)) in self.state_maps.iter().zip(&lane.slots[..n]).enumerate() {
            let state = self.slots.state(slot, node);
            pending.states[i] = state;
            pending.said[i] = row[usize::from(state)];
        }
        let mut used = n;

        // Runs. Entry 0 of each context stays at one half, for runs that have nothing to say.
        {
            let whole = if end { 0 } else { lane.partial };
            let shift = 8 - lane.bits;
            for (i, (&(byte, class), row)) in lane.runs.iter().zip(&self.run_maps).enumerate() {
                let byte = u32::from(byte) | 256;
                let speaks = byte >> shift == whole;
                let entry = if speaks { 2 * class + u8::from(lane.bits > 0) } else { 0 };
                pending.runs[i] = entry;
                pending.said[used + i] = row[usize::from(entry)];
                pending.signs[used + i] = (byte << 1 >> shift & 1) as i32 - 1;
            }
            used += self.run_maps.len();
        }

        // Direct counters.
        let recent = lane.text.recent[0];
        let places = [partial, (recent as usize & 0xff) << 8 | partial, lane.counters + node];
        for (k, &place) in places.iter().enumerate().take(self.plan.n_counters()) {
            pending.counters[k] = place;
            pending.said[used] = Counter::from_table(self.counters[k][place], Counter::HALF);
            used += 1;
        }

        // Matches. Entry 0 of each finder stays at one half.
        let mut match_len = 0;
        let mut expected_bit = None;
        for i in (0..self.finders.len()).rev() {
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
                match_len = class.max(1);
                expected_bit = Some(bit);
            }
            pending.matches[i] = at;
            pending.said[used + i] = self.match_maps[at];
        }
        let first_match = used;
        used += self.finders.len();

        // Whole vectors; what stands behind the last counter is written over.
        let inputs = &mut pending.inputs[..];
        let whole = used.next_multiple_of(LANES);
        stretch_all(&pending.said[..whole], &pending.signs[..whole], &mut inputs[..whole]);
        if self.plan.has_confidences() {
            for (input, counter) in inputs[used..].iter_mut().zip(&pending.said[..n]) {
                *input = counter.sureness();
            }
            used += n;
            for i in first_match..first_match + self.finders.len() {
                inputs[used] = (pending.said[i].sureness() ^ pending.signs[i]) - pending.signs[i];
                used += 1;
            }
        }
        let mut longest = 0;
        for (&state, &order) in pending.states.iter().zip(&self.plan.orders) {
            longest = longest.max(if state != 0 { order } else { 0 });
        }

        // The model, and a constant.
        let mut model_x = 0;
        if self.plan.with_model {
            let p = model_p1_q32.unwrap_or(1 << 31);
            model_x = stretch_q32(p);
            inputs[used] = model_x;
            inputs[used + 1] = ((p >> 10) as i32 - P_HALF as i32) >> 10;
            used += 2;
            if let Some(map) = &mut self.model_map {
                let expected = expected_bit.map_or(0, |bit| 1 + usize::from(bit));
                let place = match_len * 3 + expected;
                let token = (lane.text.token_len as usize).min(3);
                inputs[used] =
                    stretch(map.refine(model_x, (place * 4 + token) * 2 + usize::from(end)));
                used += 1;
            }
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
        let x = if self.plan.has_second_layer() {
            pending.seconds[..sets].copy_from_slice(&pending.outputs[..sets]);
            self.second.choose(0, partial);
            let mut x = [0];
            self.second.forward(&pending.seconds, &mut x);
            x[0]
        } else {
            // The light kind has two sets; a division would take longer than all that went before.
            match sets {
                1 => pending.outputs[0],
                2 => (pending.outputs[0] + pending.outputs[1]) >> 1,
                _ => pending.outputs[..sets].iter().sum::<i32>() / sets as i32,
            }
        };
        let p = squash.of(x);
        pending.mixed = p;

        // Probability maps.
        let [a, b, c] = pending.map_contexts;
        match &mut self.maps[..] {
            [] => p,
            [first] => (p + first.refine(x, a)) / 2,
            [first, second] => (2 * p + first.refine(x, a) + second.refine(x, b)) / 4,
            // The third corrects what the model alone says, but where a match speaks it would hold back a mixer that
            // is surer than the model: logs became 9 % larger.
            [first, second, third] if self.plan.with_model => {
                let sum = 4 * p + 2 * first.refine(x, a) + second.refine(x, b);
                let from = if c < 256 { model_x } else { x };
                (sum + third.refine(from, c)) / 8
            }
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
        // What a match expects agrees with the bits so far, so it and their number say all.
        let agreeing = (0..self.finders.len()).find(|&i| lane.agree[i]);
        let expected = agreeing.map_or(partial, |i| {
            let decision = if partial == 0 { 8 } else { lane.bits as usize };
            256 + usize::from(lane.expected[i]) * 9 + decision
        });
        self.pending.map_contexts = match self.plan.kind {
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

    /// Learns the outcome of the last prediction.
    #[inline(always)]
    pub(super) fn update_body(&mut self, bit: bool) {
        let squash = self.squash;
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
            *error = step(squash.of(x), rates[0]);
        }
        self.first.backward(&pending.inputs, &errors[..sets]);
        if self.plan.has_second_layer() {
            self.second.backward(&pending.seconds, &[step(pending.mixed, rates[1])]);
        }
        for map in self.maps.iter_mut().chain(&mut self.model_map) {
            map.update(bit);
        }

        // The counters.
        let outcome = -i32::from(bit);
        let used = self.plan.n_counted();
        let whole = used.next_multiple_of(LANES);
        update_all(&mut pending.said[..whole], &pending.signs[..whole], outcome);
        let next = &self.histories.next[usize::from(bit)];
        let slots = &lane.slots[..n];
        for (i, (row, &slot)) in self.state_maps.iter_mut().zip(slots).enumerate() {
            let state = pending.states[i];
            row[usize::from(state)] = pending.said[i];
            row[0] = Counter::HALF;
            self.slots.set_state(slot, pending.node, next[usize::from(state)]);
        }
        let mut used = n;
        {
            for (i, row) in self.run_maps.iter_mut().enumerate() {
                row[usize::from(pending.runs[i]) % RUN_ENTRIES] = pending.said[used + i];
                row[0] = Counter::HALF;
            }
            used += self.run_maps.len();
        }
        for k in 0..self.plan.n_counters() {
            self.counters[k][pending.counters[k]] = pending.said[used].to_table(Counter::HALF);
            used += 1;
        }
        for i in 0..self.finders.len() {
            self.match_maps[pending.matches[i]] = pending.said[used + i];
            self.match_maps[i * MATCH_ENTRIES] = Counter::HALF;
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
pub const MATCH_ENTRIES: usize = 10 * 4 * 16;

/// The two functions above for each set of vector instructions: the same plain code, the same results.
impl Mixer {
    /// The probability of a one for the next bit, or for the end of the token.
    #[inline]
    pub(super) fn predict(&mut self, model_p1_q32: Option<u32>, end: bool) -> u32 {
        match self.vectors {
            Vectors::Plain => self.predict_body(model_p1_q32, end),
            // SAFETY: `Vectors` has this value only where the processor was found to have the instructions.
            #[cfg(target_arch = "x86_64")]
            Vectors::Avx2 => unsafe { self.predict_avx2(model_p1_q32, end) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Vectors::Avx512 => unsafe { self.predict_avx512(model_p1_q32, end) },
        }
    }

    /// Learns the outcome of the last prediction.
    #[inline]
    pub(super) fn update(&mut self, bit: bool) {
        match self.vectors {
            Vectors::Plain => self.update_body(bit),
            // SAFETY: `Vectors` has this value only where the processor was found to have the instructions.
            #[cfg(target_arch = "x86_64")]
            Vectors::Avx2 => unsafe { self.update_avx2(bit) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Vectors::Avx512 => unsafe { self.update_avx512(bit) },
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn predict_avx2(&mut self, model_p1_q32: Option<u32>, end: bool) -> u32 {
        self.predict_body(model_p1_q32, end)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn update_avx2(&mut self, bit: bool) {
        self.update_body(bit);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,bmi1,bmi2,lzcnt,popcnt")]
    fn predict_avx512(&mut self, model_p1_q32: Option<u32>, end: bool) -> u32 {
        self.predict_body(model_p1_q32, end)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,bmi1,bmi2,lzcnt,popcnt")]
    fn update_avx512(&mut self, bit: bool) {
        self.update_body(bit);
    }
}
