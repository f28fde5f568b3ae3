//! Known answers, so that another CPU, compiler or operating system is compared with this one.
//!
//! The numbers were computed twice: by these kernels, and by a program of its own written from
//! EXACTNESS.md with exact rational rounding. They change only with the version on that page.

use crate::kernels::*;

/// Numbers from -15.6 to 15.6 that are exact in single precision.
fn numbers(n: usize, step: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * step) % 2003) as f32 / 64.0 - 1001.0 / 64.0).collect()
}

/// FNV-1a over little-endian words.
fn hash(words: impl IntoIterator<Item = u32>) -> u64 {
    words.into_iter().flat_map(u32::to_le_bytes).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn hash_floats(floats: &[f32]) -> u64 {
    hash(floats.iter().map(|x| x.to_bits()))
}

#[test]
fn every_set_gives_the_known_answers() {
    let (x, y) = (numbers(300, 7919), numbers(300, 104_729));
    let tables = RopeTables::new(&inv_freq(1e6, 128));
    for isa in Isa::available() {
        let name = isa.name();

        let mut freqs = vec![0; 300];
        frequencies(isa, &x, &mut freqs, &mut [0; 20]);
        assert_eq!(hash(freqs), GOLDEN[0], "frequencies, {name}");

        let mut rows = QuantRows::default();
        quantise_rows(isa, &x, 150, 2, 150, 64, &mut rows);
        let bytes = rows.data.iter().map(|&byte| u32::from(byte));
        let scales = rows.scales.iter().map(|scale| scale.to_bits());
        assert_eq!(hash(bytes.chain(scales)), GOLDEN[1], "quantise_rows, {name}");

        let mut out = vec![0.0; 300];
        rms_norm(isa, &x, &y, 1e-6, &mut out);
        assert_eq!(hash_floats(&out), GOLDEN[2], "rms_norm, {name}");
        silu_mul(isa, &x, &y, &mut out);
        assert_eq!(hash_floats(&out), GOLDEN[3], "silu_mul, {name}");

        let raw: Vec<i32> = x[..128].iter().map(|x| (x * 64_000.0) as i32).collect();
        let corrections: Vec<i32> = y[..128].iter().map(|y| (y * 6400.0) as i32).collect();
        let k_scales: Vec<f32> = x[..128].iter().map(|x| (x + 16.0) / 1024.0).collect();
        let v_scales: Vec<f32> = y[..128].iter().map(|y| (y + 16.0) / 1024.0).collect();
        let v_logs: Vec<i32> = v_scales.iter().map(|&scale| scale_log(scale) << 16).collect();
        let (mut high, mut low) = ([0; 128], [0; 128]);
        let mut weigh = |v_scales: ValueScales, low: Option<&mut [u8]>| {
            let slots = SlotView {
                k_scales: &k_scales,
                k_corrections: &corrections,
                v_scales,
                soon: Soon::NOTHING,
            };
            let (mut raw, visible) = (raw.clone(), [100..128, 3..90]);
            let weights = (&mut high[..], low);
            let (q_scale, mut factor) = ([1.0 / 2048.0], [0.0]);
            attention_weights(isa, &mut raw, &slots, visible, &q_scale, weights, &mut factor);
            hash(high.map(u32::from).into_iter().chain(factor.map(f32::to_bits)))
        };
        assert_eq!(weigh(ValueScales::Logs(&v_logs), None), GOLDEN[4], "8 bits, {name}");
        let fine = weigh(ValueScales::Floats(&v_scales), Some(&mut low));
        assert_eq!((fine, hash(low.map(u32::from))), GOLDEN_FINE, "15 bits, {name}");

        let (mut cos, mut sin) = ([0.0; 64], [0.0; 64]);
        let mut angles = Vec::new();
        for position in [1, 300, 70_000, 16_000_000] {
            tables.cos_sin(position, &mut cos, &mut sin);
            angles.extend(cos.iter().chain(&sin));
        }
        assert_eq!(hash_floats(&angles), GOLDEN[5], "cos_sin");
        let mut head = x[..128].to_vec();
        rope(isa, &mut head, &cos, &sin);
        assert_eq!(hash_floats(&head), GOLDEN[6], "rope, {name}");
    }
}

/// In the order of the test.
const GOLDEN: [u64; 7] = [
    0x2412_3b10_1cde_d56b,
    0xd313_23dd_3fd3_98fa,
    0x62d6_a918_64a1_5327,
    0xfabc_ff88_f33b_26e4,
    0xe1a8_f4f4_0ac3_d226,
    0xf7a1_25c2_8afe_894a,
    0x9748_7e70_8521_c93f,
];

/// Weights of 15 bits: the upper halves and the factor, the lower halves.
const GOLDEN_FINE: (u64, u64) = (0x84c3_fdc7_2a32_5fe3, 0x0c7c_b021_d546_0df3);
