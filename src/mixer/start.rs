//! What a mixer knows before it has seen anything: rules of thumb, or values learned from other texts.

mod learn;

pub use learn::Learner;

use super::Mixer;
use super::cells::{MATCH_ENTRIES, RUN_ENTRIES};
use super::counters::Counter;
use super::history::histories;
use super::network::WEIGHT_ONE;
use super::plan::{Beside, MixerKind, Parts, Plan};
use crate::error::{Error, Result};
use std::sync::LazyLock;

/// First byte of the values' serialised form.
const VERSION: u8 = 8;
/// The same of values for strong models, whose mixers have one stage more.
const VERSION_STRONG: u8 = 9;
/// Weights of a model from which on it counts as strong. The builtin has 8 million, and the smallest for which mixing was
/// measured with other values 149 million.
#[cfg(feature = "import")]
const STRONG_PARAMETERS: usize = 100_000_000;
/// Learned weights are kept in units of 2^-12.
const WEIGHT_SHIFT: u32 = 8;
/// As bytes they are in units of 2^-6.
const COARSE_SHIFT: u32 = 6;
/// Sets of up to this many vectors have values for each; the vectors of a larger one begin alike.
const OWN_VECTORS: usize = 128;

/// Initial weights, state maps and match maps of some kinds of mixer.
///
/// A kind without learned values begins with built-in rules of thumb.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StartValues {
    /// At most one for each of [`SLOTS`].
    learned: [Option<Learned>; SLOTS.len()],
    /// Whether they are for models so good that the mixer has to prove itself beside them.
    strong: bool,
}

/// The values of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Learned {
    /// Weights: the first layer's `[set][vector][input]`, one vector where a set is too large, then the second layer's.
    weights: Vec<i16>,
    /// Counters: state maps, run maps, match maps.
    counters: Vec<u16>,
}

/// The mixers that have values of their own. In many lanes, light and default mixers consist of what they consist of in
/// few, and begin alike.
const SLOTS: [(MixerKind, Beside); 7] = [
    (MixerKind::Light, Beside::Nothing),
    (MixerKind::Light, Beside::Model),
    (MixerKind::Default, Beside::Nothing),
    (MixerKind::Default, Beside::Model),
    (MixerKind::Full, Beside::Nothing),
    (MixerKind::Full, Beside::Model),
    (MixerKind::Full, Beside::ModelInLanes),
];

/// Where the values of a mixer stand.
fn slot(kind: MixerKind, beside: Beside) -> usize {
    match (kind, beside) {
        (MixerKind::Full, Beside::ModelInLanes) => 6,
        _ => usize::from(kind.code()) * 2 + usize::from(beside.has_model()),
    }
}

/// A weight in the units of its byte, the nearest there is.
fn coarse(weight: i16) -> i8 {
    let rounded = (i32::from(weight) + (1 << (COARSE_SHIFT - 1))) >> COARSE_SHIFT;
    rounded.clamp(-128, 127) as i8
}

/// How many vectors of a set of this size have values of their own.
fn own_vectors(size: usize) -> usize {
    if size <= OWN_VECTORS { size } else { 1 }
}

/// Numbers of weights and counters that the values of a plan consist of.
fn lengths(plan: &Plan) -> (usize, usize) {
    let sets = plan.set_sizes().len();
    let counters = plan.contexts.len() * histories().len
        + plan.shape.runs * RUN_ENTRIES
        + plan.matches.len() * MATCH_ENTRIES;
    (
        plan.set_sizes().into_iter().map(own_vectors).sum::<usize>() * plan.shape.inputs() + sets,
        counters,
    )
}

impl StartValues {
    /// The values that are built in, for any model and for none; `scripts/learn_start_values.sh` makes them.
    pub fn generic() -> Self {
        static GENERIC: LazyLock<StartValues> = LazyLock::new(|| {
            let bytes = include_bytes!("start_values.bin");
            StartValues::from_bytes(bytes).expect("the tests read it")
        });
        GENERIC.clone()
    }

