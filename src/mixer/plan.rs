//! What each kind of mixer is made of.

use super::contexts::Context;
use super::decide::EXPECTED_CONTEXTS;

/// How much the mixer looks at, and so how long it takes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum MixerKind {
    /// Six contexts and one match: about a megabyte a second without a model.
    Light = 0,
    /// What goes with a model at the default level.
    Default = 1,
    /// Everything.
    Full = 2,
}

impl MixerKind {
    /// All kinds, by their codes.
    pub const ALL: [MixerKind; 3] = [MixerKind::Light, MixerKind::Default, MixerKind::Full];

    /// The number that stands for the kind in a file.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The kind with this number, if there is one.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

/// A part of the mixer that can be left out, to see what it buys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[allow(missing_docs)] // the names below say it
pub enum Part {
    HighOrders,
    Words,
    Columns,
    Records,
    Sparse,
    Indirect,
    Formats,
    Tokens,
    MatchContext,
    Matches,
    Runs,
    Confidences,
    Counters,
    MatchSets,
    ByteSets,
    OrderSets,
    ModelSets,
    SecondLayer,
    Maps,
    ModelMap,
}

impl Part {
    /// All parts with the names that measurements print.
    pub const ALL: [(Part, &'static str); 20] = [
        (Part::HighOrders, "orders 5, 6 and 8"),
        (Part::Words, "word contexts"),
        (Part::Columns, "column and field contexts"),
        (Part::Records, "record contexts"),
        (Part::Sparse, "sparse contexts"),
        (Part::Indirect, "indirect contexts"),
        (Part::Formats, "format contexts"),
        (Part::Tokens, "token contexts"),
        (Part::MatchContext, "expected byte as a context"),
        (Part::Matches, "match model"),
        (Part::Runs, "run inputs"),
        (Part::Confidences, "confidence inputs"),
        (Part::Counters, "direct counters"),
        (Part::MatchSets, "weight sets by match"),
        (Part::ByteSets, "weight sets by bytes"),
        (Part::OrderSets, "weight sets by longest order"),
        (Part::ModelSets, "weight sets by model or classes"),
        (Part::SecondLayer, "second layer"),
        (Part::Maps, "probability maps"),
        (Part::ModelMap, "model corrected as an input"),
    ];
}

/// The parts that are in use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parts(u32);

impl Parts {
    /// Every part.
    pub const ALL: Parts = Parts(u32::MAX);

    /// All of these but one.
    pub fn without(self, part: Part) -> Parts {
        Parts(self.0 & !(1 << part as u32))
    }

    /// Whether a part is in use.
    pub fn has(self, part: Part) -> bool {
        self.0 >> (part as u32) & 1 == 1
    }
}

/// The make of one mixer.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which kind this is.
    pub kind: MixerKind,
    /// Whether a model's probabilities come in.
    pub with_model: bool,
    /// What is left out, for measurements.
    pub parts: Parts,
    /// The hashed contexts.
    pub contexts: Vec<Context>,
    /// Orders of the contexts of the last bytes, 0 for the others.
    pub orders: Vec<u32>,
    /// For how many of them, from the first on, the run is an input too.
    pub n_runs: usize,
    /// Which of them depends on what matches expect.
    pub match_context: Option<usize>,
    /// Shortest lengths of the matches that are looked for, longest first.
    pub matches: Vec<u32>,
}

impl Plan {
    /// What a kind consists of.
    pub fn new(kind: MixerKind, with_model: bool, parts: Parts) -> Self {
        use Context::*;
        let mut contexts = vec![Order3, Order4, Order6, Word, Order1, Order2];
        match kind {
            MixerKind::Light => contexts[4] = Above,
            MixerKind::Default => {
                contexts.extend([WordPair, Above, Field, Skip1, Record, MatchByte]);
            }
            MixerKind::Full => contexts.extend([
                Order5,
                Order8,
                WordPair,
                WordSkip,
                Above,
                AboveField,
                Field,
                Column,
                Key,
                Skip1,
                Skip2,
                Skip12,
                Pair13,
                Record,
                Record2,
                RecordPlace,
                Indirect1,
                Indirect2,
                Format,
                Classes,
                MatchByte,
            ]),
        }
        if with_model {
            contexts.push(Token);
            if kind == MixerKind::Full {
                contexts.push(TokenPair);
            }
        }
        contexts.retain(|&c| c.part().is_none_or(|part| parts.has(part)));
        let mut matches = match kind {
            MixerKind::Light => vec![6],
            MixerKind::Default => vec![16, 5],
            MixerKind::Full => vec![20, 8, 5],
        };
        if !parts.has(Part::Matches) {
            matches.clear();
        }
        let orders = contexts.iter().map(|c| c.order().unwrap_or(0)).collect();
        let n_runs = match kind {
            _ if !parts.has(Part::Runs) => 0,
            MixerKind::Light => 0,
            _ => 4,
        };
        let match_context = contexts.iter().position(|&c| c == MatchByte);
        Self { kind, with_model, parts, contexts, orders, n_runs, match_context, matches }
    }

