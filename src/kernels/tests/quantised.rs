//! Activations to bytes.

use super::{Numbers, fast_sets};
use crate::kernels::*;

fn quantise(isa: Isa, x: &[f32], rows: usize, group_cols: usize) -> QuantRows {
    let mut out = QuantRows::default();
    let cols = x.len() / rows;
    quantise_rows(isa, x, cols, rows, cols, group_cols, &mut out);
    out
}

fn equal(a: &QuantRows, b: &QuantRows) -> bool {
    let scales = |x: &QuantRows| x.scales.iter().map(|scale| scale.to_bits()).collect::<Vec<_>>();
    a.data == b.data && scales(a) == scales(b)
}

#[test]
fn every_set_equals_scalar_on_every_length_and_kind() {
    for isa in fast_sets() {
        for cols in (1..=70).chain([128, 200, 1000]) {
            let mut numbers = Numbers::new(cols as u64);
            for x in [
                numbers.floats(3 * cols, 10.0),
                numbers.wild(3 * cols),
                vec![0.0; 3 * cols],
                vec![f32::from_bits(1); 3 * cols],
                vec![-f32::MAX; 3 * cols],
            ] {
                for group_cols in [64, 128, 4096] {
                    let expected = quantise(Isa::SCALAR, &x, 3, group_cols);
                    assert!(equal(&quantise(isa, &x, 3, group_cols), &expected), "{}", isa.name());
                }
            }
        }
    }
}

#[test]
fn the_largest_becomes_127_and_ties_go_to_even() {
    for isa in Isa::available() {
        let x = [127.0, -127.0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5, -126.5, 0.49999997, -0.0];
        let q = [127, -127, 0, 2, 2, 0, -2, -2, 126, -126, 0, 0];
        let out = quantise(isa, &x, 1, 64);
        let got: Vec<i32> = out.data[..x.len()].iter().map(|&byte| i32::from(byte) - 128).collect();
        assert_eq!(got, q, "{}", isa.name());
        assert_eq!(*out.scales, [1.0]);
        assert!(out.data[x.len()..].iter().all(|&byte| byte == 128));
    }
}

#[test]
fn a_group_too_small_or_not_finite_is_zero_and_its_neighbours_are_not() {
    let tiny = f32::from_bits((127 - 60) << 23);
    let below = f32::from_bits(tiny.to_bits() - 1);
    for isa in Isa::available() {
        for (special, zero) in [
            (f32::NAN, true),
            (-f32::NAN, true),
            (f32::INFINITY, true),
            (f32::NEG_INFINITY, true),
            (below, true),
            (tiny, false),
            (-f32::MAX, false),
        ] {
            let mut x = vec![0.0; 192];
            (x[3], x[70], x[191]) = (1.0, special, 2.0);
            let out = quantise(isa, &x, 1, 64);
            assert_eq!(out.scales[0], 1.0 / 127.0);
            assert_eq!(out.scales[1] == 0.0, zero, "{special} {}", isa.name());
            assert_eq!(out.data[70] == 128, zero, "{special} {}", isa.name());
            assert_eq!(out.scales[2], 2.0 / 127.0);
            assert_eq!((out.data[3], out.data[191]), (255, 255));
        }
    }
}

#[test]
fn refilling_does_not_allocate_and_leaves_nothing_of_the_old_rows() {
    let mut numbers = Numbers::new(5);
    let (large, small) = (numbers.floats(8 * 256, 1.0), numbers.floats(3 * 100, 1.0));
    let mut out = QuantRows::with_capacity(8, 256, 64);
    let addresses = (out.data.as_ptr(), out.scales.as_ptr());
    quantise_rows(Isa::SCALAR, &large, 256, 8, 256, 64, &mut out);
    quantise_rows(Isa::SCALAR, &small, 100, 3, 100, 64, &mut out);
    assert!(equal(&out, &quantise(Isa::SCALAR, &small, 3, 64)));
    assert_eq!((out.data.as_ptr(), out.scales.as_ptr()), addresses);
}
