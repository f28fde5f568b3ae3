//! A float decoder whose layers may see windows of their own, put together from candle's operations: candle-transformers'
//! models let every layer see all, and its Llama gives the last position only, which takes as many runs as there are
//! tokens.

use crate::error::Result;
use crate::import::hf_config::HfConfig;
use candle_core::{Device, Module, Result as CandleResult, Tensor};
use candle_nn::{Embedding, Linear, RmsNorm, VarBuilder, embedding, linear_b, ops, rms_norm};

/// The decoder, without its output layer.
pub(super) struct Windowed {
    embedding: Embedding,
    layers: Vec<Layer>,
    norm: RmsNorm,
    /// Angles that a position turns each pair by.
    inv_freq: Vec<f64>,
}

struct Layer {
    attention_norm: RmsNorm,
    /// Of queries, keys, values and what attention gives.
    projections: [Linear; 4],
    /// Of queries and of keys, where the family has them.
    head_norms: Option<[RmsNorm; 2]>,
    feed_forward_norm: RmsNorm,
    gate: Linear,
    up: Linear,
    down: Linear,
    head_dim: usize,
    /// Positions that a query sees; 0 for all.
    window: usize,
}

impl Windowed {
    /// A decoder of the family that `hf` names, with `n_rows` tokens, of weights under Hugging Face's names and with these rotary frequencies.
    pub(super) fn new(
        hf: &HfConfig,
        n_rows: usize,
        weights: VarBuilder,
        inv_freq: Vec<f64>,
    ) -> Result<Windowed> {
        let windows = hf.block_windows()?;
        let window = |layer| windows.get(layer).copied().unwrap_or(0);
        let weights = weights.pp("model");
        let read = || -> CandleResult<Windowed> {
            let layers = weights.pp("layers");
            Ok(Windowed {
                embedding: embedding(n_rows, hf.hidden_size, weights.pp("embed_tokens"))?,
                layers: (0..hf.num_hidden_layers)
                    .map(|layer| Layer::new(hf, window(layer), layers.pp(layer)))
                    .collect::<CandleResult<_>>()?,
                norm: rms_norm(hf.hidden_size, hf.rms_norm_eps(), weights.pp("norm"))?,
                inv_freq,
            })
        };
        read().map_err(super::float::candle)
    }

    /// The last norm's rows for tokens of an empty context, `[position][hidden]`.
    pub(super) fn forward(&self, ids: &[u32]) -> CandleResult<Tensor> {
        let places: Vec<f32> = (0..ids.len()).map(|place| place as f32).collect();
        let places = Tensor::new(places, &Device::Cpu)?.unsqueeze(1)?;
        let inv_freq: Vec<f32> = self.inv_freq.iter().map(|&angle| angle as f32).collect();
        let angles = places.matmul(&Tensor::new(inv_freq, &Device::Cpu)?.unsqueeze(0)?)?;
        let turns = (angles.cos()?, angles.sin()?);
        let mut states = self.embedding.forward(&Tensor::new(ids, &Device::Cpu)?)?;
        for layer in &self.layers {
            states = (&states + layer.attention(&states, &turns)?)?;
            states = (&states + layer.feed_forward(&states)?)?;
        }
        self.norm.forward(&states)
    }
}

impl Layer {
    fn new(hf: &HfConfig, window: usize, weights: VarBuilder) -> CandleResult<Layer> {
        let (hidden, wide, eps) = (hf.hidden_size, hf.intermediate_size, hf.rms_norm_eps());
        let dim = hf.head_dim();
        let (query, key) = (hf.num_attention_heads * dim, hf.kv_heads() * dim);
        let (attention, mlp) = (weights.pp("self_attn"), weights.pp("mlp"));
        let biased = hf.model_type() == "qwen2";
        let project = |rows, name| linear_b(hidden, rows, biased, attention.pp(name));
        let head_norm = |name| rms_norm(dim, eps, attention.pp(name));
        let plain = |cols, rows, name| linear_b(cols, rows, false, mlp.pp(name));
        Ok(Layer {
            attention_norm: rms_norm(hidden, eps, weights.pp("input_layernorm"))?,
            projections: [
                project(query, "q_proj")?,
                project(key, "k_proj")?,
                project(key, "v_proj")?,
                linear_b(query, hidden, false, attention.pp("o_proj"))?,
            ],
            head_norms: match hf.model_type() {
                "qwen3" => Some([head_norm("q_norm")?, head_norm("k_norm")?]),
                _ => None,
            },
            feed_forward_norm: rms_norm(hidden, eps, weights.pp("post_attention_layernorm"))?,
            gate: plain(hidden, wide, "gate_proj")?,
            up: plain(hidden, wide, "up_proj")?,
            down: plain(wide, hidden, "down_proj")?,
            head_dim: dim,
            window,
        })
    }

    fn attention(&self, states: &Tensor, (cos, sin): &(Tensor, Tensor)) -> CandleResult<Tensor> {
        let normed = self.attention_norm.forward(states)?;
        let n = states.dim(0)?;
        let [query, key, value, out] = &self.projections;
        // `[head][position][head_dim]`
        let split = |product: &Linear| {
            product.forward(&normed)?.reshape((n, (), self.head_dim))?.transpose(0, 1)?.contiguous()
        };
        let (mut q, mut k, v) = (split(query)?, split(key)?, split(value)?);
        if let Some([query_norm, key_norm]) = &self.head_norms {
            (q, k) = (query_norm.forward(&q)?, key_norm.forward(&k)?);
        }
        let turn = |x: Tensor| candle_nn::rotary_emb::rope(&x.unsqueeze(0)?, cos, sin)?.squeeze(0);
        let (q, k) = (turn(q)?, turn(k)?);
        let group = q.dim(0)? / k.dim(0)?;
        let shared = |x: &Tensor| {
            let (heads, n, dim) = x.dims3()?;
            let all = x.unsqueeze(1)?.expand((heads, group, n, dim))?;
            all.contiguous()?.reshape((heads * group, n, dim))
        };
        let scores = (q.matmul(&shared(&k)?.t()?)? / (self.head_dim as f64).sqrt())?;
        let weights = ops::softmax_last_dim(&scores.broadcast_add(&self.mask(n)?)?)?;
        let mixed =
            weights.matmul(&shared(&v)?)?.transpose(0, 1)?.contiguous()?.reshape((n, ()))?;
        out.forward(&mixed)
    }

    /// 0 where a query sees a key, minus infinity elsewhere.
    fn mask(&self, n: usize) -> CandleResult<Tensor> {
        let window = if self.window == 0 { n } else { self.window };
        let sees = |query: usize, key: usize| key <= query && query - key < window;
        let cell = |i: usize| if sees(i / n, i % n) { 0f32 } else { f32::NEG_INFINITY };
        Tensor::from_iter((0..n * n).map(cell), &Device::Cpu)?.reshape((n, n))
    }

    fn feed_forward(&self, states: &Tensor) -> CandleResult<Tensor> {
        let normed = self.feed_forward_norm.forward(states)?;
        let gated = (ops::silu(&self.gate.forward(&normed)?)? * self.up.forward(&normed)?)?;
        self.down.forward(&gated)
    }
}
