//! How large the channels are that a model's norms give to its products.

use super::calibration::Calibration;
use crate::error::Result;
use crate::model::Model;
use std::sync::Arc;

/// Tokens that the model is run on.
const N_TOKENS: u32 = 256;

/// Mean squares of the channels of the residual stream after each norm: two norms of each block, then the last one.
///
/// They are those of the model's own 8 bits on tokens without a meaning, so the same files give the same numbers everywhere.
pub(super) struct Sizes(Vec<Vec<f64>>);

impl Sizes {
    /// Of a model of 8 bits.
    pub(super) fn of(model: &Arc<Model>) -> Result<Sizes> {
        let config = model.config().clone();
        let mut calibration = Calibration::without_text(model.clone(), N_TOKENS)?;
        let normed = (0..config.layers).flat_map(|layer| [4 * layer, 4 * layer + 2]);
        let mut row = vec![0f32; config.hidden];
        let mut sizes = Vec::with_capacity(2 * config.layers + 1);
        for product in normed.chain([4 * config.layers]) {
            let inputs = calibration.inputs(product)?;
            let mut squares = vec![0f64; config.hidden];
            for t in 0..inputs.rows() {
                inputs.read(t, 0..config.hidden, &mut row);
                for (sum, &x) in squares.iter_mut().zip(&row) {
                    *sum += f64::from(x) * f64::from(x);
                }
            }
            let n = inputs.rows().max(1) as f64;
            squares.iter_mut().for_each(|square| *square /= n);
            sizes.push(squares);
        }
        Ok(Sizes(sizes))
    }

    /// With the mean squares after each norm, counted from 0, changed.
    pub(super) fn map(&self, change: impl Fn(usize, &mut [f64])) -> Sizes {
        let mut norms = self.0.clone();
        norms.iter_mut().enumerate().for_each(|(norm, squares)| change(norm, squares));
        Sizes(norms)
    }

    /// After each norm.
    pub(super) fn of_norms(&self) -> &[Vec<f64>] {
        &self.0
    }
}
