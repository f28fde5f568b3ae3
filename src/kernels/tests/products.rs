//! The integer products and the linear layers on top of them.

use proptest::prelude::*;

use super::{Numbers, bits, fast_sets};
use crate::kernels::*;

const ONE: Way = Way::Threads(1);

/// Bytes that make sums as large as they get, and some that do not.
#[derive(Clone, Copy, Debug)]
enum Fill {
    Largest(i8),
    Alternating(i8),
    Nothing(i8),
    Random,
    RandomBounded,
}

impl Fill {
    const ALL: [Fill; 11] = [
        Fill::Largest(127),
        Fill::Largest(-127),
        Fill::Largest(-128),
        Fill::Largest(63),
        Fill::Largest(-63),
        Fill::Alternating(127),
        Fill::Alternating(63),
        Fill::Nothing(63),
        Fill::Nothing(-128),
        Fill::Random,
        Fill::RandomBounded,
    ];

    fn a(self, n: usize, seed: u64) -> Vec<u8> {
        let mut numbers = Numbers::new(seed);
        match self {
            Fill::Largest(_) => vec![255; n],
            Fill::Nothing(_) => vec![0; n],
            Fill::Alternating(_) => (0..n).map(|i| if i % 2 == 0 { 255 } else { 0 }).collect(),
            _ => (0..n).map(|_| numbers.byte()).collect(),
        }
    }

    fn b(self, n: usize, seed: u64) -> Vec<i8> {
        let mut numbers = Numbers::new(seed + 1);
        match self {
            Fill::Largest(value) | Fill::Nothing(value) => vec![value; n],
            Fill::Alternating(value) => {
                (0..n).map(|i| if i % 2 == 0 { value } else { -value }).collect()
            }
            Fill::Random => (0..n).map(|_| numbers.byte() as i8).collect(),
            Fill::RandomBounded => (0..n).map(|_| (numbers.byte() % 127) as i8 - 63).collect(),
        }
    }
}

/// The product by its definition, from the packed bytes.
fn truth(a: &[u8], a_stride: usize, m: usize, k: usize, b: &[i8], panels: usize) -> Vec<i32> {
    let mut c = Vec::new();
    for i in 0..m {
        for j in 0..panels * LANES {
            let products = (0..k).map(|col| {
                i64::from(a[i * a_stride + col]) * i64::from(b[packed_index(k, j, col)])
            });
            c.push(i32::try_from(products.sum::<i64>()).unwrap());
        }
    }
    c
}

fn gemm(isa: Isa, a: &[u8], m: usize, k: usize, b: &[i8], panels: usize) -> Vec<i32> {
    let width = panels * LANES;
    let stride = width + 3;
    let mut c = vec![i32::MIN; m * stride];
    let bounded = bounded_63(b);
    gemm_u8i8(isa, a, k, m, k, b, k * LANES, panels, bounded, &mut c, stride);
    for row in c.chunks(stride) {
        assert!(row[width..].iter().all(|&sum| sum == i32::MIN), "wrote between the rows");
    }
    c.chunks(stride).flat_map(|row| row[..width].to_vec()).collect()
}

#[test]
fn scalar_products_are_true() {
    for fill in Fill::ALL {
        for (m, k, panels) in [(1, 64, 1), (3, 128, 2), (5, 192, 3)] {
            let (a, b) = (fill.a(m * k, 1), fill.b(panels * LANES * k, 2));
            assert_eq!(gemm(Isa::SCALAR, &a, m, k, &b, panels), truth(&a, k, m, k, &b, panels));
        }
    }
}

#[test]
fn every_set_equals_scalar_at_every_edge_of_a_tile() {
    for isa in fast_sets() {
        for k in [64, 128, 192, 256, 768] {
            for panels in 1..=9 {
                for m in (1..=20).chain([33]) {
                    // Every shape with one fill, so that all fills meet all edges cheaply.
                    let fill = Fill::ALL[(m + panels + k / 64) % Fill::ALL.len()];
                    let (a, b) = (fill.a(m * k, 3), fill.b(panels * LANES * k, 4));
                    let expected = gemm(Isa::SCALAR, &a, m, k, &b, panels);
                    let got = gemm(isa, &a, m, k, &b, panels);
                    assert!(got == expected, "{} {fill:?} {m} x {k} x {panels}", isa.name());
                }
            }
        }
    }
}

