//! The `.llmw` file: a model as this program runs it.
//!
//! All integers are little-endian. The file is
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic `F5 4C 4C 4D 57 0D 0A 01` |
//! | 4 | exact-arithmetic version, [`EXACT_VERSION`] |
//! | 4 | length of the configuration |
//! | 4 | length of the tokenizer |
//! | 4 | length of the mixer's start values |
//! | 8 | length of the tensor area |
//! | - | configuration (JSON, [`Config`]) |
//! | - | tokenizer ([`TokenizerSpec`]) |
//! | - | start values ([`StartValues`]) |
//! | - | zeros up to a multiple of 64 |
//! | - | tensors, placed by [`Layout`] |
//! | 32 | the known answer: SHA-256 of frequencies, see `known_answer` |
//! | 32 | identity: SHA-256 of all bytes before the known answer |
//! | 1, - | length of the name and the name, UTF-8 |
//! | 8 | the first bytes of the SHA-256 of all bytes before these |
//!
//! The identity covers everything that determines a prediction, and nothing else: renaming a
//! model does not change it.

use super::byte_order;
use super::config::Config;
use super::corrections;
use super::layout::{ALIGN, Layout, doubles};
use super::storage::Storage;
use super::{Model, known_answer};
use crate::container::EXACT_VERSION;
use crate::error::{Error, Result};
#[cfg(feature = "import")]
use crate::kernels::Aligned;
use crate::kernels::{Isa, RopeTables};
use crate::mixer::StartValues;
use crate::tokenizer::{Tokenizer, TokenizerSpec};
use sha2::{Digest, Sha256};
use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

pub(super) const MAGIC: [u8; 8] = *b"\xF5LLMW\r\n\x01";
pub(super) const HEADER_BYTES: usize = 32;
const HASH_BYTES: usize = 32;
const CHECK_BYTES: usize = 8;

/// The SHA-256 of what determines a model's output.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(pub [u8; 32]);

impl std::fmt::Display for ModelId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::container::hex(&self.0))
    }
}

impl std::fmt::Debug for ModelId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ModelId({self})")
    }
}

/// What a `.llmw` is made of.
pub struct Parts<'a> {
    /// Shape.
    pub config: &'a Config,
    /// Tokenizer.
    pub tokenizer: &'a TokenizerSpec,
    /// Start values of the mixer.
    pub start_values: &'a StartValues,
    /// The tensor area, from [`WeightsBuilder`](super::WeightsBuilder).
    pub tensors: &'a [u8],
    /// What to call it, at most 255 bytes.
    pub name: &'a str,
}

/// Puts a `.llmw` together, computing its known answer by running it once.
///
/// # Errors
/// Whatever [`Model::open`] would say of these parts.
pub fn write_llmw(parts: &Parts<'_>) -> Result<Vec<u8>> {
    let mut out = head(parts)?;
    out.extend(parts.tensors);
    let content = Sha256::new_with_prefix(&out);
    let content_len = out.len();
    out.extend(tail(&content, [0; 32], parts.name)?);
    let answer = known_answer(&Arc::new(Model::open_trusted(Storage::copy(&out))?))?;
    out.truncate(content_len);
    out.extend(tail(&content, answer, parts.name)?);
    Ok(out)
}

/// The same weights with other start values of the mixer, and with the known answer of this program's arithmetic.
///
/// The result is a model of its own: what was coded with `model` cannot be decoded with it.
///
/// # Errors
/// As [`write_llmw`].
pub fn seal_again(model: &Model, start_values: &StartValues) -> Result<Vec<u8>> {
    write_llmw(&parts_of(model, start_values))
}

/// As [`seal_again`], into a file, as [`write_llmw_file`] writes it.
///
/// # Errors
/// As [`write_llmw_file`].
pub fn seal_again_file(model: &Model, start_values: &StartValues, path: &Path) -> Result<ModelId> {
    write_llmw_file(&parts_of(model, start_values), path)
}

fn parts_of<'a>(model: &'a Model, start_values: &'a StartValues) -> Parts<'a> {
    Parts {
        config: &model.config,
        tokenizer: model.tokenizer.spec(),
        start_values,
        tensors: model.stored_tensors(),
        name: &model.name,
    }
}

