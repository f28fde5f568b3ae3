//! A published model, from whatever files, into a `.llmw`, a few rows at a time.

use super::hf_config::{HfConfig, Quantisation};
use super::tensors::TensorSource;
use super::{gguf, hugging_face};
use crate::container::WindowPolicy;
use crate::error::{Error, Result};
use crate::kernels::Isa;
use crate::mixer::StartValues;
use crate::model::{
    Config, Feed, Layout, LinearSpan, Model, ModelId, Parts, Session, Storage, WeightsBuilder,
    write_llmw, write_llmw_file,
};
use crate::tokenizer::TokenizerSpec;
use std::path::Path;
use std::sync::Arc;

/// Rows that are floats in memory at once.
const ROWS_AT_ONCE: usize = 256;

/// Bits of a weight inside the blocks, and how they are chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bits {
    /// Rounded to the nearest of 255.
    Eight,
    /// Rounded to the nearest of 15.
    FourNearest,
    /// The nearest of 15, by the scale that spoils a group least.
    Four,
    /// The same, where an error counts as much as the column has energy when the model reads this
    /// text. The text takes part in the identity by what it does to the weights.
    FourCalibrated(Vec<u8>),
}

/// What may be chosen at import; it becomes part of the model's identity.
#[derive(Clone)]
pub struct ImportOptions {
    /// What to call the model.
    pub name: String,
    /// Input positions per scale, a multiple of 64; 0 for whole rows.
    pub group: usize,
    /// Largest magnitude of a quantised weight, 63 or 127.
    pub weight_max: i8,
    /// How weights inside the blocks are stored.
    pub bits: Bits,
    /// Bits of attention's weights, 8 or 15.
    pub attention_bits: u8,
    /// Positions a token sees; `None` for what the model was made for, at most 1,024.
    pub window: Option<usize>,
    /// What the mixer starts with.
    pub start_values: StartValues,
}

impl ImportOptions {
    /// How the builtin was made: whole rows within +-63, which AVX2 and WebAssembly multiply in
    /// pairs without overflow.
    pub fn builtin() -> ImportOptions {
        ImportOptions {
            name: crate::model::BUILTIN_NAME.to_owned(),
            group: 0,
            weight_max: 63,
            bits: Bits::Eight,
            attention_bits: 8,
            window: None,
            start_values: StartValues::generic(),
        }
    }

    /// What serves other models: groups small enough that a few outlier channels, which larger
    /// models have, spoil the scale of their neighbours only.
    pub fn large(name: &str) -> ImportOptions {
        ImportOptions {
            name: name.to_owned(),
            group: 64,
            weight_max: 127,
            bits: Bits::Eight,
            attention_bits: 15,
            window: None,
            start_values: StartValues::generic(),
        }
    }
}

/// A published model, opened.
pub(super) struct Published {
    pub(super) config: HfConfig,
    pub(super) spec: TokenizerSpec,
    pub(super) tensors: Box<dyn TensorSource>,
}

/// Opens a Hugging Face directory or a GGUF file.
pub(super) fn open(path: &Path) -> Result<Published> {
    if path.is_dir() { hugging_face::open(path) } else { gguf::open(path) }
}

/// Reads, quantises and packs the model in `path`, a Hugging Face directory or a GGUF file; the
/// same files give the same bytes everywhere.
///
/// # Errors
/// `Io`, or `Unsupported` and `Invalid` naming the file and the field or tensor.
pub fn import_model(path: &Path, options: &ImportOptions) -> Result<Vec<u8>> {
    import(path, options, write_llmw)
}

/// As [`import_model`], into a file that is created or replaced; memory stays at the size of the
/// quantised model and some rows.
///
/// # Errors
/// As [`import_model`].
pub fn import_to_file(path: &Path, options: &ImportOptions, target: &Path) -> Result<ModelId> {
    import(path, options, |parts| write_llmw_file(parts, target))
}

