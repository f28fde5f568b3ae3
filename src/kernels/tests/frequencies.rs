//! Logits to frequencies and running sums.

use super::{Numbers, fast_sets};
use crate::kernels::*;

/// The frequency of the largest logit.
const LARGEST: u32 = (65_280 << 13) + 1;

fn run(isa: Isa, logits: &[f32]) -> (Vec<u32>, Vec<u64>) {
    let mut freqs = vec![0; logits.len()];
    let mut prefix = vec![0; logits.len().div_ceil(16) + 1];
    let best = frequencies(isa, logits, &mut freqs, &mut prefix);
    assert_eq!(Some(best), freqs.iter().position(|&freq| freq == LARGEST).or(Some(0)));
    (freqs, prefix)
}

#[test]
fn every_set_equals_scalar_at_every_length() {
    for isa in fast_sets() {
        for n in (1..=70).chain([255, 256, 1000, 8192, 8193]) {
            let mut numbers = Numbers::new(n as u64);
            for logits in [numbers.floats(n, 15.0), numbers.wild(n), vec![-1e9; n]] {
                assert!(run(isa, &logits) == run(Isa::SCALAR, &logits), "{} {n}", isa.name());
            }
        }
    }
}

#[test]
fn running_sums_are_sums() {
    for n in [1, 15, 16, 17, 100, 1024] {
        let (freqs, prefix) = run(Isa::SCALAR, &Numbers::new(2).floats(n, 8.0));
        let mut sum = 0u64;
        for i in 0..n {
            assert_eq!(cumulative(&freqs, &prefix, i), sum);
            sum += u64::from(freqs[i]);
        }
        assert_eq!(cumulative(&freqs, &prefix, n), sum);
        assert_eq!(*prefix.last().unwrap(), sum);
    }
}

#[test]
fn equal_logits_reach_the_largest_sums_without_wrapping() {
    for isa in Isa::available() {
        let (freqs, prefix) = run(isa, &vec![3.0; 8192]);
        assert!(freqs.iter().all(|&freq| freq == LARGEST));
        assert_eq!(prefix[512], 8192 * u64::from(LARGEST), "{}", isa.name());
    }
}

#[test]
fn frequencies_follow_the_probabilities() {
    let logits = Numbers::new(7).floats(1000, 9.0);
    let (freqs, prefix) = run(Isa::SCALAR, &logits);
    let total = *prefix.last().unwrap() as f64;
    let weights: Vec<f64> = logits.iter().map(|&logit| f64::from(logit).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let mut divergence = 0.0;
    for (&freq, weight) in freqs.iter().zip(&weights) {
        let truth = weight / sum;
        let got = f64::from(freq) / total;
        assert!((got - truth).abs() < 2e-4 * truth + 4.0 / total, "{got} {truth}");
        divergence += truth * (truth / got).log2();
    }
    assert!(divergence < 1e-8, "{divergence} bits a token");
}

#[test]
fn hidden_and_broken_logits_get_one() {
    for isa in Isa::available() {
        let mut logits = vec![0.5; 40];
        (logits[3], logits[20], logits[39]) = (f32::NEG_INFINITY, f32::NAN, -1e35);
        let (freqs, _) = run(isa, &logits);
        assert_eq!((freqs[3], freqs[20], freqs[39]), (1, 1, 1));
        assert_eq!(freqs[0], LARGEST);
    }
}
