//! What everything that counts says to a decision: the inputs of the network.

use super::Mixer;
use super::cells::{DIRECT, Places};
use super::counters::{Counter, opinions, sureness};
use super::lane::{CONTEXT_VECTORS, MAX_CONTEXTS, MAX_MATCHES};
use super::matching::length_class;
use super::math::{P_HALF, stretch_q32};
use super::network::{MAX_VECTORS, to_learn};
use super::pixels::{self, Place};
use super::shape::Shape;
use crate::kernels::vectors::{Vector, WIDTH};

/// The most counters that speak in one decision, with what stands behind them, in whole vectors.
pub const MAX_COUNTED: usize = 64;
/// The same in vectors.
pub const COUNTED_VECTORS: usize = MAX_COUNTED / WIDTH;
const _: () = assert!(MAX_CONTEXTS + 4 + 3 + pixels::CONTEXTS + MAX_MATCHES + 1 + 3 <= MAX_COUNTED);
const _: () = assert!(COUNTED_VECTORS + 2 < MAX_VECTORS);
const _: () = assert!(CONTEXT_VECTORS < COUNTED_VECTORS);

/// What the counters say.
pub struct Said<V> {
    counters: [V; COUNTED_VECTORS],
    /// 0 where a counter speaks of a one, -1 where it speaks of a zero.
    signs: [V; COUNTED_VECTORS],
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

/// Counters other than those of bit histories, one by one; whole arrays, so that they may live in registers.
struct Others {
    places: [i32; MAX_COUNTED],
    signs: [i32; MAX_COUNTED],
    /// Which of them learn.
    learning: u64,
}

impl Others {
    #[inline(always)]
    fn add(&mut self, at: usize, place: i32, learns: bool) {
        self.places[at] = place;
        self.learning |= u64::from(learns) << at;
    }
}

impl Mixer {
    /// What each counter says, and where it is to learn.
    #[inline(always)]
    pub(super) fn ask_counters<V: Vector>(
        &mut self,
        shape: &Shape,
        node: usize,
        partial: usize,
        end: bool,
    ) -> (Said<V>, Heard) {
        let mut heard = Heard::default();
        let lane = &self.lanes[self.current];
        let order1 = (lane.text.recent[0] as usize & 0xff) << 8 | partial;
        let order2 = if shape.counters > 2 { lane.counters + node } else { 0 };
        let direct = self.cells.direct([order1, order2]);
        let mut others = self.other_counters(shape, partial, direct, end, &mut heard);
        (self.pending.node, self.pending.partial) = (node, partial);
        let lane = &self.lanes[self.current];
        let mut counters = [V::splat(Counter::HALF.word()); COUNTED_VECTORS];
        let mut signs = [V::splat(0); COUNTED_VECTORS];
        for i in 0..shape.counted_vectors() {
            let mut places = V::of(vector(&others.places, i));
            if i * WIDTH < shape.contexts {
                // Bit histories. Those of contexts that are not there stay empty, which is silent and learns nothing.
                let states = self.slots.states(V::load(&lane.slots[i]), node);
                let states = states & V::of(&there(shape, i));
                places = places + states + V::of(&rows(shape, i));
                states.store(&mut self.pending.states[i]);
                others.learning |= u64::from(states.nonzero()) << (i * WIDTH);
            }
            counters[i] = V::gather(self.cells.words(), places) ^ V::of(&masks(shape, i));
            signs[i] = V::of(vector(&others.signs, i));
            places.store(&mut self.pending.places[i]);
            self.pending.learning[i] = (others.learning >> (i * WIDTH)) as u32 & 0xffff;
        }
        if shape.odds {
            self.odds
                .ask::<V>(&self.lanes[self.current].blocks, node)
                .store(&mut self.pending.odds);
        }
        heard.order = u32::from(self.plan.longest_order[others.learning as usize & 0xff]);
        (Said { counters, signs }, heard)
    }

