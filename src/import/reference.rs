//! The float model of candle-transformers beside ours: what quantisation costs.

use super::hf_config::HfConfig;
use crate::container::WindowPolicy;
use crate::error::{Error, Result};
use crate::kernels::Isa;
use crate::model::{Feed, Model, Session};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::qwen3;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Code lengths of one text under both models, cut into the same windows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Comparison {
    /// Bytes of text that were predicted.
    pub bytes: usize,
    /// Tokens that were predicted.
    pub tokens: usize,
    /// Ideal code length under the float model, in bits.
    pub float_bits: f64,
    /// Ideal code length under our integer frequencies, in bits.
    pub exact_bits: f64,
    /// Positions at which both hold the same token for the most likely.
    pub same_best: usize,
    /// Smallest cosine between the logits, over positions; our logits are logarithms of
    /// frequencies, and both sides are taken relative to their mean.
    pub worst_cosine: f64,
}

/// Runs `text`, cut into windows of the model's length, each after the start token, through both.
///
/// # Errors
/// `Unsupported` for an architecture without a reference, `Invalid` for a model that is not the
/// one in `dir`.
pub fn compare_with_float(model: &Arc<Model>, dir: &Path, text: &[u8]) -> Result<Comparison> {
    // Candle's AMX code keeps per-thread state that ours would disturb.
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| compare(model, dir, text));
        worker.join().unwrap_or_else(|_| Err(Error::invalid("the float model panicked")))
    })
}

fn compare(model: &Arc<Model>, dir: &Path, text: &[u8]) -> Result<Comparison> {
    let json = fs::read(dir.join("config.json"))?;
    let hf = HfConfig::parse(&json)?;
    let config: qwen3::Config = serde_json::from_slice(&json)
        .map_err(|e| Error::unsupported(format!("config.json for the float model: {e}")))?;
    let weights = candle_core::safetensors::load(dir.join("model.safetensors"), &Device::Cpu);
    let weights = VarBuilder::from_tensors(weights.map_err(candle)?, DType::F32, &Device::Cpu);
    let embedding = weights
        .get((hf.vocab_size, hf.hidden_size), "model.embed_tokens.weight")
        .map_err(candle)?;
    let float = qwen3::Model::new(&config, weights).map_err(candle)?;
    let spec = model.tokenizer().spec();
    let ids = spec.original_ids();
    let ranks = model.tokenizer().encode(text)?;
    let window = model.config().window;
    let isa = Isa::choose()?;
    let mut result = Comparison { worst_cosine: 1.0, ..Comparison::default() };
    for part in ranks.chunks(window - 1) {
        let mut input = vec![hf.start_token()?];
        input.extend(part.iter().map(|&rank| ids[rank as usize]));
        let logits = float_logits(&mut float.clone(), &embedding, &input)?;
        let mut session = Session::new(model.clone(), isa, 1, window, WindowPolicy::Slide, window)?;
        let mut tokens = vec![model.config().start_row];
        tokens.extend(part);
        session.advance(&[Feed { lane: 0, tokens: &tokens }], |_, at, frequencies| {
            let Some(&next) = part.get(at) else { return };
            let row: Vec<f64> = ids.iter().map(|&id| f64::from(logits[at][id as usize])).collect();
            let exact: Vec<f64> =
                frequencies.as_slice().iter().map(|&f| f64::from(f).ln()).collect();
            let next = next as usize;
            result.float_bits += (log_sum_exp(&row) - row[next]) / std::f64::consts::LN_2;
            result.exact_bits += (log_sum_exp(&exact) - exact[next]) / std::f64::consts::LN_2;
            result.same_best += usize::from(best(&row) == best(&exact));
            result.worst_cosine = result.worst_cosine.min(cosine(&row, &exact));
            result.tokens += 1;
            result.bytes += model.tokenizer().vocabulary().bytes(next as u32).len();
        });
    }
    Ok(result)
}

fn float_logits(
    float: &mut qwen3::Model,
    embedding: &Tensor,
    ids: &[u32],
) -> Result<Vec<Vec<f32>>> {
    let input = Tensor::new(ids, &Device::Cpu).and_then(|ids| ids.unsqueeze(0)).map_err(candle)?;
    let states = float.forward(&input, 0).and_then(|states| states.squeeze(0)).map_err(candle)?;
    let logits = embedding.t().and_then(|t| states.matmul(&t)).map_err(candle)?;
    logits.to_vec2().map_err(candle)
}

fn log_sum_exp(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest + values.iter().map(|v| (v - largest).exp()).sum::<f64>().ln()
}

fn best(values: &[f64]) -> usize {
    (0..values.len()).max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap_or(0)
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut dot, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (x - mean_a, y - mean_b);
        (dot, aa, bb) = (dot + x * y, aa + x * x, bb + y * y);
    }
    dot / (aa * bb).sqrt()
}

fn candle(error: candle_core::Error) -> Error {
    Error::invalid(error.to_string())
}
