//! The library's front door: bytes to bytes, reader to writer, with sensible defaults.

use crate::codec::{BuiltinModels, Codec, Level};
use crate::error::Result;
use crate::model::Model;
use crate::stream::{
    self, CompressOptions, DecompressOptions, GroupCodec, ModelSource, NoProgress,
};
use std::io::{Read, Write};
use std::sync::Arc;

/// How to compress: the level, and what differs from its defaults.
#[derive(Clone)]
pub struct Options {
    /// How hard to try.
    pub level: Level,
    /// The model, for levels that have one; `None` for the builtin.
    pub model: Option<Arc<Model>>,
    /// Lanes of a group; 0 leaves it to the length.
    pub lanes: u32,
    /// Tokens that the model sees at most; 0 for the model's own window.
    pub window: u32,
    /// Write full hashes for small inputs, too.
    pub full_hashes: bool,
    /// See through encodings, escapes and containers where that pays.
    pub transform: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            level: Level::Default,
            model: None,
            lanes: 0,
            window: 0,
            full_hashes: false,
            transform: true,
        }
    }
}

impl Options {
    /// The codec of these options, and what it writes into a file.
    ///
    /// # Errors
    /// `Inexact` if this machine fails the model's known-answer test.
    pub fn codec(&self) -> Result<(Arc<dyn GroupCodec>, CompressOptions)> {
        let codec = match (&self.model, self.level.has_model()) {
            (_, false) => Codec::without_model(),
            (None, true) => Codec::builtin()?,
            (Some(model), true) => Codec::with_model(model.clone())?,
        };
        let mut options = CompressOptions {
            full_hashes: self.full_hashes,
            transform: self.transform,
            ..Default::default()
        };
        options.params = self.level.params();
        options.params.lanes = self.lanes;
        options.params.window = self.window;
        Ok((Arc::new(codec), options))
    }
}

/// Compresses bytes.
///
/// The result depends on the bytes and the options alone, never on this machine. It runs on the
/// rayon pool that the caller is in.
///
/// ```
/// let text = "To be, or not to be, that is the question. ".repeat(3);
/// let packed = llmzip::compress(text.as_bytes(), &llmzip::Options::default())?;
/// assert!(packed.len() < text.len() / 2);
/// assert_eq!(llmzip::decompress(&packed)?, text.as_bytes());
/// # Ok::<(), llmzip::Error>(())
/// ```
///
/// # Errors
/// `Invalid` for options that cannot be, `Inexact` if this machine computes other numbers than
/// the model was published with, `Memory` if what lanes and window ask for takes more than 1 GiB, here or where it
/// is decompressed.
pub fn compress(plain: &[u8], options: &Options) -> Result<Vec<u8>> {
    let mut packed = Vec::new();
    compress_to(plain, &mut packed, options)?;
    Ok(packed)
}

/// Compresses several inputs, each to what [`compress`] would make of it.
///
/// The model runs short ones together, so that thousands of small documents take a fraction of the time.
///
/// # Errors
/// As [`compress`], for the first that fails.
pub fn compress_many<T: AsRef<[u8]>>(plains: &[T], options: &Options) -> Result<Vec<Vec<u8>>> {
    let (codec, options) = options.codec()?;
    let plains: Vec<&[u8]> = plains.iter().map(AsRef::as_ref).collect();
    let packed = stream::compress_many(&plains, &codec, &options, &NoProgress);
    packed.into_iter().map(|result| Ok(result?.0)).collect()
}

/// Decompresses several files that were made with the builtin model or none, each as [`decompress`] would.
///
/// # Errors
/// As [`decompress`], for the first that fails; `Memory` also if all of them together are longer than 1 GiB.
pub fn decompress_many<T: AsRef<[u8]>>(packed: &[T]) -> Result<Vec<Vec<u8>>> {
    let options = DecompressOptions::default();
    let packed: Vec<&[u8]> = packed.iter().map(AsRef::as_ref).collect();
    let plains = stream::decompress_many(&packed, &BuiltinModels, &options, &NoProgress);
    plains.into_iter().map(|result| Ok(result?.0)).collect()
}

/// Compresses all that `reader` has into one frame on `writer`, group by group.
///
/// # Errors
/// As [`compress`], and `Io` from either side.
pub fn compress_to<R: Read, W: Write>(reader: R, writer: W, options: &Options) -> Result<()> {
    let (codec, options) = options.codec()?;
    stream::compress(reader, writer, &codec, &options, &NoProgress)?;
    Ok(())
}

/// Decompresses what [`compress`] made with the builtin model or none.
///
/// # Errors
/// `NotLlmzip`, `Truncated` or `Damaged` for bytes that are not what was written, `MissingModel`
/// if another model was used, `Memory` if a group takes more than 1 GiB to decode, or the result is longer than that:
/// [`decompress_to`] goes on.
pub fn decompress(packed: &[u8]) -> Result<Vec<u8>> {
    let options = DecompressOptions::default();
    Ok(stream::decompress_bytes(packed, &BuiltinModels, &options, &NoProgress)?.0)
}

/// Decompresses all frames that `reader` has, with models from `models`.
///
/// # Errors
/// As [`decompress`], and `Io` from either side; what was written until then is right.
pub fn decompress_to<R: Read, W: Write>(
    reader: R,
    writer: W,
    models: &dyn ModelSource,
) -> Result<()> {
    let options = DecompressOptions::default();
    let summary = stream::decompress(reader, writer, models, &options, &NoProgress)?;
    match summary.foreign_bytes {
        0 => Ok(()),
        n => Err(stream::foreign_bytes(n)),
    }
}
