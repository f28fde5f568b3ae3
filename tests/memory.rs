//! What a group is said to take is what it takes: nothing is allocated beyond it, in either direction.

mod common;

use allocation_counter::measure;
use common::{Random, learning_model, tiny_llmw, tiny_model};
use llmzip::Error;
use llmzip::codec::{BuiltinModels, Codec, Level};
use llmzip::container::{
    CodedGroup, Decoded, GroupCodec, GroupParams, Method, MixerKindCode, Unwatched,
};
use llmzip::mixer::MixerKind;
use llmzip::model::{Model, Storage, builtin};
use llmzip::stream::{self, DEFAULT_MEMORY_LIMIT, DecompressOptions, NoProgress};
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

fn coded<'a>(
    method: Method,
    payload: &'a [u8],
    plain_len: usize,
    params: &GroupParams,
) -> CodedGroup<'a> {
    CodedGroup { method, payload, plain_len, params: *params }
}

/// Peaks of encoding and decoding `plain`, each in parts of what was reckoned, and which way it was coded.
fn shares(codec: &Codec, plain: &[u8], params: &GroupParams) -> ([f64; 3], Method) {
    let len = plain.len() as u64;
    let reckoned = codec.encode_memory_bytes(len, params);
    let mut encoded = None;
    let encoding = measure(|| {
        encoded = Some(codec.encode_within(plain, params, reckoned, &|_| ()).expect("encoded"));
    });
    let group = encoded.expect("encoded");
    let without = Codec::without_model();
    let decoder = if group.method == Method::Mixer { &without } else { codec };
    let mut again = Vec::new();
    let decoding = measure(|| {
        let coded = coded(group.method, &group.payload, plain.len(), params);
        let decoded = decoder.decode(&coded, &Unwatched).and_then(Decoded::into_plain);
        again = decoded.expect("decoded");
    });
    assert!(again == plain);
    // The model's way, whatever was chosen: of no use, but as long and in as many lanes.
    let noise = vec![0xff; 8 * plain.len() + 100];
    let by_model = measure(|| {
        if codec.model_id().is_some() {
            let coded = coded(Method::Model, &noise, plain.len(), params);
            let _ = codec.decode(&coded, &Unwatched);
        }
    });
    let share = |peak: u64, reckoned: u64| peak as f64 / reckoned as f64;
    let shares = [
        share(encoding.bytes_max, reckoned),
        share(decoding.bytes_max, decoder.memory_bytes(len, params)),
        share(by_model.bytes_max, codec.memory_bytes(len, params)),
    ];
    (shares, group.method)
}

#[test]
fn no_group_takes_more_memory_than_was_reckoned() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    let prose = include_bytes!("../corpus/text/lighthouse.txt").repeat(20);
    let codec = |model| Codec::with_model(model).expect("a model that gives its answer");
    let codecs = [
        ("no model", Codec::without_model()),
        ("tiny", codec(tiny_model(5))),
        ("learning", codec(learning_model(5))),
        ("large", codec(large_model())),
        ("builtin", codec(builtin())),
    ];
    let (mut closest, mut by_model) = ([0f64; 3], 0);
    for (name, codec) in &codecs {
        let is_builtin = *name == "builtin";
        for (number, (lanes, window, len)) in [
            (0, 0, 60),
            (0, 0, 2000),
            (0, 0, 20_000),
            (1, 64, 5_000),
            (1, 4096, 5_000),
            (1, 300, 18_000),
            (100, 32_768, 4_000),
            (20, 512, 20_000),
        ]
        .into_iter()
        .enumerate()
        {
            // It takes its time, and no more memory with another mixer.
            let is_large = *name == "large";
            if is_large && len > 2000 {
                continue;
            }
            let all = &MixerKind::ALL;
            let kinds = if len > 5000 || is_large { &all[2 - number % 2..][..1] } else { all };
            for mixer in kinds {
                let mixer = MixerKindCode(mixer.code());
                let params = GroupParams { lanes, window, mixer, ..GroupParams::default() };
                let plain = if is_builtin { prose[..len].to_vec() } else { text(len) };
                let (shares, method) = pool.install(|| shares(codec, &plain, &params));
                by_model += usize::from(method == Method::Model);
                println!(
                    "{name} {mixer:?} {lanes} lanes, window {window}, {len} bytes: {shares:.2?} {method:?}"
                );
                assert!(
                    shares.iter().all(|&share| share <= 1.02),
                    "{name} {params:?} {len}: {shares:?}"
                );
                (0..3).for_each(|i| closest[i] = closest[i].max(shares[i]));
            }
        }
    }
    // What is reckoned is no fancy either.
    assert!(by_model > 3 && closest.iter().all(|&share| share > 0.7), "{by_model}, {closest:?}");
}

