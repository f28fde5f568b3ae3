//! A published model, from whatever files, into a `.llmw`, a few rows at a time.

use super::calibration::Calibration;
use super::expected;
use super::filler::Filler;
use super::hf_config::{HfConfig, Quantisation};
use super::outliers::{self, Channels};
use super::sizes::Sizes;
use super::smoothing::{self, Smoothing};
use super::source::in_file;
use super::tensors::TensorSource;
use super::{gguf, hugging_face, onnx, rotary};
use crate::error::{Error, Result};
use crate::kernels::{Aligned, STEP_COLS};
use crate::mixer::StartValues;
use crate::model::{
    Config, Layout, Model, ModelId, Parts, Tally, WeightsBuilder, write_llmw, write_llmw_file,
};
use crate::tokenizer::TokenizerSpec;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Bits of a weight inside the blocks, and how they are chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bits {
    /// Rounded to the nearest of 255.
    Eight,
    /// Rounded to the nearest of 16 even steps between the least and the largest of 32.
    FourNearest,
    /// The same, by the steps that spoil the 32 least.
    Four,
    /// Columns one after the other, each taking up what those before it got wrong, as far as it
    /// matters when the model reads this text. The text takes part in the identity by what it does to
    /// the weights.
    FourCalibrated(Vec<u8>),
}

/// What may be chosen at import; it becomes part of the model's identity.
#[derive(Clone)]
pub struct ImportOptions {
    /// What to call the model.
    pub name: String,
    /// Input positions per scale, a multiple of 64; 0 for whole rows.
    pub group: usize,
    /// Largest magnitude of a quantised weight, 63 or 127.
    pub weight_max: i8,
    /// How weights inside the blocks are stored.
    pub bits: Bits,
    /// Bits of attention's weights, 8 or 15.
    pub attention_bits: u8,
    /// Whether channels that are far larger than the others get groups of their own; for groups only.
    pub separate_outliers: bool,
    /// Whether channels behind norms are brought to more equal sizes where some are far larger than the others, and the
    /// weights that read them changed to match; for 8 bits only.
    pub smooth_inputs: bool,
    /// Positions a token sees; `None` for what the model was made for, at most 1,024.
    pub window: Option<usize>,
    /// Whether the first position stays visible when the window slides, as models want it that were trained on whole contexts.
    pub keeps_start: bool,
    /// What the mixer starts with; `None` for what goes with a model of this size.
    pub start_values: Option<StartValues>,
}

impl ImportOptions {
    /// How the builtin was made: whole rows within +-63, which AVX2 and WebAssembly multiply in
    /// pairs without overflow.
    pub fn builtin() -> ImportOptions {
        ImportOptions {
            name: crate::model::BUILTIN_NAME.to_owned(),
            group: 0,
            weight_max: 63,
            bits: Bits::Eight,
            attention_bits: 8,
            separate_outliers: false,
            smooth_inputs: false,
            window: None,
            keeps_start: false,
            start_values: Some(StartValues::for_models()),
        }
    }

    /// What serves other models: groups small enough that a few outlier channels, which larger
    /// models have, spoil the scale of their neighbours only.
    pub fn large(name: &str) -> ImportOptions {
        ImportOptions {
            name: name.to_owned(),
            group: 64,
            weight_max: 127,
            bits: Bits::Eight,
            attention_bits: 15,
            separate_outliers: true,
            smooth_inputs: true,
            window: None,
            keeps_start: true,
            start_values: None,
        }
    }
}

/// A published model, opened.
pub(super) struct Published {
    pub(super) config: HfConfig,
    pub(super) spec: TokenizerSpec,
    pub(super) tensors: Box<dyn TensorSource>,
}

/// Opens a Hugging Face directory, an ONNX file or a GGUF file.
pub(super) fn open(path: &Path) -> Result<Published> {
    let published = match path {
        dir if dir.is_dir() => hugging_face::open(dir),
        file if onnx::is_onnx(file) => onnx::open(file),
        file => gguf::open(file),
    };
    published.map_err(|error| in_file(path, error))
}

/// Reads, quantises and packs the model in `path`, a Hugging Face directory, a GGUF file or an ONNX
/// file; the same files give the same bytes everywhere.
///
/// # Errors
/// `Io`, or `Unsupported` and `Invalid` naming the file and the field or tensor.
pub fn import_model(path: &Path, options: &ImportOptions) -> Result<Vec<u8>> {
    import(path, options, None, write_llmw).map_err(|error| in_file(path, error))
}

/// What rounding did to one matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct MatrixError {
    /// What it is: `embedding`, `output`, `attention in`, `attention out`, `feed-forward in` or `feed-forward out`.
    pub part: &'static str,
    /// The block that it is in, from 0.
    pub block: Option<usize>,
    /// Bytes that it takes, with scales, corrections and steps.
    pub bytes: u64,
    /// Its weights and their errors.
    pub tally: Tally,
}

