//! One decision: from the inputs of the network to its output, and what the probability maps make of it.

use super::Mixer;
use super::byte_nodes;
use super::hash::mix;
use super::inputs::{COUNTED_VECTORS, Heard};
use super::lane::{CONTEXT_VECTORS, node};
use super::maps::Map;
use super::math::{P_HALF, P_ONE, Squash};
use super::network::{MAX_VECTORS, to_learn};
use super::plan::{MOST_BRANCH_BITS, MixerKind, Plan, TableBits};
use super::shape::Shape;
use super::text::{FIELDS, class};
use super::twins::ALONE;
use crate::kernels::vectors::{Numbers, Vector, WIDTH};

/// The most weight sets of the first layer.
pub const SETS: usize = 8;

/// Rows of the weight sets by twin and number of the field, and by its number and the place in it; later fields, and places
/// farther behind, share the last.
pub const TWIN_ROWS: usize = (ALONE as usize + 1) * FIELDS;
pub const PLACE_ROWS: usize = FIELDS * FIELDS;

/// Contexts of the map by what a match expects, where the expected byte and the decision come in; those where no match
/// expects anything follow.
pub const EXPECTED_CONTEXTS: usize = 256 * 9;

/// Contexts of a map that is put into memory at once however short the group is: page by page, reading before writing, a
/// message of 200 bytes would wait 5 ms for it.
const SMALL_MAP: usize = 1 << 14;
const _: () = assert!(EXPECTED_CONTEXTS + (1 << MOST_BRANCH_BITS) <= SMALL_MAP);

/// The probability maps of a plan.
pub fn maps(plan: &Plan, bits: &TableBits, group_len: usize, squash: &Squash) -> Vec<Map> {
    let used = |n| n <= SMALL_MAP || n <= 2 * group_len;
    let sizes = plan.map_sizes(bits).into_iter().map(|n| byte_nodes::at_first(n, group_len));
    sizes.map(|n| Map::new(n, used(n), squash)).collect()
}

/// What must be known between a prediction and its outcome.
#[derive(Clone)]
pub struct Pending {
    /// Counters that speak: of bit histories, runs, direct ones, matches.
    pub said: [Numbers; COUNTED_VECTORS],
    /// 0 where a counter speaks of a one, -1 where it speaks of a zero.
    pub signs: [Numbers; COUNTED_VECTORS],
    /// Where they are.
    pub places: [Numbers; COUNTED_VECTORS],
    /// Which of them learn, a bit for each.
    pub learning: [u32; COUNTED_VECTORS],
    /// The states of the contexts.
    pub states: [Numbers; CONTEXT_VECTORS],
    /// The counters of those that have some beside.
    pub odds: Numbers,
    /// The node that was predicted.
    pub node: usize,
    /// The same in the whole byte: the bits so far behind a leading one, 0 for the token's end.
    pub partial: usize,
    /// Inputs of the first layer, as they are learned from.
    pub inputs: [Numbers; MAX_VECTORS],
    /// Its outputs, one for each set.
    pub outputs: [i32; WIDTH],
    /// The same, as the inputs of the second layer.
    pub second_inputs: Numbers,
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
            said: [Numbers::ZERO; COUNTED_VECTORS],
            signs: [Numbers::ZERO; COUNTED_VECTORS],
            places: [Numbers::ZERO; COUNTED_VECTORS],
            learning: [0; COUNTED_VECTORS],
            states: [Numbers::ZERO; CONTEXT_VECTORS],
            odds: Numbers::ZERO,
            node: 0,
            partial: 0,
            inputs: [Numbers::ZERO; MAX_VECTORS],
            outputs: [0; WIDTH],
            second_inputs: Numbers::ZERO,
            mixed: P_HALF,
            decisions: 0,
            map_contexts: [0; 3],
        }
    }
}

impl Mixer {
    /// The probability of a one for the next bit, or for the end of the token.
    #[inline(always)]
    pub(super) fn predict_body<V: Vector>(
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
        let (said, heard) = self.ask_counters::<V>(shape, node, partial, end);
        let (inputs, model) = self.fill_inputs::<V>(shape, said, model_p1_q32);
        self.choose_weights(shape, heard, model, partial, end);
        let x = self.run_network(shape, &inputs, partial);
        let p = self.squash.of(x);
        self.pending.mixed = p;
        self.refine(shape, p, x, model)
    }