fn import<T>(
    path: &Path,
    options: &ImportOptions,
    write: impl FnOnce(&Parts<'_>) -> Result<T>,
) -> Result<T> {
    let Published { config: hf, spec, tensors } = open(path)?;
    let quantisation = Quantisation {
        group: options.group,
        weight_max: options.weight_max,
        weight_bits: if options.bits == Bits::Eight { 8 } else { 4 },
        attention_bits: options.attention_bits,
    };
    let mut config = hf.to_config(spec.tokens().len(), spec.duplicates().len(), quantisation)?;
    if let Some(window) = options.window {
        config.window = window;
        config.validate()?;
    }
    let mut frequencies = hf.inv_freq(config.head_dim)?;
    if tensors.shape(gguf::ROPE_FACTORS).is_some() {
        let factors = tensors.whole(gguf::ROPE_FACTORS, &[frequencies.len()])?;
        for (frequency, factor) in frequencies.iter_mut().zip(factors) {
            if !(factor.is_finite() && factor > 0.0) {
                return Err(Error::invalid(format!("a factor of {}", gguf::ROPE_FACTORS)));
            }
            *frequency /= f64::from(factor);
        }
    }
    let importance = match &options.bits {
        Bits::FourCalibrated(text) => calibrate(path, options, text)?,
        _ => Vec::new(),
    };
    let mut builder = WeightsBuilder::new(&config);
    if matches!(options.bits, Bits::Four | Bits::FourCalibrated(_)) {
        builder.search_scales();
    }
    let mut filler =
        Filler { builder, importance, config: &config, tensors: &*tensors, values: Vec::new() };
    filler.fill(&spec, hf.start_token()?)?;
    let mut builder = filler.builder;
    builder.put_inv_freq(&frequencies);
    write(&Parts {
        config: &config,
        tokenizer: &spec,
        start_values: &options.start_values,
        tensors: builder.finish().as_ref(),
        name: &options.name,
    })
}

/// What an error in each input column of each product costs, when the 8-bit model reads `text`.
///
/// Everything is our own arithmetic in a fixed order, so the numbers are the same everywhere.
fn calibrate(path: &Path, options: &ImportOptions, text: &[u8]) -> Result<Vec<Vec<f32>>> {
    let eight = ImportOptions { bits: Bits::Eight, ..options.clone() };
    let bytes = import(path, &eight, write_llmw)?;
    let model = Arc::new(Model::open_trusted(Storage::copy(&bytes))?);
    drop(bytes);
    let tokens = model.tokenizer().encode(text)?;
    let window = model.config().window.min(512);
    let isa = Isa::choose()?;
    let mut session = Session::new(model.clone(), isa, 1, window, WindowPolicy::Slide, 64)?;
    session.observe();
    let start = [model.config().start_row];
    session.advance(&[Feed { lane: 0, tokens: &start }], |_, _, _| ());
    session.advance(&[Feed { lane: 0, tokens: &tokens }], |_, _, _| ());
    let mut energies = session.observed();
    // Relative to their mean, so that f32 holds them; a column that the text never used counts a
    // little all the same.
    let scaled = |sums: &mut Vec<f64>| -> Vec<f32> {
        let mean = sums.iter().sum::<f64>() / sums.len().max(1) as f64;
        let mean = if mean > 0.0 { mean } else { 1.0 };
        sums.iter().map(|sum| (sum / mean + 1e-4) as f32).collect()
    };
    Ok(energies.iter_mut().map(scaled).collect())
}

/// Moves tensors to their places.
struct Filler<'a> {
    builder: WeightsBuilder,
    config: &'a Config,
    tensors: &'a dyn TensorSource,
    values: Vec<f32>,
    /// For each product of the blocks, in order, what an error in each column costs.
    importance: Vec<Vec<f32>>,
}

