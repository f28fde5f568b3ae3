//! What a model predicts of a text, and what quantisation costs.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use llmzip::Options;
use llmzip::import::{Comparison, ERROR_LIMITS_NATS, judge};
use serde_json::json;

use super::manage;
use crate::cli::messages::Messages;
use crate::cli::progress::Fetching;

/// For a look without a text of one's own.
const SAMPLE: &str = "It is a truth universally acknowledged, that a single man in possession of a good \
fortune, must be in want of a wife. However little known the feelings or views of such a man may be on \
his first entering a neighbourhood, this truth is so well fixed in the minds of the surrounding families, \
that he is considered as the rightful property of some one or other of their daughters.\n";

/// Runs the text through ours, and through the float model where its weights are known: they are in `dir`, or the model
/// itself is named by them.
pub fn check(
    name: &OsStr,
    text: Option<&Path>,
    dir: Option<&Path>,
    as_json: bool,
    messages: &Messages,
) -> anyhow::Result<String> {
    let path = Path::new(name);
    let source = dir.or_else(|| super::is_of_others(path).then_some(path));
    let text = match text {
        Some(path) => std::fs::read(path).context(path.display().to_string())?,
        None => SAMPLE.as_bytes().to_vec(),
    };
    if text.is_empty() {
        bail!("the text is empty");
    }
    let model = super::open(name, messages)?;
    let found = {
        let line = std::sync::Mutex::new(Fetching::new(!messages.is_quiet()));
        let begun = Instant::now();
        judge(&model, source, &text, &|done, total| {
            if let Ok(mut line) = line.lock() {
                line.count(&format!("{} tokens of {total}", done), done, total, begun.elapsed());
            }
        })?
    };
    let packed =
        llmzip::compress(&text, &Options { model: Some(model.clone()), ..Options::default() })?;
    model.check_unchanged()?;
    let memory = manage::memory_bytes(model.config(), model.stored_bytes() as u64);
    let float = source.map(|_| found.float_bits / found.bytes.max(1) as f64);
    let codec = packed.len() as f64 * 8.0 / text.len() as f64;
    let ours = found.exact_bits / found.bytes.max(1) as f64;
    if as_json {
        return json(model.name(), &found, memory, [float, Some(ours), Some(codec)]);
    }
    let mut out = format!("{} tokens, {} bytes\n", found.tokens, found.bytes);
    if let Some(float) = float {
        let speed = speed(&found, found.float_time);
        out += &format!(
            "{:<15}  {float:.4} bits per byte            {speed:>6.0} tokens/s\n",
            "float model"
        );
    }
    let over =
        float.map_or(String::new(), |float| format!("({:+.2} %)", 100.0 * (ours / float - 1.0)));
    let speed = speed(&found, found.exact_time);
    out += &format!(
        "{:<15}  {ours:.4} bits per byte {over:<10} {speed:>6.0} tokens/s\n",
        model.name()
    );
    out += &format!("{:<15}  {codec:.4} bits per byte, with mixing and frame\n", "as a file");
    out +=
        &format!("{:<15}  {:.0} MB with {} lanes\n", "memory", memory as f64 / 1e6, manage::LANES);
    out += &match float {
        Some(float) => format!(
            "expected loss {:.2} %, same most likely token at {:.1} % of the positions, cosine of the logits at least {:.5}\n{}",
            100.0 * found.divergence_bits / found.bytes.max(1) as f64 / float,
            100.0 * found.same_best as f64 / found.tokens.max(1) as f64,
            found.worst_cosine,
            histogram(&found.errors),
        ),
        None => "--dir names the files that it was made of, to compare with\n".to_owned(),
    };
    Ok(out)
}

/// How many logits are how far from the float model's.
fn histogram(errors: &[u64]) -> String {
    let all = errors.iter().sum::<u64>().max(1) as f64;
    let mut out = "errors of the logits, in nats\n".to_owned();
    for (i, &count) in errors.iter().enumerate() {
        let limits = match ERROR_LIMITS_NATS.get(i) {
            Some(limit) => format!("below {limit}"),
            None => "beyond".to_owned(),
        };
        let part = count as f64 / all;
        let line = format!(
            "  {limits:<10}  {:>5.1} %  {}",
            100.0 * part,
            "#".repeat((50.0 * part).round() as usize)
        );
        out += line.trim_end();
        out.push('\n');
    }
    out
}

fn json(
    name: &str,
    found: &Comparison,
    memory: u64,
    [float, ours, codec]: [Option<f64>; 3],
) -> anyhow::Result<String> {
    let document = json!({
        "name": name,
        "tokens": found.tokens,
        "bytes": found.bytes,
        "bits_per_byte": ours,
        "tokens_per_s": speed(found, found.exact_time),
        "memory_bytes": memory,
        "lanes": manage::LANES,
        "codec_bits_per_byte": codec,
        "float_bits_per_byte": float,
        "float_tokens_per_s": float.map(|_| speed(found, found.float_time)),
        "same_best": float.map(|_| found.same_best),
        "worst_cosine": float.map(|_| found.worst_cosine),
        "divergence_bits_per_byte": float.map(|_| found.divergence_bits / found.bytes.max(1) as f64),
        "error_limits_nats": float.map(|_| ERROR_LIMITS_NATS),
        "errors": float.map(|_| found.errors),
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn speed(found: &Comparison, time: Duration) -> f64 {
    found.tokens as f64 / time.as_secs_f64().max(1e-6)
}
