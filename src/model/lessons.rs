//! What predictions have to teach an output layer: steps of stochastic gradient descent on its weights, in integers.
//!
//! After each token the gradient of its cross entropy at the output layer is known: for token `t` with probability
//! `p[t]` it is `(p[t] - came[t]) * state`. The token that came moves by its whole part of it. Of the others a sample
//! moves for all: those that contain one of eight points at even distances in the cumulative frequencies, by their
//! probability or an eighth, whichever is more, so that each moves as far as it should on the average. (All that have
//! a 512th or more are fifty tokens instead of six, and gain less: `src/mixer/MEASURED.md`.)
//!
//! Each row of weights has a copy with 20 more bits, which moves against the gradient; the product
//! sees it rounded by a fixed pattern (`kernels/plain/teaching.rs`), so that it costs no more than before. All sums are
//! of integers: the order of lessons does not matter, nor on how many threads they are noted. `EXACTNESS.md` has the
//! steps.

use super::frequencies::Frequencies;
use super::learner::{PARTS, part_rows};
use super::{Config, Model};
use crate::kernels::{FINE_BITS, FloatEnv, Push, QuantRows, padded_cols};

/// How far a weight moves for each unit of the state and of the probability that was wrong.
///
/// Of 0.0002 to 0.0006, most texts and programs became smallest at this (`src/mixer/MEASURED.md`).
const RATE: f32 = 0.0005;

/// Points of the sample of tokens that learn that they did not come.
const POINTS: u64 = 8;

/// One row's part in a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taught {
    pub(super) row: u32,
    pub(super) push: Push,
}

/// What some predictions have to teach: the states they were made from, and how far each pushes which rows.
#[derive(Debug, Default)]
pub struct Lessons {
    /// Bytes of a state.
    width: usize,
    /// As the product was given them.
    pub(super) states: Vec<u8>,
    /// By part of the output layer.
    pub(super) taught: [Vec<Taught>; PARTS],
}

impl Lessons {
    /// Bytes of one token's at most, in lists that have just doubled their sizes.
    pub(crate) fn memory_bytes(config: &Config) -> usize {
        2 * (padded_cols(config.hidden) + (1 + POINTS as usize) * size_of::<Taught>())
    }

    /// Forgets all of them, keeping the memory.
    pub fn clear(&mut self) {
        self.states.clear();
        self.taught.iter_mut().for_each(Vec::clear);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.taught.iter().all(Vec::is_empty)
    }

    /// Becomes equal to `other`.
    pub fn copy_from(&mut self, other: &Lessons) {
        self.clear();
        self.append(other);
    }

    /// Adds those of `other`.
    pub fn append(&mut self, other: &Lessons) {
        self.width = other.width;
        let before = self.n_states();
        self.states.extend_from_slice(&other.states);
        for (taught, other) in self.taught.iter_mut().zip(&other.taught) {
            taught.extend(other.iter().map(|&Taught { row, push }| Taught {
                row,
                push: Push { state: push.state + before, ..push },
            }));
        }
    }

    fn n_states(&self) -> u32 {
        self.states.len().checked_div(self.width).unwrap_or(0) as u32
    }

    /// Notes that `token` came where a model predicted `frequencies` from a row of `states`.
    pub fn note(
        &mut self,
        model: &Model,
        states: &QuantRows,
        row: usize,
        token: u32,
        frequencies: &Frequencies,
    ) {
        let weight_scales = model.linear(model.layout.output()).scales;
        let _exact = FloatEnv::exact();
        self.width = states.cols_padded;
        let state = self.n_states();
        self.states.extend_from_slice(&states.data[row * self.width..][..self.width]);
        let total = frequencies.total();
        let rows_each = part_rows(model.config.predicted) as u32;
        let unit = RATE * (1 << FINE_BITS) as f32 * states.scales[row] / total as f32;
        let mut push = |row: u32, parts: f32| {
            let step = (unit * parts / weight_scales[row as usize]).round_ties_even();
            // A conversion ends at the bounds of its type, and makes a zero of NaN.
            let push = Push { state, step: step as i16 };
            self.taught[(row / rows_each) as usize].push(Taught { row, push });
        };
        let came = frequencies.as_slice()[token as usize];
        push(token, (total - u64::from(came)) as f32);
        let distance = total / POINTS;
        // As good as random, and the same for everybody.
        let first = (u64::from(came.wrapping_mul(2_654_435_769)) * distance) >> 32;
        let mut last = token;
        for point in 0..POINTS {
            let sampled = frequencies.at(first + point * distance);
            if sampled != last && sampled != token {
                let freq = u64::from(frequencies.as_slice()[sampled as usize]);
                push(sampled, -(freq.max(distance) as f32));
            }
            last = sampled;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Isa;
    use crate::model::builtin;

    #[test]
    fn rows_without_a_scale_and_probabilities_without_doubt_teach_no_nonsense() {
        let model = builtin();
        let mut frequencies = Frequencies::new(model.config().coded);
        let mut logits = vec![-100.0; model.config().coded];
        logits[7] = 100.0;
        frequencies.fill(Isa::SCALAR, &logits);
        let mut states = QuantRows::default();
        states.reshape(1, model.config().hidden, usize::MAX);
        for scale in [0.0, f32::MIN_POSITIVE, f32::MAX, f32::INFINITY] {
            states.scales.fill(scale);
            let mut lessons = Lessons::default();
            lessons.note(&model, &states, 0, 7, &frequencies);
            lessons.note(&model, &states, 0, 8, &frequencies);
            // The certain token alone is in every sample; when it comes, there is next to nothing to learn.
            let taught = lessons.taught.concat();
            let rows: Vec<_> = taught.iter().map(|taught| taught.row).collect();
            assert_eq!(rows, [7, 8, 7], "{scale}");
            assert!(scale > 0.0 || taught.iter().all(|taught| taught.push.step == 0));
        }
    }
}
