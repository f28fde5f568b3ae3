//! Outlier channels into groups of their own.
//!
//! Trained models have a few channels of the residual stream that are tens of times larger than
//! the others. In a group of activations that shares a scale, one such channel leaves its neighbours
//! a few steps of the 255 there are. Channels may stand in any order, as long as every matrix agrees
//! on it, so import puts the large ones together, in groups that nothing else shares. Their groups
//! are filled up with channels that are always zero. What the model computes stays the same; only the
//! norms' weights and epsilon are adjusted, because they divide by the number of channels.

use super::sizes::Sizes;
use crate::kernels::STEP_COLS;
use crate::model::Config;

/// How many times the median channel's root mean square makes an outlier. Among thousands of channels of
/// random weights, the largest come to 6 by chance, and need no group of their own.
const OUTLIER: f64 = 8.0;
/// What channels may reach behind the norms of blocks that are smoothed before all outliers get groups of their own. SmolLM2's
/// reach 11, and groups would take its expected loss from 0.321 to 0.311 %, a ninth more weights, and a tenth of its speed.
const OUTLIER_SMOOTHED: f64 = 16.0;
/// The same behind the last norm, which stays as published and which one product reads: SmolLM2's channels reach 59 there.
const OUTLIER_LAST: f64 = 64.0;
/// How many times smaller a channel may be than the largest of its group of outliers: it then still
/// has 16 steps of either sign. Nothing ordinary is moved along to fill the group up, it would be lost.
const RANGE: f64 = 8.0;
/// Outliers among the columns of a step.
const STEP_ENDS: usize = 2;

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

    /// With the outliers among channels of these sizes, which stand as published, in groups of their own; `None`
    /// where there are none. `stepped` is for weights of 4 bits: only two outliers then stand in 32 columns that share a step.
    /// They are the ends of its range, which are met best, and outliers are where errors of weights count most. All other
    /// channels stay where they are, and channels of zeros where outliers were: files that are published with blocks of 32
    /// weights keep these blocks, which the steps then fit. Behind norms that are smoothed, more is let pass; `tables` then has the
    /// sizes of the columns of the embedding and of the output layer, and is else empty.
    pub(super) fn separating(
        sizes: &Sizes,
        group: usize,
        stepped: bool,
        tables: &[Vec<f64>],
    ) -> Option<Channels> {
        let last = sizes.of_norms().len() - 1;
        let limit = |norm| match tables {
            [] => OUTLIER,
            _ if norm < last => OUTLIER_SMOOTHED,
            _ => OUTLIER_LAST,
        };
        let (mut largest, mut needed) = (vec![0f64; sizes.of_norms()[last].len()], false);
        let norms = sizes.of_norms().iter().enumerate().map(|(norm, sizes)| (sizes, limit(norm)));
        for (squares, limit) in norms.chain(tables.iter().map(|sizes| (sizes, OUTLIER_SMOOTHED))) {
            for (largest, ratio) in largest.iter_mut().zip(ratios(squares)) {
                *largest = largest.max(ratio);
                needed |= ratio > limit;
            }
        }
        if needed { Channels::by_ratio(&largest, group, stepped) } else { None }
    }

    /// From each channel's size beside the median.
    fn by_ratio(ratios: &[f64], group: usize, stepped: bool) -> Option<Channels> {
        let n = ratios.len();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| ratios[b].total_cmp(&ratios[a]).then(a.cmp(&b)));
        let outliers: Vec<usize> =
            order.into_iter().take_while(|&channel| ratios[channel] > OUTLIER).collect();
        if outliers.is_empty() || group == 0 {
            return None;
        }
        // Outliers between one multiple of columns and the next.
        let (most, apart) = if stepped { (STEP_ENDS, STEP_COLS) } else { (group, group) };
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for channel in outliers {
            match groups.last_mut() {
                Some(last)
                    if last.len() < group / apart * most
                        && ratios[last[0]] < RANGE * ratios[channel] =>
                {
                    last.push(channel);
                }
                _ => groups.push(vec![channel]),
            }
        }
        // Each group costs time, and beyond an eighth of all channels these are no outliers.
        groups.truncate((n / 8 / group).max(1));
        let mut sources: Vec<Option<u32>> = Vec::new();
        for moved in &groups {
            for moved in moved.chunks(most) {
                sources.extend(moved.iter().map(|&c| Some(c as u32)));
                sources.resize(sources.len().next_multiple_of(apart), None);
            }
            sources.resize(sources.len().next_multiple_of(group), None);
        }
        let moved = groups.concat();
        let left = (0..n).map(|c| (!moved.contains(&c)).then_some(c as u32));
        sources.extend(left.filter(|c| stepped || c.is_some()));
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

    /// How much each of our channels matters to what reads it: none of those that are always zero does.
    pub(super) fn importance(&self) -> Vec<f32> {
        self.sources.iter().map(|channel| f32::from(u8::from(channel.is_some()))).collect()
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

/// Whether channels stand out behind any norm.
pub(super) fn has_outliers(sizes: &Sizes) -> bool {
    sizes.of_norms().iter().any(|squares| ratios(squares).any(|ratio| ratio > OUTLIER))
}

/// How many times larger each channel is than the median one; 0 where the median is nothing.
fn ratios(squares: &[f64]) -> impl Iterator<Item = f64> {
    let mut sorted = squares.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    squares.iter().map(move |square| if median > 0.0 { (square / median).sqrt() } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outliers_stand_alone_and_every_channel_stands_somewhere() {
        let mut ratios = vec![1.0; 200];
        assert_eq!(Channels::by_ratio(&ratios, 64, false), None);
        (ratios[7], ratios[150], ratios[20]) = (30.0, 80.0, 5.0);
        let channels = Channels::by_ratio(&ratios, 64, false).unwrap();
        assert_eq!(channels.len(), 64 + 198 + 58);
        assert_eq!(channels.sources()[..3], [Some(150), Some(7), None]);
        let mut all: Vec<u32> = channels.sources().iter().flatten().copied().collect();
        all.sort_unstable();
        assert_eq!(all, (0..200).collect::<Vec<u32>>());
        assert_eq!(Channels::by_ratio(&ratios, 0, false), None);
        let channels = Channels::by_ratio(&ratios, 64, true).unwrap();
        assert_eq!(channels.len(), 64 + 256);
        assert_eq!(channels.sources()[64 + 6..64 + 9], [Some(6), None, Some(8)]);
        let importance = channels.importance();
        assert_eq!((importance[0], importance[64 + 7], importance[64 + 8]), (1.0, 0.0, 1.0));
        (ratios[90], ratios[91], ratios[92]) = (25.0, 20.0, 15.0);
        let channels = Channels::by_ratio(&ratios, 64, true).unwrap();
        assert_eq!(channels.sources()[..3], [Some(150), Some(7), None]);
        assert_eq!(channels.sources()[32..35], [Some(90), Some(91), None]);
        assert_eq!(
            channels.sources()[64 + 92],
            Some(92),
            "no room in the one group that there may be"
        );
    }

    #[test]
    fn outliers_of_different_sizes_stand_apart_where_there_are_channels_enough() {
        let mut ratios = vec![1.0; 1024];
        (ratios[3], ratios[4], ratios[5]) = (100.0, 9.0, 60.0);
        let channels = Channels::by_ratio(&ratios, 64, false).unwrap();
        assert_eq!(channels.len(), 128 + 1024);
        assert_eq!(channels.sources()[..3], [Some(3), Some(5), None]);
        assert_eq!(channels.sources()[64..66], [Some(4), None]);
        // And many of one size fill group after group, up to an eighth of all.
        ratios[200..500].fill(50.0);
        let channels = Channels::by_ratio(&ratios, 64, false).unwrap();
        assert!(channels.sources()[..128].iter().all(Option::is_some));
        assert_eq!(channels.len(), 1024);
    }

    #[test]
    fn norms_over_more_channels_give_the_same() {
        let mut ratios = vec![1.0; 100];
        ratios[3] = 50.0;
        let channels = Channels::by_ratio(&ratios, 64, false).unwrap();
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
