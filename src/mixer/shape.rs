//! How many of everything take part in a decision, as constants where the compiler can know them.
//!
//! A decision is a dozen short loops. For the makes of mixer that files are coded with, their lengths are compiled in;
//! any other make (a measurement that leaves a part out) goes through the same code with lengths from memory.

use super::contexts;
use super::pixels;
use super::plan::{Beside, MixerKind, Part, Parts};
use crate::kernels::vectors::WIDTH;

/// The lengths of a decision's loops, and which parts it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shape {
    /// Which kind this is.
    pub kind: MixerKind,
    /// Whether a model's probabilities come in.
    pub with_model: bool,
    /// Whether each lane has weights of its own.
    pub by_lane: bool,
    /// Hashed contexts.
    pub contexts: usize,
    /// Runs, of the first contexts.
    pub runs: usize,
    /// Direct counters.
    pub counters: usize,
    /// The same of contexts of pixels.
    pub pixels: usize,
    /// Whether the contexts of the second vector have counters beside their histories.
    pub odds: bool,
    /// Match finders.
    pub finders: usize,
    /// Vectors of counters for which it is an input too how sure they are.
    pub sure_vectors: usize,
    /// Whether the model's opinion comes in corrected too.
    pub model_map: bool,
    /// Weight sets, each if it is in use: by match, byte, longest order, model, lane (or, where these are few, the byte
    /// before), field and twin, and place in the field.
    pub sets: [bool; 7],
    /// Whether the sets' outputs are mixed again.
    pub second_layer: bool,
    /// Probability maps.
    pub maps: usize,
}

impl Shape {
    /// The shape of a whole mixer.
    pub const fn of(kind: MixerKind, beside: Beside) -> Shape {
        let with_model = beside.has_model();
        let light = matches!(kind, MixerKind::Light);
        let full = matches!(kind, MixerKind::Full);
        let alone = full && !with_model;
        // Short texts and messages, which go to the full kind beside a model, have no fields to speak of.
        let fields = full && !matches!(beside, Beside::Model);
        let places = fields || (!full && !light && with_model);
        Shape {
            kind,
            with_model,
            by_lane: matches!(beside, Beside::ModelInLanes),
            contexts: contexts::used(kind, beside).len(),
            runs: if light { 0 } else { 4 },
            counters: if light { 2 } else { 3 },
            pixels: if alone { pixels::CONTEXTS } else { 0 },
            odds: alone,
            finders: kind as usize + 1,
            sure_vectors: if full && with_model { 2 } else { !light as usize },
            model_map: with_model && !light,
            sets: [true, !light, !light, full, !light, fields, places],
            second_layer: !light,
            maps: if full || (with_model && !light) { 3 } else { 2 },
        }
    }

    /// The same without some parts, with so many contexts left.
    pub fn reduced(self, parts: Parts, contexts: usize) -> Shape {
        let with = |part, n| if parts.has(part) { n } else { 0 };
        let sets = [
            Part::MatchSets,
            Part::ByteSets,
            Part::OrderSets,
            Part::ModelSets,
            Part::ByteSets,
            Part::FieldSets,
            Part::FieldSets,
        ];
        let shape = Shape {
            contexts,
            runs: with(Part::Runs, self.runs),
            counters: with(Part::Counters, self.counters),
            pixels: with(Part::Pixels, self.pixels),
            odds: self.odds && parts.has(Part::Odds) && contexts > WIDTH,
            finders: with(Part::Matches, self.finders),
            sure_vectors: with(Part::Confidences, self.sure_vectors),
            model_map: self.model_map && parts.has(Part::ModelMap),
            sets: std::array::from_fn(|i| self.sets[i] && parts.has(sets[i])),
            second_layer: self.second_layer && parts.has(Part::SecondLayer),
            maps: with(Part::Maps, self.maps),
            ..self
        };
        Shape { sure_vectors: shape.sure_vectors.min(shape.counted_vectors()), ..shape }
    }

    /// The first of the counters that belong to finders.
    #[inline(always)]
    pub const fn first_finder(&self) -> usize {
        self.contexts + self.runs + self.counters + self.pixels
    }

    /// Counters that speak; the last one, where it is there, is the corrected model.
    #[inline(always)]
    pub const fn counted(&self) -> usize {
        self.first_finder() + self.finders + self.model_map as usize
    }

    /// Behind them: twice the model, and the constant.
    #[inline(always)]
    pub const fn extras(&self) -> usize {
        2 * self.with_model as usize + 1
    }

    /// Vectors of counters with what stands behind them.
    #[inline(always)]
    pub const fn counted_vectors(&self) -> usize {
        (self.counted() + self.extras()).div_ceil(WIDTH)
    }

    /// Vectors of inputs of the first layer: the counters, what stands behind them, how sure some are, and counters of
    /// hashed contexts.
    #[inline(always)]
    pub const fn width(&self) -> usize {
        self.counted_vectors() + self.sure_vectors + self.odds as usize
    }

    /// Inputs of the first layer.
    #[inline(always)]
    pub const fn inputs(&self) -> usize {
        match self.width() - self.counted_vectors() {
            0 => self.counted() + self.extras(),
            _ => self.width() * WIDTH,
        }
    }

    /// Weight sets of the first layer, the one by the partial byte among them.
    #[inline(always)]
    pub const fn n_sets(&self) -> usize {
        let (mut n, mut i) = (1, 0);
        while i < self.sets.len() {
            n += self.sets[i] as usize;
            i += 1;
        }
        n
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::Plan;
    use super::*;

    #[test]
    fn plans_have_as_many_parts_as_their_shapes_say() {
        for kind in MixerKind::ALL {
            for beside in Beside::ALL {
                let plan = Plan::new(kind, beside, Parts::ALL);
                let shape = Shape::of(kind, beside);
                assert_eq!(plan.shape, shape);
                assert_eq!(plan.contexts.len(), shape.contexts);
                assert_eq!(plan.matches.len(), shape.finders);
                assert_eq!(plan.set_sizes().len(), shape.n_sets());
                assert_eq!(plan.map_sizes(&plan.table_bits(1000)).len(), shape.maps);
            }
        }
    }
}
