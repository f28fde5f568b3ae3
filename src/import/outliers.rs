//! Outlier channels into groups of their own.
//!
//! Trained models have a few channels of the residual stream that are tens of times larger than
//! the others. In a group of activations that shares a scale, one such channel leaves its neighbours
//! a few steps of the 255 there are. Channels may stand in any order, as long as every matrix agrees
//! on it, so import puts the large ones together, in groups that nothing else shares. Their groups
//! are filled up with channels that are always zero. What the model computes stays the same; only the
//! norms' weights and epsilon are adjusted, because they divide by the number of channels.

use super::calibration::Calibration;
use crate::error::Result;
use crate::model::{Config, Model};
use std::sync::Arc;

/// How many times the median channel's root mean square makes an outlier. A lone channel of 6 raises
/// the error of its group's neighbours as much as all groups of a model of 1,024 channels together
/// raise it by two and a bit.
const OUTLIER: f64 = 6.0;
/// What is moved along where the outliers' last group has room.
const LARGE: f64 = 3.0;
/// Tokens that the model is run on.
const N_TOKENS: u32 = 256;

/// Where the channels of the residual stream stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Channels {
    /// For each of our channels the published one, or none where it is always zero.
    sources: Vec<Option<u32>>,
    /// Published channels.
    n_published: usize,
}

impl Channels {
    /// As published.
    pub(super) fn plain(n: usize) -> Channels {
        Channels { sources: (0..n as u32).map(Some).collect(), n_published: n }
    }

    /// With the outliers of a model, whose channels stand as published, in groups of their own; `None`
    /// where there are none.
    pub(super) fn separating(model: &Arc<Model>) -> Result<Option<Channels>> {
        let config = model.config().clone();
        let mut calibration = Calibration::without_text(model.clone(), N_TOKENS)?;
        let mut ratios = vec![0f64; config.hidden];
        let normed = (0..config.layers).flat_map(|layer| [4 * layer, 4 * layer + 2]);
        for product in normed.chain([4 * config.layers]) {
            let inputs = calibration.inputs(product)?;
            let mut squares = vec![0f64; config.hidden];
            let mut row = vec![0f32; config.hidden];
            for t in 0..inputs.rows() {
                inputs.read(t, 0..config.hidden, &mut row);
                for (sum, &x) in squares.iter_mut().zip(&row) {
                    *sum += f64::from(x) * f64::from(x);
                }
            }
            let mut sorted = squares.clone();
            sorted.sort_by(f64::total_cmp);
            let median = sorted[sorted.len() / 2];
            if median > 0.0 {
                for (ratio, square) in ratios.iter_mut().zip(&squares) {
                    *ratio = ratio.max((square / median).sqrt());
                }
            }
        }
        Ok(Channels::by_ratio(&ratios, config.weight_group))
    }

    /// From each channel's size beside the median.
    fn by_ratio(ratios: &[f64], group: usize) -> Option<Channels> {
        let n = ratios.len();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| ratios[b].total_cmp(&ratios[a]).then(a.cmp(&b)));
        let above = |limit: f64| order.iter().take_while(|&&c| ratios[c] > limit).count();
        // Beyond a few groups these are no outliers, and each group costs time.
        let n_outliers = above(OUTLIER).min((n / 8).next_multiple_of(group.max(1)));
        if n_outliers == 0 || group == 0 {
            return None;
        }
        let room = n_outliers.next_multiple_of(group);
        let n_moved = above(LARGE).min(room);
        let moved = &order[..n_moved];
        let mut sources: Vec<Option<u32>> = moved.iter().map(|&c| Some(c as u32)).collect();
        sources.resize(room, None);
        sources.extend((0..n).filter(|c| !moved.contains(c)).map(|c| Some(c as u32)));
        sources.resize(sources.len().next_multiple_of(64), None);
        Some(Channels { sources, n_published: n })
    }

    /// Channels as we have them.
    pub(super) fn len(&self) -> usize {
        self.sources.len()
    }

    /// Channels as published.
    pub(super) fn n_published(&self) -> usize {
        self.n_published
    }

    /// The published channel of each of ours.
    pub(super) fn sources(&self) -> &[Option<u32>] {
        &self.sources
    }

    /// Rows of published channels as rows of ours.
    pub(super) fn spread(&self, values: &[f32], out: &mut Vec<f32>) {
        out.clear();
        for row in values.chunks_exact(self.n_published) {
            out.extend(self.sources.iter().map(|c| c.map_or(0.0, |c| row[c as usize])));
        }
    }

    /// The weights of a norm over published channels as those of a norm over ours.
    pub(super) fn norm(&self, weights: &[f32]) -> Vec<f32> {
        let mut out = Vec::new();
        self.spread(weights, &mut out);
        if self.len() != self.n_published {
            // The mean is over more channels now, and smaller by this ratio.
            let factor = (self.n_published as f64 / self.len() as f64).sqrt();
            out.iter_mut().for_each(|weight| *weight = (f64::from(*weight) * factor) as f32);
        }
        out
    }

    /// The configuration of the same model with channels like these.
    pub(super) fn apply(&self, config: &Config) -> Config {
        let mut config = config.clone();
        if self.len() != self.n_published {
            let eps = f64::from(config.rms_eps()) * self.n_published as f64 / self.len() as f64;
            config.rms_eps_bits = (eps as f32).to_bits();
        }
        config.hidden = self.len();
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outliers_stand_alone_and_every_channel_stands_somewhere() {
        let mut ratios = vec![1.0; 200];
        assert_eq!(Channels::by_ratio(&ratios, 64), None);
        (ratios[7], ratios[150], ratios[20]) = (30.0, 80.0, 4.0);
        let channels = Channels::by_ratio(&ratios, 64).unwrap();
        assert_eq!(channels.len(), 64 + 256 - 64);
        assert_eq!(channels.sources()[..4], [Some(150), Some(7), Some(20), None]);
        let mut all: Vec<u32> = channels.sources().iter().flatten().copied().collect();
        all.sort_unstable();
        assert_eq!(all, (0..200).collect::<Vec<u32>>());
        assert_eq!(Channels::by_ratio(&ratios, 0), None);
    }

    #[test]
    fn norms_over_more_channels_give_the_same() {
        let mut ratios = vec![1.0; 100];
        ratios[3] = 50.0;
        let channels = Channels::by_ratio(&ratios, 64).unwrap();
        let x: Vec<f32> = (0..100).map(|i| ((i * 37 % 100) as f32 - 40.0) * 0.1).collect();
        let weights: Vec<f32> = (0..100).map(|i| 0.5 + i as f32 * 0.01).collect();
        let norm = |x: &[f32], weights: &[f32], eps: f64| -> Vec<f64> {
            let square: f64 = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
            let r = 1.0 / (square / x.len() as f64 + eps).sqrt();
            x.iter().zip(weights).map(|(&x, &w)| f64::from(x) * r * f64::from(w)).collect()
        };
        let plain = norm(&x, &weights, 1e-2);
        let mut spread = Vec::new();
        channels.spread(&x, &mut spread);
        let eps = 1e-2 * 100.0 / channels.len() as f64;
        let ours = norm(&spread, &channels.norm(&weights), eps);
        for (value, source) in ours.iter().zip(channels.sources()) {
            let wanted = source.map_or(0.0, |c| plain[c as usize]);
            assert!((value - wanted).abs() < 1e-6, "{value} instead of {wanted}");
        }
    }
}
