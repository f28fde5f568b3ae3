//! The shape of a transformer, and which shapes this engine takes.

use crate::error::{Error, Result};
use crate::kernels::STEP_COLS;
use serde::{Deserialize, Serialize};

/// The families whose forward pass this engine knows.
///
/// They share one structure (pre-norm, rotary positions, grouped-query attention, SwiGLU) and
/// differ in what [`Config::qk_norm`] and [`Config::qkv_bias`] switch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// Qwen3 dense: norms on the heads of q and k.
    Qwen3,
    /// Qwen2 and 2.5: biases on q, k and v.
    Qwen2,
    /// LLaMA and what follows it.
    Llama,
}

/// Everything about a model that is a number rather than a tensor.
///
/// Stored in the `.llmw` as JSON with exactly these fields; part of the model's identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Family.
    pub architecture: Architecture,
    /// Width of the residual stream.
    pub hidden: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; divides `heads`.
    pub kv_heads: usize,
    /// Width of a head, a multiple of 64.
    pub head_dim: usize,
    /// Inner width of the feed-forward part.
    pub feed_forward: usize,
    /// Rows of the embedding: the predicted ones, then the special ones.
    pub rows: usize,
    /// Rows of the output layer: the coded tokens in byte order, then further rows for bytes that
    /// a token before them has already.
    pub predicted: usize,
    /// Tokens that can be coded; the first rows.
    pub coded: usize,
    /// The row that stands before every lane.
    pub start_row: u32,
    /// Whether the output layer is the embedding.
    pub tied: bool,
    /// Whether heads of q and k are normalised.
    pub qk_norm: bool,
    /// Whether q, k and v have biases.
    pub qkv_bias: bool,
    /// The bits of the f32 epsilon of all norms.
    pub rms_eps_bits: u32,
    /// Positions a query sees at most, itself included, unless the user chooses otherwise.
    pub window: usize,
    /// The same for each block, where that is less; 0 for the window. Empty: all see the window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub block_windows: Vec<usize>,
    /// Whether the first position of a lane stays visible when the window slides. Models that were trained on whole
    /// contexts lay much of their attention on it, whatever it is, and fail without it (Xiao et al., "Efficient Streaming
    /// Language Models with Attention Sinks", 2023).
    #[serde(default, skip_serializing_if = "is_no")]
    pub keeps_start: bool,
    /// Input positions that share one weight scale; 0 for whole rows.
    pub weight_group: usize,
    /// Input positions that share one activation scale; 0 for whole rows.
    pub activation_group: usize,
    /// Largest magnitude of a quantised weight: 63 lets AVX2 multiply pairs exactly.
    pub weight_max: i8,
    /// Bits of attention's weights, 8 or 15.
    #[serde(default = "fifteen", skip_serializing_if = "is_fifteen")]
    pub attention_bits: u8,
    /// Bits of a weight inside the blocks, 8 or 4; the embedding and the output layer have 8.
    #[serde(default = "eight", skip_serializing_if = "is_eight")]
    pub weight_bits: u8,
    /// Input positions that share a step and an offset where weights have 4 bits: 32, or 0 for weights that are numbers
    /// from -8 to 7 of the scale, as files of before there were steps have them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub weight_steps: usize,
}

/// Files of before there were others do not name it.
fn eight() -> u8 {
    8
}

fn is_eight(bits: &u8) -> bool {
    *bits == 8
}

/// Files of before there was one do not name it.
fn is_no(keeps_start: &bool) -> bool {
    !keeps_start
}

/// Files of before there were any do not name them.
fn is_zero(steps: &usize) -> bool {
    *steps == 0
}

/// What serves any model.
fn fifteen() -> u8 {
    15
}

fn is_fifteen(bits: &u8) -> bool {
    *bits == 15
}

/// The longest window: attention's integer sums and buffers are sized for it.
pub const MAX_WINDOW: usize = 1 << 15;

/// The widest residual stream.
pub(crate) const MAX_HIDDEN: usize = 16_384;
/// The most blocks.
pub(crate) const MAX_LAYERS: usize = 256;
/// The most heads of queries.
pub(crate) const MAX_HEADS: usize = 256;
/// The widest head.
pub(crate) const MAX_HEAD_DIM: usize = 256;
/// The widest feed-forward part. Inner dimensions stay below 66,311, where a sum of u8 * i8 products
/// leaves i32.
pub(crate) const MAX_FEED_FORWARD: usize = 65_536;
/// The most rows of an embedding.
pub(crate) const MAX_ROWS: usize = 1 << 20;

/// Refuses a number beyond its bounds.
///
/// # Errors
/// `Unsupported`, naming it.
pub(crate) fn bounded(
    name: &str,
    value: usize,
    bounds: std::ops::RangeInclusive<usize>,
) -> Result<()> {
    match bounds.contains(&value) {
        true => Ok(()),
        false => Err(Error::unsupported(format!(
            "{name} is {value}, not in {}..={}",
            bounds.start(),
            bounds.end()
        ))),
    }
}

