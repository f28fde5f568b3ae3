//! What each kind of mixer is made of.

use super::byte_nodes::BYTE_NODES;
use super::contexts::{self, Context};
use super::decide::EXPECTED_CONTEXTS;
use super::decide::{PLACE_ROWS, TWIN_ROWS};
use super::shape::Shape;

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

/// What a mixer stands beside.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Beside {
    /// No model.
    Nothing,
    /// A model, in few lanes.
    Model,
    /// A model, in many lanes: these are at as many places of a text, and often of several kinds, so that each has
    /// weights and contexts of its own.
    ModelInLanes,
}

/// The most lanes that are few.
const FEW_LANES: usize = 4;

impl Beside {
    /// All of them.
    pub const ALL: [Beside; 3] = [Beside::Nothing, Beside::Model, Beside::ModelInLanes];

    /// What a mixer of so many lanes stands beside.
    pub fn new(with_model: bool, n_lanes: usize) -> Self {
        match with_model {
            false => Beside::Nothing,
            true if n_lanes <= FEW_LANES => Beside::Model,
            true => Beside::ModelInLanes,
        }
    }

    /// Whether there is a model.
    pub const fn has_model(self) -> bool {
        !matches!(self, Beside::Nothing)
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
    Local,
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
    Twins,
    Odds,
    Pixels,
    FieldSets,
}

impl Part {
    /// All parts with the names that measurements print.
    pub const ALL: [(Part, &'static str); 25] = [
        (Part::HighOrders, "orders 5, 6 and 8"),
        (Part::Words, "word contexts"),
        (Part::Columns, "column and field contexts"),
        (Part::Records, "record contexts"),
        (Part::Sparse, "sparse contexts"),
        (Part::Indirect, "indirect contexts"),
        (Part::Formats, "format contexts"),
        (Part::Tokens, "token contexts"),
        (Part::Local, "contexts of the lane"),
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
        (Part::Twins, "twin fields"),
        (Part::Odds, "counters of hashed contexts"),
        (Part::Pixels, "contexts of pixels"),
        (Part::FieldSets, "weight sets by field"),
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
    /// What is left out, for measurements.
    pub parts: Parts,
    /// What the mixer stands beside.
    pub beside: Beside,
    /// The numbers of all that follows.
    pub shape: Shape,
    /// The hashed contexts.
    pub contexts: Vec<Context>,
    /// By which of the first eight contexts have seen anything, a bit for each: the longest order among them.
    pub longest_order: [u8; 256],
    /// Which of them depends on what matches expect.
    pub match_context: Option<usize>,
    /// Whether any of them looks for records.
    pub records: bool,
    /// Whether any of them looks at what followed the last bytes lately.
    pub indirect: bool,
    /// Whether any of them looks at what stood before in the place of the current field.
    pub twins: bool,
    /// Shortest lengths of the matches that are looked for, longest first.
    pub matches: Vec<u32>,
}

impl Plan {
    /// What a kind consists of.
    pub fn new(kind: MixerKind, beside: Beside, parts: Parts) -> Self {
        let mut contexts = contexts::used(kind, beside).to_vec();
        contexts.retain(|&c| c.part().is_none_or(|part| parts.has(part)));
        let mut matches = match kind {
            MixerKind::Light => vec![6],
            MixerKind::Default => vec![16, 5],
            MixerKind::Full => vec![20, 8, 5],
        };
        if !parts.has(Part::Matches) {
            matches.clear();
        }
        let order = |i: usize| contexts.get(i).and_then(|c: &Context| c.order()).unwrap_or(0) as u8;
        assert!((8..contexts.len()).all(|i| order(i) == 0), "orders are among the first contexts");
        let seen = |mask: usize| (0..8).filter(move |i| mask >> i & 1 == 1);
        let longest_order = std::array::from_fn(|mask| seen(mask).map(order).max().unwrap_or(0));
        let shape = Shape::of(kind, beside).reduced(parts, contexts.len());
        let has = |part| contexts.iter().any(|c| c.part() == Some(part));
        let (records, indirect) = (has(Part::Records), has(Part::Indirect));
        // A weight set asks for them too.
        let twins = has(Part::Twins) || shape.sets[5];
        let match_context = contexts.iter().position(|&c| c == Context::MatchByte);
        Self {
            parts,
            beside,
            shape,
            contexts,
            longest_order,
            match_context,
            records,
            indirect,
            twins,
            matches,
        }
    }

    /// Vectors in each weight set.
    pub fn set_sizes(&self) -> Vec<usize> {
        let by_model = if self.shape.with_model { 16 * 4 * 2 } else { 64 * 9 };
        let sizes = [16 * 3 * 2, 512, 9 * 9, by_model, 512, TWIN_ROWS, PLACE_ROWS];
        let used = sizes.into_iter().zip(self.shape.sets).filter(|(_, used)| *used);
        std::iter::once(256).chain(used.map(|(size, _)| size)).collect()
    }

    /// Contexts of each probability map.
    pub fn map_sizes(&self, bits: &TableBits) -> Vec<usize> {
        if !self.parts.has(Part::Maps) {
            return Vec::new();
        }
        let pairs = 16 << bits.pairs;
        let unexpected = if self.shape.with_model { bits.branches() } else { 256 };
        let expected = EXPECTED_CONTEXTS + unexpected;
        match self.shape.kind {
            MixerKind::Light => vec![256, pairs],
            MixerKind::Default if !self.shape.with_model => vec![BYTE_NODES, pairs],
            _ => vec![BYTE_NODES, pairs, expected],
        }
    }

    /// How large the tables for a group are.
    pub fn table_bits(&self, group_len: usize) -> TableBits {
        let (most_lines, most_matches, most_pairs) = match self.shape.kind {
            MixerKind::Light => (20, 18, 8),
            MixerKind::Default => (21, 22, 10),
            MixerKind::Full => (22, 22, 12),
        };
        let lines = group_len.saturating_mul(self.contexts.len()) / 8;
        let len_bits = bits_for(group_len);
        let lines = bits_for(lines).clamp(10, most_lines);
        TableBits {
            lines,
            odds: if self.shape.odds { (lines - 1).min(MOST_ODDS_BITS) } else { 0 },
            pixels: (len_bits + 3).clamp(10, 16),
            matches: len_bits.clamp(8, most_matches),
            counters: (len_bits + 5).clamp(14, 20),
            pairs: len_bits.saturating_sub(3).clamp(6, most_pairs),
            branches: len_bits.clamp(10, MOST_BRANCH_BITS),
        }
    }
}

/// Base-2 logarithms of the tables' sizes: no larger than a group can fill. A short one is coded sooner if its tables
/// take few pages.
#[derive(Clone, Copy, Debug)]
pub struct TableBits {
    /// Lines of bit histories, 64 bytes each.
    pub lines: u32,
    /// Lines of counters of hashed contexts, 64 bytes each; 0 where there are none.
    pub odds: u32,
    /// Counters of each context of pixels.
    pub pixels: u32,
    /// Positions in the table of each finder.
    pub matches: u32,
    /// Direct counters of order 2.
    pub counters: u32,
    /// Contexts of the last bytes and half a byte in the second probability map, of 16 nodes each.
    pub pairs: u32,
    /// Branches of a model's vocabulary that have contexts of their own in probability maps.
    pub branches: u32,
}

/// The most of those; branches of a vocabulary that has more share them.
pub const MOST_BRANCH_BITS: u32 = 13;

/// The most lines of counters of hashed contexts, 64 MB. Twice as many make tables of a megabyte 0.03 % smaller.
const MOST_ODDS_BITS: u32 = 20;

impl TableBits {
    /// Branches with contexts of their own.
    pub fn branches(&self) -> usize {
        1 << self.branches
    }
}

/// The smallest `b` with `2^b >= n`.
fn bits_for(n: usize) -> u32 {
    usize::BITS - n.saturating_sub(1).leading_zeros()
}
