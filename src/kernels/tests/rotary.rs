//! Rotary positions, and the double-precision functions behind the tables.

use super::{Numbers, bits, fast_sets};
use crate::kernels::plain::real::{exp, ln, sin_cos};
use crate::kernels::*;

#[test]
fn rotations_equal_scalar_at_every_length() {
    for isa in fast_sets() {
        for half in (1..=40).chain([64, 128]) {
            let mut numbers = Numbers::new(half as u64);
            let head = numbers.floats(2 * half, 5.0);
            let (cos, sin) = (numbers.floats(half, 1.0), numbers.floats(half, 1.0));
            let run = |isa: Isa| {
                let mut head = head.clone();
                rope(isa, &mut head, &cos, &sin);
                bits(&head)
            };
            assert_eq!(run(isa), run(Isa::SCALAR), "{} {half}", isa.name());
        }
    }
}

#[test]
fn a_pair_turns_by_its_angle() {
    let mut head = [1.0, 0.0, 0.0, 1.0];
    rope(Isa::SCALAR, &mut head, &[0.5, 0.25], &[0.75, 0.125]);
    assert_eq!(head, [0.5, -0.125, 0.75, 0.25]);
}

#[test]
fn sine_and_cosine_are_close_to_the_truth() {
    for step in 0..200_000 {
        let x = f64::from(step) * 83.7712;
        let (sin, cos) = sin_cos(x);
        assert!((sin - x.sin()).abs() < 4e-16, "sin {x}");
        assert!((cos - x.cos()).abs() < 4e-16, "cos {x}");
    }
}

#[test]
fn exponential_and_logarithm_are_close_to_the_truth() {
    for step in -6000..6000 {
        let x = f64::from(step) / 10.0;
        assert!((exp(x) / x.exp() - 1.0).abs() < 1e-15, "exp {x}");
        let y = x.exp();
        assert!((ln(y) - x).abs() <= 4e-16 * x.abs().max(1.0), "ln {y}");
    }
    assert_eq!(exp(0.0), 1.0);
    assert_eq!(ln(1.0), 0.0);
}

#[test]
fn tables_give_every_position_to_single_precision() {
    let frequencies = inv_freq(1e6, 128);
    assert_eq!(frequencies.len(), 64);
    for (i, &frequency) in frequencies.iter().enumerate() {
        let truth = 1e6f64.powf(-2.0 * i as f64 / 128.0);
        assert!((frequency / truth - 1.0).abs() < 2e-15);
    }
    let tables = RopeTables::new(&frequencies);
    let (mut cos, mut sin) = (vec![0.0; 64], vec![0.0; 64]);
    for position in [0, 1, 255, 256, 257, 4095, 65_535, 65_536, 1_000_003, (1 << 24) - 1] {
        tables.cos_sin(position, &mut cos, &mut sin);
        for (i, frequency) in frequencies.iter().enumerate() {
            let angle = f64::from(position) * frequency;
            // The three angles are rounded apart from the whole one, by up to 2^-29 each.
            assert!((f64::from(cos[i]) - angle.cos()).abs() < 7e-8, "cos {position} {i}");
            assert!((f64::from(sin[i]) - angle.sin()).abs() < 7e-8, "sin {position} {i}");
        }
    }
    tables.cos_sin(0, &mut cos, &mut sin);
    assert!(cos.iter().all(|&cos| cos == 1.0) && sin.iter().all(|&sin| sin == 0.0));
}

#[test]
#[should_panic(expected = "position 16777216")]
fn positions_beyond_the_tables_are_refused() {
    RopeTables::new(&[1.0]).cos_sin(1 << 24, &mut [0.0], &mut [0.0]);
}
