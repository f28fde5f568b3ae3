//! How fast the kernels are, beside what this core can multiply at all.
//!
//! `cargo bench --no-default-features --bench kernels [FILTER]`. Products are given in
//! multiply-additions per second ("elem/s"); `peak` is the same count for loops of `vpdpbusd` and
//! `tdpbusd` on registers alone. Each shape is checked against the plain kernel before it is timed.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use llmzip::kernels::*;

const ONE: Way = Way::Threads(1);

/// Deterministic bytes, within +-63 as weights are.
fn bytes(n: usize) -> impl Iterator<Item = i8> {
    (0..n as u64).map(|i| ((i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % 127) as i8 - 63)
}

fn numbers(n: usize) -> Vec<f32> {
    bytes(n).zip(bytes(n + 7).skip(7)).map(|(a, b)| f32::from(a) + f32::from(b) / 128.0).collect()
}

/// A layer and rows to multiply by it.
struct Layer {
    cols: usize,
    rows: usize,
    group_cols: usize,
    weights: Aligned<i8>,
    scales: Vec<f32>,
    corrections: Vec<i32>,
}

impl Layer {
    fn new(cols: usize, rows: usize, group_cols: usize) -> Layer {
        let plain: Vec<i8> = bytes(rows * cols).collect();
        let sum = |part: &[i8]| 128 * part.iter().map(|&weight| i32::from(weight)).sum::<i32>();
        let groups = cols.div_ceil(group_cols);
        let row = |group: usize, row: usize| {
            sum(&plain[row * cols..][group * group_cols..cols.min((group + 1) * group_cols)])
        };
        let corrections = (0..groups * rows).map(|i| row(i / rows, i % rows)).collect();
        Layer {
            cols,
            rows,
            group_cols,
            weights: Aligned::copy(&pack(rows, cols, &plain)),
            scales: vec![0.01; groups * rows],
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
            weights_bounded_63: true,
        }
    }
}

fn products(c: &mut Criterion) {
    // The builtin: heads, what attention gives, the feed-forward layers, and the output layer.
    let builtin = [(320, 384), (256, 320), (320, 1536), (768, 320), (320, 8192)];
    // Qwen3-0.6B: queries, the feed-forward layers, and the output layer.
    let qwen = [(1024, 2048), (1024, 3072), (3072, 1024), (1024, 151_936)];
    let whole = builtin.into_iter().chain(qwen).map(|(cols, rows)| (cols, rows, cols));
    // As models are imported by default, and in larger groups.
    let parts = [(1024, 3072, 64), (1024, 3072, 128), (3072, 1024, 64)];
    for (cols, rows, group_cols) in whole.chain(parts) {
        let layer = Layer::new(cols, rows, group_cols);
        let view = layer.view();
        let groups = if group_cols < cols { format!(" by {group_cols}") } else { String::new() };
        let mut group = c.benchmark_group(format!("linear {cols}->{rows}{groups}"));
        for m in [1, 6, 16, 32, 128, 512] {
            if m * rows > 32 << 20 {
                continue;
            }
            let numbers = numbers(m * cols);
            let mut x = QuantRows::default();
            quantise_rows(Isa::SCALAR, &numbers, cols, m, cols, group_cols, &mut x);
            let stride = result_stride(rows);
            let mut out = Aligned::zeroed(m * stride);
            for isa in Isa::available() {
                // Plain code takes minutes over these; its figures belong to the smallest shape.
                if isa == Isa::SCALAR && rows * m > 256 * 32 {
                    continue;
                }
                check(isa, &x, &view, m - 1);
                group.throughput(Throughput::Elements((m * rows * cols) as u64));
                group.bench_function(format!("{} m={m}", isa.name()), |b| {
                    b.iter(|| {
                        linear(isa, &x, 0..m, &view, 0..view.panels(), &mut out, stride, ONE)
                    });
                });
            }
        }
        group.finish();
    }
}

/// Panics unless `isa` gives plain code's bits for one row, first and last panels.
fn check(isa: Isa, x: &QuantRows, view: &LinearView, row: usize) {
    for panels in [0..8, view.panels() - 8..view.panels()] {
        let (mut out, mut expected) = ([0.0; 8 * LANES], [0.0; 8 * LANES]);
        linear(isa, x, row..row + 1, view, panels.clone(), &mut out, 8 * LANES, ONE);
        linear(Isa::SCALAR, x, row..row + 1, view, panels, &mut expected, 8 * LANES, ONE);
        assert!(out.map(f32::to_bits) == expected.map(f32::to_bits), "{} differs", isa.name());
    }
}

/// Keys and values are not bounded by 63, which AVX2 pays for.
fn raw_products(c: &mut Criterion) {
    let (m, k, panels) = (32, 64, 32);
    let (a, b) = (vec![200u8; m * k], vec![-127i8; panels * LANES * k]);
    let mut sums = vec![0; m * panels * LANES];
    let mut group = c.benchmark_group("gemm_u8i8 64 columns, 512 slots");
    group.throughput(Throughput::Elements((m * k * panels * LANES) as u64));
    for isa in Isa::available() {
        group.bench_function(format!("{} m={m}", isa.name()), |bench| {
            bench.iter(|| {
                let stride = panels * LANES;
                gemm_u8i8(isa, &a, k, m, k, &b, k * LANES, panels, false, &mut sums, stride);
            });
        });
    }
    group.finish();
}

fn elementwise(c: &mut Criterion) {
    let logits: Vec<f32> = numbers(8192).iter().map(|x| x / 8.0).collect();
    let (mut freqs, mut prefix) = (vec![0; 8192], vec![0; 513]);
    // Four queries of a head of keys, as the builtin has.
    let raw: Vec<i32> = numbers(4 * 512).iter().map(|x| (x * 1000.0) as i32).collect();
    let mut raw = Aligned::copy(&raw);
    let (q_scales, mut factors) = ([1e-3; 4], [0.0; 4]);
    let (scales, corrections) = (vec![0.01; 512], vec![0; 512]);
    let logs = vec![scale_log(0.01) << 16; 512];
    let slots = SlotView {
        k_scales: &scales,
        k_corrections: &corrections,
        v_scales: ValueScales::Logs(&logs),
        soon: Soon::NOTHING,
    };
    let mut weights = Aligned::zeroed(4 * 512);
    let mut x = QuantRows::default();
    let mut out = vec![0.0; 768];
    for isa in Isa::available() {
        let name = isa.name();
        let mut group = c.benchmark_group("elementwise");
        group.throughput(Throughput::Elements(8192));
        group.bench_function(format!("frequencies(8192) {name}"), |b| {
            b.iter(|| frequencies(isa, black_box(&logits), &mut freqs, &mut prefix));
        });
        group.bench_function(format!("quantise_rows(32 x 256) {name}"), |b| {
            b.iter(|| quantise_rows(isa, black_box(&logits), 256, 32, 256, 256, &mut x));
        });
        group.throughput(Throughput::Elements(4 * 512));
        group.bench_function(format!("attention_weights(4 x 512) {name}"), |b| {
            b.iter(|| {
                // Scores are left in the place of the sums; those of the last round will do.
                let raw = black_box(&mut raw);
                let visible = [300..512, 0..290];
                let weights = (&mut weights[..], None);
                attention_weights(isa, raw, &slots, visible, &q_scales, weights, &mut factors);
            });
        });
        group.throughput(Throughput::Elements(768));
        group.bench_function(format!("silu_mul(768) {name}"), |b| {
            b.iter(|| silu_mul(isa, black_box(&logits[..768]), &logits[768..1536], &mut out));
        });
        group.bench_function(format!("rms_norm(768) {name}"), |b| {
            b.iter(|| rms_norm(isa, black_box(&logits[..768]), &logits[768..1536], 1e-6, &mut out));
        });
        group.finish();
    }
}

/// What one core multiplies when nothing is loaded or stored.
#[cfg(target_arch = "x86_64")]
fn peak(c: &mut Criterion) {
    use std::arch::x86_64::*;

    const CHAINS: usize = 24;
    const ROUNDS: usize = 1000;

    #[target_feature(enable = "avx512f,avx512vnni")]
    fn multiply(a: i32, b: i32) -> i32 {
        let (a, b) = (_mm512_set1_epi32(a), _mm512_set1_epi32(b));
        let mut sums = [_mm512_setzero_si512(); CHAINS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = _mm512_dpbusd_epi32(*sum, a, b);
            }
        }
        let total = sums.into_iter().fold(_mm512_setzero_si512(), |total, sum| {
            // Rotated, so that the equal chains are not found out to be one.
            _mm512_add_epi32(_mm512_rol_epi32::<1>(total), sum)
        });
        _mm512_reduce_add_epi32(total)
    }

    if !is_x86_feature_detected!("avx512vnni") || !is_x86_feature_detected!("avx512f") {
        return;
    }
    let mut group = c.benchmark_group("peak");
    group.throughput(Throughput::Elements((CHAINS * ROUNDS * 64) as u64));
    group.bench_function("vpdpbusd on registers", |b| {
        // SAFETY: the CPU has the instructions, as asked just above.
        b.iter(|| unsafe { multiply(black_box(0x0102_0304), black_box(0x0506_0708)) });
    });
    group.finish();
}