/// As [`import_model`], with what rounding did to each matrix. With [`Bits::FourCalibrated`] only the embedding is told of.
///
/// # Errors
/// As [`import_model`].
pub fn import_tallied(path: &Path, options: &ImportOptions) -> Result<(Vec<u8>, Vec<MatrixError>)> {
    let tallies = RefCell::new(BTreeMap::new());
    let write = |parts: &Parts<'_>| Ok((write_llmw(parts)?, Layout::new(parts.config)));
    let (bytes, layout) =
        import(path, options, Some(&tallies), write).map_err(|error| in_file(path, error))?;
    let mut spans = vec![("embedding", None, &layout.embedding)];
    spans.extend(layout.output.as_ref().map(|output| ("output", None, output)));
    for (i, block) in layout.blocks.iter().enumerate() {
        spans.push(("attention in", Some(i), &block.qkv));
        spans.push(("attention out", Some(i), &block.attention_out));
        spans.push(("feed-forward in", Some(i), &block.gate_up));
        spans.push(("feed-forward out", Some(i), &block.down));
    }
    let tallies = tallies.into_inner();
    let error = |(part, block, span): (_, _, &crate::model::LinearSpan)| {
        let sections = span.sections();
        let bytes = sections.iter().map(|section| section.len() as u64).sum();
        let tally = tallies.get(&sections[0].start)?.clone();
        Some(MatrixError { part, block, bytes, tally })
    };
    Ok((bytes, spans.into_iter().filter_map(error).collect()))
}

/// As [`import_model`], into a file that is created or replaced; memory stays at twice the size of the
/// quantised model and some rows. Where it fails, there is no file.
///
/// # Errors
/// As [`import_model`].
pub fn import_to_file(path: &Path, options: &ImportOptions, target: &Path) -> Result<ModelId> {
    let write = |parts: &Parts<'_>| {
        write_llmw_file(parts, target).inspect_err(|_| drop(std::fs::remove_file(target)))
    };
    import(path, options, None, write).map_err(|error| in_file(path, error))
}

/// Where tallies are kept, those of the last quantising.
type Tallies = RefCell<BTreeMap<usize, Tally>>;

fn import<T>(
    path: &Path,
    options: &ImportOptions,
    tallies: Option<&Tallies>,
    write: impl FnOnce(&Parts<'_>) -> Result<T>,
) -> Result<T> {
    let Published { config: hf, spec, tensors } = open(path)?;
    let quantisation = Quantisation {
        group: options.group,
        weight_max: options.weight_max,
        weight_bits: if options.bits == Bits::Eight { 8 } else { 4 },
        weight_steps: if options.bits == Bits::Eight { 0 } else { STEP_COLS },
        attention_bits: options.attention_bits,
    };
    let mut config = hf.to_config(spec.tokens().len(), spec.duplicates().len(), quantisation)?;
    if let Some(window) = options.window {
        config.window = window;
        config.validate()?;
    }
    config.keeps_start = options.keeps_start;
    let frequencies = frequencies(&hf, &*tensors)?;
    let start_token = hf.start_token()?;
    // The shape is a claim until all of its tensors are found, with the bytes that they need; nothing
    // of its size is allocated before.
    expected::check(&*tensors, &config, &spec, start_token)?;
    let by_size = || StartValues::for_parameters(config.parameters());
    let start_values = options.start_values.clone().unwrap_or_else(by_size);
    let source = Source { config, frequencies, spec, tensors, start_token, start_values, tallies };
    let search = options.bits != Bits::FourNearest;
    let text = match &options.bits {
        Bits::FourCalibrated(text) => Some(text),
        _ => None,
    };
    let mut shape = Shape::plain(&source.config);
    if options.separate_outliers || options.smooth_inputs || text.is_some() {
        // What is to be learnt of the model's numbers is learnt from 8 bits.
        let mut eight = source.config.clone();
        (eight.weight_bits, eight.weight_steps) = (8, 0);
        let tensors = source.quantise(&eight, &shape, None, search)?;
        let mut model = source.model(&eight, &tensors, options)?;
        let mut changed = None;
        if options.separate_outliers || options.smooth_inputs {
            changed = source.shape(&Sizes::of(&model)?, options)?;
        }
        let as_published = changed.is_none();
        if as_published && options.bits == Bits::Eight {
            drop(model);
            return write(&source.parts(&eight, &tensors, options));
        }
        drop(tensors);
        shape = changed.unwrap_or(shape);
        if let Some(text) = text {
            if !as_published {
                let eight = shape.channels.apply(&eight);
                let tensors = source.quantise(&eight, &shape, None, search)?;
                model = source.model(&eight, &tensors, options)?;
            }
            let mut calibration = Calibration::new(model, text)?;
            let config = shape.channels.apply(&source.config);
            let tensors = source.quantise(&config, &shape, Some(&mut calibration), search)?;
            drop(calibration);
            return write(&source.parts(&config, &tensors, options));
        }
    }
    let config = shape.channels.apply(&source.config);
    config.validate()?;
    let tensors = source.quantise(&config, &shape, None, search)?;
    write(&source.parts(&config, &tensors, options))
}

/// The rotary frequencies, by the configuration and by the factors that some files carry.
pub(super) fn frequencies(hf: &HfConfig, tensors: &dyn TensorSource) -> Result<Vec<f64>> {
    let mut frequencies = hf.inv_freq(hf.head_dim())?;
    if tensors.shape(gguf::ROPE_FACTORS).is_some() {
        let factors = tensors.whole(gguf::ROPE_FACTORS, &[frequencies.len()])?;
        for (frequency, factor) in frequencies.iter_mut().zip(factors) {
            if !(factor.is_finite() && factor > 0.0) {
                return Err(Error::invalid(format!("a factor of {}", gguf::ROPE_FACTORS)));
            }
            *frequency /= f64::from(factor);
        }
        rotary::check(&frequencies)?;
    }
    Ok(frequencies)
}

/// What is changed of a model before it is rounded, without changing what it computes.
struct Shape {
    channels: Channels,
    smoothing: Smoothing,
}

impl Shape {
    /// As published.
    fn plain(config: &Config) -> Shape {
        Shape { channels: Channels::plain(config.hidden), smoothing: Smoothing::none() }
    }
}

/// A published model, ready to be quantised, in whatever way.
struct Source<'t> {
    /// Its configuration, with the channels as published.
    config: Config,
    /// Of the rotary pairs.
    frequencies: Vec<f64>,
    spec: TokenizerSpec,
    tensors: Box<dyn TensorSource>,
    start_token: u32,
    start_values: StartValues,
    tallies: Option<&'t Tallies>,
}

