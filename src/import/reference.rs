//! The float model of candle-transformers beside ours: what quantisation costs.

mod float;
mod windowed;

use super::hf_config::Quantisation;
use super::{convert, expected};
use crate::container::WindowPolicy;
use crate::error::{Error, Result};
use crate::kernels::{Isa, LARGEST_FREQUENCY};
use crate::model::{Feed, Model, Session};
use crate::tokenizer::TokenizerSpec;
use float::FloatModel;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Float logits that are in memory at once: 2^25 numbers, 128 MB.
const LOGITS_AT_ONCE: usize = 1 << 25;

/// The largest frequency is almost 2^29; 17 nats below it a frequency is 22, and rounding still matters
/// little.
const FLOOR_NATS: f64 = 17.0;

/// Errors of logits are counted below these.
pub const ERROR_LIMITS_NATS: [f64; 7] = [0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0];

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
    /// What coding by our frequencies would cost above the float model if the float model were right (the sum of their
    /// Kullback-Leibler divergences), in bits. What a text really costs scatters around it by chance.
    pub divergence_bits: f64,
    /// How far logits are from the float model's, relative to the largest of a position each, for all tokens that the
    /// frequencies can tell apart: a count for each limit of [`ERROR_LIMITS_NATS`], and one for what is beyond.
    pub errors: [u64; ERROR_LIMITS_NATS.len() + 1],
    /// Positions at which both hold the same token for the most likely.
    pub same_best: usize,
    /// Smallest cosine between the logits, over positions; our logits are logarithms of
    /// frequencies, both sides are taken relative to their mean, and what is less likely than the
    /// frequencies can say is cut off on both.
    pub worst_cosine: f64,
    /// Time that the float model took for all tokens.
    pub float_time: Duration,
    /// Time that ours took.
    pub exact_time: Duration,
}

/// Runs `text`, cut into windows of the model's length (or less, where the vocabulary is large),
/// each after the start token, through both: `model`, and the float weights in `source`, a Hugging
/// Face directory or a GGUF file.
///
/// # Errors
/// `Unsupported` for an architecture without a reference, `Invalid` for a model that is not the
/// one in `source`.
pub fn compare_with_float(model: &Arc<Model>, source: &Path, text: &[u8]) -> Result<Comparison> {
    judge(model, Some(source), text, &|_, _| ())
}

/// As [`compare_with_float`], or without a float model, whose figures are 0 then; `watch` is told how many tokens of how
/// many are done.
///
/// # Errors
/// As [`compare_with_float`].
pub fn judge(
    model: &Arc<Model>,
    source: Option<&Path>,
    text: &[u8],
    watch: &(dyn Fn(usize, usize) + Sync),
) -> Result<Comparison> {
    // Candle's AMX code keeps per-thread state that ours would disturb.
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| compare(model, source, text, watch));
        worker.join().unwrap_or_else(|_| Err(Error::invalid("the float model panicked")))
    })
}

/// The float model of a source that `model` can have been made of, and the id of its start token.
fn float_of(model: &Model, source: &Path, part_len: usize) -> Result<(FloatModel, u32)> {
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
        weight_steps: model.config().weight_steps,
        attention_bits: model.config().attention_bits,
    };
    let (coded, duplicates) = (spec.tokens().len(), spec.duplicates().len());
    let config = published.config.to_config(coded, duplicates, quantisation)?;
    let start_token = published.config.start_token()?;
    expected::check(&*published.tensors, &config, spec, start_token)?;
    Ok((FloatModel::load(&published, part_len + 1)?, start_token))
}

