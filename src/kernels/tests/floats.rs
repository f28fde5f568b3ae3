//! The elementwise bodies and the exponential under them.

use super::{Numbers, bits, fast_sets};
use crate::kernels::plain::portable::{exp2, round_even, sanitise, sum_lanes};
use crate::kernels::*;

/// Lengths around every lane and unrolling.
fn lengths() -> impl Iterator<Item = usize> {
    (1..=70).chain([128, 255, 256, 257, 1000])
}

#[test]
fn norms_and_activations_equal_scalar_at_every_length() {
    for isa in fast_sets() {
        for n in lengths() {
            let mut numbers = Numbers::new(n as u64);
            for (x, y) in [
                (numbers.floats(n, 20.0), numbers.floats(n, 2.0)),
                (numbers.wild(n), numbers.wild(n)),
                (vec![0.0; n], vec![-0.0; n]),
            ] {
                let run = |isa: Isa| {
                    let (mut norm, mut silu, mut sum) = (vec![0.0; n], vec![0.0; n], x.clone());
                    rms_norm(isa, &x, &y, 1e-6, &mut norm);
                    silu_mul(isa, &x, &y, &mut silu);
                    add_assign(isa, &mut sum, &y);
                    (bits(&norm), bits(&silu), bits(&sum))
                };
                assert!(run(isa) == run(Isa::SCALAR), "{} {n}", isa.name());
            }
        }
    }
}

#[test]
fn a_norm_sums_in_sixteen_lanes_and_the_written_tree() {
    let x = Numbers::new(1).floats(37, 3.0);
    let mut lanes = [0.0f32; 16];
    for (i, x) in x.iter().enumerate() {
        lanes[i % 16] += x * x;
    }
    let l8: Vec<f32> = (0..8).map(|l| lanes[l] + lanes[l + 8]).collect();
    let l4: Vec<f32> = (0..4).map(|l| l8[l] + l8[l + 4]).collect();
    let sum = (l4[0] + l4[2]) + (l4[1] + l4[3]);
    assert_eq!(sum_lanes(lanes).to_bits(), sum.to_bits());
    let r = 1.0 / (sum / 37.0 + 1e-5).sqrt();
    let mut out = vec![0.0; 37];
    rms_norm(Isa::SCALAR, &x, &[2.5; 37], 1e-5, &mut out);
    assert!(out.iter().zip(&x).all(|(out, x)| out.to_bits() == ((x * r) * 2.5).to_bits()));
}

#[test]
fn exp2_is_within_two_units_in_the_last_place() {
    let mut worst = 0.0f64;
    for step in -1_280_000..=1_280_000 {
        let t = step as f32 / 10_007.0;
        let truth = f64::from(t.clamp(-125.0, 126.0)).exp2();
        let got = exp2(t);
        let unit = f64::from(f32::from_bits(got.to_bits() + 1)) - f64::from(got);
        worst = worst.max((f64::from(got) - truth).abs() / unit);
    }
    assert!(worst <= 2.0, "{worst} units");
}

#[test]
fn exp2_is_exact_at_whole_numbers_and_never_above_one_below_zero() {
    for power in -125..=126 {
        assert_eq!(exp2(power as f32).to_bits(), ((power + 127) as u32) << 23);
    }
    for bits in (0x8000_0000u32..0xff80_0000).step_by(1009) {
        assert!(exp2(f32::from_bits(bits)) <= 1.0);
    }
    assert_eq!(exp2(f32::NAN), exp2(-125.0));
    assert_eq!(exp2(f32::INFINITY), exp2(126.0));
    assert_eq!(exp2(f32::NEG_INFINITY), exp2(-125.0));
}

#[test]
fn rounding_goes_to_even_and_sanitising_leaves_no_oddities() {
    for (x, rounded) in
        [(0.5, 0), (1.5, 2), (-0.5, 0), (-1.5, -2), (2.5, 2), (4e6, 4_000_000), (-4e6, -4_000_000)]
    {
        assert_eq!(round_even(x), rounded);
    }
    assert_eq!(sanitise(f32::NAN), -1e30);
    assert_eq!(sanitise(f32::NEG_INFINITY), -1e30);
    assert_eq!(sanitise(f32::INFINITY), 1e30);
    assert_eq!(sanitise(-3.5), -3.5);
}

#[test]
fn silu_is_close_to_the_truth() {
    let gate: Vec<f32> = (-400..=400).map(|i| i as f32 / 10.0).collect();
    let mut out = vec![0.0; gate.len()];
    silu_mul(Isa::SCALAR, &gate, &vec![1.0; gate.len()], &mut out);
    for (&gate, &out) in gate.iter().zip(&out) {
        let gate = f64::from(gate);
        let truth = gate / (1.0 + (-gate).exp());
        assert!((f64::from(out) - truth).abs() <= 1e-5 * truth.abs() + 1e-30, "{gate}: {out}");
    }
}
