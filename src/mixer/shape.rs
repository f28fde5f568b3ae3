//! How many of everything take part in a decision, as constants where the compiler can know them.
//!
//! A decision is a dozen short loops. For the makes of mixer that files are coded with, their lengths are compiled in;
//! any other make (a measurement that leaves a part out) goes through the same code with lengths from memory.

use super::network::LANES;
use super::plan::{MixerKind, Part, Parts};

/// The lengths of a decision's loops, and which parts it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shape {
    /// Which kind this is.
    pub kind: MixerKind,
    /// Whether a model's probabilities come in.
    pub with_model: bool,
    /// Hashed contexts.
    pub contexts: usize,
    /// Runs, of the first contexts.
    pub runs: usize,
    /// Direct counters.
    pub counters: usize,
    /// Match finders.
    pub finders: usize,
    /// Whether it is an input how sure contexts and finders are.
    pub confidences: bool,
    /// Whether the model's opinion comes in corrected too.
    pub model_map: bool,
    /// Weight sets, each if it is in use: by match, byte, longest order, model, and the byte before.
    pub sets: [bool; 5],
    /// Whether the sets' outputs are mixed again.
    pub second_layer: bool,
    /// Probability maps.
    pub maps: usize,
}

impl Shape {
    /// The shape of a whole mixer.
    pub const fn of(kind: MixerKind, with_model: bool) -> Shape {
        let light = matches!(kind, MixerKind::Light);
        let full = matches!(kind, MixerKind::Full);
        let contexts = match kind {
            MixerKind::Light => 6,
            MixerKind::Default => 12,
            MixerKind::Full => 27,
        };
        Shape {
            kind,
            with_model,
            contexts: contexts + with_model as usize + (with_model && full) as usize,
            runs: if light { 0 } else { 4 },
            counters: if light { 2 } else { 3 },
            finders: kind as usize + 1,
            confidences: !light,
            model_map: with_model && !light,
            sets: [true, !light, !light, !light, full],
            second_layer: !light,
            maps: if full || (with_model && !light) { 3 } else { 2 },
        }
    }

    /// The same without some parts, with so many contexts left.
    pub fn reduced(self, parts: Parts, contexts: usize) -> Shape {
        let with = |part, n| if parts.has(part) { n } else { 0 };
        let sets =
            [Part::MatchSets, Part::ByteSets, Part::OrderSets, Part::ModelSets, Part::ByteSets];
        Shape {
            contexts,
            runs: with(Part::Runs, self.runs),
            counters: with(Part::Counters, self.counters),
            finders: with(Part::Matches, self.finders),
            confidences: self.confidences && parts.has(Part::Confidences),
            model_map: self.model_map && parts.has(Part::ModelMap),
            sets: std::array::from_fn(|i| self.sets[i] && parts.has(sets[i])),
            second_layer: self.second_layer && parts.has(Part::SecondLayer),
            maps: with(Part::Maps, self.maps),
            ..self
        }
    }

    /// Counters that speak.
    #[inline(always)]
    pub const fn counted(&self) -> usize {
        self.contexts + self.runs + self.counters + self.finders
    }

    /// The same, in whole vectors.
    #[inline(always)]
    pub const fn counted_padded(&self) -> usize {
        self.counted().next_multiple_of(LANES)
    }

    /// Inputs of the first layer: the counters, how sure some are, the model, a constant.
    #[inline(always)]
    pub const fn inputs(&self) -> usize {
        let sure = if self.confidences { self.contexts + self.finders } else { 0 };
        let model = if self.with_model { 2 + self.model_map as usize } else { 0 };
        self.counted() + sure + model + 1
    }

    /// The same, in whole vectors.
    #[inline(always)]
    pub const fn width(&self) -> usize {
        self.inputs().next_multiple_of(LANES)
    }

    /// Weight sets of the first layer, the one by the partial byte among them.
    #[inline(always)]
    pub const fn n_sets(&self) -> usize {
        let [a, b, c, d, e] = self.sets;
        1 + a as usize + b as usize + c as usize + d as usize + e as usize
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::Plan;
    use super::*;

    #[test]
    fn plans_have_as_many_parts_as_their_shapes_say() {
        for kind in MixerKind::ALL {
            for with_model in [false, true] {
                let plan = Plan::new(kind, with_model, Parts::ALL);
                let shape = Shape::of(kind, with_model);
                assert_eq!(plan.shape, shape);
                assert_eq!(plan.contexts.len(), shape.contexts);
                assert_eq!(plan.matches.len(), shape.finders);
                assert_eq!(plan.set_sizes().len(), shape.n_sets());
                assert_eq!(plan.map_sizes().len(), shape.maps);
            }
        }
    }
}
