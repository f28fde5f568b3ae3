//! Rounding with error feedback: each column takes up what the columns before it got wrong.
//!
//! With `H` the sum of `x * x^T` over the inputs `x` of a product, rounding a row of weights by `e`
//! costs `e * H * e^T`. Written `H = U * D * U^T` with `U` upper triangular and 1 on the diagonal, the
//! cost falls apart into one square a column, and the best a column can do is to round
//! `w[k] + sum over j < k of e[j] * U[j][k]` (this is what GPTQ does, in the form without inverses).
//! The columns with the most energy come first, while there is little to take up.
//!
//! Plain f64 in a written order: the same weights come out on every machine.

use crate::kernels::{FloatEnv, Isa, SUMS, add_rows, weighted_rows};
use crate::model::{ProductInputs, Scale};

/// Part of the mean energy that is added to each column's own, so that columns which the text
/// never used do not divide by zero.
const DAMPING: f64 = 0.01;

/// Rows of `H` that are worked on together: they stay in the second-level cache.
const PANEL: usize = 32;

/// Wider products would need gigabytes for `H`; they are rounded column by column.
pub(super) const MAX_COLS: usize = 8192;

/// How the errors of one product's columns are passed on.
pub(super) struct Feedback {
    /// Columns from the one that is rounded last to the one that is rounded first.
    order: Vec<usize>,
    /// Row `k`, from column `k + 1` on: what each column rounded before takes to column `k`.
    factors: Vec<f64>,
    /// Energy of each column, relative to the mean.
    importance: Vec<f32>,
}

impl Feedback {
    /// Learns from what went into a product.
    pub(super) fn new(isa: Isa, inputs: &ProductInputs) -> Feedback {
        let _exact = FloatEnv::exact();
        let n = inputs.cols();
        let energies = energies(inputs);
        let mean = energies.iter().sum::<f64>() / n.max(1) as f64;
        let mean = if mean > 0.0 { mean } else { 1.0 };
        let importance = energies.iter().map(|e| (e / mean + DAMPING) as f32).collect();
        if n > MAX_COLS {
            return Feedback { order: Vec::new(), factors: Vec::new(), importance };
        }
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| energies[a].total_cmp(&energies[b]).then(a.cmp(&b)));
        let mut factors = vec![0.0; n * n];
        add_inputs(isa, inputs, &order, &mut factors);
        for k in 0..n {
            factors[k * n + k] += DAMPING * mean;
        }
        decompose(isa, n, &mut factors);
        Feedback { order, factors, importance }
    }

    /// Rounds rows of finite weights to 4 bits; `store` gets each row's number, weights and scales.
    pub(super) fn round_rows(
        &self,
        isa: Isa,
        values: &[f32],
        group_cols: usize,
        mut store: impl FnMut(usize, &[i8], &[f32]),
    ) {
        let n = self.importance.len();
        let stripes: Vec<&[f32]> = values.chunks(SUMS * n).collect();
        let rounded = in_threads(stripes.len(), |i| self.round_stripe(isa, stripes[i], group_cols));
        let groups = n.div_ceil(group_cols);
        for (stripe, (weights, scales)) in rounded.iter().enumerate() {
            let rows = weights.chunks_exact(n).zip(scales.chunks_exact(groups));
            for (row, (weights, scales)) in rows.enumerate() {
                store(stripe * SUMS + row, weights, scales);
            }
        }
    }

    /// Up to [`SUMS`] rows, side by side.
    fn round_stripe(&self, isa: Isa, values: &[f32], group_cols: usize) -> (Vec<i8>, Vec<f32>) {
        let _exact = FloatEnv::exact();
        let n = self.importance.len();
        let rows: Vec<&[f32]> = values.chunks_exact(n).collect();
        let groups = n.div_ceil(group_cols);
        // Scales are settled before any column is: they are meant for the weights as they are.
        let scales: Vec<Scale> = rows
            .iter()
            .flat_map(|row| row.chunks(group_cols).zip(self.importance.chunks(group_cols)))
            .map(|(values, importance)| Scale::search(values, importance))
            .collect();
        let mut weights = vec![0i8; rows.len() * n];
        let steps = scales.iter().map(|scale| scale.step).collect();
        if self.order.is_empty() {
            for (at, (weight, &value)) in weights.iter_mut().zip(values).enumerate() {
                *weight = scales[at / n * groups + at % n / group_cols].round(value);
            }
            return (weights, steps);
        }
        let mut errors = vec![[0f64; SUMS]; n];
        let mut taken = [0f64; SUMS];
        for k in (0..n).rev() {
            let col = self.order[k];
            let factors = &self.factors[k * n + k + 1..(k + 1) * n];
            weighted_rows(isa, factors, &errors[k + 1..], &mut taken);
            for (r, row) in rows.iter().enumerate() {
                let scale = &scales[r * groups + col / group_cols];
                let weight = scale.round((f64::from(row[col]) + taken[r]) as f32);
                weights[r * n + col] = weight;
                errors[k][r] = f64::from(row[col]) - f64::from(weight) * f64::from(scale.step);
            }
        }
        (weights, steps)
    }
}