#[test]
fn every_set_equals_scalar_for_every_fill() {
    for isa in fast_sets() {
        for fill in Fill::ALL {
            for (m, k, panels) in
                [(1, 256, 4), (13, 768, 5), (32, 128, 8), (47, 192, 3), (50, 4096, 11)]
            {
                let (a, b) = (fill.a(m * k, 5), fill.b(panels * LANES * k, 6));
                let expected = gemm(Isa::SCALAR, &a, m, k, &b, panels);
                assert!(gemm(isa, &a, m, k, &b, panels) == expected, "{} {fill:?}", isa.name());
            }
        }
    }
}

#[test]
fn the_longest_sums_do_not_wrap() {
    for isa in Isa::available() {
        let (a, b) = (vec![255; MAX_K], vec![-128; LANES * MAX_K]);
        let sums = gemm(isa, &a, 1, MAX_K, &b, 1);
        assert_eq!(sums, [-255 * 128 * MAX_K as i32; LANES], "{}", isa.name());
    }
}

#[test]
fn operands_may_lie_anywhere_and_apart() {
    for isa in Isa::available() {
        let (m, k, panels) = (7, 128, 5);
        for offset in 0..9 {
            let (a_stride, b_stride) = (k + 5, k * LANES + 7);
            let a = Fill::Random.a(offset + m * a_stride, 7);
            let b = Fill::Random.b(offset + panels * b_stride, 8);
            let mut c = vec![0; m * panels * LANES];
            let width = panels * LANES;
            let bytes = (&a[offset..], &b[offset..]);
            gemm_u8i8(
                isa, bytes.0, a_stride, m, k, bytes.1, b_stride, panels, false, &mut c, width,
            );
            let dense: Vec<i8> =
                bytes.1.chunks(b_stride).flat_map(|panel| panel[..k * LANES].to_vec()).collect();
            assert_eq!(c, truth(bytes.0, a_stride, m, k, &dense, panels), "{}", isa.name());
        }
    }
}

#[test]
#[should_panic(expected = "b is too short")]
fn short_operands_are_refused() {
    let (a, b) = (vec![0; 64], vec![0; 64 * LANES - 1]);
    gemm_u8i8(Isa::SCALAR, &a, 64, 1, 64, &b, 64 * LANES, 1, false, &mut [0; LANES], LANES);
}

#[test]
fn packing_puts_every_element_at_its_index_and_zeros_elsewhere() {
    for (rows, cols) in [(1, 1), (16, 64), (17, 65), (5, 130), (33, 3)] {
        let src: Vec<i8> = (0..rows * cols).map(|i| (i % 127) as i8 + 1).collect();
        let packed = pack(rows, cols, &src);
        assert_eq!(packed.len(), packed_len(rows, cols));
        let mut rest = packed.clone();
        for (i, &value) in src.iter().enumerate() {
            let at = packed_index(padded_cols(cols), i / cols, i % cols);
            assert_eq!(packed[at], value);
            rest[at] = 0;
        }
        assert!(rest.iter().all(|&byte| byte == 0));
    }
}

/// A layer with random weights, and its scales.
struct Layer {
    rows: usize,
    cols: usize,
    group_cols: usize,
    plain: Vec<i8>,
    weights: Vec<i8>,
    scales: Vec<f32>,
    corrections: Vec<i32>,
}

impl Layer {
    fn new(rows: usize, cols: usize, group_cols: usize, fill: Fill) -> Layer {
        let plain = fill.b(rows * cols, 9);
        let groups = if group_cols >= cols { 1 } else { cols.div_ceil(group_cols) };
        let rows_padded = padded_rows(rows);
        let mut corrections = vec![0; groups * rows_padded];
        for (i, &weight) in plain.iter().enumerate() {
            let group = if groups == 1 { 0 } else { i % cols / group_cols };
            corrections[group * rows_padded + i / cols] += 128 * i32::from(weight);
        }
        let scales = Numbers::new(10).floats(groups * rows_padded, 0.01);
        Layer {
            rows,
            cols,
            group_cols,
            weights: pack(rows, cols, &plain),
            plain,
            scales,
            corrections,
        }
    }