/// A model of these parts without hashes.
#[cfg(feature = "import")]
pub(super) fn unsealed(parts: &Parts<'_>) -> Result<Model> {
    let head = head(parts)?;
    let tail = tail(&Sha256::new(), [0; HASH_BYTES], parts.name)?;
    let mut all = Aligned::zeroed(head.len() + parts.tensors.len() + tail.len());
    let (first, rest) = all.split_at_mut(head.len());
    let (tensors, last) = rest.split_at_mut(parts.tensors.len());
    first.copy_from_slice(&head);
    tensors.copy_from_slice(parts.tensors);
    last.copy_from_slice(&tail);
    read(Storage::Owned(all), false)
}

/// As [`write_llmw`], straight into a file, which is created or replaced: a large model is never
/// twice in memory.
///
/// The file is not whole before this returns; write to a name of its own and rename.
///
/// # Errors
/// As [`write_llmw`], and `Io`.
pub fn write_llmw_file(parts: &Parts<'_>, path: &Path) -> Result<ModelId> {
    let head = head(parts)?;
    let mut options = OpenOptions::new();
    let mut file = options.read(true).write(true).create(true).truncate(true).open(path)?;
    let mut content = Sha256::new_with_prefix(&head);
    content.update(parts.tensors);
    file.write_all(&head)?;
    file.write_all(parts.tensors)?;
    file.write_all(&tail(&content, [0; 32], parts.name)?)?;
    file.flush()?;
    let answer = known_answer(&Arc::new(Model::open_trusted(Storage::from_file(path)?)?))?;
    file.seek(SeekFrom::Start((head.len() + parts.tensors.len()) as u64))?;
    file.write_all(&tail(&content, answer, parts.name)?)?;
    file.sync_all()?;
    Ok(ModelId(content.finalize().into()))
}

/// Everything before the tensors.
fn head(parts: &Parts<'_>) -> Result<Vec<u8>> {
    parts.config.validate()?;
    let config = serde_json::to_vec(parts.config).map_err(|e| Error::invalid(e.to_string()))?;
    let tokenizer = parts.tokenizer.to_bytes();
    let start_values = parts.start_values.to_bytes();
    let mut out = MAGIC.to_vec();
    out.extend(EXACT_VERSION.to_le_bytes());
    for section in [&config, &tokenizer, &start_values] {
        out.extend((section.len() as u32).to_le_bytes());
    }
    out.extend((parts.tensors.len() as u64).to_le_bytes());
    for section in [config, tokenizer, start_values] {
        out.extend(section);
    }
    out.resize(out.len().next_multiple_of(ALIGN), 0);
    Ok(out)
}

/// What follows the tensors, where `content` has taken in all bytes before.
fn tail(content: &Sha256, answer: [u8; 32], name: &str) -> Result<Vec<u8>> {
    let name_len = u8::try_from(name.len())
        .map_err(|_| Error::invalid("a model's name has at most 255 bytes"))?;
    let mut out = answer.to_vec();
    out.extend(content.clone().finalize());
    out.push(name_len);
    out.extend(name.as_bytes());
    let check = content.clone().chain_update(&out).finalize();
    out.extend(&check[..CHECK_BYTES]);
    Ok(out)
}

/// The identity that the bytes have now.
#[cfg(feature = "mmap")]
pub(super) fn identity(model: &Model) -> ModelId {
    let content = &model.storage.bytes()[..model.tensors_at + model.layout.len];
    ModelId(Sha256::digest(content).into())
}

