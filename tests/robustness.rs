//! Awkward inputs come back; damaged files are refused, whatever bit it is.

mod common;

use common::{Random, tiny_llmw, tiny_model};
use llmzip::codec::{Codec, Level, ModelPredictor, Plan, Predictor, Recording};
use llmzip::container::WindowPolicy;
use llmzip::mixer::{MixerKind, StartValues};
use llmzip::model::{Model, Storage, builtin};
use llmzip::stream::{
    self, CompressOptions, DecompressOptions, GroupCodec, ModelSource, NoProgress, Recover,
};
use llmzip::{Error, Options, compress, decompress};
use std::sync::Arc;

const TEXT: &[u8] =
    b"It was the best of times, it was the worst of times, it was the age of wisdom.\n";

fn at(level: Level) -> Options {
    Options { level, ..Options::default() }
}

const LEVELS: [Level; 4] = [Level::Light, Level::Mixer, Level::Default, Level::Full];

#[test]
fn awkward_inputs_come_back_and_hardly_grow() {
    let mut random = Random(3);
    let noise = random.bytes(70_000);
    // A character of three bytes cut by the edge between two lanes.
    let split = "\u{20ac}".repeat(11_000).into_bytes();
    let inputs: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("one byte", vec![0xff]),
        ("zeros", vec![0; 100_000]),
        ("noise", noise.clone()),
        ("short noise", noise[..1000].to_vec()),
        ("NUL and text", [TEXT, b"\0\0\0", TEXT].concat()),
        ("invalid UTF-8", [TEXT, b"\xc3\x28\xff\xfe\xed\xa0\x80", TEXT].concat()),
        ("half a character", split[1..split.len() - 1].to_vec()),
        ("a special token as text", b"<|endoftext|> is text here <|endoftext|>".to_vec()),
        (
            "CRLF",
            TEXT.repeat(3)
                .iter()
                .flat_map(|&b| if b == b'\n' { vec![13, 10] } else { vec![b] })
                .collect(),
        ),
        ("not NFC", "e\u{301} \u{212b} \u{1100}\u{1161}".repeat(20).into_bytes()),
        ("doubled noise", noise[..5000].repeat(2)),
        ("run of nearly one byte", [vec![7; 3000], vec![8]].concat()),
    ];
    for (name, plain) in inputs {
        for level in LEVELS {
            let packed = compress(&plain, &at(level)).unwrap();
            assert!(decompress(&packed).unwrap() == plain, "{name}, {level:?}");
            let growth = if plain.len() <= 65_536 { 24 } else { 80 + 16 };
            assert!(packed.len() <= plain.len() + growth, "{name}, {level:?}: {}", packed.len());
        }
    }
}

#[test]
fn a_message_has_at_most_sixteen_bytes_of_frame() {
    for len in [1, 50, 127, 128, 5000, 65_536] {
        let text: Vec<u8> = TEXT.iter().copied().cycle().take(len).collect();
        let packed = compress(&text, &at(Level::Default)).unwrap();
        let frames = stream::inspect(&packed[..]).unwrap();
        let payload: u64 = frames.iter().flat_map(|f| &f.groups).map(|g| g.payload_bytes).sum();
        assert!(packed.len() as u64 - payload <= 16, "{len} bytes: {} - {payload}", packed.len());
    }
}

fn same_or_refused(packed: &[u8], plain: &[u8], what: &str) {
    match decompress(packed) {
        Ok(back) => assert!(back == plain, "{what}: other bytes came back"),
        Err(Error::Io(error)) => panic!("{what}: {error}"),
        Err(_) => {}
    }
}

#[test]
fn every_flipped_bit_and_every_prefix_is_refused_or_harmless() {
    let plain = TEXT.repeat(3);
    let long = Options { full_hashes: true, ..at(Level::Default) };
    for options in [at(Level::Default), at(Level::Light), long] {
        let packed = compress(&plain, &options).unwrap();
        for len in 0..packed.len() {
            assert!(len == 0 || decompress(&packed[..len]).is_err(), "a prefix of {len} bytes");
        }
        for bit in 0..8 * packed.len() {
            let mut damaged = packed.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            same_or_refused(&damaged, &plain, &format!("bit {bit}"));
        }
    }
}

/// The tiny model, wherever it is asked for.
struct Tiny(Arc<Codec>);

