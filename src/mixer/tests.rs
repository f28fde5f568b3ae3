//! Whole walks through the mixer, in both directions.

use super::*;
use crate::entropy::{BinaryCoder, Decoder, Encoder};
use crate::kernels::vectors::Vectors;
use proptest::prelude::*;

/// Generated text of words, lines and numbers: the same everywhere.
fn text(len: usize, mut seed: u64) -> Vec<u8> {
    const WORDS: [&str; 12] = [
        "the",
        "lane",
        "coder",
        "of",
        "tokens",
        "2024-01-0",
        "error=",
        "\n",
        " group",
        "\tid:",
        "\u{e9}t\u{e9}",
        "\0\x01",
    ];
    let mut out = Vec::new();
    while out.len() < len {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        out.extend_from_slice(WORDS[(seed >> 33) as usize % WORDS.len()].as_bytes());
        out.push(if seed >> 60 == 0 { (seed >> 40) as u8 } else { b' ' });
    }
    out.truncate(len);
    out
}

fn cut(len: usize, n: usize) -> Vec<Range<usize>> {
    (0..n).map(|i| len * i / n..len * (i + 1) / n).collect()
}

/// A walk like the codec's. With a model, tokens have 1 to 4 bytes, the model is a crude guess that knows the letters
/// in use, and the first bit of a byte below 128 is forced after a space.
fn walk(
    mixer: &mut Mixer,
    coder: &mut impl BinaryCoder,
    lanes: &[Range<usize>],
    model: bool,
    plain: Option<&[u8]>,
) {
    let mut at: Vec<usize> = lanes.iter().map(|l| l.start).collect();
    while (0..lanes.len()).any(|i| at[i] < lanes[i].end) {
        for lane in 0..lanes.len() {
            if at[lane] == lanes[lane].end {
                continue;
            }
            mixer.begin_token(lane, at[lane] as u32 % 7);
            let mut depth = 0;
            loop {
                let rest = lanes[lane].end - at[lane];
                if depth > 0 {
                    let forced = rest == 0 || depth == 4;
                    let end = forced || {
                        // Tokens end before spaces: known to the encoder only.
                        let wish = plain.is_some_and(|plain| plain[at[lane]] == b' ');
                        mixer.at_branch(depth);
                        let p = mixer.predict_end(1 << 30);
                        let ended = coder.code(wish, p);
                        mixer.update_end(ended);
                        ended
                    };
                    if end {
                        break;
                    }
                }
                let byte = plain.map_or(0, |plain| plain[at[lane]]);
                let mut partial = 1u32;
                for shift in (0..8).rev() {
                    let guess =
                        if model { Some(0x4000_0000u32.rotate_left(partial)) } else { None };
                    mixer.at_branch(partial << 5);
                    let p = mixer.predict_bit(guess);
                    let bit = coder.code(byte >> shift & 1 == 1, p);
                    mixer.update_bit(bit);
                    partial = partial << 1 | u32::from(bit);
                }
                at[lane] += 1;
                depth += 1;
                if !model {
                    break;
                }
            }
            mixer.end_token();
        }
    }
}

/// What helps a mixer.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Help {
    Nothing,
    Model,
    StrongModel,
}

impl Help {
    const ALL: [Help; 3] = [Help::Nothing, Help::Model, Help::StrongModel];

    fn mixer(self, kind: MixerKind, lanes: &[Range<usize>]) -> Mixer {
        let start = match self {
            Help::StrongModel => StartValues::strong_rules(),
            _ => StartValues::generic(),
        };
        Mixer::new(kind, self.has_model(), lanes, &start)
    }

    fn has_model(self) -> bool {
        self != Help::Nothing
    }
}

fn encode(plain: &[u8], n_lanes: usize, kind: MixerKind, help: Help, vectors: Vectors) -> Vec<u8> {
    let lanes = cut(plain.len(), n_lanes);
    let mut mixer = help.mixer(kind, &lanes);
    mixer.set_vectors(vectors);
    let mut encoder = Encoder::new(Vec::new());
    walk(&mut mixer, &mut encoder, &lanes, help.has_model(), Some(plain));
    encoder.finish()
}

