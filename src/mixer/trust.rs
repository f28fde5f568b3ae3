//! Beside a strong model the mixer has to prove itself: a last stage weighs what the model says, what the network
//! makes of it, and what the probability maps make of that, by how well each has done.
//!
//! The weights are those of Bayes: after each decision a weight is multiplied by the probability that its expert gave
//! to what came. So all decisions together cost at most one bit more than the model alone would have needed, however
//! bad the others are, and what they are worth where they are better. Then a small share of all weight is spread as at
//! the start, so that a file may change its kind; it costs a 1400th of a bit a decision at most.

use super::math::P_ONE;

/// The model, the network, and the maps behind it.
const EXPERTS: usize = 3;
/// The sum of the weights.
const ONE: u64 = 1 << 28;
/// Weights at the start.
const START: [u64; EXPERTS] = [ONE / 2, ONE / 4, ONE / 4];
/// `2^-11` of all weight is spread anew.
const SHARE_SHIFT: u32 = 11;
const _: () = assert!(START[0] + START[1] + START[2] == ONE);

/// How far each is trusted.
#[derive(Clone)]
pub struct Trust {
    weights: [u64; EXPERTS],
    /// What they said last.
    said: [u32; EXPERTS],
}

impl Trust {
    /// Nobody has proved anything.
    pub fn new() -> Self {
        Self { weights: START, said: [P_ONE / 2; EXPERTS] }
    }

    /// The mean of what all say, in `1..2^22`; the model's probability is in units of 2^-32.
    pub fn mix(&mut self, model_p1_q32: u32, network: u32, refined: u32) -> u32 {
        self.said = [(model_p1_q32 >> 10).max(1), network, refined];
        let sum: u64 = self.weights.iter().zip(self.said).map(|(&w, p)| w * u64::from(p)).sum();
        ((sum / ONE) as u32).clamp(1, P_ONE - 1)
    }

    /// Learns what came after the last `mix`.
    pub fn update(&mut self, bit: bool) {
        let came = |p: u32| u64::from(if bit { p } else { P_ONE - p });
        let (weights, said) = (&mut self.weights, self.said);
        // At most 2^50 each, and at least 2^28 together, since no probability is 0.
        let joint: [u64; EXPERTS] = std::array::from_fn(|i| weights[i] * came(said[i]));
        let all = joint.iter().sum::<u64>() >> 16;
        let mut left = ONE;
        for i in 1..EXPERTS {
            let weight = (joint[i] << 12) / all;
            let weight = weight - (weight >> SHARE_SHIFT) + (START[i] >> SHARE_SHIFT);
            weights[i] = weight.min(left);
            left -= weights[i];
        }
        // What the others were cut by in rounding is the model's, so that the sum stays.
        weights[0] = left;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cost(p: u32, bit: bool) -> f64 {
        -(f64::from(if bit { p } else { P_ONE - p }) / f64::from(P_ONE)).log2()
    }

    proptest! {
        #[test]
        fn costs_little_more_than_the_best_of_them(
            decisions in proptest::collection::vec((1..P_ONE, 1..P_ONE, 1..P_ONE, any::<bool>()), 0..3000),
            right in 0usize..4,
        ) {
            let mut trust = Trust::new();
            let (mut together, mut alone) = (0.0, [0.0; EXPERTS]);
            for (a, b, c, bit) in decisions {
                // One of them is mostly right, or none.
                let mut said = [a, b, c];
                if let Some(p) = said.get_mut(right) {
                    *p = if bit { P_ONE - *p / 64 - 1 } else { *p / 64 + 1 };
                }
                let p = trust.mix(said[0] << 10, said[1], said[2]);
                prop_assert!((1..P_ONE).contains(&p));
                together += cost(p, bit);
                alone.iter_mut().zip(said).for_each(|(sum, p)| *sum += cost(p, bit));
                trust.update(bit);
                prop_assert_eq!(trust.weights.iter().sum::<u64>(), ONE);
            }
            let best = alone.into_iter().fold(f64::INFINITY, f64::min);
            prop_assert!(together < best + 5.0, "{} bits instead of {}", together, best);
        }

        #[test]
        fn any_words_are_survived(
            calls in proptest::collection::vec((any::<u32>(), 1..P_ONE, 1..P_ONE, any::<bool>(), any::<bool>()), 0..300),
        ) {
            let mut trust = Trust::new();
            for (model, network, refined, asks, bit) in calls {
                if asks {
                    let p = trust.mix(model, network, refined);
                    prop_assert!((1..P_ONE).contains(&p));
                }
                trust.update(bit);
                prop_assert_eq!(trust.weights.iter().sum::<u64>(), ONE);
            }
        }
    }

    #[test]
    fn comes_back_to_one_that_was_wrong_before() {
        let mut trust = Trust::new();
        for i in 0..4000 {
            let model_is_right = i >= 2000;
            let (good, bad) = (P_ONE / 100, P_ONE / 2);
            let (model, other) = if model_is_right { (good, bad) } else { (bad, good) };
            let p = trust.mix(model << 10, other, other);
            trust.update(false);
            if i == 1999 || i == 2100 {
                assert!(p < P_ONE / 50, "{p} at {i}");
            }
        }
    }
}
