//! What a `.llmw` says of itself, without reading its weights.

use super::llmw::{HEADER_BYTES, MAGIC};
use super::{Config, ModelId};
use crate::error::{Error, Result};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// More than any tokenizer or table of start values takes.
const MAX_SECTION_BYTES: u64 = 1 << 30;
/// More than any configuration takes.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// A model file as it presents itself; nothing of it is checked against hashes.
#[derive(Clone, Debug)]
pub struct ModelSummary {
    /// The identity that it claims.
    pub id: ModelId,
    /// What people call it.
    pub name: String,
    /// Shape.
    pub config: Config,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Reads the header and the end of a model file.
///
/// # Errors
/// `NotLlmzip`, `Truncated`, `Damaged` or `Unsupported`, as far as can be seen, and `Io`.
pub fn inspect_llmw(path: &Path) -> Result<ModelSummary> {
    // A pipe of this name would wait for ever.
    if !std::fs::metadata(path)?.is_file() {
        return Err(Error::NotLlmzip);
    }
    let mut file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let cut = |_| Error::truncated("the model's header");
    let mut head = [0; HEADER_BYTES];
    file.read_exact(&mut head).map_err(cut)?;
    if head[..5] != MAGIC[..5] {
        return Err(Error::NotLlmzip);
    }
    if head[..8] != MAGIC {
        return Err(Error::unsupported("a model file of another format version"));
    }
    let word = |at: usize| u64::from(u32::from_le_bytes(head[at..at + 4].try_into().expect("4")));
    let sections = [word(12), word(16), word(20)];
    let tensor_bytes = u64::from_le_bytes(head[24..].try_into().expect("8"));
    if sections[0] > MAX_CONFIG_BYTES {
        return Err(Error::damaged("the model's configuration is too long"));
    }
    if sections.iter().any(|&len| len > MAX_SECTION_BYTES) || tensor_bytes > bytes {
        return Err(Error::truncated("a part of the model"));
    }
    let mut config = vec![0; sections[0].min(bytes) as usize];
    file.read_exact(&mut config).map_err(cut)?;
    let config: Config = serde_json::from_slice(&config)
        .map_err(|e| Error::unsupported(format!("the model's configuration: {e}")))?;
    // Who lists models works out from these numbers what they take.
    config.validate()?;
    let before = HEADER_BYTES as u64 + sections.iter().sum::<u64>();
    // The known answer stands between the tensors and the identity.
    file.seek(SeekFrom::Start(before.next_multiple_of(64) + tensor_bytes + 32))?;
    let mut id = [0; 33];
    file.read_exact(&mut id).map_err(cut)?;
    let mut name = vec![0; id[32].into()];
    file.read_exact(&mut name).map_err(cut)?;
    let name =
        String::from_utf8(name).map_err(|_| Error::damaged("the model's name is not UTF-8"))?;
    let id = ModelId(id[..32].try_into().expect("32 bytes"));
    Ok(ModelSummary { id, name, config, bytes })
}