fn decode(coded: &[u8], len: usize, n_lanes: usize, kind: MixerKind, help: Help) -> Vec<u8> {
    let lanes = cut(len, n_lanes);
    let mut mixer = help.mixer(kind, &lanes);
    let mut decoder = Decoder::new(coded);
    walk(&mut mixer, &mut decoder, &lanes, help.has_model(), None);
    decoder.finish().unwrap();
    (0..n_lanes).flat_map(|lane| mixer.coded(lane).to_vec()).collect()
}

#[test]
fn every_kind_gives_back_every_text_in_any_number_of_lanes() {
    for kind in MixerKind::ALL {
        for help in Help::ALL {
            for (len, lanes) in [(0, 1), (1, 1), (7, 1), (3000, 1), (5, 8), (3000, 7), (6000, 32)] {
                let plain = text(len, 5);
                let coded = encode(&plain, lanes, kind, help, Vectors::best());
                assert!(
                    decode(&coded, len, lanes, kind, help) == plain,
                    "{kind:?} {help:?} {len} {lanes}"
                );
            }
        }
    }
}

#[test]
fn all_vector_instructions_give_the_same_bytes() {
    let plain = text(20_000, 9);
    for kind in MixerKind::ALL {
        for help in Help::ALL {
            let coded = encode(&plain, 3, kind, help, Vectors::PLAIN);
            for vectors in Vectors::all() {
                assert!(
                    encode(&plain, 3, kind, help, vectors) == coded,
                    "{kind:?} {help:?} {vectors:?}"
                );
            }
        }
    }
}

#[test]
fn zeros_cost_next_to_nothing() {
    let coded = encode(&vec![0; 100_000], 1, MixerKind::Light, Help::Nothing, Vectors::best());
    assert!(coded.len() < 80, "{}", coded.len());
}

#[test]
fn lanes_learn_from_each_other() {
    let half = text(4000, 77);
    let plain = [half.clone(), half.clone()].concat();
    for kind in MixerKind::ALL {
        let one = encode(&half, 1, kind, Help::Nothing, Vectors::best()).len();
        // The second lane runs beside the first and sees each word just after it was coded.
        let two = encode(&plain, 2, kind, Help::Nothing, Vectors::best()).len();
        assert!(two < one * 8 / 5, "{kind:?}: {two} for two, {one} for one");
    }
}

#[test]
fn memory_is_bounded() {
    for (kind, most) in [
        (MixerKind::Light, 100 << 20),
        (MixerKind::Default, 200 << 20),
        (MixerKind::Full, 450 << 20),
    ] {
        for (with_model, lanes) in [(false, 1), (true, 1), (true, 24)] {
            let of = |len| Mixer::memory_bytes(kind, with_model, len, lanes);
            assert!(of(16 << 20) < most, "{}", of(16 << 20));
            assert!(of(60) < 4 << 20, "{}", of(60));
            assert!(of(1000) < 10 << 20, "{}", of(1000));
        }
    }
}

/// FNV-1a.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

#[test]
fn the_bytes_are_those_of_this_version() {
    let plain = text(30_000, 1);
    let found: Vec<u64> = MixerKind::ALL
        .into_iter()
        .flat_map(|kind| {
            [(4, Help::Nothing), (4, Help::Model), (6, Help::Model)].map(|(lanes, help)| {
                fingerprint(&encode(&plain, lanes, kind, help, Vectors::best()))
            })
        })
        .collect();
    // A change here breaks every file written before: it needs a new version of the format.
    assert_eq!(found, GOLDEN, "{found:#018x?}");
}

#[test]
fn the_bytes_beside_a_strong_model_are_those_of_this_version() {
    let plain = text(30_000, 1);
    let coded = MixerKind::ALL
        .map(|kind| fingerprint(&encode(&plain, 4, kind, Help::StrongModel, Vectors::best())));
    assert_eq!(coded, GOLDEN_STRONG, "{coded:#018x?}");
}

