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

use super::config::Config;
use super::layout::{ALIGN, Layout, LinearSpan, doubles};
use super::storage::{AlignedBytes, Storage};
use super::{Model, known_answer};
use crate::container::EXACT_VERSION;
use crate::error::{Error, Result};
use crate::kernels::{RopeTables, pack, padded_cols, padded_rows};
use crate::mixer::StartValues;
use crate::tokenizer::{Tokenizer, TokenizerSpec};
use sha2::{Digest, Sha256};
use std::ops::Range;
use std::sync::Arc;

const MAGIC: [u8; 8] = *b"\xF5LLMW\r\n\x01";
const HEADER_BYTES: usize = 32;
const HASH_BYTES: usize = 32;
const CHECK_BYTES: usize = 8;

/// The SHA-256 of what determines a model's output.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(pub [u8; 32]);

impl std::fmt::Display for ModelId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
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
    /// The tensor area, from [`WeightsBuilder`].
    pub tensors: &'a [u8],
    /// What to call it, at most 255 bytes.
    pub name: &'a str,
}

/// Fills a tensor area.
pub struct WeightsBuilder {
    area: AlignedBytes,
    layout: Layout,
    weight_max: i8,
}

impl WeightsBuilder {
    /// An area of zeros for `config`, which must be valid.
    pub fn new(config: &Config) -> WeightsBuilder {
        let layout = Layout::new(config);
        WeightsBuilder {
            area: AlignedBytes::zeroed(layout.len),
            layout,
            weight_max: config.weight_max,
        }
    }

    /// Where the tensors go.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Stores floats at a place of the layout.
    pub fn put_floats(&mut self, at: usize, values: &[f32]) {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        self.area.as_mut()[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Stores the frequencies of the rotary pairs.
    pub fn put_inv_freq(&mut self, values: &[f64]) {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        let at = self.layout.inv_freq;
        self.area.as_mut()[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Quantises a row-major matrix of `span.rows` x `span.cols` and stores it.
    ///
    /// Per row and group: `scale = max / weight_max`, weights are `w * (weight_max / max)` rounded
    /// half to even; a group whose largest magnitude is below 2^-60 is all zeros with scale 0.
    ///
    /// # Errors
    /// `Invalid` for values that are not finite.
    pub fn put_matrix(&mut self, span: &LinearSpan, values: &[f32]) -> Result<()> {
        let (height, width) = (padded_rows(span.rows), padded_cols(span.cols));
        let limit = f32::from(self.weight_max);
        let mut weights = vec![0i8; span.rows * span.cols];
        let mut scales = vec![0f32; span.scale_count()];
        let mut corrections = vec![0i32; span.scale_count()];
        for row in 0..span.rows {
            for group in 0..width.div_ceil(span.group_cols) {
                let cols = group * span.group_cols..((group + 1) * span.group_cols).min(span.cols);
                let cells = row * span.cols + cols.start..row * span.cols + cols.end;
                let largest = values[cells.clone()].iter().fold(0f32, |m, v| m.max(v.abs()));
                if !values[cells.clone()].iter().all(|v| v.is_finite()) {
                    return Err(Error::invalid(format!("a weight of row {row} is not finite")));
                }
                if largest < f32::from_bits((127 - 60) << 23) {
                    continue;
                }
                let inverse = limit / largest;
                let mut sum = 0i32;
                for (weight, value) in weights[cells.clone()].iter_mut().zip(&values[cells]) {
                    let scaled = (value * inverse).clamp(-limit, limit);
                    *weight = scaled.round_ties_even() as i8;
                    sum += i32::from(*weight);
                }
                scales[group * height + row] = largest / limit;
                corrections[group * height + row] = 128 * sum;
            }
        }
        let sections = span.sections();
        self.put(sections[0].clone(), bytemuck::cast_slice(&pack(span.rows, span.cols, &weights)));
        self.put(sections[1].clone(), bytemuck::cast_slice(&scales));
        self.put(sections[2].clone(), bytemuck::cast_slice(&corrections));
        Ok(())
    }

    fn put(&mut self, place: Range<usize>, bytes: &[u8]) {
        self.area.as_mut()[place].copy_from_slice(bytes);
    }

    /// The finished area.
    pub fn finish(self) -> AlignedBytes {
        self.area
    }
}

/// Puts a `.llmw` together, computing its known answer by running it once.
///
/// # Errors
/// Whatever [`Model::open`] would say of these parts.
pub fn write_llmw(parts: &Parts<'_>) -> Result<Vec<u8>> {
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
    out.extend(parts.tensors);
    let identity = Sha256::digest(&out);
    let content_len = out.len();
    seal(&mut out, [0; 32], identity.into(), parts.name)?;
    let answer = known_answer(&Arc::new(Model::open_trusted(Storage::copy(&out))?))?;
    out.truncate(content_len);
    seal(&mut out, answer, identity.into(), parts.name)?;
    Ok(out)
}

/// Appends what follows the tensors.
fn seal(out: &mut Vec<u8>, answer: [u8; 32], identity: [u8; 32], name: &str) -> Result<()> {
    let name_len = u8::try_from(name.len())
        .map_err(|_| Error::invalid("a model's name has at most 255 bytes"))?;
    out.extend(answer);
    out.extend(identity);
    out.push(name_len);
    out.extend(name.as_bytes());
    let check = Sha256::digest(&out);
    out.extend(&check[..CHECK_BYTES]);
    Ok(())
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
            "the model is for exact arithmetic version {exact_version}, this program has {EXACT_VERSION}"
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
        storage,
    })
}

/// Weights beyond the promised bound would overflow the AVX2 products and nothing else.
fn check_tensors(config: &Config, layout: &Layout, tensors: &[u8]) -> Result<()> {
    let mut spans = vec![&layout.embedding];
    for block in &layout.blocks {
        spans.extend([&block.qkv, &block.attention_out, &block.gate_up, &block.down]);
    }
    spans.extend(&layout.output);
    for span in spans {
        let weights: &[i8] = bytemuck::cast_slice(&tensors[span.sections()[0].clone()]);
        let largest = weights.iter().fold(0, |largest, weight| largest.max(weight.unsigned_abs()));
        if largest > config.weight_max.unsigned_abs() {
            return Err(Error::damaged("a weight is larger than the configuration allows"));
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
