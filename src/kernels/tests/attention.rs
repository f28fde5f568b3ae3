//! Scores to weights, and weighted sums to numbers.

use std::ops::Range;

use super::{Numbers, fast_sets};
use crate::kernels::*;

/// Everything one query meets.
#[derive(Clone)]
struct Case {
    raw: Vec<i32>,
    k_scales: Vec<f32>,
    k_corrections: Vec<i32>,
    v_scales: Vec<f32>,
    q_scale: f32,
}

impl Case {
    fn new(n: usize, seed: u64) -> Case {
        let mut numbers = Numbers::new(seed);
        let positive = |numbers: &mut Numbers| (0..n).map(|_| numbers.float(0.05).abs()).collect();
        Case {
            raw: (0..n).map(|_| (numbers.next() % 4_000_000) as i32 - 2_000_000).collect(),
            k_scales: positive(&mut numbers),
            k_corrections: (0..n).map(|_| (numbers.next() % 200_000) as i32 - 100_000).collect(),
            v_scales: positive(&mut numbers),
            q_scale: 0.0003,
        }
    }

    fn run(&self, isa: Isa, visible: [Range<usize>; 2]) -> (Vec<u8>, f32) {
        let mut weights = vec![7; self.raw.len()];
        let logs = self.v_scales.iter().map(|&scale| scale_log(scale) << 16).collect::<Vec<_>>();
        let factor = self.weigh(isa, visible, ValueScales::Logs(&logs), (&mut weights, None));
        (weights, factor)
    }

    /// With weights of 15 bits.
    fn run_fine(&self, isa: Isa, visible: [Range<usize>; 2]) -> (Vec<u32>, f32) {
        let (mut high, mut low) = (vec![7; self.raw.len()], vec![9; self.raw.len()]);
        let scales = ValueScales::Floats(&self.v_scales);
        let factor = self.weigh(isa, visible, scales, (&mut high, Some(&mut low)));
        (high.iter().zip(&low).map(|(&h, &l)| u32::from(h) << 8 | u32::from(l)).collect(), factor)
    }

    fn weigh(
        &self,
        isa: Isa,
        visible: [Range<usize>; 2],
        v_scales: ValueScales,
        weights: (&mut [u8], Option<&mut [u8]>),
    ) -> f32 {
        let slots = SlotView {
            k_scales: &self.k_scales,
            k_corrections: &self.k_corrections,
            v_scales,
            soon: Soon::NOTHING.and(&self.k_scales).and(&self.raw),
        };
        let mut factor = [5.0];
        let (mut raw, q_scales) = (self.raw.clone(), [self.q_scale]);
        attention_weights(isa, &mut raw, &slots, visible, &q_scales, weights, &mut factor);
        factor[0]
    }
}

fn runs(n: usize) -> [[Range<usize>; 2]; 8] {
    [
        [0..0, 0..0],
        [0..n, 0..0],
        [0..1, 0..0],
        [0..0, n - 1..n],
        [5.min(n / 2)..n / 2, n / 2 + 3..n - 2],
        [n - 7..n, 0..9],
        [0..n / 2, n / 2..n],
        [n / 2 + 1..n / 2 + 2, n / 2..n / 2 + 1],
    ]
}

#[test]
fn every_set_equals_scalar_for_every_kind_of_visibility() {
    for isa in fast_sets() {
        for n in [16, 32, 48, 64, 128, 512, 1024, 4160] {
            for visible in runs(n) {
                let mut case = Case::new(n, n as u64);
                let mut numbers = Numbers::new(9);
                for wild in [false, true] {
                    if wild {
                        (case.k_scales, case.v_scales) = (numbers.wild(n), numbers.wild(n));
                    }
                    let got = case.run(isa, visible.clone());
                    let expected = case.run(Isa::SCALAR, visible.clone());
                    assert_eq!(got.1.to_bits(), expected.1.to_bits(), "{}", isa.name());
                    assert_eq!(got, expected, "{} {n} {visible:?}", isa.name());
                    let got = case.run_fine(isa, visible.clone());
                    let expected = case.run_fine(Isa::SCALAR, visible.clone());
                    assert_eq!(got.1.to_bits(), expected.1.to_bits(), "{}", isa.name());
                    assert_eq!(got, expected, "{} {n} {visible:?}", isa.name());
                }
            }
        }
    }
}