    fn view(&self) -> LinearView<'_> {
        LinearView {
            rows: self.rows,
            cols: self.cols,
            group_cols: self.group_cols,
            weights: &self.weights,
            scales: &self.scales,
            corrections: &self.corrections,
            weights_bounded_63: bounded_63(&self.weights),
        }
    }

    /// One output by the definition.
    fn truth(&self, x: &QuantRows, row: usize, n: usize) -> f32 {
        let mut out = 0.0;
        for group in 0..x.groups() {
            let from = group * x.group_cols;
            let to = (from + x.group_cols).min(self.cols);
            let sum: i32 = (from..to)
                .map(|col| {
                    let q = i32::from(x.data[row * x.cols_padded + col]) - 128;
                    q * i32::from(self.plain[n * self.cols + col])
                })
                .sum();
            let weight_scale = self.scales[group * padded_rows(self.rows) + n];
            let term = (sum as f32 * weight_scale) * x.scales[row * x.groups() + group];
            out = if group == 0 { term } else { out + term };
        }
        out
    }
}

#[test]
fn linear_is_its_definition_on_every_set() {
    for isa in Isa::available() {
        for fill in [Fill::Random, Fill::RandomBounded, Fill::Largest(-127)] {
            for (rows, cols, group) in
                [(16, 64, 64), (300, 256, 256), (40, 200, 64), (35, 96, 1000), (530, 192, 128)]
            {
                let layer = Layer::new(rows, cols, group, fill);
                let m = 11;
                let numbers = Numbers::new(11).floats(m * cols, 3.0);
                let mut x = QuantRows::default();
                quantise_rows(isa, &numbers, cols, m, cols, group, &mut x);
                let width = padded_rows(rows);
                let mut out = vec![f32::NAN; m * width];
                let view = layer.view();
                linear(isa, &x, 0..m, &view, 0..view.panels(), &mut out, width, ONE);
                for i in 0..m {
                    for n in 0..rows {
                        let expected = layer.truth(&x, i, n).to_bits();
                        assert_eq!(out[i * width + n].to_bits(), expected, "{}", isa.name());
                    }
                }
            }
        }
    }
}

#[test]
fn sums_of_extreme_bytes_are_scaled_as_they_are_defined() {
    for (cols, group) in [(64, 64), (1024, 1024), (1024, 128)] {
        for weight in [63, -63, 127, -127, -128] {
            let layer = Layer::new(33, cols, group, Fill::Largest(weight));
            let view = layer.view();
            // Bytes of 0 are none that quantising makes, but a product is defined for them.
            for byte in [0, 1, 255] {
                let m = 7;
                let mut x = QuantRows::default();
                quantise_rows(Isa::SCALAR, &vec![1.0; m * cols], cols, m, cols, group, &mut x);
                x.data.fill(byte);
                for isa in Isa::available() {
                    let width = view.panels() * LANES;
                    let mut out = vec![f32::NAN; m * width];
                    linear(isa, &x, 0..m, &view, 0..view.panels(), &mut out, width, ONE);
                    for (i, n) in (0..m).flat_map(|i| (0..33).map(move |n| (i, n))) {
                        let expected = layer.truth(&x, i, n).to_bits();
                        let got = out[i * width + n].to_bits();
                        assert_eq!(got, expected, "{} {weight} {byte}", isa.name());
                    }
                }
            }
        }
    }
}

#[test]
fn rows_and_panels_in_parts_give_the_same_bits() {
    for isa in Isa::available() {
        let layer = Layer::new(200, 320, 128, Fill::Random);
        let view = layer.view();
        let (m, width) = (37, view.panels() * LANES);
        let numbers = Numbers::new(12).floats(m * 320, 5.0);
        let mut x = QuantRows::with_capacity(m, 320, 128);
        quantise_rows(isa, &numbers, 320, m, 320, 128, &mut x);
        let mut whole = vec![0.0; m * width];
        linear(isa, &x, 0..m, &view, 0..view.panels(), &mut whole, width, ONE);
        for rows in [0..1, 3..20, 36..37, 5..5] {
            for panels in [0..1, 2..9, 12..13, 4..4] {
                let part_width = panels.len() * LANES;
                let mut part = vec![0.0; rows.len() * part_width];
                linear(isa, &x, rows.clone(), &view, panels.clone(), &mut part, part_width, ONE);
                for (i, row) in rows.clone().enumerate() {
                    let from = row * width + panels.start * LANES;
                    let expected = &whole[from..from + part_width];
                    assert_eq!(bits(&part[i * part_width..][..part_width]), bits(expected));
                }
            }
        }
    }
}