    /// Those of them that a model carries with it: without a model, the program's own are used.
    pub fn for_models() -> Self {
        let mut values = Self::generic();
        let with_model = SLOTS.iter().map(|(_, beside)| beside.has_model());
        for (values, with_model) in values.learned.iter_mut().zip(with_model) {
            *values = values.take().filter(|_| with_model);
        }
        values
    }

    /// The values for messages beside the builtin: those of the mixer that it begins them with;
    /// `scripts/learn_message_values.sh` makes them.
    pub fn messages() -> Self {
        static MESSAGES: LazyLock<StartValues> = LazyLock::new(|| {
            let bytes = include_bytes!("message_values.bin");
            StartValues::from_bytes(bytes).expect("the tests read it")
        });
        MESSAGES.clone()
    }

    /// The values for a published model with so many weights: those that were learned with a strong model if it is
    /// one (`scripts/learn_strong_values.sh` makes them), and the generic ones if not.
    #[cfg(feature = "import")]
    pub fn for_parameters(parameters: usize) -> Self {
        if parameters < STRONG_PARAMETERS {
            return Self::for_models();
        }
        Self::from_bytes(include_bytes!("strong_values.bin")).expect("the tests read it")
    }

    /// Rules of thumb for mixers beside strong models.
    pub fn strong_rules() -> Self {
        Self { strong: true, ..Self::default() }
    }

    /// Whether the mixers that begin with these values have to prove themselves beside the model.
    pub fn are_for_strong_models(&self) -> bool {
        self.strong
    }

    /// Takes over the values of the kinds that `other` has learned.
    pub fn merge(&mut self, other: StartValues) {
        for (mine, theirs) in self.learned.iter_mut().zip(other.learned) {
            if theirs.is_some() {
                *mine = theirs;
            }
        }
    }

    /// The values as bytes: a version, and for each kind its number, its weights and its counters.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![if self.strong { VERSION_STRONG } else { VERSION }];
        for (slot, learned) in self.learned.iter().enumerate() {
            if let Some(learned) = learned {
                out.push(slot as u8);
                out.extend(learned.weights.iter().map(|&w| coarse(w) as u8));
                out.extend(learned.counters.iter().flat_map(|c| c.to_le_bytes()));
            }
        }
        out
    }

    /// Reads what `to_bytes` has written.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for another version, [`Error::Damaged`] for anything else that `to_bytes` does not
    /// write.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (&version, mut rest) =
            bytes.split_first().ok_or_else(|| Error::truncated("the mixer's start values"))?;
        if ![VERSION, VERSION_STRONG].contains(&version) {
            return Err(Error::unsupported(format!(
                "start values of version {version}: another llmzip made this model, import it again"
            )));
        }
        let mut values = Self { strong: version == VERSION_STRONG, ..Self::default() };
        let mut least = 0;
        while let Some((&slot, behind)) = rest.split_first() {
            let known = SLOTS.get(usize::from(slot)).filter(|_| usize::from(slot) >= least);
            let &(kind, beside) =
                known.ok_or_else(|| Error::damaged("start values of an unknown kind"))?;
            least = usize::from(slot) + 1;
            let (n_weights, n_counters) = lengths(&Plan::new(kind, beside, Parts::ALL));
            if behind.len() < n_weights + 2 * n_counters {
                return Err(Error::truncated("the mixer's start values"));
            }
            let (weights, behind) = behind.split_at(n_weights);
            let (counters, behind) = behind.split_at(2 * n_counters);
            values.learned[usize::from(slot)] = Some(Learned {
                weights: weights.iter().map(|&w| i16::from(w as i8) << COARSE_SHIFT).collect(),
                counters: counters.as_chunks().0.iter().map(|&b| u16::from_le_bytes(b)).collect(),
            });
            rest = behind;
        }
        Ok(values)
    }

    /// Puts the values into a new mixer, if there are any for its kind and it lacks no part.
    pub(super) fn apply(&self, mixer: &mut Mixer) {
        let plan = &mixer.plan;
        let Some(learned) = &self.learned[slot(plan.shape.kind, plan.beside)] else {
            return;
        };
        if plan.parts != Parts::ALL {
            return;
        }
        let wide = |w: &i16| i32::from(*w) << WEIGHT_SHIFT;
        let mut rows = learned.weights.chunks_exact(plan.shape.inputs());
        for (set, size) in plan.set_sizes().into_iter().enumerate() {
            let own = own_vectors(size);
            for (vector, row) in rows.by_ref().take(own).enumerate() {
                let vectors = if own == size { vector..vector + 1 } else { 0..size };
                mixer.first.fill(set, vectors, &row.iter().map(wide).collect::<Vec<_>>());
            }
        }
        let n_second = plan.set_sizes().len();
        let second = &learned.weights[learned.weights.len() - n_second..];
        mixer.second.fill(0, 0..256, &second.iter().map(wide).collect::<Vec<_>>());
        let mut packed = learned.counters.iter();
        for counter in mixer.counters_to_learn() {
            if let Some(&packed) = packed.next() {
                *counter = Counter::unpack(packed).word() as u32;
            }
        }
    }
}

