//! Logistic mixing: weighted sums of stretched probabilities, with weights that learn.
//!
//! A layer has several weight sets; in each, a context selects one vector of weights. All inputs are stretched
//! probabilities in units of 1/2048, weights are in units of 2^-20 and stay within +-8.
//!
//! Sums of integers do not depend on their order, so all makes of vectors give the same result.

use super::math::STRETCH_MAX;
use super::over::Sheet;
use crate::kernels::vectors::{Numbers, Vector, WIDTH};
use std::ops::Range;

/// The weight 1.
pub const WEIGHT_ONE: i32 = 1 << 20;
const WEIGHT_MAX: i32 = (8 << 20) - 1;

/// What an input times an error is shifted by to be a step of its weight.
const STEP_SHIFT: u32 = 12;

/// The most vectors of inputs. `dot` cannot overflow below 16: a product is below 2^15 * 2^15 >> 7 = 2^23.
pub const MAX_VECTORS: usize = 7;

/// Inputs as the sums want them: in the lower halves, with zeros above.
#[inline(always)]
fn lower<V: Vector>(inputs: V) -> V {
    inputs & V::splat(0xffff)
}

/// Inputs as learning wants them: in the lower halves, with ones above, which bring in what rounds.
#[inline(always)]
pub fn to_learn<V: Vector>(inputs: V) -> V {
    lower(inputs) ^ V::splat(1 << 16)
}

/// `inputs` with zeros above.
#[inline(always)]
fn dot<V: Vector>(inputs: &[V], weights: &[Numbers]) -> i32 {
    let mut sum = V::splat(0);
    for (&x, w) in inputs.iter().zip(weights) {
        // A weight without its lowest 8 bits fits 16.
        sum = sum + V::load(w).sar(8).pairs(x).sar(7);
    }
    // 2^11 (inputs) * 2^12 (weights) / 2^7 / 2^5 = 2^11.
    (sum.sum() >> 5).clamp(-STRETCH_MAX, STRETCH_MAX)
}

/// Several weight sets over the same inputs.
#[derive(Clone)]
pub struct Layer {
    /// Vectors of inputs.
    width: usize,
    /// `[row][width]`, the sets one after the other.
    pub weights: Sheet<Numbers>,
    /// First row of each set.
    first: Vec<usize>,
    /// The rows chosen, counted over all sets.
    chosen: Vec<usize>,
    /// How often each row has learned.
    uses: Vec<u32>,
}

impl Layer {
    /// A layer with `sizes[s]` rows in set `s`, each starting with `start` and zeros behind.
    pub fn new(inputs: usize, sizes: &[usize], start: &[i32]) -> Self {
        let width = inputs.div_ceil(WIDTH);
        assert!(width <= MAX_VECTORS);
        let rows = sizes.iter().sum::<usize>();
        let first = sizes.iter().scan(0, |end, size| {
            *end += size;
            Some(*end - size)
        });
        let mut layer = Self {
            width,
            weights: Sheet::new(vec![Numbers::ZERO; width * rows], width),
            first: first.collect(),
            chosen: vec![0; sizes.len()],
            uses: vec![0; rows],
        };
        for (set, &size) in sizes.iter().enumerate() {
            layer.fill(set, 0..size, start);
        }
        layer
    }

    /// Bytes that such a layer takes.
    pub fn memory_bytes(inputs: usize, sizes: &[usize]) -> u64 {
        let row = inputs.div_ceil(WIDTH) * size_of::<Numbers>() + size_of::<u32>();
        (row * sizes.iter().sum::<usize>()) as u64
    }

    /// Number of sets.
    #[inline(always)]
    pub fn n_sets(&self) -> usize {
        self.chosen.len()
    }

    /// Gives some rows of a set the same weights, within +-8.
    pub fn fill(&mut self, set: usize, rows: Range<usize>, weights: &[i32]) {
        for row in rows {
            let at = (self.first[set] + row) * self.width;
            let flat = self.weights.own[at..at + self.width].iter_mut().flat_map(|n| &mut n.0);
            flat.zip(weights).for_each(|(to, &from)| *to = from);
        }
    }

    /// The weights of one row, padded.
    pub fn row(&self, set: usize, row: usize) -> Vec<i32> {
        self.numbers(self.first[set] + row).collect()
    }

    fn numbers(&self, row: usize) -> impl Iterator<Item = i32> {
        self.weights.own[row * self.width..][..self.width].iter().flat_map(|n| n.0)
    }

    /// The mean of a set's rows, each by how often it has learned.
    pub fn mean(&self, set: usize) -> Vec<i32> {
        let end = self.first.get(set + 1).copied().unwrap_or(self.uses.len());
        let rows = self.first[set]..end;
        let total = self.uses[rows.clone()].iter().map(|&n| i64::from(n)).sum::<i64>();
        if total == 0 {
            return self.row(set, 0);
        }
        let mut sums = vec![0; self.width * WIDTH];
        for row in rows {
            let uses = i64::from(self.uses[row]);
            sums.iter_mut().zip(self.numbers(row)).for_each(|(sum, w)| *sum += i64::from(w) * uses);
        }
        sums.into_iter().map(|sum| (sum / total) as i32).collect()
    }

    /// Chooses the row of a set.
    #[inline(always)]
    pub fn choose(&mut self, set: usize, row: usize) {
        self.chosen[set] = self.weights.place(self.first[set] + row);
    }

    /// Counts no longer how often a row has learned, which only who learns start values asks for: rows that lie over others
    /// have no numbers of their own.
    pub fn forget_uses(&mut self) {
        self.uses = Vec::new();
    }

    /// One output for each set, stretched and clamped.
    #[inline(always)]
    pub fn forward<V: Vector>(&self, inputs: &[V], out: &mut [i32]) {
        debug_assert_eq!(inputs.len(), self.width);
        let mut halves = [V::splat(0); MAX_VECTORS];
        halves.iter_mut().zip(inputs).for_each(|(half, &x)| *half = lower(x));
        let halves = &halves[..inputs.len()];
        for (&row, out) in self.chosen.iter().zip(out) {
            *out = dot(halves, &self.weights.own[row * halves.len()..][..halves.len()]);
        }
    }

    /// Moves the chosen rows by `errors`, one for each set: an input of 1 moves its weight by `error / 2` of 2^-20. The
    /// errors fit 16 bits; `inputs` are as [`to_learn`] makes them.
    #[inline(always)]
    pub fn backward<V: Vector>(&mut self, inputs: &[Numbers], errors: &[i32]) {
        debug_assert_eq!(inputs.len(), self.width);
        let width = inputs.len();
        for (&row, &error) in self.chosen.iter().zip(errors) {
            if let Some(uses) = self.uses.get_mut(row) {
                *uses = uses.saturating_add(u32::from(error != 0));
            }
            // Beside each error a half of what is shifted out.
            let error = V::splat(error & 0xffff | 1 << (STEP_SHIFT - 1 + 16));
            for (x, w) in inputs.iter().zip(&mut self.weights.own[row * width..][..width]) {
                let step = V::load(x).pairs(error).sar(STEP_SHIFT);
                (V::load(w) + step).clamp_abs(WEIGHT_MAX).store(w);
            }
        }
    }
}