    /// Runs, direct counters and matches.
    #[inline(always)]
    fn other_counters(
        &self,
        shape: &Shape,
        partial: usize,
        direct: [i32; 2],
        end: bool,
        heard: &mut Heard,
    ) -> Others {
        let lane = &self.lanes[self.current];
        let places = Places(shape);
        let mut others = Others { places: [0; MAX_COUNTED], signs: [0; MAX_COUNTED], learning: 0 };
        let mut used = shape.contexts;

        // Runs. Entry 0 of each context is for runs that have nothing to say.
        let whole = if end { 0 } else { lane.partial };
        let shift = 8 - lane.bits;
        for (i, &(byte, class)) in lane.runs[..shape.runs].iter().enumerate() {
            let byte = u32::from(byte) | 256;
            let speaks = byte >> shift == whole;
            let entry = if speaks { 2 * class + u8::from(lane.bits > 0) } else { 0 };
            others.add(used + i, places.run(i, usize::from(entry)), entry != 0);
            others.signs[used + i] = (byte << 1 >> shift & 1) as i32 - 1;
        }
        used += shape.runs;

        // Direct counters.
        let direct = [places.direct(0, partial), direct[0], direct[1]];
        for (k, &place) in direct.iter().enumerate().take(shape.counters) {
            others.add(used + k, place, true);
        }
        used += shape.counters;

        // Pixels.
        if shape.pixels > 0 {
            let extent = &self.extents[self.current];
            let (start, position) = (extent.start, extent.position);
            let record = self.records.length();
            let place = Place { history: &self.history, start, position, record };
            let contexts = pixels::contexts(lane, &place);
            for k in 0..shape.pixels {
                let place = self.cells.pixels(k, contexts.map(|contexts| contexts[k]));
                others.add(used + k, place, contexts.is_some());
            }
            used += shape.pixels;
        }

        // Matches. Entry 0 of each finder is for those that have nothing to say.
        for i in (0..shape.finders).rev() {
            let found = &lane.matches[i];
            let mut entry = 0;
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
                entry = (decision * 4 + misses) * 16 + class;
                (heard.match_len, heard.expected_bit) = (class.max(1), Some(bit));
            }
            others.add(used + i, places.matching(i, entry), entry != 0);
            others.signs[used + i] = i32::from(bit) - 1;
        }
        others
    }

    /// The inputs of the first layer; the model's stretched probability beside them.
    #[inline(always)]
    pub(super) fn fill_inputs<V: Vector>(
        &mut self,
        shape: &Shape,
        mut said: Said<V>,
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
                let corrected = Counter::of_probability(map.refine(model_x, self.branch));
                let last = &mut said.counters[(counted - 1) / WIDTH];
                *last = last.with((counted - 1) % WIDTH, corrected.word());
            }
        }
        extras[counted + shape.extras() - 1] = 512;

        let pending = &mut self.pending;
        let mut inputs = [V::splat(0); MAX_VECTORS];
        let vectors = shape.counted_vectors();
        for i in 0..vectors {
            let (counters, signs) = (said.counters[i], said.signs[i]);
            counters.store(&mut pending.said[i]);
            signs.store(&mut pending.signs[i]);
            inputs[i] = opinions(counters, signs) + V::of(vector(&extras, i));
            to_learn(inputs[i]).store(&mut pending.inputs[i]);
            if i < shape.sure_vectors {
                let sure = sureness(counters, signs);
                inputs[vectors + i] = sure;
                to_learn(sure).store(&mut pending.inputs[vectors + i]);
            }
        }
        if shape.odds {
            let x = opinions(V::load(&pending.odds), V::splat(0));
            inputs[shape.width() - 1] = x;
            to_learn(x).store(&mut pending.inputs[shape.width() - 1]);
        }
        (inputs, model_x)
    }
}

/// The `i`-th vector of some numbers.
#[inline(always)]
fn vector(numbers: &[i32; MAX_COUNTED], i: usize) -> &[i32; WIDTH] {
    &numbers.as_chunks().0[i]
}

/// Ones for the contexts that the `i`-th vector has, zeros where others stand.
#[inline(always)]
fn there(shape: &Shape, i: usize) -> [i32; WIDTH] {
    std::array::from_fn(|lane| if i * WIDTH + lane < shape.contexts { -1 } else { 0 })
}

/// The first cell of each context's states in the `i`-th vector.
#[inline(always)]
fn rows(shape: &Shape, i: usize) -> [i32; WIDTH] {
    std::array::from_fn(|lane| match i * WIDTH + lane {
        context if context < shape.contexts => Places(shape).context(context),
        _ => 0,
    })
}

/// What cells differ by from their counters in the `i`-th vector.
#[inline(always)]
pub fn masks(shape: &Shape, i: usize) -> [i32; WIDTH] {
    let first = shape.contexts + shape.runs;
    let direct = first..first + shape.counters + shape.pixels;
    std::array::from_fn(|lane| if direct.contains(&(i * WIDTH + lane)) { DIRECT } else { 0 })
}
