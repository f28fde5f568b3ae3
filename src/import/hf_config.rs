//! `config.json` as Hugging Face writes it, and what it means for our engine.

use super::rotary::{self, RopeParameters};
use crate::error::{Error, Result, shown};
use crate::model::{
    Architecture, Config, MAX_FEED_FORWARD, MAX_HEAD_DIM, MAX_HEADS, MAX_HIDDEN, MAX_LAYERS,
    MAX_ROWS, MAX_WINDOW, bounded,
};
use serde::Deserialize;

/// Rows of fewer numbers would take many times their size, since they are padded; no published model
/// has them.
const LEAST_WIDTH: usize = 64;

/// What transformers takes for `max_window_layers` where a file does not say.
const MAX_WINDOW_LAYERS: usize = 28;

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
    #[serde(default)]
    sliding_window: Option<usize>,
    max_window_layers: Option<usize>,
    layer_types: Option<Vec<String>>,
    quantization_config: Option<Quantised>,
}

/// Says that the weights are no floats.
#[derive(Debug, Deserialize)]
struct Quantised {
    quant_method: Option<String>,
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

/// What no file says: the numbers that we choose at import.
#[derive(Clone, Copy, Debug)]
pub struct Quantisation {
    /// Input positions per weight scale; 0 for whole rows.
    pub group: usize,
    /// Largest magnitude of a weight, 63 or 127.
    pub weight_max: i8,
    /// Bits of a weight, 8 or 4.
    pub weight_bits: u8,
    /// Input positions that share a step where weights have 4 bits, 32; else 0.
    pub weight_steps: usize,
    /// Bits of attention's weights, 8 or 15.
    pub attention_bits: u8,
}

impl HfConfig {
    /// Reads the JSON. Every size is then one that a model of this engine can have; whether the weights
    /// have it too, only they can say.
    ///
    /// # Errors
    /// `Unsupported`, naming the field.
    pub fn parse(json: &[u8]) -> Result<HfConfig> {
        let config: HfConfig = serde_json::from_slice(json)
            .map_err(|e| Error::unsupported(format!("configuration: {}", shown(&e.to_string()))))?;
        config.check_sizes()?;
        Ok(config)
    }

    /// Refuses numbers that no model of this engine has, so that whoever reads them from here on may
    /// count and multiply with them.
    fn check_sizes(&self) -> Result<()> {
        let kv_heads = self.num_key_value_heads.unwrap_or(1);
        for (field, value, bounds) in [
            ("hidden_size", self.hidden_size, LEAST_WIDTH..=MAX_HIDDEN),
            ("num_hidden_layers", self.num_hidden_layers, 1..=MAX_LAYERS),
            ("num_attention_heads", self.num_attention_heads, 1..=MAX_HEADS),
            ("num_key_value_heads", kv_heads, 1..=MAX_HEADS),
            ("head_dim", self.head_dim.unwrap_or(1), 1..=MAX_HEAD_DIM),
            ("intermediate_size", self.intermediate_size, LEAST_WIDTH..=MAX_FEED_FORWARD),
            ("vocab_size", self.vocab_size, 1..=MAX_ROWS),
        ] {
            bounded(&format!("configuration: {field}"), value, bounds)?;
        }
        let listed = self.layer_types.as_ref().map_or(0, Vec::len);
        bounded("configuration: the length of layer_types", listed, 0..=MAX_LAYERS)
    }

    /// The family, as the file calls it.
    pub fn model_type(&self) -> &str {
        &self.model_type
    }

    /// The token that stands before every text.
    ///
    /// # Errors
    /// `Unsupported` if the file names none.
    pub fn start_token(&self) -> Result<u32> {
        let first = |ids: &Option<Ids>| ids.as_ref().and_then(Ids::first);
        first(&self.bos_token_id).or_else(|| first(&self.eos_token_id)).ok_or_else(|| {
            Error::unsupported("configuration: neither bos_token_id nor eos_token_id")
        })
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
            // Mistral differs in that its layers may all have a window.
            "llama" | "mistral" => Architecture::Llama,
            other => return Err(unsupported("model_type", other)),
        };
        if let Some(act) = self.hidden_act.as_deref().filter(|act| *act != "silu") {
            return Err(unsupported("hidden_act", act));
        }
        if self.mlp_bias {
            return Err(unsupported("mlp_bias", "true"));
        }
        if let Some(quantised) = &self.quantization_config {
            let method = quantised.quant_method.as_deref().unwrap_or("present");
            return Err(unsupported("quantization_config", method));
        }
        if self.attention_bias && architecture != Architecture::Qwen2 {
            return Err(unsupported("attention_bias", "true"));
        }
        let config = Config {
            architecture,
            hidden: self.hidden_size,
            layers: self.num_hidden_layers,
            heads: self.num_attention_heads,
            kv_heads: self.kv_heads(),
            head_dim: self.head_dim(),
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
            block_windows: self.block_windows()?,
            keeps_start: false,
            weight_group: quantisation.group,
            activation_group: quantisation.group,
            weight_max: quantisation.weight_max,
            weight_bits: quantisation.weight_bits,
            weight_steps: quantisation.weight_steps,
            attention_bits: quantisation.attention_bits,
        };
        config.validate()?;
        Ok(config)
    }