/// Opens a file; with `verify`, all hashes are computed and compared.
pub(super) fn read(storage: Storage, verify: bool) -> Result<Model> {
    let bytes = storage.bytes();
    if bytes.len() < HEADER_BYTES {
        return Err(Error::truncated("the model's header"));
    }
    if bytes[..5] != MAGIC[..5] {
        return Err(Error::NotLlmzip);
    }
    if bytes[..8] != MAGIC {
        return Err(Error::unsupported("a model file of another format version"));
    }
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
    let exact_version = word(8);
    if exact_version != EXACT_VERSION {
        return Err(Error::unsupported(format!(
            "the model is for exact arithmetic version {exact_version}, this program has {EXACT_VERSION}: import it again"
        )));
    }
    let tensor_bytes = u64::from_le_bytes(bytes[24..32].try_into().expect("8 bytes"));
    let mut rest = Cursor { bytes, at: HEADER_BYTES };
    let config = rest.take(word(12) as usize, "the configuration")?;
    let tokenizer = rest.take(word(16) as usize, "the tokenizer")?;
    let start_values = rest.take(word(20) as usize, "the start values")?;
    rest.take(rest.at.next_multiple_of(ALIGN) - rest.at, "the padding")?;
    let tensors_at = rest.at;
    let tensor_len = usize::try_from(tensor_bytes).unwrap_or(usize::MAX);
    rest.take(tensor_len, "a part of the weights")?;
    let content_len = rest.at;
    let known_answer: [u8; 32] = rest.take(HASH_BYTES, "the known answer")?.try_into().expect("32");
    let id = ModelId(rest.take(HASH_BYTES, "the identity")?.try_into().expect("32 bytes"));
    let name_len = rest.take(1, "the name")?[0] as usize;
    let name = String::from_utf8(rest.take(name_len, "the name")?.to_vec())
        .map_err(|_| Error::damaged("the model's name is not UTF-8"))?;
    let checked_len = rest.at;
    let check = rest.take(CHECK_BYTES, "the check")?;
    if rest.at != bytes.len() {
        return Err(Error::damaged("bytes follow the end of the model"));
    }
    if verify {
        let content = Sha256::new_with_prefix(&bytes[..content_len]);
        let identity = content.clone().finalize();
        let whole = content.chain_update(&bytes[content_len..checked_len]).finalize();
        if identity[..] != id.0 || whole[..CHECK_BYTES] != *check {
            return Err(Error::damaged("the model's bytes do not have the hash they should have"));
        }
    }
    let config: Config = serde_json::from_slice(config)
        .map_err(|e| Error::unsupported(format!("the model's configuration: {e}")))?;
    config.validate()?;
    let layout = Layout::new(&config);
    if layout.len != tensor_len {
        return Err(Error::damaged("the weights do not have the size of their configuration"));
    }
    let tokenizer = Tokenizer::new(TokenizerSpec::from_bytes(tokenizer)?)?;
    let duplicates = tokenizer.spec().duplicates().len();
    if tokenizer.vocabulary().len() != config.coded || config.predicted != config.coded + duplicates
    {
        return Err(Error::damaged("the tokenizer and the configuration disagree"));
    }
    let start_values = StartValues::from_bytes(start_values)?;
    let tensors = &bytes[tensors_at..content_len];
    if verify {
        check_tensors(&config, &layout, tensors)?;
    }
    let turned = byte_order::of_this_machine(&layout, &config, tensors);
    let tensors = turned.as_deref().unwrap_or(tensors);
    let rope = RopeTables::new(doubles(tensors, layout.inv_freq, config.head_dim / 2));
    Ok(Model {
        id,
        name,
        config,
        layout,
        rope,
        tokenizer,
        start_values,
        known_answer,
        tensors_at,
        turned,
        storage,
    })
}

/// Refuses what would give other predictions on some instruction sets than on others: weights beyond the promised bound,
/// and corrections that are not the sums of weights.
fn check_tensors(config: &Config, layout: &Layout, tensors: &[u8]) -> Result<()> {
    let isa = Isa::choose().unwrap_or(Isa::SCALAR);
    let mut spans = vec![&layout.embedding];
    for block in &layout.blocks {
        spans.extend([&block.qkv, &block.attention_out, &block.gate_up, &block.down]);
    }
    spans.extend(&layout.output);
    for span in spans {
        // Weights of 4 bits cannot be beyond any bound.
        if span.bits == 8 {
            let weights: &[i8] = bytemuck::cast_slice(&tensors[span.sections()[0].clone()]);
            let largest =
                weights.iter().fold(0, |largest, weight| largest.max(weight.unsigned_abs()));
            if largest > config.weight_max.unsigned_abs() {
                return Err(Error::damaged("a weight is larger than the configuration allows"));
            }
        }
        if !corrections::are_sums(isa, span, tensors) {
            return Err(Error::damaged("a correction is not 128 times the sum of its weights"));
        }
    }
    Ok(())
}

/// Takes sections off the front of a file.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, len: usize, what: &str) -> Result<&'a [u8]> {
        let end = self.at.checked_add(len).filter(|&end| end <= self.bytes.len());
        let end = end.ok_or_else(|| Error::truncated(format!("{what} of the model")))?;
        let section = &self.bytes[self.at..end];
        self.at = end;
        Ok(section)
    }
}