#[test]
fn what_is_awaited_changes_no_bits_and_is_asked_for() {
    let areas = [vec![0u8; 1000], vec![0; 64 * 40], vec![0; 1]];
    for isa in Isa::available() {
        for (rows, cols, group, m) in
            [(300, 256, 256, 6), (64, 64, 64, 1), (200, 768, 768, 12), (64, 256, 64, 3)]
        {
            let layer = Layer::new(rows, cols, group, Fill::Random);
            let view = layer.view();
            let width = padded_rows(rows);
            let mut x = QuantRows::default();
            let numbers = Numbers::new(14).floats(m * cols, 3.0);
            quantise_rows(isa, &numbers, cols, m, cols, group, &mut x);
            let product = |way| {
                let mut out = vec![f32::NAN; m * width];
                let (rows, panels) = (0..m, 0..view.panels());
                linear(isa, &x, rows, &view, panels, &mut out, width, way);
                bits(&out)
            };
            let mut awaited = Awaited::with_capacity(2);
            areas.iter().for_each(|area| awaited.push(area));
            let before = awaited.lines();
            assert_eq!(before, 16 + 40, "the third area has no room");
            assert!(product(Way::Asking(&awaited)) == product(ONE), "{}", isa.name());
            let asks = linear_asks(isa, m, view.groups());
            assert_eq!(awaited.lines() < before, asks, "{}", isa.name());
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for isa in fast_sets() {
        for (rows, cols, group, m) in [(8200, 256, 256, 3), (1040, 512, 128, 9), (40, 64, 64, 1)] {
            let layer = Layer::new(rows, cols, group, Fill::Random);
            let view = layer.view();
            let width = view.panels() * LANES;
            let numbers = Numbers::new(13).floats(m * cols, 5.0);
            let mut x = QuantRows::with_capacity(m, cols, group);
            quantise_rows(isa, &numbers, cols, m, cols, group, &mut x);
            let product = |threads| {
                let mut out = vec![f32::NAN; m * width];
                linear(
                    isa,
                    &x,
                    0..m,
                    &view,
                    0..view.panels(),
                    &mut out,
                    width,
                    Way::Threads(threads),
                );
                bits(&out)
            };
            for threads in [2, 3, 8, 1000] {
                assert!(product(threads) == product(1), "{threads} threads, {}", isa.name());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_set_equals_scalar_on_random_shapes(
        m in 1usize..50, blocks in 1usize..8, panels in 1usize..12, seed: u64, bounded: bool,
    ) {
        let fill = if bounded { Fill::RandomBounded } else { Fill::Random };
        let k = 64 * blocks;
        let (a, b) = (fill.a(m * k, seed >> 1), fill.b(panels * LANES * k, seed >> 1));
        let expected = gemm(Isa::SCALAR, &a, m, k, &b, panels);
        for isa in fast_sets() {
            prop_assert!(gemm(isa, &a, m, k, &b, panels) == expected, "{}", isa.name());
        }
    }

    #[test]
    fn every_set_scales_groups_as_plain_code_does(
        m in 1usize..70, cols in 1usize..450, rows in 1usize..150, group in 1usize..4, seed: u64,
    ) {
        let layer = Layer::new(rows, cols, 64 * group, Fill::Random);
        let view = layer.view();
        let numbers = Numbers::new(seed >> 1).floats(m * cols, 4.0);
        let mut x = QuantRows::default();
        quantise_rows(Isa::SCALAR, &numbers, cols, m, cols, 64 * group, &mut x);
        let width = view.panels() * LANES;
        let product = |isa| {
            let mut out = vec![f32::NAN; m * width];
            linear(isa, &x, 0..m, &view, 0..view.panels(), &mut out, width, ONE);
            bits(&out)
        };
        for isa in fast_sets() {
            prop_assert!(product(isa) == product(Isa::SCALAR), "{}", isa.name());
        }
    }
}