#[test]
fn queries_together_weigh_as_each_by_itself() {
    for isa in Isa::available() {
        for (n, queries) in [(16, 1), (48, 2), (64, 3), (128, 4), (192, 7), (64, 9)] {
            for visible in runs(n) {
                let cases: Vec<_> = (0..queries)
                    .map(|q| Case { q_scale: 0.0001 * q as f32, ..Case::new(n, q + 40) })
                    .collect();
                // What is known of the slots is that of the first.
                let alone = |case: &Case| Case {
                    raw: case.raw.clone(),
                    q_scale: case.q_scale,
                    ..cases[0].clone()
                };
                let logs: Vec<_> =
                    cases[0].v_scales.iter().map(|&scale| scale_log(scale) << 16).collect();
                let slots = SlotView {
                    k_scales: &cases[0].k_scales,
                    k_corrections: &cases[0].k_corrections,
                    v_scales: ValueScales::Logs(&logs),
                    soon: Soon::NOTHING,
                };
                let mut raw: Vec<_> = cases.iter().flat_map(|case| case.raw.clone()).collect();
                let q_scales: Vec<_> = cases.iter().map(|case| case.q_scale).collect();
                let (mut weights, mut factors) = (vec![7; raw.len()], vec![5.0; cases.len()]);
                let both = (&mut weights[..], None);
                let see = visible.clone();
                attention_weights(isa, &mut raw, &slots, see, &q_scales, both, &mut factors);
                for (q, case) in cases.iter().enumerate() {
                    let (expected, factor) = alone(case).run(Isa::SCALAR, visible.clone());
                    assert_eq!(weights[q * n..(q + 1) * n], expected, "{} {n} {q}", isa.name());
                    assert_eq!(factors[q].to_bits(), factor.to_bits());
                }
            }
        }
    }
}

#[test]
fn weighted_sums_come_close_to_real_attention() {
    let n = 256;
    let case = Case::new(n, 3);
    let visible = [17..200, 230..256];
    let sees = |i: &usize| visible.iter().any(|run| run.contains(i));
    let score = |i: usize| {
        let sum = f64::from(case.raw[i] - case.k_corrections[i]);
        (sum * f64::from(case.k_scales[i]) * f64::from(case.q_scale)).exp2()
    };
    let total: f64 = (0..n).filter(sees).map(score).sum();
    let v: Vec<i64> = (0..n as i64).map(|i| i * 37 % 255 - 127).collect();
    let truth: f64 = (0..n)
        .filter(sees)
        .map(|i| score(i) / total * f64::from(case.v_scales[i]) * v[i] as f64)
        .sum();

    let (weights, factor) = case.run(Isa::SCALAR, visible.clone());
    let sum: i64 = weights.iter().zip(&v).map(|(&w, v)| i64::from(w) * v).sum();
    let mut out = [0.0];
    combine_values(Isa::SCALAR, &[sum as i32], factor, &mut out);
    assert!((f64::from(out[0]) - truth).abs() < 2e-3 * 127.0 * 0.05, "{} {truth}", out[0]);
    assert!((0..n).filter(|i| !sees(i)).all(|i| weights[i] == 0));
    assert_eq!(weights.iter().max(), Some(&255));

    let (weights, factor) = case.run_fine(Isa::SCALAR, visible.clone());
    let sums = [8, 0].map(|shift| {
        weights.iter().zip(&v).map(|(&w, v)| i64::from(w >> shift & 0xff) * v).sum::<i64>() as i32
    });
    combine_fine_values(Isa::SCALAR, &sums[..1], &sums[1..], factor, &mut out);
    assert!((f64::from(out[0]) - truth).abs() < 1e-4 * 127.0 * 0.05, "{} {truth}", out[0]);
    assert!((0..n).filter(|i| !sees(i)).all(|i| weights[i] == 0));
    assert_eq!(weights.iter().max(), Some(&32_767));
}

