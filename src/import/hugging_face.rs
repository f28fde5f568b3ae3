//! A Hugging Face directory: config.json, a tokenizer, safetensors.

use super::convert::Published;
use super::hf_config::HfConfig;
use super::safetensors::SafeTensors;
use crate::error::{Error, Result};
use crate::tokenizer::{Pattern, TokenizerSpec};
use std::fs;
use std::path::Path;

/// Opens the directory; tensors are read later.
pub(super) fn open(dir: &Path) -> Result<Published> {
    let config = HfConfig::parse(&read(&dir.join("config.json"))?)
        .map_err(|e| in_file(&dir.join("config.json"), e))?;
    let spec = tokenizer(dir, &config)?;
    Ok(Published { config, spec, tensors: Box::new(SafeTensors::open(dir)?) })
}

/// SHA-256 of every weight file of a directory, as hexadecimal digits, with the file's name.
///
/// # Errors
/// As for reading them.
pub fn weight_hashes(dir: &Path) -> Result<Vec<(String, String)>> {
    let tensors = SafeTensors::open(dir)?;
    let hash = |volume: &super::volume::Volume| {
        Ok((volume.name().to_owned(), crate::container::hex(&volume.sha256()?)))
    };
    tensors.volumes().iter().map(hash).collect()
}

/// tokenizer.json, or the older pair of files where the family says how its text is split.
fn tokenizer(dir: &Path, config: &HfConfig) -> Result<TokenizerSpec> {
    let path = dir.join("tokenizer.json");
    if path.exists() {
        return TokenizerSpec::from_tokenizer_json(&read(&path)?, config.vocab_size)
            .map_err(|e| in_file(&path, e));
    }
    let (vocab, merges) = (dir.join("vocab.json"), dir.join("merges.txt"));
    if vocab.exists() && merges.exists() && config.model_type().starts_with("qwen") {
        return TokenizerSpec::from_vocab_and_merges(
            &read(&vocab)?,
            &read(&merges)?,
            Pattern::Qwen2,
            config.vocab_size,
        );
    }
    Err(Error::invalid(format!("{}: no tokenizer.json here", dir.display())))
}

/// Says in which file it is.
fn in_file(path: &Path, error: Error) -> Error {
    match error {
        Error::Unsupported { what } => Error::unsupported(format!("{}: {what}", path.display())),
        Error::Invalid { what } => Error::invalid(format!("{}: {what}", path.display())),
        other => other,
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path)
        .map_err(|e| Error::Io(std::io::Error::new(e.kind(), format!("{}: {e}", path.display()))))
}
