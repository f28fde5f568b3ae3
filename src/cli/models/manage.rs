//! The models that are here: list, info, verify, remove.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use llmzip::codec::Codec;
use llmzip::import::{CachedModel, KNOWN_MODELS, KnownModel, ModelCache, inspect_onnx, is_onnx};
use llmzip::model::{BUILTIN_NAME, Config, Model, ModelSummary, Session, builtin, inspect_llmw};
use serde_json::json;

use super::graph;

/// Lanes that the figure of memory is given for.
pub const LANES: usize = 8;

/// The builtin, what is cached, and what has a name.
pub fn list(as_json: bool) -> anyhow::Result<String> {
    let model = builtin();
    let mut here = vec![("builtin", summary_of(&model))];
    let cache = ModelCache::from_env()?;
    here.extend(cache.list()?.into_iter().map(|cached| ("cached", cached.summary)));
    let is_here = |known: &KnownModel| here.iter().any(|(_, model)| model.name == known.name);
    let absent: Vec<_> = KNOWN_MODELS.iter().filter(|known| !is_here(known)).collect();
    if as_json {
        let mut rows: Vec<_> = here
            .iter()
            .map(|(state, model)| {
                json!({
                    "name": model.name,
                    "state": state,
                    "identity": model.id.to_string(),
                    "bytes": model.bytes,
                    "parameters": model.config.parameters(),
                    "window": model.config.window,
                    "memory_bytes": memory_bytes(&model.config, model.bytes),
                })
            })
            .collect();
        rows.extend(absent.iter().map(|known| {
            json!({
                "name": known.name,
                "state": "known",
                "repository": known.repository,
                "revision": known.revision,
                "parameters": (known.million_parameters * 1e6) as u64,
                "context": known.context,
            })
        }));
        return Ok(serde_json::to_string_pretty(&rows)? + "\n");
    }
    let mut out = format!(
        "{:<16}  {:<7}  {:>10}  {:>9}  {:>9}  {:>7}  {}\n",
        "name", "state", "parameters", "size", "memory", "window", "identity (SHA-256)"
    );
    for (state, model) in &here {
        writeln!(
            out,
            "{:<16}  {state:<7}  {:>9.1}M  {:>6.1} MB  {:>6.0} MB  {:>7}  {}",
            model.name,
            model.config.parameters() as f64 / 1e6,
            model.bytes as f64 / 1e6,
            memory_bytes(&model.config, model.bytes) as f64 / 1e6,
            model.config.window,
            model.id,
        )?;
    }
    for known in absent {
        let pin = if known.revision.is_some() { "pinned" } else { "not pinned" };
        writeln!(
            out,
            "{:<16}  {:<7}  {:>9.1}M  {:>9}  {:>9}  {:>7}  {} ({pin}); `llmzip models pull {}`",
            known.name,
            "known",
            known.million_parameters,
            "-",
            "-",
            known.context.min(1024),
            known.repository,
            known.name,
        )?;
    }
    writeln!(out, "\nMemory is for {LANES} lanes. Models are kept in {}.", cache.dir().display())?;
    Ok(out)
}

fn summary_of(model: &Model) -> ModelSummary {
    ModelSummary {
        id: *model.id(),
        name: model.name().to_owned(),
        config: model.config().clone(),
        bytes: model.stored_bytes() as u64,
    }
}

/// The weights and a session.
pub fn memory_bytes(config: &Config, bytes: u64) -> u64 {
    bytes + Session::memory_bytes(config, LANES, config.window, 1, usize::MAX, 1) as u64
}

/// A cached model, or a file.
pub enum Found {
    Builtin,
    Cached(Box<CachedModel>),
}