impl Source<'_> {
    /// The tensor area.
    fn quantise(
        &self,
        config: &Config,
        shape: &Shape,
        calibration: Option<&mut Calibration>,
        search: bool,
    ) -> Result<Aligned<u8>> {
        let mut builder = WeightsBuilder::new(config);
        if search {
            builder.search_steps();
        }
        if self.tallies.is_some() {
            builder.tally();
        }
        let mut filler = Filler {
            builder,
            config,
            tensors: &*self.tensors,
            channels: &shape.channels,
            smoothing: &shape.smoothing,
            calibration,
            values: Vec::new(),
            spread: Vec::new(),
        };
        filler.fill(&self.spec, self.start_token)?;
        let mut builder = filler.builder;
        builder.put_inv_freq(&self.frequencies);
        if let Some(tallies) = self.tallies {
            tallies.replace(builder.take_tallies());
        }
        Ok(builder.finish())
    }

    /// What serves a model whose channels have these sizes; `None` where it may stay as published.
    fn shape(&self, sizes: &Sizes, options: &ImportOptions) -> Result<Option<Shape>> {
        let stepped = options.bits != Bits::Eight;
        let (mut smoothing, mut tables) = (Smoothing::none(), Vec::new());
        // Without outliers, rounding has little to gain.
        let smoothed = options.smooth_inputs && !stepped && outliers::has_outliers(sizes);
        if smoothed {
            smoothing = Smoothing::of(sizes, &*self.tensors, &self.config)?;
            tables = smoothing::table_columns(&*self.tensors, &self.config, &self.spec)?;
        }
        let mut apart = None;
        if options.separate_outliers {
            let (sizes, group) = (smoothing.sizes(sizes), self.config.weight_group);
            apart = Channels::separating(&sizes, group, stepped, &tables);
        }
        if apart.is_none() && !smoothed {
            return Ok(None);
        }
        let channels = apart.unwrap_or_else(|| Channels::plain(self.config.hidden));
        Ok(Some(Shape { channels, smoothing }))
    }

    fn parts<'a>(
        &'a self,
        config: &'a Config,
        tensors: &'a Aligned<u8>,
        options: &'a ImportOptions,
    ) -> Parts<'a> {
        Parts {
            config,
            tokenizer: &self.spec,
            start_values: &self.start_values,
            tensors,
            name: &options.name,
        }
    }

    /// The model as it would be, to be run.
    fn model(
        &self,
        config: &Config,
        tensors: &Aligned<u8>,
        options: &ImportOptions,
    ) -> Result<Arc<Model>> {
        Ok(Arc::new(Model::unsealed(&self.parts(config, tensors, options))?))
    }
}
