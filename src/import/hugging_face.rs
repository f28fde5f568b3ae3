//! A Hugging Face directory: config.json, a tokenizer, safetensors.

use super::convert::Published;
use super::hf_config::HfConfig;
use super::onnx;
use super::safetensors::SafeTensors;
use super::source::{MAX_CONFIG_BYTES, MAX_TOKENIZER_BYTES, in_file, read};
use super::volume::Volume;
use crate::error::{Error, Result};
use crate::tokenizer::{Pattern, TokenizerSpec};
use std::path::Path;

/// Opens the directory; tensors are read later.
pub(super) fn open(dir: &Path) -> Result<Published> {
    let path = dir.join("config.json");
    let config = HfConfig::parse(&read(&path, MAX_CONFIG_BYTES)?).map_err(|e| in_file(&path, e))?;
    let spec = tokenizer(dir, &config)?;
    Ok(Published { config, spec, tensors: Box::new(SafeTensors::open(dir)?) })
}

/// SHA-256 of every weight file of a directory, of an ONNX file and those of its external data, or of a GGUF file (of all
/// pieces of a file as one), as hexadecimal digits, with the file's name.
///
/// # Errors
/// As for reading them.
pub fn weight_hashes(path: &Path) -> Result<Vec<(String, String)>> {
    let hash =
        |volume: &Volume| Ok((volume.name().to_owned(), crate::container::hex(&volume.sha256()?)));
    if !path.is_dir() && onnx::is_onnx(path) {
        return onnx::weight_files(path)?.iter().map(hash).collect();
    }
    if !path.is_dir() {
        return Ok(vec![hash(&Volume::open(path)?)?]);
    }
    SafeTensors::open(path)?.volumes().iter().map(hash).collect()
}

/// tokenizer.json, or the older pair of files where the family says how its text is split.
pub(super) fn tokenizer(dir: &Path, config: &HfConfig) -> Result<TokenizerSpec> {
    let path = dir.join("tokenizer.json");
    if path.exists() {
        let json = read(&path, MAX_TOKENIZER_BYTES)?;
        return TokenizerSpec::from_tokenizer_json(&json, config.vocab_size)
            .map_err(|e| in_file(&path, e));
    }
    let (vocab, merges) = (dir.join("vocab.json"), dir.join("merges.txt"));
    if vocab.exists() && merges.exists() && config.model_type().starts_with("qwen") {
        return TokenizerSpec::from_vocab_and_merges(
            &read(&vocab, MAX_TOKENIZER_BYTES)?,
            &read(&merges, MAX_TOKENIZER_BYTES)?,
            Pattern::Qwen2,
            config.vocab_size,
        )
        .map_err(|e| in_file(&vocab, e));
    }
    Err(Error::invalid(format!("{}: no tokenizer.json here", dir.display())))
}