/// The model of this name: the builtin, one of the cache, or a `.llmw`.
pub fn find(name: &str) -> anyhow::Result<Found> {
    if name == BUILTIN_NAME {
        return Ok(Found::Builtin);
    }
    if let Some(cached) = ModelCache::from_env()?.find(name)? {
        return Ok(Found::Cached(Box::new(cached)));
    }
    let path = Path::new(name);
    if path.is_file() {
        let summary = inspect_llmw(path).context(name.to_owned())?;
        return Ok(Found::Cached(Box::new(CachedModel { path: path.to_owned(), summary })));
    }
    bail!("no model {name:?} is here; `llmzip models list` names those that are")
}

/// What a model is.
pub fn info(name: &str) -> anyhow::Result<String> {
    if is_onnx(Path::new(name)) && ModelCache::from_env()?.find(name)?.is_none() {
        return Ok(graph::describe(&inspect_onnx(Path::new(name))?));
    }
    let (place, summary) = match find(name)? {
        Found::Builtin => ("inside the program".to_owned(), summary_of(&builtin())),
        Found::Cached(cached) => (cached.path.display().to_string(), cached.summary),
    };
    let c = &summary.config;
    let group = match c.weight_group {
        0 => "whole rows".to_owned(),
        group => format!("groups of {group}"),
    };
    let rows = [
        ("name", summary.name.clone()),
        ("identity", summary.id.to_string()),
        ("file", place),
        ("size", format!("{} bytes", summary.bytes)),
        ("family", format!("{:?}", c.architecture).to_lowercase()),
        ("parameters", c.parameters().to_string()),
        (
            "shape",
            format!(
                "{} layers, {} wide, {} heads of {} ({} for keys), {} inside",
                c.layers, c.hidden, c.heads, c.head_dim, c.kv_heads, c.feed_forward
            ),
        ),
        ("vocabulary", format!("{} tokens", c.coded)),
        ("window", window_of(c)),
        ("weights", format!("{} bits, {group} (8 bits within +-{})", c.weight_bits, c.weight_max)),
        ("memory", format!("{} bytes with {LANES} lanes", memory_bytes(c, summary.bytes))),
    ];
    Ok(rows.iter().map(|(what, is)| format!("{what:<11} {is}\n")).collect())
}

/// What a model sees, and what most of its layers see where that is less.
fn window_of(config: &Config) -> String {
    let all = format!("{} tokens", config.window);
    let own = |&block: &usize| config.block_window(block, config.window);
    let narrow: Vec<_> = (0..config.layers).filter(|block| own(block) < config.window).collect();
    match narrow.iter().map(own).max() {
        None => all,
        Some(most) => format!("{all}; {most} in {} of {} layers", narrow.len(), config.layers),
    }
}

/// Hashes and known answers.
pub fn verify(name: Option<&str>) -> anyhow::Result<String> {
    let found = match name {
        Some(name) => vec![find(name)?],
        None => {
            let cached = ModelCache::from_env()?
                .list()?
                .into_iter()
                .map(|cached| Found::Cached(Box::new(cached)));
            std::iter::once(Found::Builtin).chain(cached).collect()
        }
    };
    let mut out = String::new();
    for model in found {
        let (place, opened) = match model {
            Found::Builtin => {
                let bytes = llmzip::model::Storage::copy(llmzip::model::builtin_bytes());
                (BUILTIN_NAME.to_owned(), Model::open(bytes))
            }
            Found::Cached(cached) => (cached.path.display().to_string(), cached.open()),
        };
        let model = std::sync::Arc::new(opened.context(place.clone())?);
        Codec::with_model(model.clone()).map_err(|e| anyhow!(e)).context(place.clone())?;
        model.check_unchanged().context(place.clone())?;
        writeln!(
            out,
            "{place}: {} {}, hashes and known answer are right",
            model.name(),
            model.id()
        )?;
    }
    Ok(out)
}

/// Deletes a model.
pub fn remove(name: &str) -> anyhow::Result<String> {
    let cached = ModelCache::from_env()?
        .find(name)?
        .with_context(|| format!("no model {name:?} in the cache"))?;
    std::fs::remove_file(&cached.path).context(cached.path.display().to_string())?;
    Ok(format!("removed {} ({})\n", cached.path.display(), cached.summary.id))
}