impl ModelSource for Tiny {
    fn by_prefix(&self, _: &[u8], _: usize, _: &str) -> llmzip::Result<Arc<dyn GroupCodec>> {
        Ok(self.0.clone())
    }

    fn without_model(&self) -> Arc<dyn GroupCodec> {
        Arc::new(Codec::without_model())
    }
}

#[test]
fn damage_names_its_group_and_recovery_keeps_the_others() {
    let codec = Arc::new(Codec::with_model(tiny_model(9)).unwrap());
    let plain: Vec<u8> = TEXT.iter().copied().cycle().take(5000).collect();
    let options =
        CompressOptions { group_bytes: 1024, full_hashes: true, ..CompressOptions::default() };
    let as_dyn: Arc<dyn GroupCodec> = codec.clone();
    let mut packed = Vec::new();
    stream::compress(&plain[..], &mut packed, &as_dyn, &options, &NoProgress).unwrap();
    let models = Tiny(codec);
    let middle = packed.len() / 2;
    packed[middle] ^= 0x10;
    let mut out = Vec::new();
    let strict = DecompressOptions::default();
    let error =
        stream::decompress(&packed[..], &mut out, &models, &strict, &NoProgress).unwrap_err();
    let Error::Damaged { group: Some(group), bytes: Some(bytes), .. } = error else {
        panic!("{error}");
    };
    assert_eq!(bytes.start, 1024 * group);
    assert!(plain.starts_with(&out), "nothing wrong is written");
    let mut out = Vec::new();
    let keep = DecompressOptions { recover: Recover::Skip, ..DecompressOptions::default() };
    let summary = stream::decompress(&packed[..], &mut out, &models, &keep, &NoProgress).unwrap();
    assert_eq!(summary.damage.len(), 1);
    let expected = [&plain[..bytes.start as usize], &plain[bytes.end as usize..]].concat();
    assert!(out == expected, "all other groups are kept");
}

#[test]
fn damaged_model_files_are_refused() {
    let good = tiny_llmw(4, |_| ());
    let mut random = Random(8);
    for _ in 0..200 {
        let mut bad = good.clone();
        let at = random.below(bad.len());
        bad[at] ^= 1 << random.below(8);
        assert!(Model::open(Storage::copy(&bad)).is_err(), "byte {at}");
    }
    for at in (0..32).chain([good.len() / 2, good.len() - 1]) {
        assert!(Model::open(Storage::copy(&good[..at])).is_err(), "a prefix of {at} bytes");
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            assert!(Model::open(Storage::copy(&bad)).is_err(), "byte {at}");
        }
    }
}

/// What coding adds to the model's own code length, where nothing is mixed in.
///
/// Per decision: probabilities of 22 bits lose at most about 2^-22 / (p (1 - p) ln 2) of a bit,
/// the coder's range of at least 2^24 with products rounded down at most 2^-24 / ln 2; the mixer
/// is left out by giving the coder the model's answers. Four bytes end the stream. A token has
/// about 12 decisions and 7 bits: 12 * 1e-6 / 7 is far below 0.002.
#[test]
fn coding_costs_less_than_a_five_hundredth_of_the_ideal() {
    use llmzip::entropy::Encoder;
    let text = include_bytes!("../src/codec/CODING.md");
    let model = builtin();
    let window = model.config().window;
    let predictor = ModelPredictor::new(model.clone(), window, WindowPolicy::Slide).unwrap();
    let plan = Plan {
        lanes: 1,
        prime_tokens: 0,
        mixer: MixerKind::Default,
        learns: false,
        start_values: StartValues::generic(),
    };
    let vocabulary = predictor.vocabulary();
    let recording = Recording::new(text, &predictor, &plan).unwrap();
    let ideal_bits = recording.ideal_bits(vocabulary);
    let mut coder = Encoder::new(Vec::new());
    recording.for_each_decision(vocabulary, |right_q32, took_right| {
        coder.encode(took_right, (right_q32 >> 10).clamp(1, (1 << 22) - 1));
    });
    let coded_bits = 8.0 * coder.finish().len() as f64;
    assert!(coded_bits < 1.002 * ideal_bits, "{coded_bits} bits, ideally {ideal_bits}");
    assert!(coded_bits > 0.999 * ideal_bits, "{coded_bits} bits, ideally {ideal_bits}");
}
