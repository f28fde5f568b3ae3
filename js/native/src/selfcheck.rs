//! The instruction set of this module against plain code, on bits, where it runs.

use llmzip::kernels::{
    Isa, LANES, LinearView, MAX_K, QuantRows, SlotView, Soon, ValueScales, Way, attention_weights,
    bounded_63, frequencies, gemm_u8i8, linear, quantise_rows, scale_log,
};

/// A small generator of test numbers (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn byte(&mut self) -> u8 {
        (self.next() >> 56) as u8
    }

    /// Evenly from -scale to scale.
    fn float(&mut self, scale: f32) -> f32 {
        ((self.next() >> 40) as f32 / 8_388_608.0 - 1.0) * scale
    }
}

/// The first thing in which a set of this module differs from plain code.
pub fn difference() -> Option<String> {
    Isa::available().into_iter().find_map(|isa| {
        products(isa).or_else(|| layers(isa)).or_else(|| attention(isa)).or_else(|| likely(isa))
    })
}

/// Every edge of a tile with bytes that make sums large, and some that do not.
fn products(isa: Isa) -> Option<String> {
    let shapes = (1..=9).flat_map(|m| [1, 2, 9].map(|panels| (m, 64 * (m % 3 + 1), panels)));
    let long = [(1, MAX_K, 1), (5, 1024, 1), (3, 1088, 2), (2, 2112, 3)];
    for (m, k, panels) in shapes.chain(long) {
        for fill in 0..4 {
            let mut numbers = Numbers(7 + fill);
            let (a, b): (Vec<u8>, Vec<i8>) = match fill {
                0 => (vec![255; m * k], vec![-128; panels * LANES * k]),
                1 => (vec![255; m * k], vec![63; panels * LANES * k]),
                _ => (
                    (0..m * k).map(|_| numbers.byte()).collect(),
                    (0..panels * LANES * k).map(|_| numbers.byte() as i8 >> (fill - 2)).collect(),
                ),
            };
            let make = |isa| {
                let width = panels * LANES;
                let mut c = vec![0; m * width];
                gemm_u8i8(isa, &a, k, m, k, &b, k * LANES, panels, bounded_63(&b), &mut c, width);
                c
            };
            let sums = make(isa);
            // What plain code gives is checked too, where the truth is known.
            let known = [-255 * 128 * k as i32, 255 * 63 * k as i32].get(fill as usize).copied();
            let is_known = known.is_none_or(|known| sums.iter().all(|&sum| sum == known));
            if !is_known || sums != make(Isa::SCALAR) {
                return Some(format!("{}: product {m} x {k} x {panels}, fill {fill}", isa.name()));
            }
        }
    }
    None
}

/// Quantised rows by weights of one scale group and of several.
fn layers(isa: Isa) -> Option<String> {
    let shapes: [[usize; 4]; 3] = [[1, 320, 40, usize::MAX], [6, 320, 160, 64], [7, 64, 16, 64]];
    for [rows, cols, outputs, group] in shapes {
        let mut numbers = Numbers(11);
        let x: Vec<f32> = (0..rows * cols).map(|_| numbers.float(3.0)).collect();
        let padded = outputs.next_multiple_of(LANES);
        let weights: Vec<i8> = (0..padded * cols).map(|_| numbers.byte() as i8 >> 1).collect();
        let groups = cols.div_ceil(group.min(cols));
        let scales: Vec<f32> = (0..groups * padded).map(|_| numbers.float(0.01)).collect();
        let corrections: Vec<i32> =
            (0..groups * padded).map(|_| i32::from(numbers.byte()) * 128).collect();
        let make = |isa| {
            let mut quantised = QuantRows::default();
            quantise_rows(isa, &x, cols, rows, cols, group, &mut quantised);
            let view = LinearView {
                rows: outputs,
                cols,
                group_cols: group,
                weights: &weights,
                scales: &scales,
                corrections: &corrections,
                weights_bounded_63: bounded_63(&weights),
            };
            let mut out = vec![0.0f32; rows * padded];
            let panels = 0..padded / LANES;
            linear(isa, &quantised, 0..rows, &view, panels, &mut out, padded, Way::Threads(1));
            out.into_iter().map(f32::to_bits).collect::<Vec<_>>()
        };
        if make(isa) != make(Isa::SCALAR) {
            return Some(format!("{}: layer {rows} x {cols} x {outputs}", isa.name()));
        }
    }
    None
}

/// Weights of attention in both ways.
fn attention(isa: Isa) -> Option<String> {
    const SLOTS: usize = 144;
    let mut numbers = Numbers(13);
    let raw: Vec<i32> = (0..3 * SLOTS).map(|_| numbers.float(600_000.0) as i32).collect();
    let corrections: Vec<i32> = (0..SLOTS).map(|_| numbers.float(60_000.0) as i32).collect();
    let k_scales: Vec<f32> = (0..SLOTS).map(|_| numbers.float(0.01).abs()).collect();
    let v_scales: Vec<f32> = (0..SLOTS).map(|_| numbers.float(0.01).abs()).collect();
    let logs: Vec<i32> = v_scales.iter().map(|&scale| scale_log(scale) << 16).collect();
    for fine in [false, true] {
        let make = |isa| {
            let v_scales =
                if fine { ValueScales::Floats(&v_scales) } else { ValueScales::Logs(&logs) };
            let slots = SlotView {
                k_scales: &k_scales,
                k_corrections: &corrections,
                v_scales,
                soon: Soon::NOTHING,
            };
            let (mut raw, visible) = (raw.clone(), [100..SLOTS, 3..90]);
            let (mut high, mut low) = (vec![0; raw.len()], vec![0; raw.len()]);
            let (q_scales, mut factors) = ([1.0 / 2048.0, 1.0 / 512.0, 1.0 / 64.0], [0.0; 3]);
            let weights = (&mut high[..], fine.then_some(&mut low[..]));
            attention_weights(isa, &mut raw, &slots, visible, &q_scales, weights, &mut factors);
            (high, low, factors.map(f32::to_bits))
        };
        if make(isa) != make(Isa::SCALAR) {
            return Some(format!("{}: attention, fine: {fine}", isa.name()));
        }
    }
    None
}

/// Frequencies of logits.
fn likely(isa: Isa) -> Option<String> {
    for (n, scale) in [(1, 1.0), (300, 8.0), (8192, 30.0)] {
        let mut numbers = Numbers(17);
        let logits: Vec<f32> = (0..n).map(|_| numbers.float(scale)).collect();
        let make = |isa| {
            let (mut freqs, mut sums) = (vec![0; n], vec![0; n.div_ceil(LANES) + 1]);
            let best = frequencies(isa, &logits, &mut freqs, &mut sums);
            (freqs, sums, best)
        };
        if make(isa) != make(Isa::SCALAR) {
            return Some(format!("{}: frequencies of {n}", isa.name()));
        }
    }
    None
}
