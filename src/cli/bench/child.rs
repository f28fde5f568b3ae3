//! What the child of `bench` does: measures one file, and prints the measurement as JSON.

use std::path::Path;

use anyhow::anyhow;
use llmzip::bench::{Llmzip, Measurement, measure, peers};

use super::OURSELVES;
use crate::cli::args::Settings;
use crate::cli::compress;
use crate::cli::models::{self, LocalModels};

/// Measures the first `first` bytes of one file.
pub fn measure_one(
    contender: &str,
    first: Option<u64>,
    file: &Path,
    settings: &Settings,
) -> anyhow::Result<String> {
    let first = first.unwrap_or(u64::MAX);
    let measurement = match peers::named(contender) {
        Some(peer) => measure(&*peer, file, first)?,
        None if contender == OURSELVES => measure_ourselves(file, first, settings)?,
        None => return Err(anyhow!("no compressor is called {contender}")),
    };
    Ok(serde_json::to_string(&measurement)? + "\n")
}

fn measure_ourselves(file: &Path, first: u64, settings: &Settings) -> anyhow::Result<Measurement> {
    let encoder = models::encoder(settings)?;
    let options = compress::options(&encoder, settings);
    let ourselves = Llmzip {
        name: encoder.name.clone(),
        codec: encoder.codec.clone(),
        models: Box::new(LocalModels::new(settings)?),
        options,
        model_bytes: encoder.model_bytes,
    };
    let measurement = measure(&ourselves, file, first)?;
    encoder.check_unchanged()?;
    Ok(measurement)
}
