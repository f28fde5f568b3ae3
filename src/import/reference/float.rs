//! candle-transformers' models, and one of our own for layers with windows, filled from any source of weights.
//!
//! Their configurations are put together here instead of being parsed by candle, which does not
//! know the newer form of config.json (or takes it silently for another frequency base).

use super::windowed::Windowed;
use crate::error::{Error, Result};
use crate::import::convert::{Published, frequencies};
use crate::import::hf_config::HfConfig;
use candle_core::{DType, Device, Tensor};
use candle_nn::{Activation, VarBuilder};
use candle_transformers::models::{qwen2, qwen3};
use std::collections::HashMap;

/// A float model of any family.
pub(super) struct FloatModel {
    family: Family,
    /// `[vocabulary][hidden]`
    output: Tensor,
}

enum Family {
    Qwen3(qwen3::Model),
    Qwen2(qwen2::Model),
    Windowed(Windowed),
}

impl FloatModel {
    /// Reads all weights as f32; positions below `n_positions` can be run.
    ///
    /// # Errors
    /// `Unsupported` for what candle cannot compute.
    pub(super) fn load(published: &Published, n_positions: usize) -> Result<FloatModel> {
        let hf = &published.config;
        let tensors = all_tensors(published)?;
        let embedding = tensors["model.embed_tokens.weight"].clone();
        let output = tensors.get("lm_head.weight").unwrap_or(&embedding).clone();
        let weights = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        let n_rows = embedding.dim(0).map_err(candle)?;
        let positions = n_positions.next_multiple_of(64);
        let frequencies = frequencies(hf, &*published.tensors)?;
        let scaled = hf.rope_scaling().is_some_and(|scaling| scaling.scales());
        let is_llama = ["llama", "mistral"].contains(&hf.model_type());
        if scaled && !is_llama {
            return Err(Error::unsupported("candle does not scale the positions of this family"));
        }
        let family = match hf.model_type() {
            _ if is_llama || !hf.block_windows()?.is_empty() => {
                Family::Windowed(Windowed::new(hf, n_rows, weights, frequencies)?)
            }
            "qwen3" => Family::Qwen3(
                qwen3::Model::new(&qwen3(hf, n_rows, positions), weights).map_err(candle)?,
            ),
            "qwen2" => Family::Qwen2(
                qwen2::Model::new(&qwen2(hf, n_rows, positions), weights).map_err(candle)?,
            ),
            other => return Err(Error::unsupported(format!("no float model for {other}"))),
        };
        Ok(FloatModel { family, output })
    }

    /// The logits after each of `ids`, from an empty context.
    pub(super) fn logits(&self, ids: &[u32]) -> Result<Vec<Vec<f32>>> {
        let input =
            Tensor::new(ids, &Device::Cpu).and_then(|ids| ids.unsqueeze(0)).map_err(candle)?;
        // A clone has its own, empty cache and shares the weights.
        let first = |states: Tensor| states.squeeze(0);
        let states = match &self.family {
            Family::Qwen3(model) => model.clone().forward(&input, 0).and_then(first),
            Family::Qwen2(model) => model.clone().forward(&input, 0, None).and_then(first),
            Family::Windowed(model) => model.forward(ids),
        };
        let logits = states.and_then(|states| states.matmul(&self.output.t()?)).map_err(candle)?;
        logits.to_vec2().map_err(candle)
    }
}

/// Every tensor that the family has, under Hugging Face's names.
fn all_tensors(published: &Published) -> Result<HashMap<String, Tensor>> {
    let mut names = vec!["model.embed_tokens.weight".to_owned(), "model.norm.weight".to_owned()];
    names.push("lm_head.weight".to_owned());
    let parts = [
        "input_layernorm.weight",
        "post_attention_layernorm.weight",
        "self_attn.q_proj.weight",
        "self_attn.k_proj.weight",
        "self_attn.v_proj.weight",
        "self_attn.o_proj.weight",
        "self_attn.q_proj.bias",
        "self_attn.k_proj.bias",
        "self_attn.v_proj.bias",
        "self_attn.q_norm.weight",
        "self_attn.k_norm.weight",
        "mlp.gate_proj.weight",
        "mlp.up_proj.weight",
        "mlp.down_proj.weight",
    ];
    for layer in 0..published.config.num_hidden_layers {
        names.extend(parts.map(|part| format!("model.layers.{layer}.{part}")));
    }
    let mut tensors = HashMap::new();
    for name in names {
        // Which of them a family has, its own loader knows.
        if let Some(shape) = published.tensors.shape(&name) {
            let values = published.tensors.whole(&name, &shape)?;
            let tensor = Tensor::from_vec(values, shape, &Device::Cpu).map_err(candle)?;
            tensors.insert(name, tensor);
        }
    }
    // Bytes without a row stand behind the last one, and are zeros to us.
    if !published.spec.rowless().is_empty() {
        for name in ["model.embed_tokens.weight", "lm_head.weight"] {
            if let Some(tensor) = tensors.get_mut(name) {
                *tensor = tensor.pad_with_zeros(0, 0, 1).map_err(candle)?;
            }
        }
    }
    if !tensors.contains_key("model.embed_tokens.weight") {
        return Err(Error::invalid("no tensor model.embed_tokens.weight"));
    }
    if published.config.tied() {
        tensors.remove("lm_head.weight");
    }
    Ok(tensors)
}

fn qwen3(hf: &HfConfig, n_rows: usize, positions: usize) -> qwen3::Config {
    qwen3::Config {
        vocab_size: n_rows,
        hidden_size: hf.hidden_size,
        intermediate_size: hf.intermediate_size,
        num_hidden_layers: hf.num_hidden_layers,
        num_attention_heads: hf.num_attention_heads,
        head_dim: hf.head_dim(),
        attention_bias: false,
        num_key_value_heads: hf.kv_heads(),
        max_position_embeddings: positions,
        sliding_window: None,
        max_window_layers: 0,
        tie_word_embeddings: hf.tied(),
        rope_theta: hf.rope_theta(),
        rms_norm_eps: hf.rms_norm_eps(),
        use_sliding_window: false,
        hidden_act: Activation::Silu,
    }
}

fn qwen2(hf: &HfConfig, n_rows: usize, positions: usize) -> qwen2::Config {
    qwen2::Config {
        vocab_size: n_rows,
        hidden_size: hf.hidden_size,
        intermediate_size: hf.intermediate_size,
        num_hidden_layers: hf.num_hidden_layers,
        num_attention_heads: hf.num_attention_heads,
        num_key_value_heads: hf.kv_heads(),
        max_position_embeddings: positions,
        // As long as the context, so that it hides nothing.
        sliding_window: positions,
        max_window_layers: 0,
        tie_word_embeddings: hf.tied(),
        rope_theta: hf.rope_theta(),
        rms_norm_eps: hf.rms_norm_eps(),
        use_sliding_window: false,
        hidden_act: Activation::Silu,
    }
}

pub(super) fn candle(error: candle_core::Error) -> Error {
    Error::invalid(error.to_string())
}

#[cfg(test)]
mod tests;