impl Mixer {
    /// What this mixer has learned, as the start of others of its kind.
    pub fn learned(&mut self) -> StartValues {
        let inputs = self.plan.shape.inputs();
        let narrow = |w: i32| (w >> WEIGHT_SHIFT) as i16;
        let mut weights = Vec::new();
        for (set, size) in self.plan.set_sizes().into_iter().enumerate() {
            let own = own_vectors(size);
            let mean = self.first.mean(set);
            for vector in 0..own {
                let row = if own == size { self.first.row(set, vector) } else { mean.clone() };
                weights.extend(row.into_iter().take(inputs).map(narrow));
            }
        }
        let sets = self.first.n_sets();
        weights.extend(self.second.mean(0).into_iter().take(sets).map(narrow));
        let counter = |word: &mut u32| Counter::from_word(*word as i32);
        let counters = self.counters_to_learn().map(|word| counter(word).pack()).collect();
        let mut values = StartValues::default();
        values.learned[slot(self.plan.shape.kind, self.plan.beside)] =
            Some(Learned { weights, counters });
        values
    }

    /// The counters that start values consist of, in their order.
    fn counters_to_learn(&mut self) -> impl Iterator<Item = &mut u32> {
        self.cells.learned(&self.plan.shape, histories().len)
    }
}

/// The first weights of every vector of the first layer.
pub fn first_weights(plan: &Plan, inputs: usize) -> Vec<i32> {
    let n = plan.contexts.len();
    let mut weights = vec![0; inputs];
    let share = if plan.shape.with_model { WEIGHT_ONE / 12 } else { WEIGHT_ONE / 5 };
    weights[..n].fill(share);
    if plan.shape.with_model {
        weights[plan.shape.counted()] = WEIGHT_ONE * 3 / 4;
    }
    let matches = plan.shape.first_finder();
    weights[matches..matches + plan.matches.len()].fill(WEIGHT_ONE / 4);
    weights
}

/// The first weights of the second layer: the mean of its inputs.
pub fn second_weights(sets: usize) -> Vec<i32> {
    vec![WEIGHT_ONE / sets as i32; sets]
}

#[cfg(test)]
mod tests {
    use super::super::math::P_ONE;
    use super::*;

    /// Mixes a text without a model and gives its cost in bits.
    fn mix(mixer: &mut Mixer, text: &[u8], with_model: bool) -> f64 {
        let mut bits = 0.0;
        for &byte in text {
            mixer.begin_token(0, 0);
            for shift in (0..8).rev() {
                let p =
                    f64::from(mixer.predict_bit(with_model.then_some(1 << 31))) / f64::from(P_ONE);
                let bit = byte >> shift & 1 == 1;
                bits -= if bit { p.log2() } else { (1.0 - p).log2() };
                mixer.update_bit(bit);
            }
            mixer.end_token();
        }
        bits
    }

