//! Start values learned from many documents, offline.
//!
//! A mixer that begins with the present values codes a document; then the values move a little towards what it has
//! learned. So they come to lie where a few kilobytes of any text lead to a good mixer, not where one text left it.

use super::super::plan::{Beside, MixerKind, Parts, Plan};
use super::{Learned, StartValues, lengths, slot};
use crate::mixer::Mixer;

/// Values are kept in units of 2^-16 of their serialised units, so that small steps are not lost.
const FRACTION: u32 = 16;
/// The oldest that a counter is at the start, in units of a half of `log2` of what it has seen: 2^(12/2) = 64 bits.
const AGE_CAP: u16 = 12;

/// Start values of one kind of mixer on their way.
pub struct Learner {
    kind: MixerKind,
    beside: Beside,
    weights: Vec<i64>,
    /// Stretched probabilities.
    counters: Vec<i64>,
    ages: Vec<u16>,
    /// Whether the values are for strong models.
    strong: bool,
    /// How many documents have moved each counter.
    moves: Vec<u32>,
    documents: u32,
}

impl Learner {
    /// Begins with the rules of thumb.
    pub fn new(kind: MixerKind, beside: Beside) -> Self {
        Self::setting_out_from(&StartValues::default(), kind, beside)
    }

    /// Begins with the values that `base` has for such a mixer, or the rules of thumb; the values will be for models as strong as
    /// those of `base`.
    pub fn setting_out_from(base: &StartValues, kind: MixerKind, beside: Beside) -> Self {
        let mut mixer = Mixer::with_parts(kind, beside, &[], base, Parts::ALL);
        let values = mixer.learned();
        let learned = values.learned[slot(kind, beside)].as_ref().expect("just learned");
        Self {
            kind,
            beside,
            weights: learned.weights.iter().map(|&w| i64::from(w) << FRACTION).collect(),
            counters: learned.counters.iter().map(|&c| i64::from(c >> 4) << FRACTION).collect(),
            strong: base.strong,
            ages: learned.counters.iter().map(|&c| c & 15).collect(),
            moves: vec![0; learned.counters.len()],
            documents: 0,
        }
    }

    /// The values as they are now.
    pub fn values(&self) -> StartValues {
        let round = |value: i64| (value + (1 << (FRACTION - 1))) >> FRACTION;
        let counters = self.counters.iter().zip(&self.ages);
        let mut values = StartValues { strong: self.strong, ..StartValues::default() };
        values.learned[slot(self.kind, self.beside)] = Some(Learned {
            weights: self.weights.iter().map(|&w| round(w) as i16).collect(),
            counters: counters
                .map(|(&x, &age)| (round(x).clamp(0, 4095) as u16) << 4 | age)
                .collect(),
        });
        values
    }

    /// Goes through `documents` so many times; `code` codes one with a mixer that begins with the values it is given, and gives
    /// back the bytes and the mixer. Returns the bytes that all became the last time.
    ///
    /// # Panics
    ///
    /// When a mixer is of another kind.
    pub fn follow<T>(
        &mut self,
        documents: &[T],
        times: usize,
        mut code: impl FnMut(&T, &StartValues) -> (Vec<u8>, Mixer),
    ) -> usize {
        let mut coded = 0;
        for _ in 0..times {
            coded = 0;
            for document in documents {
                let (bytes, mut mixer) = code(document, &self.values());
                coded += bytes.len();
                self.approach(&mut mixer);
            }
        }
        coded
    }

    /// Moves towards what a mixer, which began with [`values`](Self::values), has learned from a document.
    ///
    /// # Panics
    ///
    /// When the mixer is of another kind.
    fn approach(&mut self, mixer: &mut Mixer) {
        let learned = mixer.learned().learned[slot(self.kind, self.beside)]
            .take()
            .expect("a mixer of this kind");
        let began = self.values();
        let began = began.learned[slot(self.kind, self.beside)].as_ref().expect("this kind");
        debug_assert_eq!(
            lengths(&Plan::new(self.kind, self.beside, Parts::ALL)).0,
            learned.weights.len()
        );
        // From a quarter down to a fiftieth.
        let rate = i64::from((64 << 10) / (4 * (self.documents + 16) / 16)).max(65_536 / 50);
        self.documents += 1;
        for (mine, &theirs) in self.weights.iter_mut().zip(&learned.weights) {
            *mine += (((i64::from(theirs) << FRACTION) - *mine) * rate) >> 16;
        }
        for (i, (&theirs, &before)) in learned.counters.iter().zip(&began.counters).enumerate() {
            if theirs == before {
                continue;
            }
            // The first documents that reach a counter count fully, the later ones as much as for a weight.
            let rate = rate.max(65_536 / i64::from(self.moves[i] + 2));
            self.moves[i] += 1;
            self.counters[i] +=
                (((i64::from(theirs >> 4) << FRACTION) - self.counters[i]) * rate) >> 16;
            self.ages[i] = self.ages[i].max((theirs & 15).min(AGE_CAP));
        }
    }
}
