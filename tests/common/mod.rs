//! A tiny model of the builtin's structure with made-up weights, for tests of the whole path.

#![allow(dead_code, unused_imports, reason = "each test file uses a part")]

#[cfg(feature = "cli")]
pub mod doors;
#[cfg(feature = "cli")]
pub mod frames;
#[cfg(feature = "import")]
pub mod hostile;
#[cfg(feature = "cli")]
pub mod mutate;
#[cfg(feature = "import")]
pub mod onnx;
#[cfg(feature = "cli")]
pub mod samples;

use llmzip::kernels::inv_freq;
use llmzip::mixer::StartValues;
use llmzip::model::{Architecture, Config, Model, Parts, Storage, WeightsBuilder, write_llmw};
use llmzip::tokenizer::{Merge, Pattern, SortedTokens, SpecParts, TokenizerSpec};
use std::path::PathBuf;
use std::sync::Arc;

/// A small generator of numbers that look random (xorshift64*).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 33) as usize % bound
    }

    /// Between -1 and 1, mostly near 0.
    pub fn weight(&mut self) -> f32 {
        let mut unit = || (self.next() >> 40) as f32 / (1u64 << 24) as f32 - 0.5;
        (unit() + unit() + unit()) * 0.6
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}

/// 256 bytes and a few joined ones.
pub fn tiny_spec() -> TokenizerSpec {
    let joined: [(&[u8], &[u8]); 5] =
        [(b"t", b"h"), (b"th", b"e"), (b" ", b"the"), (b"\xc3", b"\xa4"), (b"1", b"2")];
    let mut tokens: Vec<Vec<u8>> = (0..=255u8).map(|byte| vec![byte]).collect();
    tokens.extend(joined.iter().map(|(left, right)| [*left, *right].concat()));
    tokens.sort();
    let rank = |bytes: &[u8]| tokens.iter().position(|token| token == bytes).unwrap() as u32;
    let merges = joined.iter().map(|(left, right)| Merge {
        left: rank(left),
        right: rank(right),
        result: rank(&[*left, *right].concat()),
    });
    TokenizerSpec::new(SpecParts {
        merges: merges.collect(),
        original_ids: (0..tokens.len() as u32).collect(),
        duplicates: Vec::new(),
        pattern: Pattern::Qwen2,
        ignore_merges: false,
        special: Vec::new(),
        n_rows: tokens.len() as u32 + 1,
        tokens: SortedTokens::new(&tokens).unwrap(),
    })
    .unwrap()
}

/// The shape of the tiny model; groups of 64 columns, so that scales are summed.
pub fn tiny_config(spec: &TokenizerSpec) -> Config {
    let coded = spec.tokens().len();
    Config {
        architecture: Architecture::Qwen3,
        hidden: 128,
        layers: 2,
        heads: 4,
        kv_heads: 2,
        head_dim: 64,
        feed_forward: 192,
        rows: coded + 1,
        predicted: coded,
        coded,
        start_row: coded as u32,
        tied: true,
        qk_norm: true,
        qkv_bias: false,
        rms_eps_bits: 1e-6f32.to_bits(),
        window: 40,
        block_windows: vec![24, 0],
        keeps_start: false,
        weight_group: 64,
        activation_group: 64,
        weight_max: 127,
        weight_bits: 8,
        weight_steps: 0,
        attention_bits: 8,
    }
}

/// A tiny model in which the first position stays visible.
pub fn keeping_model(seed: u64) -> Arc<Model> {
    let bytes = tiny_llmw(seed, |config| config.keeps_start = true);
    Arc::new(Model::open(Storage::copy(&bytes)).unwrap())
}

/// The bytes of a model with weights from `seed`.
pub fn tiny_llmw(seed: u64, adapt: impl FnOnce(&mut Config)) -> Vec<u8> {
    tiny_llmw_starting(seed, &StartValues::generic(), adapt)
}

/// The same with other start values of the mixer.
pub fn tiny_llmw_starting(
    seed: u64,
    start_values: &StartValues,
    adapt: impl FnOnce(&mut Config),
) -> Vec<u8> {
    let spec = tiny_spec();
    let mut config = tiny_config(&spec);
    adapt(&mut config);
    let mut random = Random(seed | 1);
    let mut builder = WeightsBuilder::new(&config);
    let layout = builder.layout().clone();
    let mut spans = vec![&layout.embedding];
    let mut norms = vec![(layout.final_norm, config.hidden)];
    for block in &layout.blocks {
        spans.extend([&block.qkv, &block.attention_out, &block.gate_up, &block.down]);
        norms.push((block.attention_norm, config.hidden));
        norms.push((block.feed_forward_norm, config.hidden));
        norms.extend(block.head_norms.iter().flatten().map(|&at| (at, config.head_dim)));
        norms.extend(block.qkv_bias.map(|at| (at, config.qkv_rows())));
    }
    spans.extend(&layout.output);
    for span in spans {
        let values: Vec<f32> = (0..span.rows * span.cols).map(|_| random.weight()).collect();
        builder.put_matrix(span, &values).unwrap();
    }
    for (at, len) in norms {
        let values: Vec<f32> = (0..len).map(|_| 1.0 + random.weight()).collect();
        builder.put_floats(at, &values);
    }
    builder.put_inv_freq(&inv_freq(10_000.0, config.head_dim));
    write_llmw(&Parts {
        config: &config,
        tokenizer: &spec,
        start_values,
        tensors: builder.finish().as_ref(),
        name: "tiny",
    })
    .unwrap()
}

/// A model with weights from `seed`.
pub fn tiny_model(seed: u64) -> Arc<Model> {
    Arc::new(Model::open(Storage::copy(&tiny_llmw(seed, |_| ()))).unwrap())
}

/// A model with weights from `seed` whose output layer can learn.
pub fn learning_model(seed: u64) -> Arc<Model> {
    let whole_rows = |config: &mut Config| (config.weight_group, config.activation_group) = (0, 0);
    let model = Model::open(Storage::copy(&tiny_llmw(seed, whole_rows))).unwrap();
    assert!(model.can_learn());
    Arc::new(model)
}

/// A tokenizer of 256 bytes in the form of a `tokenizer.json`.
pub fn byte_level_json() -> String {
    let printable = |b: u32| (0x21..=0x7e).contains(&b) || (0xa1..=0xac).contains(&b) || b >= 0xae;
    let mut next = 255;
    let mut letter = |byte: u32| {
        let other = !printable(byte);
        next += u32::from(other);
        char::from_u32(if other { next } else { byte }).unwrap()
    };
    let mut vocab: serde_json::Map<_, _> =
        (0..256).map(|byte| (letter(byte).to_string(), (byte + 1).into())).collect();
    vocab.extend([("th".to_owned(), 257.into()), ("he".to_owned(), 258.into())]);
    serde_json::json!({
        "added_tokens": [{ "id": 0, "content": "<s>", "special": true }],
        "pre_tokenizer": { "type": "ByteLevel", "add_prefix_space": false, "use_regex": true },
        "model": { "type": "BPE", "vocab": vocab, "merges": [["t", "h"], ["h", "e"]] },
    })
    .to_string()
}

/// The folder of test files beside the project, if it is here.
pub fn shared(what: &str) -> Option<PathBuf> {
    let beside = std::env::var_os("LLMZIP_SHARED").map(PathBuf::from);
    let root =
        beside.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    let path = root.join(what);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: ../shared/{what} is not here");
    None
}
