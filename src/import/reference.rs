//! The float model of candle-transformers beside ours: what quantisation costs.

mod float;
mod windowed;

use super::hf_config::Quantisation;
use super::{convert, expected};
use crate::container::WindowPolicy;
use crate::error::{Error, Result};
use crate::kernels::Isa;
use crate::model::{Feed, Model, Session};
use float::FloatModel;
use std::path::Path;
use std::sync::Arc;

/// Float logits that are in memory at once: 2^25 numbers, 128 MB.
const LOGITS_AT_ONCE: usize = 1 << 25;

/// The largest frequency is almost 2^29; 17 nats below it a frequency is 22, and rounding still matters
/// little.
const FLOOR_NATS: f64 = 17.0;

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
    /// frequencies, both sides are taken relative to their mean, and what is less likely than the
    /// frequencies can say is cut off on both.
    pub worst_cosine: f64,
}

/// Runs `text`, cut into windows of the model's length (or less, where the vocabulary is large),
/// each after the start token, through both: `model`, and the float weights in `source`, a Hugging
/// Face directory or a GGUF file.
///
/// # Errors
/// `Unsupported` for an architecture without a reference, `Invalid` for a model that is not the
/// one in `source`.
pub fn compare_with_float(model: &Arc<Model>, source: &Path, text: &[u8]) -> Result<Comparison> {
    // Candle's AMX code keeps per-thread state that ours would disturb.
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| compare(model, source, text));
        worker.join().unwrap_or_else(|_| Err(Error::invalid("the float model panicked")))
    })
}

fn compare(model: &Arc<Model>, source: &Path, text: &[u8]) -> Result<Comparison> {
    let published = convert::open(source)?;
    let spec = model.tokenizer().spec();
    if published.spec != *spec {
        return Err(Error::invalid(format!(
            "{}: not what {} was made of, the tokenizers differ",
            source.display(),
            model.name()
        )));
    }
    let quantisation = Quantisation {
        group: model.config().weight_group,
        weight_max: model.config().weight_max,
        weight_bits: model.config().weight_bits,
        attention_bits: model.config().attention_bits,
    };
    let (coded, duplicates) = (spec.tokens().len(), spec.duplicates().len());
    let config = published.config.to_config(coded, duplicates, quantisation)?;
    let start_token = published.config.start_token()?;
    expected::check(&*published.tensors, &config, spec, start_token)?;
    let ids = spec.original_ids();
    let ranks = model.tokenizer().encode(text)?;
    let window = model.config().window;
    let part_len = (window - 1).min(LOGITS_AT_ONCE / published.config.vocab_size).max(1);
    let float = FloatModel::load(&published, part_len + 1)?;
    drop(published);
    let isa = Isa::choose()?;
    let mut result = Comparison { worst_cosine: 1.0, ..Comparison::default() };
    for part in ranks.chunks(part_len) {
        let mut input = vec![start_token];
        input.extend(part.iter().map(|&rank| ids[rank as usize]));
        let logits = float.logits(&input)?;
        let mut session = Session::new(model.clone(), isa, 1, window, WindowPolicy::Slide, window)?;
        let mut tokens = vec![model.config().start_row];
        tokens.extend(part);
        session.advance(&[Feed { lane: 0, tokens: &tokens }], |_, at, frequencies| {
            let Some(&next) = part.get(at) else { return };
            let logit = |id: u32| f64::from(logits[at][id as usize]);
            let mut row: Vec<f64> = ids.iter().map(|&id| logit(id)).collect();
            // Several rows of the same bytes are one token.
            for &(rank, id) in spec.duplicates() {
                let one = &mut row[rank as usize];
                *one = log_sum_exp(&[*one, logit(id)]);
            }
            let exact: Vec<f64> =
                frequencies.as_slice().iter().map(|&f| f64::from(f).ln()).collect();
            let next = next as usize;
            result.float_bits += (log_sum_exp(&row) - row[next]) / std::f64::consts::LN_2;
            result.exact_bits += (log_sum_exp(&exact) - exact[next]) / std::f64::consts::LN_2;
            result.same_best += usize::from(best(&row) == best(&exact));
            let [row, exact] = [row, exact].map(above_the_floor);
            result.worst_cosine = result.worst_cosine.min(cosine(&row, &exact));
            result.tokens += 1;
            result.bytes += model.tokenizer().vocabulary().bytes(next as u32).len();
        });
    }
    Ok(result)
}

fn log_sum_exp(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest + values.iter().map(|v| (v - largest).exp()).sum::<f64>().ln()
}

/// Logits relative to the largest, none below the probability that a frequency of 1 stands for.
fn above_the_floor(values: Vec<f64>) -> Vec<f64> {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    values.into_iter().map(|value| (value - largest).max(-FLOOR_NATS)).collect()
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
