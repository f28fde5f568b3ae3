//! GGUF files: their metadata as a configuration and a tokenizer, their tensors by candle.
//!
//! The header is read and checked by us; candle gets nothing but the blocks of rows whose sizes are
//! known to be right.

mod header;
mod lists;
mod metadata;

use super::convert::Published;
use super::hf_config::HfConfig;
use super::tensors::TensorSource;
use super::volume::Volume;
use crate::error::{Error, Result};
use candle_core::Device;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::ggml_file::qtensor_from_ggml;
use header::{Header, Tensor};
use std::ops::Range;
use std::path::Path;

/// Divisors of the rotary frequencies, as Llama 3 files carry them instead of a formula.
pub(super) const ROPE_FACTORS: &str = "rope_freqs.weight";

/// Opens a file; tensors are read later.
pub(super) fn open(path: &Path) -> Result<Published> {
    let volume = Volume::open(path)?;
    let header = Header::read(&volume)?;
    let json = metadata::configuration(&header)?;
    let config = HfConfig::parse(json.to_string().as_bytes())?;
    let spec = metadata::tokenizer(&header, &volume, config.vocab_size)?;
    let permuted_heads =
        (config.model_type() == "llama").then(|| metadata::heads(&header)).transpose()?;
    let tensors = Box::new(Gguf { volume, header, permuted_heads });
    Ok(Published { config, spec, tensors })
}

/// The tensors of one file.
struct Gguf {
    volume: Volume,
    header: Header,
    /// Query and key heads, where the rows of their matrices are permuted.
    permuted_heads: Option<[usize; 2]>,
}

impl Gguf {
    fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.header.tensors.get(&gguf_name(name)?)
    }

    /// Rows as they lie in the file.
    fn read_stored(&self, tensor: &Tensor, rows: Range<usize>, out: &mut Vec<f32>) -> Result<()> {
        let row = tensor.row_len();
        let row_bytes = tensor.row_bytes();
        let mut bytes = vec![0; rows.len() * row_bytes];
        let at = self.header.data_start + tensor.offset + (rows.start * row_bytes) as u64;
        self.volume.read_at(at, &mut bytes)?;
        let dims = vec![rows.len(), row];
        let floats = qtensor_from_ggml(tensor.kind, &bytes, dims, &Device::Cpu)
            .and_then(|blocks| blocks.dequantize(&Device::Cpu))
            .and_then(|floats| floats.flatten_all())
            .and_then(|floats| floats.to_vec1::<f32>());
        out.extend(floats.map_err(|e| Error::invalid(e.to_string()))?);
        Ok(())
    }

    /// Heads of a matrix whose rows are permuted.
    fn permuted(&self, name: &str) -> Option<usize> {
        let [query, key] = self.permuted_heads?;
        if name.contains(".q_proj.") {
            Some(query)
        } else if name.contains(".k_proj.") {
            Some(key)
        } else {
            None
        }
    }
}

impl TensorSource for Gguf {
    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.tensor(name).map(|tensor| tensor.shape.clone())
    }

    fn read(&self, name: &str, rows: Range<usize>, out: &mut Vec<f32>) -> Result<()> {
        let tensor =
            self.tensor(name).ok_or_else(|| Error::invalid(format!("no tensor {name}")))?;
        if tensor.shape.len() == 1 {
            // A vector is one row of the file.
            let mut all = Vec::new();
            self.read_stored(tensor, 0..1, &mut all)?;
            out.extend_from_slice(&all[rows]);
            return Ok(());
        }
        let Some(heads) = self.permuted(name) else {
            return self.read_stored(tensor, rows, out);
        };
        // llama.cpp rotates neighbours, Hugging Face halves: row `2i + j` of a head is row
        // `j * half + i` of ours.
        let head_dim = tensor.shape[0] / heads;
        let half = head_dim / 2;
        for row in rows {
            let (head, within) = (row / head_dim, row % head_dim);
            let stored = head * head_dim + within % half * 2 + within / half;
            self.read_stored(tensor, stored..stored + 1, out)?;
        }
        Ok(())
    }
}

/// What a tensor of Hugging Face's naming is called in a GGUF.
fn gguf_name(name: &str) -> Option<String> {
    let whole = match name {
        "model.embed_tokens.weight" => "token_embd.weight",
        "lm_head.weight" => "output.weight",
        "model.norm.weight" => "output_norm.weight",
        ROPE_FACTORS => ROPE_FACTORS,
        _ => "",
    };
    if !whole.is_empty() {
        return Some(whole.to_owned());
    }
    let (layer, part) = name.strip_prefix("model.layers.")?.split_once('.')?;
    let (part, suffix) = part.rsplit_once('.')?;
    let part = match part {
        "self_attn.q_proj" => "attn_q",
        "self_attn.k_proj" => "attn_k",
        "self_attn.v_proj" => "attn_v",
        "self_attn.o_proj" => "attn_output",
        "self_attn.q_norm" => "attn_q_norm",
        "self_attn.k_norm" => "attn_k_norm",
        "input_layernorm" => "attn_norm",
        "post_attention_layernorm" => "ffn_norm",
        "mlp.gate_proj" => "ffn_gate",
        "mlp.up_proj" => "ffn_up",
        "mlp.down_proj" => "ffn_down",
        _ => return None,
    };
    Some(format!("blk.{layer}.{part}.{suffix}"))
}

/// The kinds of blocks that are read, by their number in the file.
fn kind_of(code: u32) -> Option<GgmlDType> {
    Some(match code {
        0 => GgmlDType::F32,
        1 => GgmlDType::F16,
        2 => GgmlDType::Q4_0,
        3 => GgmlDType::Q4_1,
        6 => GgmlDType::Q5_0,
        7 => GgmlDType::Q5_1,
        8 => GgmlDType::Q8_0,
        10 => GgmlDType::Q2K,
        11 => GgmlDType::Q3K,
        12 => GgmlDType::Q4K,
        13 => GgmlDType::Q5K,
        14 => GgmlDType::Q6K,
        30 => GgmlDType::BF16,
        _ => return None,
    })
}
