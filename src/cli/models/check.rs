//! What quantisation costs, on a text.

use std::path::Path;

use anyhow::Context;
use llmzip::import::compare_with_float;

/// For a look without a text of one's own.
const SAMPLE: &str = "It is a truth universally acknowledged, that a single man in possession of a good \
fortune, must be in want of a wife. However little known the feelings or views of such a man may be on \
his first entering a neighbourhood, this truth is so well fixed in the minds of the surrounding families, \
that he is considered as the rightful property of some one or other of their daughters.\n";

/// Runs the text through the float model and ours.
pub fn check(name: &str, text: Option<&Path>, dir: &Path) -> anyhow::Result<String> {
    let model = super::by_name(name)?;
    let text = match text {
        Some(path) => std::fs::read(path).context(path.display().to_string())?,
        None => SAMPLE.as_bytes().to_vec(),
    };
    let found = compare_with_float(&model, dir, &text)?;
    model.check_unchanged()?;
    let per_byte = |bits: f64| bits / found.bytes.max(1) as f64;
    let (float, ours) = (per_byte(found.float_bits), per_byte(found.exact_bits));
    Ok(format!(
        "{} tokens, {} bytes\nfloat model  {float:.4} bits per byte\n{:<11}  {ours:.4} bits per byte \
         ({:+.2} %)\nsame most likely token at {:.1} % of the positions, cosine of the logits at least \
         {:.5}\n",
        found.tokens,
        found.bytes,
        model.name(),
        100.0 * (ours / float - 1.0),
        100.0 * found.same_best as f64 / found.tokens.max(1) as f64,
        found.worst_cosine,
    ))
}