    /// Whether it is an input how sure a counter is.
    pub fn has_confidences(&self) -> bool {
        self.parts.has(Part::Confidences) && self.kind != MixerKind::Light
    }

    /// Whether the outputs of the weight sets are mixed again, and not just averaged.
    pub fn has_second_layer(&self) -> bool {
        self.parts.has(Part::SecondLayer) && self.kind != MixerKind::Light
    }

    /// Number of direct counters that are inputs.
    pub fn n_counters(&self) -> usize {
        match self.kind {
            _ if !self.parts.has(Part::Counters) => 0,
            MixerKind::Light => 2,
            _ => 3,
        }
    }

    /// Number of counters that speak in each decision.
    pub fn n_counted(&self) -> usize {
        self.contexts.len() + self.n_runs + self.n_counters() + self.matches.len()
    }

    /// Number of inputs of the first layer: the counters, how sure some of them are, the model, a constant.
    pub fn n_inputs(&self) -> usize {
        let sure =
            if self.has_confidences() { self.contexts.len() + self.matches.len() } else { 0 };
        self.n_counted()
            + sure
            + usize::from(self.with_model) * (2 + usize::from(self.has_model_map()))
            + 1
    }

    /// Vectors in each weight set.
    pub fn set_sizes(&self) -> Vec<usize> {
        let mut sizes = vec![256];
        if self.parts.has(Part::MatchSets) {
            sizes.push(16 * 3 * 2);
        }
        if self.kind != MixerKind::Light {
            if self.parts.has(Part::ByteSets) {
                sizes.push(512);
            }
            if self.parts.has(Part::OrderSets) {
                sizes.push(9 * 9);
            }
            if self.parts.has(Part::ModelSets) {
                sizes.push(if self.with_model { 16 * 4 * 2 } else { 64 * 9 });
            }
        }
        if self.kind == MixerKind::Full && self.parts.has(Part::ByteSets) {
            sizes.push(512);
        }
        sizes
    }

    /// Whether the model's probability comes in a second time, corrected by what it has been worth.
    pub fn has_model_map(&self) -> bool {
        self.with_model && self.kind != MixerKind::Light && self.parts.has(Part::ModelMap)
    }

    /// Contexts of each probability map.
    pub fn map_sizes(&self) -> Vec<usize> {
        if !self.parts.has(Part::Maps) {
            return Vec::new();
        }
        match self.kind {
            MixerKind::Light => vec![256, 1 << 12],
            MixerKind::Default if self.with_model => vec![1 << 16, 1 << 14, EXPECTED_CONTEXTS],
            MixerKind::Default => vec![1 << 16, 1 << 14],
            MixerKind::Full => vec![1 << 16, 1 << 16, EXPECTED_CONTEXTS],
        }
    }

    /// Base-2 logarithm of the number of 64-byte lines that hold the bit histories of a group.
    pub fn line_bits(&self, group_len: usize) -> u32 {
        let most = match self.kind {
            MixerKind::Light => 20,
            MixerKind::Default => 21,
            MixerKind::Full => 22,
        };
        bits_for(group_len.saturating_mul(self.contexts.len()) / 8).clamp(10, most)
    }

    /// Base-2 logarithm of the number of positions that each match table holds.
    pub fn match_bits(&self, group_len: usize) -> u32 {
        bits_for(group_len).clamp(8, if self.kind == MixerKind::Light { 18 } else { 22 })
    }
}

/// The smallest `b` with `2^b >= n`.
fn bits_for(n: usize) -> u32 {
    usize::BITS - n.saturating_sub(1).leading_zeros()
}