impl Filler<'_> {
    fn fill(&mut self, spec: &TokenizerSpec, start_token: u32) -> Result<()> {
        let layout: Layout = self.builder.layout().clone();
        let c = self.config;
        let mut ids: Vec<u32> = spec.original_ids().to_vec();
        ids.extend(spec.duplicates().iter().map(|&(_, id)| id));
        if let Some(output) = &layout.output {
            self.gather(output, 0, "lm_head.weight", &ids, None)?;
        }
        ids.push(start_token);
        self.gather(&layout.embedding, 0, "model.embed_tokens.weight", &ids, None)?;
        let (query, key, wide) = (c.heads * c.head_dim, c.kv_heads * c.head_dim, c.feed_forward);
        for (i, block) in layout.blocks.iter().enumerate() {
            let name = |part: &str| format!("model.layers.{i}.{part}");
            let parts =
                [("self_attn.q_proj", query), ("self_attn.k_proj", key), ("self_attn.v_proj", key)];
            self.stack(&block.qkv, 4 * i, &parts.map(|(part, rows)| (name(part), rows)))?;
            self.stack(&block.attention_out, 4 * i + 1, &[(name("self_attn.o_proj"), c.hidden)])?;
            let parts = [("mlp.gate_proj", wide), ("mlp.up_proj", wide)];
            self.stack(&block.gate_up, 4 * i + 2, &parts.map(|(part, rows)| (name(part), rows)))?;
            self.stack(&block.down, 4 * i + 3, &[(name("mlp.down_proj"), c.hidden)])?;
            self.vector(block.attention_norm, &name("input_layernorm.weight"), c.hidden)?;
            self.vector(
                block.feed_forward_norm,
                &name("post_attention_layernorm.weight"),
                c.hidden,
            )?;
            if let Some([query_norm, key_norm]) = block.head_norms {
                self.vector(query_norm, &name("self_attn.q_norm.weight"), c.head_dim)?;
                self.vector(key_norm, &name("self_attn.k_norm.weight"), c.head_dim)?;
            }
            if let Some(at) = block.qkv_bias {
                let mut at = at;
                for (part, rows) in parts_of_bias(query, key) {
                    self.vector(at, &name(part), rows)?;
                    at += 4 * rows;
                }
            }
        }
        self.vector(layout.final_norm, "model.norm.weight", c.hidden)
    }

    /// Matrices of so many rows, one below the other: a product of the blocks by its number.
    fn stack(
        &mut self,
        span: &LinearSpan,
        product: usize,
        parts: &[(String, usize)],
    ) -> Result<()> {
        let mut first = 0;
        for (part, n_rows) in parts {
            let name = format!("{part}.weight");
            self.tensors.expect(&name, &[*n_rows, span.cols])?;
            let ids: Vec<u32> = (0..*n_rows as u32).collect();
            self.gather(span, first, &name, &ids, Some(product))?;
            first += n_rows;
        }
        Ok(())
    }

    /// The named rows of a matrix, from row `first` of the span on.
    fn gather(
        &mut self,
        span: &LinearSpan,
        first: usize,
        name: &str,
        ids: &[u32],
        product: Option<usize>,
    ) -> Result<()> {
        let importance = product.and_then(|product| self.importance.get(product));
        let importance = importance.map_or(&[][..], Vec::as_slice);
        self.tensors.expect_rows(name, ids, span.cols)?;
        for (chunk, ids) in ids.chunks(ROWS_AT_ONCE).enumerate() {
            self.values.clear();
            self.tensors.rows(name, ids, &mut self.values)?;
            let row = first + chunk * ROWS_AT_ONCE;
            let put = self.builder.put_rows(span, row, &self.values, importance);
            put.map_err(|e| Error::invalid(format!("tensor {name}: {e}")))?;
        }
        Ok(())
    }

    fn vector(&mut self, at: usize, name: &str, len: usize) -> Result<()> {
        let values = self.tensors.whole(name, &[len])?;
        if !values.iter().all(|value| value.is_finite()) {
            return Err(Error::invalid(format!("tensor {name} has a value that is not finite")));
        }
        self.builder.put_floats(at, &values);
        Ok(())
    }
}

fn parts_of_bias(query: usize, key: usize) -> [(&'static str, usize); 3] {
    [
        ("self_attn.q_proj.bias", query),
        ("self_attn.k_proj.bias", key),
        ("self_attn.v_proj.bias", key),
    ]
}