    fn trained(kind: MixerKind, beside: Beside) -> Mixer {
        let text = include_bytes!("start.rs");
        let lane = std::slice::from_ref(&(0..text.len())).to_vec();
        let mut mixer = Mixer::with_parts(kind, beside, &lane, &StartValues::default(), Parts::ALL);
        mix(&mut mixer, text, beside.has_model());
        mixer
    }

    #[test]
    fn learned_values_come_back_from_their_bytes() {
        let mut all = StartValues::default();
        for (kind, beside) in SLOTS {
            all.merge(trained(kind, beside).learned());
        }
        let bytes = all.to_bytes();
        let again = StartValues::from_bytes(&bytes).unwrap();
        assert_eq!(again.to_bytes(), bytes);
        assert_eq!(StartValues::from_bytes(&again.to_bytes()).unwrap(), again);
        assert_eq!(StartValues::from_bytes(&[VERSION]).unwrap(), StartValues::default());
    }

    #[test]
    fn the_generic_values_are_there_for_every_kind() {
        assert!(StartValues::generic().learned.iter().all(Option::is_some));
    }

    #[test]
    fn the_values_for_messages_are_of_one_kind() {
        let learned = StartValues::messages().learned;
        let kinds: Vec<_> = SLOTS.iter().zip(&learned).filter(|(_, l)| l.is_some()).collect();
        assert!(matches!(kinds[..], [((MixerKind::Full, Beside::Model), _)]));
    }

    #[test]
    fn values_for_strong_models_come_back_as_such() {
        let mut strong = StartValues::strong_rules();
        strong.merge(trained(MixerKind::Default, Beside::Model).learned());
        let bytes = strong.to_bytes();
        assert_eq!(bytes[0], VERSION_STRONG);
        let again = StartValues::from_bytes(&bytes).unwrap();
        assert!(again.are_for_strong_models());
        assert_eq!(again.to_bytes(), bytes);
        assert!(!StartValues::generic().are_for_strong_models());
    }

    #[cfg(feature = "import")]
    #[test]
    fn only_large_models_are_strong() {
        assert_eq!(StartValues::for_parameters(8_300_000), StartValues::for_models());
        let strong = StartValues::for_parameters(134_500_000);
        assert!(strong.are_for_strong_models());
        for (learned, (kind, beside)) in strong.learned.iter().zip(SLOTS) {
            assert_eq!(learned.is_some(), beside.has_model(), "{kind:?} {beside:?}");
        }
    }

    #[test]
    fn learned_values_are_a_better_start() {
        for kind in MixerKind::ALL {
            let values = trained(kind, Beside::Nothing).learned();
            let text = &include_bytes!("history.rs")[..600];
            let cost = |start: &StartValues| {
                mix(
                    &mut Mixer::new(kind, false, std::slice::from_ref(&(0..text.len())), start),
                    text,
                    false,
                )
            };
            let (with, without) = (cost(&values), cost(&StartValues::default()));
            assert!(with < without, "{kind:?}: {with} bits instead of {without}");
        }
    }

    #[test]
    fn damaged_values_are_refused() {
        let bytes = trained(MixerKind::Light, Beside::Nothing).learned().to_bytes();
        for len in (0..bytes.len()).filter(|&len| len != 1) {
            assert!(StartValues::from_bytes(&bytes[..len]).is_err());
        }
        assert!(StartValues::from_bytes(&[VERSION + 5]).is_err());
        assert!(StartValues::from_bytes(&[VERSION, 7]).is_err());
        assert!(StartValues::from_bytes(&[&bytes[..], &bytes[1..]].concat()).is_err());
    }
}
