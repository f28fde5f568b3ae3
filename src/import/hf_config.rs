//! `config.json` as Hugging Face writes it, and what it means for our engine.

use crate::error::{Error, Result};
use crate::kernels::inv_freq;
use crate::model::{Architecture, Config};
use serde::Deserialize;

/// The fields of `config.json` that determine what a dense transformer computes.
///
/// `rope_theta` stands at the top level in older files and inside `rope_parameters` in those of
/// transformers 5; both are read.
#[derive(Debug, Deserialize)]
pub struct HfConfig {
    model_type: String,
    pub hidden_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    pub intermediate_size: usize,
    pub vocab_size: usize,
    rms_norm_eps: f64,
    #[serde(default)]
    tie_word_embeddings: bool,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
    hidden_act: Option<String>,
    max_position_embeddings: Option<usize>,
    bos_token_id: Option<Ids>,
    eos_token_id: Option<Ids>,
    rope_theta: Option<f64>,
    rope_parameters: Option<RopeParameters>,
    rope_scaling: Option<RopeParameters>,
    #[serde(default)]
    use_sliding_window: bool,
}

/// One id, or several of which the first counts.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Ids {
    One(u32),
    Many(Vec<u32>),
}

impl Ids {
    fn first(&self) -> Option<u32> {
        match self {
            Ids::One(id) => Some(*id),
            Ids::Many(ids) => ids.first().copied(),
        }
    }
}

#[derive(Debug, Deserialize)]
struct RopeParameters {
    rope_theta: Option<f64>,
    #[serde(alias = "type")]
    rope_type: Option<String>,
}

/// What no file says: the numbers that we choose at import.
#[derive(Clone, Copy, Debug)]
pub struct Quantisation {
    /// Input positions per weight scale; 0 for whole rows.
    pub group: usize,
    /// Largest magnitude of a weight, 63 or 127.
    pub weight_max: i8,
}

impl HfConfig {
    /// Reads the JSON.
    ///
    /// # Errors
    /// `Unsupported`, naming the field.
    pub fn parse(json: &[u8]) -> Result<HfConfig> {
        serde_json::from_slice(json).map_err(|e| Error::unsupported(format!("config.json: {e}")))
    }

    /// The token that stands before every text.
    ///
    /// # Errors
    /// `Unsupported` if the file names none.
    pub fn start_token(&self) -> Result<u32> {
        let first = |ids: &Option<Ids>| ids.as_ref().and_then(Ids::first);
        first(&self.bos_token_id)
            .or_else(|| first(&self.eos_token_id))
            .ok_or_else(|| Error::unsupported("config.json: neither bos_token_id nor eos_token_id"))
    }

    /// Our configuration for `coded` tokens, rows for `duplicates` of them, and the start row.
    ///
    /// # Errors
    /// `Unsupported`, naming what the engine cannot do.
    pub fn to_config(
        &self,
        coded: usize,
        duplicates: usize,
        quantisation: Quantisation,
    ) -> Result<Config> {
        let architecture = match self.model_type.as_str() {
            "qwen3" => Architecture::Qwen3,
            "qwen2" => Architecture::Qwen2,
            "llama" => Architecture::Llama,
            other => return Err(unsupported("model_type", other)),
        };
        if let Some(act) = self.hidden_act.as_deref().filter(|act| *act != "silu") {
            return Err(unsupported("hidden_act", act));
        }
        if self.mlp_bias || self.use_sliding_window {
            return Err(unsupported("mlp_bias or use_sliding_window", "true"));
        }
        if self.attention_bias && architecture != Architecture::Qwen2 {
            return Err(unsupported("attention_bias", "true"));
        }
        if self.num_attention_heads == 0 {
            return Err(unsupported("num_attention_heads", "0"));
        }
        let config = Config {
            architecture,
            hidden: self.hidden_size,
            layers: self.num_hidden_layers,
            heads: self.num_attention_heads,
            kv_heads: self.num_key_value_heads.unwrap_or(self.num_attention_heads),
            head_dim: self.head_dim.unwrap_or(self.hidden_size / self.num_attention_heads),
            feed_forward: self.intermediate_size,
            rows: coded + duplicates + 1,
            predicted: coded + duplicates,
            coded,
            start_row: (coded + duplicates) as u32,
            tied: self.tie_word_embeddings,
            qk_norm: architecture == Architecture::Qwen3,
            qkv_bias: architecture == Architecture::Qwen2,
            rms_eps_bits: (self.rms_norm_eps as f32).to_bits(),
            window: self.max_position_embeddings.unwrap_or(1024).min(1024),
            weight_group: quantisation.group,
            activation_group: quantisation.group,
            weight_max: quantisation.weight_max,
        };
        config.validate()?;
        Ok(config)
    }

    /// Frequencies of the rotary pairs.
    ///
    /// # Errors
    /// `Unsupported` for a scaling that is not known.
    pub fn inv_freq(&self, head_dim: usize) -> Result<Vec<f64>> {
        let parameters = [&self.rope_parameters, &self.rope_scaling];
        for scaling in parameters.into_iter().flatten() {
            let kind = scaling.rope_type.as_deref().unwrap_or("default");
            if kind != "default" {
                return Err(unsupported("rope_type", kind));
            }
        }
        let nested = self.rope_parameters.as_ref().and_then(|p| p.rope_theta);
        let theta = nested.or(self.rope_theta).unwrap_or(10_000.0);
        if !(theta.is_finite() && theta > 1.0) {
            return Err(unsupported("rope_theta", &theta.to_string()));
        }
        Ok(inv_freq(theta, head_dim))
    }
}

fn unsupported(field: &str, value: &str) -> Error {
    Error::unsupported(format!("config.json: {field} is {value}, which this engine does not know"))
}
