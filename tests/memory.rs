//! What a group is said to take is what it takes: nothing is allocated beyond it, in either direction.

mod common;

use allocation_counter::measure;
use common::{Random, learning_model, tiny_llmw, tiny_model};
use llmzip::codec::Codec;
use llmzip::container::{GroupCodec, GroupParams, Method, MixerKindCode};
use llmzip::mixer::MixerKind;
use llmzip::model::{Model, Storage, builtin};
use std::sync::Arc;

/// Text of words that come again and again, with numbers between them: `Smaller` is chosen for it, so that it is coded
/// both ways.
fn text(len: usize) -> Vec<u8> {
    let mut random = Random(7);
    let mut text = Vec::new();
    while text.len() < len {
        match random.below(3) {
            0 => text.extend_from_slice(b"the sea and "),
            1 => text.extend_from_slice(format!("{} ", random.below(100_000)).as_bytes()),
            _ => text.extend((0..random.below(9)).map(|_| b'a' + random.below(26) as u8)),
        }
    }
    text.truncate(len);
    text
}

/// A model whose keys and values are most of what it needs, as those of large models are, and whose weights come from
/// memory at every step.
fn large_model() -> Arc<Model> {
    let llmw = tiny_llmw(9, |config| {
        (config.layers, config.kv_heads, config.window) = (8, 4, 1024);
        (config.hidden, config.feed_forward) = (512, 1536);
        config.block_windows = Vec::new();
        config.attention_bits = 15;
    });
    assert!(llmw.len() > 24 << 20, "{}", llmw.len());
    Arc::new(Model::open(Storage::copy(&llmw)).expect("a model"))
}

/// Peaks of encoding and decoding `plain`, each in parts of what was reckoned.
fn shares(codec: &Codec, plain: &[u8], params: &GroupParams) -> [f64; 2] {
    let len = plain.len() as u64;
    let reckoned = codec.encode_memory_bytes(len, params);
    let mut encoded = None;
    let encoding = measure(|| {
        encoded = Some(codec.encode_within(plain, params, reckoned, &|_| ()).expect("encoded"));
    });
    let group = encoded.expect("encoded");
    if !group.method.is_coded() {
        return [encoding.bytes_max as f64 / reckoned as f64, 0.0];
    }
    let decoder = match group.method {
        Method::Mixer => &Codec::without_model(),
        _ => codec,
    };
    let mut again = Vec::new();
    let decoding = measure(|| {
        let decoded = decoder.decode(group.method, &group.payload, plain.len(), params, &|_| ());
        again = decoded.expect("decoded");
    });
    assert!(again == plain);
    let [encoding, decoding] = [encoding, decoding].map(|info| info.bytes_max as f64);
    [encoding / reckoned as f64, decoding / decoder.memory_bytes(len, params) as f64]
}

#[test]
fn no_group_takes_more_memory_than_was_reckoned() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    let codec = |model| Codec::with_model(model).expect("a model that gives its answer");
    let codecs = [
        ("no model", Codec::without_model()),
        ("tiny", codec(tiny_model(5))),
        ("learning", codec(learning_model(5))),
        ("large", codec(large_model())),
        ("builtin", codec(builtin())),
    ];
    for (name, codec) in &codecs {
        for mixer in MixerKind::ALL {
            for (lanes, window, len) in [
                (0, 0, 60),
                (0, 0, 2000),
                (0, 0, 40_000),
                (1, 64, 20_000),
                (1, 4096, 20_000),
                (200, 32_768, 10_000),
                (20, 512, 100_000),
            ] {
                if *name == "large" && len > 20_000 && mixer != MixerKind::Full {
                    continue;
                }
                let mixer = MixerKindCode(mixer.code());
                let params = GroupParams { lanes, window, mixer, ..GroupParams::default() };
                let shares = pool.install(|| shares(codec, &text(len), &params));
                println!("{name} {mixer:?} {lanes} lanes, window {window}, {len} bytes: {shares:.2?}");
                assert!(shares.iter().all(|&share| share <= 1.02), "{name} {params:?} {len}: {shares:?}");
            }
        }
    }
}