/// Sums of squares of each column.
fn energies(inputs: &ProductInputs) -> Vec<f64> {
    let n = inputs.cols();
    let mut row = vec![0f32; n];
    let mut energies = vec![0f64; n];
    for t in 0..inputs.rows() {
        inputs.read(t, 0..n, &mut row);
        for (energy, &x) in energies.iter_mut().zip(&row) {
            *energy += f64::from(x) * f64::from(x);
        }
    }
    energies
}

/// Adds `x * x^T` of every input to the upper triangle of `h`, in the order of the inputs; row and
/// column `i` of `h` belong to column `order[i]`.
fn add_inputs(isa: Isa, inputs: &ProductInputs, order: &[usize], h: &mut [f64]) {
    let n = order.len();
    let mut row = vec![0f32; n];
    let mut block = vec![0f64; PANEL * n];
    for first in (0..inputs.rows()).step_by(PANEL) {
        let len = PANEL.min(inputs.rows() - first);
        for (t, out) in block.chunks_exact_mut(n).take(len).enumerate() {
            inputs.read(first + t, 0..n, &mut row);
            out.iter_mut().zip(order).for_each(|(out, &col)| *out = f64::from(row[col]));
        }
        let block = &block;
        // A row of the triangle is the shorter the later it comes, so threads take turns.
        let rows: Vec<_> = h.chunks_exact_mut(n).enumerate().collect();
        share_out(rows, |(i, sums)| {
            let tails: Vec<&[f64]> = block.chunks_exact(n).take(len).map(|x| &x[i..]).collect();
            let factors: Vec<f64> = tails.iter().map(|x| x[0]).collect();
            add_rows(isa, &mut sums[i..], &factors, &tails);
        });
    }
}

/// Decomposes the matrix in the upper triangle of `a`: row `k` becomes, behind the diagonal, row `k` of
/// the transpose of `L`, where the matrix is `L * D * L^T`.
fn decompose(isa: Isa, n: usize, a: &mut [f64]) {
    for first in (0..n).step_by(PANEL) {
        let (above, panel) = a.split_at_mut(first * n);
        let panel = &mut panel[..PANEL.min(n - first) * n];
        let above = &*above;
        let rows: Vec<_> = (first..).zip(panel.chunks_exact_mut(n)).collect();
        share_out(rows, |(i, row)| subtract(isa, n, above, 0, i, row));
        for i in first..first + panel.len() / n {
            let (before, rest) = panel.split_at_mut((i - first) * n);
            subtract(isa, n, before, first, i, &mut rest[..n]);
        }
    }
    for k in 0..n {
        let row = &mut a[k * n + k..(k + 1) * n];
        let pivot = row[0];
        row[1..].iter_mut().for_each(|value| *value /= pivot);
    }
}

/// Takes the shares of rows `first` and on, which are done, from row `i`.
fn subtract(isa: Isa, n: usize, done: &[f64], first: usize, i: usize, row: &mut [f64]) {
    let rows = || (first..).zip(done.chunks_exact(n));
    let factors: Vec<f64> = rows().map(|(k, above)| -above[i] / above[k]).collect();
    let tails: Vec<&[f64]> = rows().map(|(_, above)| &above[i..]).collect();
    add_rows(isa, &mut row[i..], &factors, &tails);
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Does every piece of work, in any order: none looks at what another does.
fn share_out<T: Send>(work: Vec<T>, each: impl Fn(T) + Sync) {
    let n_threads = threads().min(work.len());
    if n_threads <= 1 || work.len() < PANEL {
        return work.into_iter().for_each(each);
    }
    let mut parts: Vec<Vec<T>> = (0..n_threads).map(|_| Vec::new()).collect();
    for (i, piece) in work.into_iter().enumerate() {
        parts[i % n_threads].push(piece);
    }
    std::thread::scope(|scope| {
        for part in parts {
            scope.spawn(|| {
                let _exact = FloatEnv::exact();
                part.into_iter().for_each(&each);
            });
        }
    });
}

/// The results of `each` for 0 to `n - 1`, in this order.
fn in_threads<T: Send>(n: usize, each: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let mut results: Vec<Option<T>> = (0..n).map(|_| None).collect();
    let n_threads = threads().min(n).max(1);
    let work: Vec<_> = results.chunks_mut(n.div_ceil(n_threads).max(1)).collect();
    std::thread::scope(|scope| {
        let mut first = 0;
        for part in work {
            let (from, each) = (first, &each);
            first += part.len();
            scope.spawn(move || {
                for (i, result) in (from..).zip(part) {
                    *result = Some(each(i));
                }
            });
        }
    });
    results.into_iter().flatten().collect()
}