    /// Which rows of weights the first layer uses.
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
        let [by_match, by_byte, by_order, by_model, by_second, by_twin, by_place] = shape.sets;
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
            first.choose(sets, heard.order as usize * 9 + bits);
            sets += 1;
        }
        if by_model {
            let row = if shape.with_model {
                let confidence = ((model_x + 32_768) >> 12) as usize;
                (confidence * 4 + (lane.text.token_len as usize).min(3)) * 2 + last
            } else {
                (class(c1 as u8) as usize * 8 + class(c2 as u8) as usize) * 9 + bits
            };
            first.choose(sets, row);
            sets += 1;
        }
        if by_second {
            first.choose(sets, if shape.by_lane { self.current & 0xff } else { c2 } * 2 + last);
            sets += 1;
        }
        let field = lane.text.field.min(FIELDS - 1);
        if by_twin {
            first.choose(sets, usize::from(lane.twins.class()) * FIELDS + field);
            sets += 1;
        }
        if by_place {
            let place = self.extents[self.current].position - lane.text.field_start;
            first.choose(sets, field * FIELDS + place.min(FIELDS - 1));
        }
    }

    /// The stretched probability after both layers.
    #[inline(always)]
    fn run_network<V: Vector>(&mut self, shape: &Shape, inputs: &[V], partial: usize) -> i32 {
        let sets = shape.n_sets();
        let mut outputs = [0; WIDTH];
        self.first.forward(&inputs[..shape.width()], &mut outputs[..sets]);
        self.pending.outputs = outputs;
        if shape.second_layer {
            let outputs = V::of(&outputs);
            to_learn(outputs).store(&mut self.pending.second_inputs);
            self.second.choose(0, partial);
            let mut x = [0];
            self.second.forward(&[outputs], &mut x);
            return x[0];
        }
        // The light kind has two sets; a division would take longer than all that went before.
        match sets {
            1 => outputs[0],
            2 => (outputs[0] + outputs[1]) >> 1,
            _ => outputs[..sets].iter().sum::<i32>() / sets as i32,
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
                let from = if c < EXPECTED_CONTEXTS { x } else { model_x };
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
        if shape.kind != MixerKind::Light
            && self.byte_nodes.is_new(lane.text.recent[0] as u8, partial)
        {
            self.byte_nodes.add(lane.text.recent[0] as u8, partial, self.maps.first_mut());
        }
        // What a match expects agrees with the bits so far, so it and their number say all.
        let agreeing = (0..self.finders.len()).find(|&i| lane.agree[i]);
        let unexpected = if shape.with_model { self.branch } else { partial };
        let expected = agreeing.map_or(EXPECTED_CONTEXTS + unexpected, |i| {
            let decision = if partial == 0 { 8 } else { lane.bits as usize };
            usize::from(lane.expected[i]) * 9 + decision
        });
        let [by_byte, by_pair] = self.text_maps(shape, lane.text.recent[0], node, partial);
        self.pending.map_contexts = match shape.kind {
            MixerKind::Light => [partial, by_pair, 0],
            _ => [by_byte, by_pair, expected],
        };
        for (map, context) in self.maps.iter().zip(self.pending.map_contexts) {
            map.prefetch(context);
        }
    }

    /// The contexts of the maps by the last byte, and by the last bytes and half a byte, at a node of the next one.
    #[inline(always)]
    fn text_maps(&self, shape: &Shape, recent: u64, node: usize, partial: usize) -> [usize; 2] {
        let last = if shape.kind == MixerKind::Light { recent & 0xff } else { recent & 0xffff };
        // The nodes of one half of a byte lie side by side.
        let half = if partial < 16 { 0 } else { partial >> (partial.ilog2() - 4) };
        let pair = mix(5, last, half as u64) >> (64 - self.bits.pairs);
        [self.byte_nodes.context(recent as u8, partial), (pair << 4) as usize | node]
    }

    /// Asks for what the maps will read when the decision after this one comes, now that this one's outcome is known:
    /// it takes a while to learn from it, and longer to ask the model.
    #[inline(always)]
    pub(super) fn ask_maps(&self, shape: &Shape, bit: bool) {
        if shape.kind == MixerKind::Light {
            return;
        }
        let lane = &self.lanes[self.current];
        let (mut recent, mut partial) = (lane.text.recent[0], lane.partial as usize);
        if self.pending.partial > 0 {
            partial = partial << 1 | usize::from(bit);
        }
        if partial >= 256 {
            (recent, partial) = (recent << 8 | (partial & 0xff) as u64, 1);
        }
        self.ask_maps_at(shape, recent, partial);
    }

    /// Asks for what the maps will read for the first decision of a lane.
    pub(super) fn ask_maps_of(&self, lane: usize) {
        let lane = &self.lanes[lane];
        if self.plan.shape.kind != MixerKind::Light {
            self.ask_maps_at(&self.plan.shape, lane.text.recent[0], lane.partial as usize);
        }
    }

    #[inline(always)]
    fn ask_maps_at(&self, shape: &Shape, recent: u64, partial: usize) {
        let contexts = self.text_maps(shape, recent, node(partial), partial);
        for (map, context) in self.maps.iter().zip(contexts) {
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