impl Config {
    /// Refuses shapes that the engine cannot run, before anything is allocated for them.
    ///
    /// # Errors
    /// `Unsupported`, naming the field.
    pub fn validate(&self) -> Result<()> {
        let bounded = |name: &str, value: usize, max: usize| {
            bounded(&format!("model: {name}"), value, 1..=max)
        };
        bounded("hidden", self.hidden, MAX_HIDDEN)?;
        bounded("layers", self.layers, MAX_LAYERS)?;
        bounded("heads", self.heads, MAX_HEADS)?;
        bounded("kv_heads", self.kv_heads, self.heads)?;
        bounded("head_dim", self.head_dim, MAX_HEAD_DIM)?;
        bounded("feed_forward", self.feed_forward, MAX_FEED_FORWARD)?;
        bounded("rows", self.rows, MAX_ROWS)?;
        bounded("predicted", self.predicted, self.rows)?;
        bounded("coded", self.coded, self.predicted)?;
        bounded("window", self.window, MAX_WINDOW)?;
        for &window in self.block_windows.iter().filter(|&&window| window > 0) {
            bounded("a block's window", window, MAX_WINDOW)?;
        }
        // A product of these queries has so many inner positions.
        bounded("heads * head_dim", self.heads * self.head_dim, MAX_FEED_FORWARD)?;
        let must = |holds: bool, what: &str| {
            if holds { Ok(()) } else { Err(Error::unsupported(format!("model: {what}"))) }
        };
        must(self.head_dim.is_multiple_of(64), "head_dim is not a multiple of 64")?;
        must(self.heads.is_multiple_of(self.kv_heads), "kv_heads does not divide heads")?;
        must((self.start_row as usize) < self.rows, "start_row is outside the embedding")?;
        must(self.weight_group.is_multiple_of(64), "weight_group is not a multiple of 64")?;
        must(self.activation_group == self.weight_group, "weight and activation groups differ")?;
        must(matches!(self.weight_max, 63 | 127), "weight_max is neither 63 nor 127")?;
        must(matches!(self.weight_bits, 4 | 8), "weight_bits is neither 4 nor 8")?;
        must(matches!(self.weight_steps, 0 | STEP_COLS), "weight_steps is neither 0 nor 32")?;
        must(self.weight_steps == 0 || self.weight_bits == 4, "steps of weights without 4 bits")?;
        must(matches!(self.attention_bits, 8 | 15), "attention_bits is neither 8 nor 15")?;
        let windows = self.block_windows.len();
        must(windows == 0 || windows == self.layers, "not every block has a window")?;
        // Every size and place of the tensors is then a usize, on machines of 32 bits too. A weight takes
        // a byte, and its part of the scale and correction of 64 of them an eighth of one.
        let bytes = self.padded_weights() / 4 * 5;
        must(bytes <= isize::MAX as u64, "its weights are more than this machine can address")?;
        let eps = self.rms_eps();
        must(eps > 0.0 && eps < 1.0, "the norm's epsilon is not between 0 and 1")
    }

    /// No fewer weights than are stored, padding included.
    fn padded_weights(&self) -> u64 {
        let wide = |n: usize| n.next_multiple_of(64) as u64;
        let (hidden, inner) = (wide(self.hidden), wide(self.feed_forward));
        let attention = wide(self.qkv_rows()) + wide(self.heads * self.head_dim);
        let block = hidden * (attention + 3 * inner + 64);
        self.layers as u64 * block + 2 * wide(self.rows) * hidden
    }

    /// Positions that a query of a block sees where the model's window is `window`.
    pub fn block_window(&self, block: usize, window: usize) -> usize {
        match self.block_windows.get(block) {
            None | Some(0) => window,
            Some(&narrow) => narrow.min(window),
        }
    }

    /// Whether the first position stays visible in a block where the model's window is `window`: not where it would be the
    /// only one, nor where the block was made for less.
    pub fn keeps_start_in(&self, block: usize, window: usize) -> bool {
        self.keeps_start && window > 1 && self.block_window(block, window) == window
    }

    /// Epsilon of the norms.
    pub fn rms_eps(&self) -> f32 {
        f32::from_bits(self.rms_eps_bits)
    }

    /// Rows of the fused q, k, v product.
    pub fn qkv_rows(&self) -> usize {
        (self.heads + 2 * self.kv_heads) * self.head_dim
    }

    /// Bytes of a weight of attention.
    pub fn attention_limbs(&self) -> usize {
        if self.attention_bits == 8 { 1 } else { 2 }
    }

    /// Query heads that share a key head.
    pub fn heads_per_kv(&self) -> usize {
        self.heads / self.kv_heads
    }

    /// Weights of all products, the embedding counted once if tied.
    pub fn parameters(&self) -> usize {
        let attention = self.hidden * self.qkv_rows() + self.heads * self.head_dim * self.hidden;
        let block = attention + 3 * self.hidden * self.feed_forward;
        self.layers * block + self.rows * self.hidden * if self.tied { 1 } else { 2 }
    }
}
