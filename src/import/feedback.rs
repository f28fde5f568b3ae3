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
use crate::model::{ProductInputs, SteppedRow};

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

    /// Takes all importance from the columns that are always zero.
    pub(super) fn ignore(&mut self, is_zero: impl Fn(usize) -> bool) {
        for (col, importance) in self.importance.iter_mut().enumerate() {
            if is_zero(col) {
                *importance = 0.0;
            }
        }
    }

    /// Rounds rows of finite weights to 4 bits with steps, bytes within +-`limit`; `store` gets each row's number, halves
    /// and steps.
    pub(super) fn round_rows(
        &self,
        isa: Isa,
        values: &[f32],
        (group_cols, limit): (usize, i8),
        mut store: impl FnMut(usize, &[u8], &SteppedRow),
    ) {
        let n = self.importance.len();
        let stripes: Vec<&[f32]> = values.chunks(SUMS * n).collect();
        let rounded =
            in_threads(stripes.len(), |i| self.round_stripe(isa, stripes[i], (group_cols, limit)));
        for (stripe, (halves, steps)) in rounded.iter().enumerate() {
            for (row, (halves, steps)) in halves.chunks_exact(n).zip(steps).enumerate() {
                store(stripe * SUMS + row, halves, steps);
            }
        }
    }

    /// Up to [`SUMS`] rows, side by side.
    fn round_stripe(
        &self,
        isa: Isa,
        values: &[f32],
        (group_cols, limit): (usize, i8),
    ) -> (Vec<u8>, Vec<SteppedRow>) {
        let _exact = FloatEnv::exact();
        let n = self.importance.len();
        let rows: Vec<&[f32]> = values.chunks_exact(n).collect();
        // Steps are settled before any column is: they are meant for the weights as they are.
        let steps: Vec<SteppedRow> = rows
            .iter()
            .map(|row| SteppedRow::new(row, &self.importance, group_cols, limit, true))
            .collect();
        let mut halves = vec![0u8; rows.len() * n];
        if self.order.is_empty() {
            for (at, (half, &value)) in halves.iter_mut().zip(values).enumerate() {
                *half = steps[at / n].half(at % n, value);
            }
            return (halves, steps);
        }
        let mut errors = vec![[0f64; SUMS]; n];
        let mut taken = [0f64; SUMS];
        for k in (0..n).rev() {
            let col = self.order[k];
            let factors = &self.factors[k * n + k + 1..(k + 1) * n];
            weighted_rows(isa, factors, &errors[k + 1..], &mut taken);
            for (r, (row, steps)) in rows.iter().zip(&steps).enumerate() {
                let half = steps.half(col, (f64::from(row[col]) + taken[r]) as f32);
                halves[r * n + col] = half;
                errors[k][r] = f64::from(row[col]) - steps.value(col, half);
            }
        }
        (halves, steps)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{QuantRows, quantise_rows};

    /// Inputs whose columns go together, as those of real products do.
    fn inputs(n: usize, n_rows: usize) -> ProductInputs {
        let number = |i: usize| ((i.wrapping_mul(2_654_435_761) >> 7) % 2001) as f32 / 1000.0 - 1.0;
        let values: Vec<f32> = (0..n_rows * n)
            .map(|i| {
                let (t, c) = (i / n, i % n);
                number(i + 17) + 2.0 * number(t * 31 + 5) + number(t * 7 + c / 3 * 1013)
            })
            .collect();
        let mut quantised = QuantRows::with_capacity(n_rows, n, 64);
        quantise_rows(Isa::SCALAR, &values, n, n_rows, n, 64, &mut quantised);
        let mut inputs = ProductInputs::default();
        inputs.append(n_rows, &quantised, n);
        inputs
    }

    fn weights(rows: usize, n: usize) -> Vec<f32> {
        (0..rows * n).map(|i| ((i * 7919 % 613) as f32 / 306.0 - 1.0) * 0.1).collect()
    }

    /// Rounds one row as the definition says: before each column, the best that the columns not yet
    /// rounded could do about the errors so far is found by solving for it.
    fn by_definition(inputs: &ProductInputs, feedback: &Feedback, row: &[f32]) -> Vec<u8> {
        let n = row.len();
        let mut h = vec![vec![0f64; n]; n];
        let mut x = vec![0f32; n];
        for t in 0..inputs.rows() {
            inputs.read(t, 0..n, &mut x);
            for i in 0..n {
                for j in 0..n {
                    h[i][j] += f64::from(x[i]) * f64::from(x[j]);
                }
            }
        }
        let mean = (0..n).map(|i| h[i][i]).sum::<f64>() / n as f64;
        (0..n).for_each(|i| h[i][i] += DAMPING * mean);
        let steps = SteppedRow::new(row, &feedback.importance, 64, 127, true);
        let mut order = feedback.order.clone();
        order.reverse();
        let mut halves = vec![0u8; n];
        let mut errors = vec![0f64; n];
        for k in 0..n {
            let (done, left) = order.split_at(k);
            // The errors of those left that go best with the errors done: H_ll e_l = -H_ld e_d.
            let m = left.len();
            let mut system: Vec<Vec<f64>> = left
                .iter()
                .map(|&i| {
                    let mut line: Vec<f64> = left.iter().map(|&j| h[i][j]).collect();
                    line.push(-done.iter().map(|&j| h[i][j] * errors[j]).sum::<f64>());
                    line
                })
                .collect();
            for i in 0..m {
                let (above, below) = system.split_at_mut(i + 1);
                let pivot = &above[i];
                for line in below {
                    let factor = line[i] / pivot[i];
                    line.iter_mut().zip(pivot).for_each(|(x, above)| *x -= factor * above);
                }
            }
            let mut solution = vec![0f64; m];
            for i in (0..m).rev() {
                let known: f64 = (i + 1..m).map(|c| system[i][c] * solution[c]).sum();
                solution[i] = (system[i][m] - known) / system[i][i];
            }
            let col = left[0];
            halves[col] = steps.half(col, (f64::from(row[col]) - solution[0]) as f32);
            errors[col] = f64::from(row[col]) - steps.value(col, halves[col]);
        }
        halves
    }

    #[test]
    fn each_column_makes_good_what_those_before_it_did() {
        let n = 24;
        let inputs = inputs(n, 60);
        let feedback = Feedback::new(Isa::SCALAR, &inputs);
        let values = weights(5, n);
        feedback.round_rows(Isa::SCALAR, &values, (64, 127), |row, rounded, _| {
            let wanted = by_definition(&inputs, &feedback, &values[row * n..(row + 1) * n]);
            assert_eq!(rounded, wanted, "row {row}");
        });
    }

    #[test]
    fn results_are_better_than_rounding_alone_and_the_same_on_every_instruction_set() {
        // More columns and rows than fit one panel or stripe, and neither a multiple of it.
        let (n, rows) = (150, 2 * SUMS + 3);
        let inputs = inputs(n, 333);
        let values = weights(rows, n);
        let mut first: Option<Vec<Vec<f64>>> = None;
        let rounded = |isa: Isa, feedback: &Feedback| {
            let mut all: Vec<Vec<f64>> = Vec::new();
            feedback.round_rows(isa, &values, (64, 127), |row, halves, steps| {
                assert_eq!(row, all.len());
                let values = halves.iter().enumerate().map(|(col, &half)| steps.value(col, half));
                all.push(values.collect());
            });
            all
        };
        for isa in Isa::available() {
            let all = rounded(isa, &Feedback::new(isa, &inputs));
            assert!(*first.get_or_insert_with(|| all.clone()) == all, "{}", isa.name());
        }
        let alone = Feedback {
            order: Vec::new(),
            factors: Vec::new(),
            importance: Feedback::new(Isa::SCALAR, &inputs).importance,
        };
        let plain = rounded(Isa::SCALAR, &alone);
        let cost = |rounded: &[Vec<f64>]| {
            let mut x = vec![0f32; n];
            let mut cost = 0f64;
            for t in 0..inputs.rows() {
                inputs.read(t, 0..n, &mut x);
                for (row, rounded) in rounded.iter().enumerate() {
                    let error = |c: usize| f64::from(values[row * n + c]) - rounded[c];
                    cost += (0..n).map(|c| error(c) * f64::from(x[c])).sum::<f64>().powi(2);
                }
            }
            cost
        };
        let (fed, plain) = (cost(&first.unwrap()), cost(&plain));
        assert!(fed < 0.5 * plain, "{fed} beside {plain}");
    }

    #[test]
    fn columns_that_the_text_never_uses_do_no_harm() {
        let n = 40;
        let zeros = vec![0f32; 3 * n];
        let mut quantised = QuantRows::with_capacity(3, n, 64);
        quantise_rows(Isa::SCALAR, &zeros, n, 3, n, 64, &mut quantised);
        let mut inputs = ProductInputs::default();
        inputs.append(3, &quantised, n);
        let values = weights(2, n);
        let mut all = Vec::new();
        Feedback::new(Isa::SCALAR, &inputs).round_rows(
            Isa::SCALAR,
            &values,
            (64, 127),
            |_, halves, _| all.extend_from_slice(halves),
        );
        let steps = SteppedRow::new(&values[..n], &vec![1.0; n], 64, 127, true);
        let wanted: Vec<u8> = (0..n).map(|col| steps.half(col, values[col])).collect();
        assert_eq!(all[..n], wanted);
    }
}
