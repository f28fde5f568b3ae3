//! Logistic mixing: weighted sums of stretched probabilities, with weights that learn.
//!
//! A layer has several weight sets; in each, a context selects one vector of weights. All inputs are stretched
//! probabilities in units of 1/2048, weights are in units of 2^-20 and stay within +-8.
//!
//! The loops are plain code over slices of a multiple of [`LANES`] numbers, which the compiler turns into vector
//! instructions; sums of integers do not depend on their order, so all of them give the same result.

use super::math::STRETCH_MAX;
use std::ops::Range;

/// Inputs are padded to a multiple of this.
pub const LANES: usize = 16;
/// The weight 1.
pub const WEIGHT_ONE: i32 = 1 << 20;
const WEIGHT_MAX: i32 = (8 << 20) - 1;

/// The most inputs. `dot` cannot overflow below 256: a product is below 2^15 * 2^15 >> 7 = 2^23.
pub const MAX_INPUTS: usize = 96;

/// The inputs of a layer behind one another, the unused ones 0.
pub type Inputs = [i32; MAX_INPUTS];

#[inline(always)]
fn dot(inputs: &[i32], weights: &[i32]) -> i32 {
    let products = inputs.iter().zip(weights).map(|(x, w)| (w >> 8).wrapping_mul(*x) >> 7);
    // 2^11 (inputs) * 2^12 (weights) / 2^7 / 2^5 = 2^11.
    (products.fold(0, i32::wrapping_add) >> 5).clamp(-STRETCH_MAX, STRETCH_MAX)
}

/// `error` is the wanted change in units such that a full input moves its weight by `error / 8` of 2^-20;
/// at most 2^19.
#[inline(always)]
fn learn(inputs: &[i32], weights: &mut [i32], error: i32) {
    for (x, w) in inputs.iter().zip(weights) {
        // At most 2^11 * 2^19.
        let step = ((x + 8) >> 4).wrapping_mul(error).wrapping_add(512) >> 10;
        *w = w.wrapping_add(step).clamp(-WEIGHT_MAX, WEIGHT_MAX);
    }
}

/// Several weight sets over the same inputs.
pub struct Layer {
    /// Inputs, padded.
    width: usize,
    /// `[vector][width]`, the sets one after the other.
    weights: Vec<i32>,
    /// First vector of each set.
    first: Vec<usize>,
    /// The vectors chosen, counted over all sets.
    chosen: Vec<usize>,
    /// How often each vector has learned.
    uses: Vec<u32>,
}

impl Layer {
    /// A layer with `sizes[s]` vectors in set `s`, each starting with `start[s]` and zeros behind.
    pub fn new(inputs: usize, sizes: &[usize], start: &[Vec<i32>]) -> Self {
        assert!(inputs <= MAX_INPUTS && sizes.len() == start.len());
        let width = inputs.next_multiple_of(LANES);
        let mut weights = Vec::with_capacity(width * sizes.iter().sum::<usize>());
        let mut first = Vec::new();
        for (&size, start) in sizes.iter().zip(start) {
            first.push(weights.len() / width);
            for _ in 0..size {
                weights.extend_from_slice(start);
                weights.resize(weights.len() + width - start.len(), 0);
            }
        }
        let chosen = vec![0; sizes.len()];
        let uses = vec![0; weights.len() / width];
        Self { width, weights, first, chosen, uses }
    }

    /// Number of sets.
    #[inline(always)]
    pub fn n_sets(&self) -> usize {
        self.chosen.len()
    }

    /// Gives some vectors of a set the same weights, within +-8.
    pub fn fill(&mut self, set: usize, vectors: Range<usize>, weights: &[i32]) {
        for vector in vectors {
            let at = (self.first[set] + vector) * self.width;
            self.weights[at..at + weights.len()].copy_from_slice(weights);
        }
    }

    /// The weights of one vector, padded.
    pub fn row(&self, set: usize, vector: usize) -> &[i32] {
        let at = (self.first[set] + vector) * self.width;
        &self.weights[at..at + self.width]
    }

    /// The mean of a set's vectors, each by how often it has learned.
    pub fn mean(&self, set: usize) -> Vec<i32> {
        let vectors = self.vectors(set);
        let total = self.uses[vectors.clone()].iter().map(|&n| i64::from(n)).sum::<i64>();
        let at = |vector: usize, i: usize| i64::from(self.weights[vector * self.width + i]);
        let mean = |i: usize| match total {
            0 => at(vectors.start, i),
            _ => vectors.clone().map(|v| at(v, i) * i64::from(self.uses[v])).sum::<i64>() / total,
        };
        (0..self.width).map(|i| mean(i) as i32).collect()
    }

    fn vectors(&self, set: usize) -> Range<usize> {
        let end = self.first.get(set + 1).copied().unwrap_or(self.uses.len());
        self.first[set]..end
    }

    /// Chooses the vector of a set.
    #[inline(always)]
    pub fn choose(&mut self, set: usize, vector: usize) {
        self.chosen[set] = self.first[set] + vector;
    }

    /// One output for each set, stretched and clamped. `width` is the layer's, given so that it may be a constant.
    #[inline(always)]
    pub fn forward(&self, inputs: &Inputs, width: usize, out: &mut [i32]) {
        debug_assert_eq!(width, self.width);
        for (&vector, out) in self.chosen.iter().zip(out) {
            let at = vector * width;
            *out = dot(&inputs[..width], &self.weights[at..at + width]);
        }
    }

    /// Moves the chosen vectors by `errors`, one for each set, at most 2^19.
    #[inline(always)]
    pub fn backward(&mut self, inputs: &Inputs, width: usize, errors: &[i32]) {
        debug_assert_eq!(width, self.width);
        for (&vector, &error) in self.chosen.iter().zip(errors) {
            if error != 0 {
                let at = vector * width;
                let uses = &mut self.uses[vector];
                *uses = uses.saturating_add(1);
                learn(&inputs[..width], &mut self.weights[at..at + width], error);
            }
        }
    }
}
