//! Channels of equal size for products of 8 bits.
//!
//! What goes into a product is rounded to 255 steps of the largest in its group, so small channels beside large ones lose
//! most. Behind a norm their sizes are ours to choose: the norm's weights are divided by a factor for each channel, and the
//! columns of the matrices that read it are multiplied. The model computes the same. Of all factors those are taken that
//! leave inputs and weights of a channel equally far from their means: `(x / mean x)^1/2 / (w / mean w)^1/2`, with `x` the
//! root mean square of the channel, and `w` that of its column (SmoothQuant, arXiv 2211.10438, equation 4, with alpha = 1/2).
//!
//! For weights of 8 bits: files that are published in blocks of 4 bits keep their blocks in steps of 4, which factors would
//! take apart. Not for the last norm: the matrix behind it is the embedding as well where both are one.

use super::expected;
use super::sizes::Sizes;
use super::tensors::TensorSource;
use crate::error::Result;
use crate::model::Config;
use crate::tokenizer::TokenizerSpec;

/// A channel becomes at most so many times smaller or larger.
const LARGEST: f64 = 16.0;
/// Channels below this part of the mean count as this large.
const SMALLEST: f64 = 1e-3;
/// Rows that are floats in memory at once.
const ROWS_AT_ONCE: usize = 256;

/// A factor for each published channel behind each norm.
pub(super) struct Smoothing {
    /// Of two norms of each block; none at all where channels stay as they are.
    factors: Vec<Vec<f32>>,
}

impl Smoothing {
    /// Channels as published.
    pub(super) fn none() -> Smoothing {
        Smoothing { factors: Vec::new() }
    }

    /// For channels of these sizes, and the weights that read them.
    ///
    /// # Errors
    /// As reading the tensors has.
    pub(super) fn of(
        sizes: &Sizes,
        tensors: &dyn TensorSource,
        config: &Config,
    ) -> Result<Smoothing> {
        let mut factors = Vec::with_capacity(2 * config.layers);
        for (norm, inputs) in sizes.of_norms()[..2 * config.layers].iter().enumerate() {
            let mut weights = vec![0f64; inputs.len()];
            for (part, rows) in expected::readers(config, norm) {
                let rows: Vec<u32> = (0..rows as u32).collect();
                add_squares(tensors, &part, &rows, &mut weights)?;
            }
            factors.push(factors_of(inputs, &weights));
        }
        Ok(Smoothing { factors })
    }

    /// The columns of a matrix behind norm `norm`, in rows of published channels.
    pub(super) fn columns(&self, norm: usize, rows: &mut [f32]) {
        let Some(factors) = self.factors.get(norm) else { return };
        for row in rows.chunks_exact_mut(factors.len()) {
            row.iter_mut().zip(factors).for_each(|(weight, factor)| *weight *= factor);
        }
    }

    /// How large channels of these sizes are once they are divided.
    pub(super) fn sizes(&self, sizes: &Sizes) -> Sizes {
        sizes.map(|norm, squares| {
            let Some(factors) = self.factors.get(norm) else { return };
            squares
                .iter_mut()
                .zip(factors)
                .for_each(|(square, &factor)| *square /= f64::from(factor) * f64::from(factor));
        })
    }

    /// The weights of norm `norm`, one for each published channel.
    pub(super) fn norm(&self, norm: usize, weights: &mut [f32]) {
        let Some(factors) = self.factors.get(norm) else { return };
        weights.iter_mut().zip(factors).for_each(|(weight, factor)| *weight /= factor);
    }
}

/// The mean squares of the columns of the embedding and of the output layer, whose weights share groups as well.
///
/// # Errors
/// As reading the tensors has.
pub(super) fn table_columns(
    tensors: &dyn TensorSource,
    config: &Config,
    spec: &TokenizerSpec,
) -> Result<Vec<Vec<f64>>> {
    let rows: Vec<u32> = expected::token_rows(spec).flatten().collect();
    let tables = ["model.embed_tokens.weight", "lm_head.weight"];
    let tables = if config.tied { &tables[..1] } else { &tables[..] };
    let columns = tables.iter().map(|name| {
        let mut squares = vec![0f64; config.hidden];
        add_squares(tensors, name, &rows, &mut squares)?;
        Ok(squares)
    });
    columns.collect()
}

/// Adds the squares of a matrix's rows.
fn add_squares(
    tensors: &dyn TensorSource,
    name: &str,
    rows: &[u32],
    sums: &mut [f64],
) -> Result<()> {
    let mut values = Vec::new();
    for rows in rows.chunks(ROWS_AT_ONCE) {
        values.clear();
        tensors.rows(name, rows, &mut values)?;
        for row in values.chunks_exact(sums.len()) {
            for (sum, &weight) in sums.iter_mut().zip(row) {
                *sum += f64::from(weight) * f64::from(weight);
            }
        }
    }
    Ok(())
}

/// From sums of squares of inputs and of weights, whose units do not matter.
fn factors_of(inputs: &[f64], weights: &[f64]) -> Vec<f32> {
    let (inputs, weights) = (relative(inputs), relative(weights));
    inputs
        .iter()
        .zip(&weights)
        .map(|(x, w)| (x / w).sqrt().clamp(1.0 / LARGEST, LARGEST) as f32)
        .collect()
}

/// Roots of the squares beside their mean; all 1 where nothing can be said.
fn relative(squares: &[f64]) -> Vec<f64> {
    let mean = squares.iter().map(|square| square.sqrt()).sum::<f64>() / squares.len() as f64;
    if !(mean.is_finite() && mean > 0.0) {
        return vec![1.0; squares.len()];
    }
    squares.iter().map(|square| (square.sqrt() / mean).max(SMALLEST)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_norm_and_the_columns_behind_it_compute_the_same() {
        let inputs = [4.0, 10_000.0, 0.25, 1.0];
        let weights = [1.0, 0.01, 9.0, 0.0];
        let smoothing = Smoothing { factors: vec![factors_of(&inputs, &weights)] };
        let (mut norm, mut rows) =
            ([0.5f32, 2.0, -1.0, 3.0], [1.0f32, -2.0, 0.5, 4.0, 8.0, 1.0, 0.0, -1.0]);
        let products = |norm: &[f32], rows: &[f32]| -> Vec<f32> {
            norm.iter().cycle().zip(rows).map(|(norm, weight)| norm * weight).collect()
        };
        let before = products(&norm, &rows);
        smoothing.norm(0, &mut norm);
        smoothing.columns(0, &mut rows);
        for (before, now) in before.iter().zip(products(&norm, &rows)) {
            assert!((before - now).abs() <= 1e-6 * before.abs(), "{now} instead of {before}");
        }
        // What was large became smaller, and its weights larger.
        assert!(norm[1].abs() < 0.5 && rows[1].abs() > 8.0, "{norm:?} {rows:?}");
    }

    #[test]
    fn factors_have_limits_and_channels_of_nothing_stay() {
        let factors = factors_of(&[1e12, 1e-12, 1.0], &[1e-12, 1e12, 1.0]);
        assert_eq!(factors[..2], [LARGEST as f32, 1.0 / LARGEST as f32]);
        assert_eq!(factors_of(&[0.0; 3], &[0.0; 3]), [1.0; 3]);
        assert_eq!(factors_of(&[f64::NAN, 1.0], &[1.0, 1.0]), [1.0; 2]);
        let (mut norm, mut row) = ([2.0f32], [3.0f32]);
        Smoothing::none().norm(0, &mut norm);
        Smoothing::none().columns(0, &mut row);
        assert_eq!((norm, row), ([2.0], [3.0]));
    }
}
