//! The library's front door: bytes to bytes, reader to writer, with sensible defaults.

use crate::codec::{BuiltinModels, Codec, Level};
use crate::error::{Error, Result};
use crate::message::{
    Datagrams, MAX_MESSAGE_BYTES, Profile, Reference, compress_primed, decompress_primed,
};
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
    /// What is made.
    pub form: Form,
    /// A text that the input is like, and that whoever decompresses it has too. It goes through the model at each call:
    /// [`Datagrams`] keeps what it taught. Inputs of more than 65,536 bytes are compressed without it.
    pub prime: Option<Reference>,
}

/// What compressed bytes look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// A file, which says what it is.
    #[default]
    Frame,
    /// Coded bytes and nothing else, for a channel that carries their length: [`decompress_with`] needs the same options.
    /// So many bytes of a check follow, 0 to 2.
    Datagram {
        /// Bytes of the check.
        check_bytes: u8,
    },
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
            form: Form::Frame,
            prime: None,
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
            (Some(model), true) => Codec::with_model(model.clone())?.scouted(),
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

impl Options {
    /// The profile of these options, if they ask for messages.
    fn profile(&self) -> Option<Profile> {
        let check_bytes = match self.form {
            Form::Frame => 0,
            Form::Datagram { check_bytes } => check_bytes,
        };
        let asks = self.form != Form::Frame || self.prime.is_some();
        asks.then(|| Profile {
            model: self.model.clone(),
            window: self.window,
            reference: self.prime.clone(),
            check_bytes,
            marked: false,
        })
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
    if options.profile().is_some() {
        return Ok(compress_many(&[plain], options)?.remove(0));
    }
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
    if let Some(profile) = options.profile() {
        return compress_messages(plains, &profile, options);
    }
    let (codec, options) = options.codec()?;
    let plains: Vec<&[u8]> = plains.iter().map(AsRef::as_ref).collect();
    let packed = stream::compress_many(&plains, &codec, &options, &NoProgress);
    packed.into_iter().map(|result| Ok(result?.0)).collect()
}

/// Compresses inputs as messages, or as files that begin with a reference.
fn compress_messages<T: AsRef<[u8]>>(
    plains: &[T],
    profile: &Profile,
    options: &Options,
) -> Result<Vec<Vec<u8>>> {
    if !options.level.has_model() {
        return Err(Error::invalid("messages are coded with a model, and this level has none"));
    }
    let datagrams = Datagrams::new(profile)?;
    if options.form != Form::Frame {
        return datagrams.compress_many(plains);
    }
    let without = Options { prime: None, ..options.clone() };
    let pack = |plain: &T| match plain.as_ref() {
        plain if plain.len() > MAX_MESSAGE_BYTES => compress(plain, &without),
        plain => compress_primed(plain, profile, &datagrams, options.full_hashes),
    };
    plains.iter().map(pack).collect()
}

/// Decompresses what [`compress`] made with equal options: the model, the reference and the form count.
///
/// ```
/// use llmzip::{Form, Options};
/// let options = Options { form: Form::Datagram { check_bytes: 0 }, ..Options::default() };
/// let packed = llmzip::compress(b"see you at ten", &options)?;
/// assert!(packed.len() < 8);
/// assert_eq!(llmzip::decompress_with(&packed, &options)?, b"see you at ten");
/// # Ok::<(), llmzip::Error>(())
/// ```
///
/// # Errors
/// As [`decompress`]; `MissingReference` for a file that was made with another reference, or with one where none is given.
pub fn decompress_with(packed: &[u8], options: &Options) -> Result<Vec<u8>> {
    let is_primed = crate::message::reference_of(packed).is_ok();
    match options.profile() {
        Some(profile) if options.form != Form::Frame => {
            Datagrams::new(&profile)?.decompress(packed)
        }
        Some(profile) if is_primed => {
            decompress_primed(packed, &profile, &Datagrams::new(&profile)?)
        }
        None if is_primed => {
            let reference = crate::message::reference_of(packed)?;
            Err(Error::MissingReference { identity: crate::container::hex(reference) })
        }
        _ => {
            let mut plain = Vec::new();
            let models = OneModel(options.model.clone());
            let limits = DecompressOptions::default();
            stream::decompress(packed, &mut plain, &models, &limits, &NoProgress)?;
            Ok(plain)
        }
    }
}

/// The builtin and perhaps another model.
struct OneModel(Option<Arc<Model>>);

impl ModelSource for OneModel {
    fn by_prefix(&self, prefix: &[u8], nth: usize, hint: &str) -> Result<Arc<dyn GroupCodec>> {
        match &self.0 {
            Some(model) if model.id().0.starts_with(prefix) => match nth {
                0 => Ok(Arc::new(Codec::with_model(model.clone())?)),
                nth => BuiltinModels.by_prefix(prefix, nth - 1, hint),
            },
            _ => BuiltinModels.by_prefix(prefix, nth, hint),
        }
    }

    fn without_model(&self) -> Arc<dyn GroupCodec> {
        BuiltinModels.without_model()
    }
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

/// Compresses all that `reader` has into one frame on `writer`, group by group. The form and the reference do not count.
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