fn compare(
    model: &Arc<Model>,
    source: Option<&Path>,
    text: &[u8],
    watch: &(dyn Fn(usize, usize) + Sync),
) -> Result<Comparison> {
    let spec = model.tokenizer().spec();
    let ids = spec.original_ids();
    let ranks = model.tokenizer().encode(text)?;
    let window = model.config().window;
    // Of the same length with and without a float model, so that the figures are the same.
    let part_len = (window - 1).min(LOGITS_AT_ONCE / model.config().predicted.max(1)).max(1);
    let float = source.map(|source| float_of(model, source, part_len)).transpose()?;
    let isa = Isa::choose()?;
    let mut result = Comparison { worst_cosine: 1.0, ..Comparison::default() };
    for part in ranks.chunks(part_len) {
        let logits = match &float {
            None => Vec::new(),
            Some((float, start_token)) => {
                let begun = Instant::now();
                let mut input = vec![*start_token];
                input.extend(part.iter().map(|&rank| ids[rank as usize]));
                let logits = float.logits(&input)?;
                result.float_time += begun.elapsed();
                logits
            }
        };
        let mut session = Session::new(model.clone(), isa, 1, window, WindowPolicy::Slide, window)?;
        session.spread(crate::parallel::threads());
        let mut tokens = vec![model.config().start_row];
        tokens.extend(part);
        let (begun, mut comparing) = (Instant::now(), Duration::ZERO);
        session.advance(&[Feed { lane: 0, tokens: &tokens }], |_, at, frequencies| {
            let Some(&next) = part.get(at) else { return };
            let begun = Instant::now();
            let frequencies = frequencies.as_slice();
            let total: u64 = frequencies.iter().map(|&f| u64::from(f)).sum();
            let next = next as usize;
            result.exact_bits += (total as f64).log2() - f64::from(frequencies[next]).log2();
            result.tokens += 1;
            result.bytes += model.tokenizer().vocabulary().bytes(next as u32).len();
            if let Some(logits) = logits.get(at) {
                result.add_position(logits, spec, frequencies, next);
            }
            if result.tokens.is_multiple_of(64) {
                watch(result.tokens, ranks.len());
            }
            comparing += begun.elapsed();
        });
        result.exact_time += begun.elapsed().saturating_sub(comparing);
        watch(result.tokens, ranks.len());
    }
    Ok(result)
}

impl Comparison {
    /// What the two say after some position, behind which `next` comes.
    fn add_position(
        &mut self,
        logits: &[f32],
        spec: &TokenizerSpec,
        frequencies: &[u32],
        next: usize,
    ) {
        let logit = |id: u32| f64::from(logits[id as usize]);
        let mut row: Vec<f64> = spec.original_ids().iter().map(|&id| logit(id)).collect();
        // What has no row is not for the float model to say.
        spec.rowless().iter().for_each(|&rank| row[rank as usize] = f64::NEG_INFINITY);
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let least = largest - f64::from(LARGEST_FREQUENCY).ln();
        spec.rowless().iter().for_each(|&rank| row[rank as usize] = least);
        // Several rows of the same bytes are one token.
        for &(rank, id) in spec.duplicates() {
            let one = &mut row[rank as usize];
            *one = log_sum_exp(&[*one, logit(id)]);
        }
        let exact: Vec<f64> = frequencies.iter().map(|&f| f64::from(f).ln()).collect();
        let (row_total, exact_total) = (log_sum_exp(&row), log_sum_exp(&exact));
        self.float_bits += (row_total - row[next]) / std::f64::consts::LN_2;
        let divergence = |(&row, &exact): (&f64, &f64)| {
            let (row, exact) = (row - row_total, exact - exact_total);
            if row > f64::NEG_INFINITY { row.exp() * (row - exact) } else { 0.0 }
        };
        self.divergence_bits +=
            row.iter().zip(&exact).map(divergence).sum::<f64>() / std::f64::consts::LN_2;
        self.same_best += usize::from(best(&row) == best(&exact));
        let [row, exact] = [row, exact].map(above_the_floor);
        for (row, exact) in row.iter().zip(&exact).filter(|(row, _)| **row > -FLOOR_NATS) {
            let error = (row - exact).abs();
            self.errors[ERROR_LIMITS_NATS.partition_point(|&limit| limit <= error)] += 1;
        }
        self.worst_cosine = self.worst_cosine.min(cosine(&row, &exact));
    }
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