#[test]
fn the_order_of_the_slots_does_not_matter() {
    let n = 192;
    let case = Case::new(n, 4);
    let mut turned = case.clone();
    turned.raw.rotate_left(64);
    turned.k_scales.rotate_left(64);
    turned.k_corrections.rotate_left(64);
    turned.v_scales.rotate_left(64);
    let (mut weights, factor) = case.run(Isa::SCALAR, [64..192, 0..30]);
    let got = turned.run(Isa::SCALAR, [0..158, 0..0]);
    weights.rotate_left(64);
    assert_eq!(got, (weights, factor));
}

#[test]
fn nothing_visible_or_nothing_to_see_gives_zeros() {
    for isa in Isa::available() {
        let case = Case::new(64, 5);
        assert_eq!(case.run(isa, [0..0, 9..9]), (vec![0; 64], 0.0));
        assert_eq!(case.run_fine(isa, [0..0, 9..9]), (vec![0; 64], 0.0));
        for scale in [0.0, 1e-20, -1.0, f32::NAN, f32::INFINITY] {
            let case = Case { v_scales: vec![scale; 64], ..case.clone() };
            assert_eq!(case.run_fine(isa, [0..64, 0..0]), (vec![0; 64], 0.0), "{scale}");
        }
    }
}

#[test]
fn what_cannot_be_seen_weighs_nothing_beside_the_least_of_scores() {
    for isa in Isa::available() {
        let mut case = Case::new(64, 7);
        case.raw.fill(i32::MIN);
        case.k_corrections.fill(0);
        case.k_scales.fill(f32::INFINITY);
        case.v_scales.fill(0.0);
        let (weights, factor) = case.run(isa, [3..5, 0..0]);
        assert!((0..64).all(|i| weights[i] == if (3..5).contains(&i) { 255 } else { 0 }));
        assert!(factor > 0.0);
    }
}

#[test]
fn equal_scores_share_evenly_and_one_slot_takes_all() {
    let mut case = Case::new(64, 6);
    case.raw.fill(5);
    case.k_corrections.fill(5);
    case.v_scales.fill(0.5);
    let (weights, factor) = case.run(Isa::SCALAR, [0..64, 0..0]);
    assert_eq!(weights, [255; 64]);
    assert_eq!(factor, (0.5 / 255.0) / 64.0);
    let (weights, factor) = case.run(Isa::SCALAR, [40..41, 0..0]);
    assert!((0..64).all(|i| weights[i] == if i == 40 { 255 } else { 0 }));
    assert_eq!(factor, 0.5 / 255.0);
}

#[test]
fn combined_sums_are_rounded_twice() {
    let sums = [i32::MAX, i32::MIN, 0, 16_777_217, -1, 123_456_789];
    for isa in Isa::available() {
        for n in 1..=sums.len() {
            let mut out = vec![0.0; n];
            combine_fine_values(isa, &sums[..n], &sums[..n], 0.375, &mut out);
            for (out, &sum) in out.iter().zip(&sums) {
                let expected = (257 * i64::from(sum)) as f32 * 0.375;
                assert_eq!(out.to_bits(), expected.to_bits(), "{}", isa.name());
            }
            combine_values(isa, &sums[..n], 0.375, &mut out);
            for (out, &sum) in out.iter().zip(&sums) {
                assert_eq!(out.to_bits(), (sum as f32 * 0.375).to_bits(), "{}", isa.name());
            }
        }
    }
}
