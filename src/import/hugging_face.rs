//! A Hugging Face directory (config.json, tokenizer.json, safetensors) into a `.llmw`.

use super::hf_config::{HfConfig, Quantisation};
use crate::error::{Error, Result};
use crate::mixer::StartValues;
use crate::model::{Config, LinearSpan, Parts, WeightsBuilder, write_llmw};
use crate::tokenizer::TokenizerSpec;
use candle_core::safetensors::MmapedSafetensors;
use candle_core::{DType, Device, Tensor};
use std::fs;
use std::path::{Path, PathBuf};

/// What may be chosen at import; it becomes part of the model's identity.
pub struct ImportOptions {
    /// What to call the model.
    pub name: String,
    /// Input positions per scale, a multiple of 64; 0 for whole rows.
    pub group: usize,
    /// Largest magnitude of a quantised weight, 63 or 127.
    pub weight_max: i8,
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
            window: None,
            start_values: StartValues::generic(),
        }
    }
}

/// Reads, quantises and packs the model in `dir`; the same files give the same bytes everywhere.
///
/// # Errors
/// `Io`, or `Unsupported` and `Invalid` naming the file and the field or tensor.
pub fn import_directory(dir: &Path, options: &ImportOptions) -> Result<Vec<u8>> {
    let hf = HfConfig::parse(&read(&dir.join("config.json"))?)?;
    let spec =
        TokenizerSpec::from_tokenizer_json(&read(&dir.join("tokenizer.json"))?, hf.vocab_size)?;
    let quantisation = Quantisation { group: options.group, weight_max: options.weight_max };
    let mut config = hf.to_config(spec.tokens().len(), spec.duplicates().len(), quantisation)?;
    if let Some(window) = options.window {
        config.window = window;
        config.validate()?;
    }
    let tensors = Tensors::open(dir)?;
    let mut ids: Vec<u32> = spec.original_ids().to_vec();
    ids.extend(spec.duplicates().iter().map(|&(_, id)| id));
    let mut builder = WeightsBuilder::new(&config);
    fill(&mut builder, &config, &tensors, &mut ids, hf.start_token()?)?;
    builder.put_inv_freq(&hf.inv_freq(config.head_dim)?);
    write_llmw(&Parts {
        config: &config,
        tokenizer: &spec,
        start_values: &options.start_values,
        tensors: builder.finish().as_ref(),
        name: &options.name,
    })
}

fn fill(
    builder: &mut WeightsBuilder,
    config: &Config,
    tensors: &Tensors,
    ids: &mut Vec<u32>,
    start_token: u32,
) -> Result<()> {
    let layout = builder.layout().clone();
    let c = config;
    if let Some(output) = &layout.output {
        let rows = tensors.rows("lm_head.weight", ids, c.hidden)?;
        builder.put_matrix(output, &rows)?;
    }
    ids.push(start_token);
    let rows = tensors.rows("model.embed_tokens.weight", ids, c.hidden)?;
    builder.put_matrix(&layout.embedding, &rows)?;
    for (i, block) in layout.blocks.iter().enumerate() {
        let name = |part: &str| format!("model.layers.{i}.{part}");
        let mut join = |span: &LinearSpan, parts: &[(&str, usize)]| -> Result<()> {
            let mut rows = Vec::with_capacity(span.rows * span.cols);
            for (part, n_rows) in parts {
                rows.extend(
                    tensors.floats(&name(&format!("{part}.weight")), &[*n_rows, span.cols])?,
                );
            }
            builder.put_matrix(span, &rows)
        };
        let (query, key) = (c.heads * c.head_dim, c.kv_heads * c.head_dim);
        let qkv =
            [("self_attn.q_proj", query), ("self_attn.k_proj", key), ("self_attn.v_proj", key)];
        join(&block.qkv, &qkv)?;
        join(&block.attention_out, &[("self_attn.o_proj", c.hidden)])?;
        join(
            &block.gate_up,
            &[("mlp.gate_proj", c.feed_forward), ("mlp.up_proj", c.feed_forward)],
        )?;
        join(&block.down, &[("mlp.down_proj", c.hidden)])?;
        let mut vector = |at: usize, part: &str, len: usize| -> Result<()> {
            builder.put_floats(at, &tensors.floats(&name(part), &[len])?);
            Ok(())
        };
        vector(block.attention_norm, "input_layernorm.weight", c.hidden)?;
        vector(block.feed_forward_norm, "post_attention_layernorm.weight", c.hidden)?;
        if let Some([query_norm, key_norm]) = block.head_norms {
            vector(query_norm, "self_attn.q_norm.weight", c.head_dim)?;
            vector(key_norm, "self_attn.k_norm.weight", c.head_dim)?;
        }
        if let Some(at) = block.qkv_bias {
            vector(at, "self_attn.q_proj.bias", query)?;
            vector(at + 4 * query, "self_attn.k_proj.bias", key)?;
            vector(at + 4 * (query + key), "self_attn.v_proj.bias", key)?;
        }
    }
    builder.put_floats(layout.final_norm, &tensors.floats("model.norm.weight", &[c.hidden])?);
    Ok(())
}

/// The tensors of all `*.safetensors` files of a directory.
struct Tensors {
    files: MmapedSafetensors,
}

impl Tensors {
    fn open(dir: &Path) -> Result<Tensors> {
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "safetensors") {
                paths.push(path);
            }
        }
        if paths.is_empty() {
            return Err(Error::invalid(format!("{}: no *.safetensors here", dir.display())));
        }
        paths.sort();
        // SAFETY: the maps are read-only; the files are not changed while they are imported.
        let files = unsafe { MmapedSafetensors::multi(&paths) }.map_err(candle)?;
        Ok(Tensors { files })
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let view = self.files.get(name).map_err(|_| Error::invalid(format!("no tensor {name}")))?;
        if view.shape() != shape {
            return Err(Error::invalid(format!(
                "tensor {name} has shape {:?}, the configuration says {shape:?}",
                view.shape()
            )));
        }
        self.files.load(name, &Device::Cpu).map_err(candle)
    }

    fn floats(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let tensor = self.tensor(name, shape)?.to_dtype(DType::F32).map_err(candle)?;
        tensor.flatten_all().and_then(|flat| flat.to_vec1()).map_err(candle)
    }

    /// The named rows of a matrix of any number of rows.
    fn rows(&self, name: &str, ids: &[u32], cols: usize) -> Result<Vec<f32>> {
        let view = self.files.get(name).map_err(|_| Error::invalid(format!("no tensor {name}")))?;
        let n_rows = view.shape().first().copied().unwrap_or(0);
        if let Some(id) = ids.iter().find(|&&id| id as usize >= n_rows) {
            return Err(Error::invalid(format!("tensor {name} has no row for token {id}")));
        }
        let all = self.tensor(name, &[n_rows, cols])?;
        let wanted = Tensor::new(ids, &Device::Cpu).map_err(candle)?;
        let rows = all.index_select(&wanted, 0).and_then(|rows| rows.to_dtype(DType::F32));
        rows.and_then(|rows| rows.flatten_all()).and_then(|flat| flat.to_vec1()).map_err(candle)
    }
}

fn candle(error: candle_core::Error) -> Error {
    Error::invalid(error.to_string())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path)
        .map_err(|e| Error::Io(std::io::Error::new(e.kind(), format!("{}: {e}", path.display()))))
}