const GOLDEN_STRONG: [u64; 3] =
    [0xad88_8f1d_7eff_cc58, 0x98b8_fd47_3058_476e, 0x1e33_1759_8f7c_ffff];

const GOLDEN: [u64; 9] = [
    0xb891_13f5_d38f_a596,
    0x09f6_580d_dc18_2dcf,
    0x49bf_2440_4a17_4a39,
    0xcb3f_83bd_addc_e785,
    0x4a3a_f895_44af_710a,
    0x7581_6f0b_9b86_0ebc,
    0x65dd_d84e_fc0e_54fe,
    0x615b_1ace_7ddd_d8df,
    0x419c_e38a_92ef_5092,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_bytes_come_back(plain in proptest::collection::vec(any::<u8>(), 0..400), lanes in 1usize..9, help in 0usize..3) {
        let help = Help::ALL[help];
        for kind in MixerKind::ALL {
            let coded = encode(&plain, lanes, kind, help, Vectors::best());
            prop_assert!(decode(&coded, plain.len(), lanes, kind, help) == plain);
        }
    }

    #[test]
    fn any_sequence_of_calls_is_survived(
        calls in proptest::collection::vec((0u8..6, any::<bool>(), any::<u32>()), 0..400),
        help in 0usize..3,
    ) {
        for kind in MixerKind::ALL {
            let mut mixer = Help::ALL[help].mixer(kind, &cut(20, 3));
            for &(call, bit, p) in &calls {
                let lane = p as usize % 3;
                let p = match call {
                    0 if mixer.coded(lane).len() < 6 => { mixer.begin_token(lane, p); continue }
                    0 | 1 => { mixer.end_token(); continue }
                    2 => { mixer.skip_bit(bit); continue }
                    3 => { mixer.at_branch(p); let p = mixer.predict_end(p); mixer.update_end(bit); p }
                    4 => { mixer.at_branch(p); let p = mixer.predict_bit(Some(p)); mixer.update_bit(bit); p }
                    _ => { let p = mixer.predict_bit(None); mixer.update_bit(bit); p }
                };
                prop_assert!((1..1 << 22).contains(&p));
            }
        }
    }

    /// Some bits are forced, and known to be so by both sides.
    #[test]
    fn skipped_bits_leave_both_sides_alike(bytes in proptest::collection::vec(any::<u8>(), 1..200), mask: u8) {
        for kind in MixerKind::ALL {
            let lanes = cut(bytes.len(), 2);
            let turn = |coder: &mut dyn FnMut(bool, u32) -> bool, plain: Option<&[u8]>| {
                let mut mixer = Mixer::new(kind, true, &lanes, &StartValues::generic());
                for step in 0..lanes[1].len() {
                    for lane in 0..2 {
                        if step >= lanes[lane].len() { continue }
                        mixer.begin_token(lane, 0);
                        for shift in (0..8).rev() {
                            if mask >> shift & 1 == 0 {
                                mixer.skip_bit(false);
                                continue;
                            }
                            let p = mixer.predict_bit(Some(1 << 31));
                            let wish = plain.is_some_and(|p| p[lanes[lane].start + step] >> shift & 1 == 1);
                            let bit = coder(wish, p);
                            mixer.update_bit(bit);
                        }
                        mixer.end_token();
                    }
                }
                [mixer.coded(0), mixer.coded(1)].concat()
            };
            let mut encoder = Encoder::new(Vec::new());
            turn(&mut |bit, p| { encoder.encode(bit, p); bit }, Some(&bytes));
            let coded = encoder.finish();
            let mut decoder = Decoder::new(&coded);
            let got = turn(&mut |_, p| decoder.decode(p), None);
            let want: Vec<u8> = bytes.iter().map(|b| b & mask).collect();
            prop_assert!(got == want);
        }
    }
}
