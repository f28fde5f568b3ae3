//! A model whose mixer begins with what it has learned from the user's own text.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use llmzip::codec::{LearnedStart, learn_start};
use llmzip::model::{Model, ModelId, Storage, seal_again_file};

use crate::cli::files::Temporary;
use crate::cli::messages::Messages;
use crate::cli::progress::Fetching;

/// The model in `file` with what its mixer should rather begin with, beside `wanted`; `None` where there are no texts to
/// learn from, or nothing is better than what it begins with anyway.
pub fn learned(
    file: &Path,
    wanted: &Path,
    texts: &[Vec<u8>],
    messages: &Messages,
) -> anyhow::Result<Option<(Temporary, ModelId)>> {
    if texts.is_empty() {
        return Ok(None);
    }
    let model = Arc::new(Model::open(Storage::from_file(file)?)?);
    let mut line = Fetching::new(!messages.is_quiet());
    let begun = Instant::now();
    let mut watch = |done, total| line.count("learning", done, total, begun.elapsed());
    let learned = learn_start(&model, texts, &mut watch).context("--learn")?;
    drop(line);
    tell(&learned, messages);
    if learned.after >= learned.before {
        return Ok(None);
    }
    let sealed = Temporary::beside(wanted, false).with_context(|| wanted.display().to_string())?;
    let id = seal_again_file(&model, &learned.values, sealed.path())?;
    Ok(Some((sealed, id)))
}

/// What it is worth.
fn tell(LearnedStart { held_out, before, after, .. }: &LearnedStart, messages: &Messages) {
    let gain = (1.0 - *after as f64 / *before as f64) * 100.0;
    let text = match after < before {
        true => format!(
            "{held_out} bytes that were held back become {before} bytes with the usual start of the mixer, \
             and {after} with what was learned ({gain:.1} % fewer)"
        ),
        false => format!(
            "the usual start of the mixer is as good for this text ({held_out} bytes that were held back become {before} \
             bytes, and {after} with what was learned): it stays"
        ),
    };
    messages.tell("--learn", &text);
}