    /// Positions that each layer's queries see, 0 for all: empty where all layers see all.
    ///
    /// `layer_types` says which layers slide; older files count them from `max_window_layers` on. Mistral's all do, if there
    /// is a `sliding_window`.
    ///
    /// # Errors
    /// `Unsupported` for another kind of attention, and for what contradicts itself.
    pub(super) fn block_windows(&self) -> Result<Vec<usize>> {
        if self.model_type == "mistral" {
            return Ok(match self.sliding_window {
                Some(window @ 1..=MAX_WINDOW) => vec![window; self.num_hidden_layers],
                _ => Vec::new(),
            });
        }
        let slides = match &self.layer_types {
            Some(types) => types.iter().map(|kind| slides(kind)).collect::<Result<Vec<_>>>()?,
            None => {
                let first = self.max_window_layers.unwrap_or(MAX_WINDOW_LAYERS);
                (0..self.num_hidden_layers).map(|i| self.use_sliding_window && i >= first).collect()
            }
        };
        if !slides.contains(&true) {
            return Ok(Vec::new());
        }
        if slides.len() != self.num_hidden_layers {
            return Err(unsupported("the length of layer_types", &slides.len().to_string()));
        }
        if !self.use_sliding_window || self.model_type == "llama" {
            return Err(unsupported("layer_types", "sliding_attention without use_sliding_window"));
        }
        let window = match self.sliding_window {
            Some(window) if window > 0 => window,
            _ => return Err(unsupported("sliding_window", "missing")),
        };
        // What reaches beyond every window that can be asked for hides nothing.
        if window > MAX_WINDOW {
            return Ok(Vec::new());
        }
        Ok(slides.into_iter().map(|slides| if slides { window } else { 0 }).collect())
    }

    /// Width of a head.
    pub(super) fn head_dim(&self) -> usize {
        self.head_dim.unwrap_or(self.hidden_size / self.num_attention_heads.max(1))
    }

    /// Key and value heads.
    pub(super) fn kv_heads(&self) -> usize {
        self.num_key_value_heads.unwrap_or(self.num_attention_heads)
    }

    /// Whether the output layer is the embedding.
    pub(super) fn tied(&self) -> bool {
        self.tie_word_embeddings
    }

    /// Epsilon of the norms.
    pub(super) fn rms_norm_eps(&self) -> f64 {
        self.rms_norm_eps
    }

    /// Base of the rotary frequencies.
    pub(super) fn rope_theta(&self) -> f64 {
        let nested = self.rope_parameters.as_ref().and_then(|p| p.rope_theta);
        nested.or(self.rope_theta).unwrap_or(10_000.0)
    }

    /// What stretches positions: newer files say it in `rope_parameters`, older ones in
    /// `rope_scaling`, some in both.
    pub(super) fn rope_scaling(&self) -> Option<&RopeParameters> {
        let mut all = [&self.rope_parameters, &self.rope_scaling].into_iter().flatten();
        all.clone().find(|parameters| parameters.scales()).or_else(|| all.next())
    }

    /// Frequencies of the rotary pairs, scaled as the configuration says.
    ///
    /// # Errors
    /// `Unsupported` for a scaling that is not known.
    pub fn inv_freq(&self, head_dim: usize) -> Result<Vec<f64>> {
        let mut frequencies = rotary::plain(self.rope_theta(), head_dim)?;
        if let Some(scaling) = self.rope_scaling() {
            scaling.apply(&mut frequencies)?;
        }
        rotary::check(&frequencies)?;
        Ok(frequencies)
    }
}

fn slides(kind: &str) -> Result<bool> {
    match kind {
        "full_attention" => Ok(false),
        "sliding_attention" => Ok(true),
        other => Err(unsupported("layer_types", other)),
    }
}

/// An error that names a field of the configuration.
pub(super) fn unsupported(field: &str, value: &str) -> Error {
    Error::unsupported(format!(
        "configuration: {field} is {}, which this engine does not know",
        shown(value)
    ))
}