#[test]
fn what_is_chosen_by_default_is_decoded_by_default() {
    // The cache of Qwen3-0.6B, of a model with twice as much, and of one with 80 layers.
    for layers in [28, 56, 80] {
        let llmw = tiny_llmw(11, |config| {
            (config.layers, config.heads, config.kv_heads) = (layers, 8, 8);
            (config.head_dim, config.window) = (128, 1024);
            (config.hidden, config.feed_forward) = (64, 64);
            config.block_windows = Vec::new();
            config.attention_bits = 15;
        });
        let model = Arc::new(Model::open(Storage::copy(&llmw)).expect("a model"));
        let codec = Codec::with_model(model).expect("a model that gives its answer");
        for level in [Level::Default, Level::Full, Level::Large] {
            for len in (0..25).map(|log2| 1u64 << log2) {
                let decoding = codec.memory_bytes(len, &level.params()) + len;
                let encoding = codec.encode_memory_bytes(len, &level.params()) + len;
                assert!(decoding <= DEFAULT_MEMORY_LIMIT, "{layers}, {len}: {decoding}");
                assert!(encoding <= DEFAULT_MEMORY_LIMIT, "{layers}, {len}: {encoding}");
            }
        }
    }
}

#[test]
fn nothing_is_made_that_the_default_refuses() {
    let plain = text(2 << 20);
    let options = llmzip::Options { lanes: 1024, window: 32_768, ..llmzip::Options::default() };
    let mut packed = Vec::new();
    let refused = llmzip::compress_to(&plain[..], &mut packed, &options);
    assert!(matches!(refused, Err(Error::Memory { .. })) && packed.is_empty(), "{refused:?}");
    let many = llmzip::compress_many(&[&plain[..], b"two"], &options);
    assert!(matches!(many, Err(Error::Memory { .. })));
}

#[test]
fn a_bomb_is_refused_before_it_is_held() {
    let mut bomb = Vec::new();
    let zeros = std::io::Read::take(std::io::repeat(0), 1025 << 20);
    llmzip::compress_to(zeros, &mut bomb, &llmzip::Options::default()).expect("compressed");
    assert!(bomb.len() < 2000);
    let mut results = (None, None);
    let info = measure(|| {
        let many = llmzip::decompress_many(&[&bomb, &bomb]).map(|_| ());
        results = (Some(llmzip::decompress(&bomb).map(|_| ())), Some(many));
    });
    let is_refused = |result: Option<llmzip::Result<()>>| {
        matches!(result, Some(Err(Error::Memory { needed_bytes: 1_074_790_400, .. })))
    };
    assert!(is_refused(results.0) && is_refused(results.1));
    assert!(info.bytes_max < 1 << 20, "{}", info.bytes_max);
    // A limit is for all of them.
    let mut half = Vec::new();
    let zeros = std::io::Read::take(std::io::repeat(0), 10 << 20);
    llmzip::compress_to(zeros, &mut half, &llmzip::Options::default()).expect("compressed");
    let options = DecompressOptions { memory_limit: 1000, ..DecompressOptions::default() };
    let short = llmzip::compress(&[b'x'; 600], &llmzip::Options::default()).expect("compressed");
    let files = [&short[..], &short[..], &half[..]];
    let results = stream::decompress_many(&files, &BuiltinModels, &options, &NoProgress);
    assert!(results[0].as_ref().is_ok_and(|(plain, _)| plain.len() == 600));
    assert!(results[1..].iter().all(|result| matches!(result, Err(Error::Memory { .. }))));
}

#[test]
fn thousands_of_messages_take_as_much_memory_as_some() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    let prose = include_bytes!("../corpus/text/lighthouse.txt");
    let messages = |n: usize| (0..n).map(|i| prose[i..i + 60].to_vec()).collect::<Vec<_>>();
    let peak = |n: usize| {
        let plains = messages(n);
        let mut packed = Vec::new();
        let options = llmzip::Options { level: Level::Full, ..Default::default() };
        let work = || {
            packed = llmzip::compress_many(&plains, &options).expect("compressed");
            assert!(llmzip::decompress_many(&packed).expect("decompressed") == plains);
        };
        pool.install(|| measure(work)).bytes_max
    };
    let (some, many) = (peak(48), peak(480));
    assert!(many < some + (1 << 20), "{some}, {many}");
}
