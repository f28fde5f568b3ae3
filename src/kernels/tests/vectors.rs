//! Every make of vector against plain code.

use crate::kernels::vectors::{Body, Numbers, Vector, Vectors, WIDTH};

/// Probabilities, whose logarithms are computed, are below this.
const P_ONE: i32 = 1 << 22;

/// Numbers of every size and sign, and those around powers of two.
fn samples() -> Vec<Numbers> {
    let mut seed = 7u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 32) as i32 >> (seed >> 27 & 31)
    };
    let edges = (0..32).flat_map(|n| [-1, 0, 1].map(|d| (1i32 << n).wrapping_add(d)));
    let mut all: Vec<i32> = edges.chain([i32::MIN, i32::MAX]).collect();
    all.extend((0..4000).map(|_| next()));
    all.as_chunks().0.iter().map(|&chunk| Numbers(chunk)).collect()
}

/// What all operations make of one pair of vectors.
#[derive(PartialEq)]
struct Everything {
    vectors: [Numbers; 20],
    sum: i32,
    nonzero: [u32; 2],
    bytes: [u8; WIDTH],
    scattered: [u32; 40],
}

/// All operations on one pair of vectors.
#[inline(always)]
fn everything<V: Vector>(a: &Numbers, b: &Numbers) -> Everything {
    let (x, y) = (V::load(a), V::of(&b.0));
    let bits = y & V::splat(31);
    let table: [u32; 40] = std::array::from_fn(|i| (i as u32).wrapping_mul(0x9e37_79b9));
    let bytes: [u8; 40] = table.map(|word| (word >> 24) as u8);
    // Sixteen different places, of which some lie beyond a short table.
    let places = V::of(&std::array::from_fn(|i| (i as i32 * 7 + b.0[0]) & 15)).shl(1);
    let mut scattered = table;
    x.scatter(&mut scattered, places, b.0[1] as u32 & 0xffff);
    let all = [
        x + y,
        x - y,
        x * y,
        x & y,
        x ^ y,
        x.pairs(y),
        x.min(y),
        x.max(y),
        x.shl(5),
        x.sar(10),
        x.shr(10),
        x.shl_each(bits),
        x.sar_each(bits),
        x.clamp_abs(1000),
        (x & V::splat(P_ONE - 1)).max(V::splat(1)).log2_q15(),
        V::splat(-3),
        x.shl(0),
        V::gather(&table[..29], places),
        V::gather(&table, y),
        V::gather_bytes(&bytes, y) + V::gather_bytes(&bytes, places),
    ];
    let with = x.with(5, b.0[2]).with(11, 0);
    let mut vectors = [Numbers::ZERO; 20];
    all.into_iter().zip(&mut vectors).for_each(|(v, out)| v.store(out));
    Everything {
        vectors,
        sum: with.sum(),
        nonzero: [x.nonzero(), (x & y).nonzero()],
        bytes: with.bytes(),
        scattered,
    }
}

/// `everything` for each make.
struct All;

impl Body for All {
    type On = [Numbers; 2];
    type Given = ();
    type Out = Everything;

    #[inline(always)]
    fn run<V: Vector>([a, b]: &mut [Numbers; 2], (): ()) -> Everything {
        everything::<V>(a, b)
    }
}

#[test]
fn all_makes_agree_with_plain_code() {
    for pair in samples().windows(2) {
        let mut pair = [pair[0], pair[1]];
        let plain = everything::<Numbers>(&pair[0], &pair[1]);
        for vectors in Vectors::all() {
            let got = vectors.path::<All>().run(&mut pair, ());
            assert!(got == plain, "{vectors:?} {pair:?}");
        }
    }
}

#[test]
fn logarithms_agree_for_every_probability() {
    for first in (1..P_ONE).step_by(WIDTH) {
        let all = Numbers(std::array::from_fn(|i| (first + i as i32).min(P_ONE - 1)));
        let plain = Vector::log2_q15(all);
        for vectors in Vectors::all() {
            // The fifteenth result is the logarithm.
            let got = vectors.path::<All>().run(&mut [all, all], ()).vectors[14];
            assert_eq!(got, plain, "{vectors:?}");
        }
    }
}