/// The same for tiles of AMX that hold random bytes: what is multiplied decides how fast the clock may be.
#[cfg(target_arch = "x86_64")]
fn peak_of_tiles(c: &mut Criterion) {
    const ROUNDS: usize = 1000;

    #[repr(C, align(64))]
    struct Config([u8; 64]);

    /// Four products of 16 x 16 x 64, of all pairs of two tiles and two, and so on.
    ///
    /// # Safety
    /// This process may use AMX.
    unsafe fn multiply(config: &Config, bytes: &[i8; 1024]) {
        // SAFETY: the configuration describes eight full tiles, and as much is read from `bytes` as one has.
        unsafe {
            std::arch::asm!(
                "ldtilecfg [{config}]",
                "tileloadd tmm4, [{bytes} + {row}*1]",
                "tileloadd tmm5, [{bytes} + {row}*1]",
                "tileloadd tmm6, [{bytes} + {row}*1]",
                "tileloadd tmm7, [{bytes} + {row}*1]",
                "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
                "2:",
                "tdpbusd tmm0, tmm4, tmm6",
                "tdpbusd tmm1, tmm4, tmm7",
                "tdpbusd tmm2, tmm5, tmm6",
                "tdpbusd tmm3, tmm5, tmm7",
                "dec {rounds}",
                "jnz 2b",
                "tilerelease",
                config = in(reg) config,
                bytes = in(reg) bytes,
                row = in(reg) 64usize,
                rounds = inout(reg) ROUNDS => _,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack, readonly),
            );
        }
    }

    // Asking for the sets has also asked the system to let this process use the tiles.
    if Isa::available().iter().all(|isa| isa.name() != "amx") {
        return;
    }
    let mut config = Config([0; 64]);
    config.0[0] = 1;
    for tile in 0..8 {
        config.0[16 + 2 * tile] = 64;
        config.0[48 + tile] = 16;
    }
    let bytes: Vec<i8> = bytes(1024).collect();
    let bytes: &[i8; 1024] = bytes[..].try_into().expect("as many");
    let mut group = c.benchmark_group("peak");
    group.throughput(Throughput::Elements((4 * ROUNDS * 16 * 16 * 64) as u64));
    group.bench_function("tdpbusd on registers", |b| {
        // SAFETY: AMX was found to be there just above.
        b.iter(|| unsafe { multiply(&config, black_box(bytes)) });
    });
    group.finish();
}

#[cfg(not(target_arch = "x86_64"))]
fn peak(_: &mut Criterion) {}

#[cfg(not(target_arch = "x86_64"))]
fn peak_of_tiles(_: &mut Criterion) {}

fn short() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
}

criterion_group! {
    name = kernels;
    config = short();
    targets = peak, peak_of_tiles, products, raw_products, elementwise
}
criterion_main!(kernels);
