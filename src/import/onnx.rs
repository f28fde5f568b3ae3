//! ONNX files of transformers, as they are exported for browsers: a graph whose weights are small numbers in blocks
//! (`MatMulNBits`), floats, or both, inside the file or beside it.
//!
//! What the model is like, and its tokenizer, say the files that are published with it: `config.json` and `tokenizer.json`
//! in the same folder or in the one above. The graph is not run; it says where the weights are. Each is found by the
//! operator that reads it and told apart by its name or place, and read as floats, a few rows at a time. A weight of blocks
//! is `(number - zero) * scale` in single precision. Where the configuration ties the output layer to the embedding, a
//! second copy for the output, which exporters make to quantise it, is left alone.

mod files;
mod graph;
mod known;
mod names;
mod place;
mod stored;
mod summary;
mod weights;
mod wire;

use super::convert::Published;
use super::hf_config::HfConfig;
use super::hugging_face::tokenizer;
use super::source::{MAX_CONFIG_BYTES, in_file, read};
use super::tensors::TensorSource;
use super::volume::Volume;
use crate::error::{Error, Result};
use files::{Files, folder};
use graph::Graph;
use std::ops::Range;
use std::path::{Path, PathBuf};
use stored::Turned;
pub use summary::{OnnxAxis, OnnxSummary, OnnxValue};
use weights::Weights;

/// Whether a file is an ONNX file by its name.
pub fn is_onnx(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"))
}

/// Opens a file; tensors are read later.
pub(super) fn open(path: &Path) -> Result<Published> {
    let dir = published_in(path)?;
    let config = dir.join("config.json");
    let config =
        HfConfig::parse(&read(&config, MAX_CONFIG_BYTES)?).map_err(|e| in_file(&config, e))?;
    let spec = tokenizer(&dir, &config)?;
    let (graph, files) = graph_and_files(path)?;
    known::check(&graph, &config)?;
    let weights = weights::find(&graph, &files, &config)?;
    let tensors = Box::new(Onnx { files, weights, turned: Turned::default() });
    Ok(Published { config, spec, tensors })
}

/// What the graph takes and gives, and what it consists of; operators need not be known.
///
/// # Errors
/// `Io`, `Invalid`, `Unsupported`, `Truncated` or `Damaged`, naming the file.
pub fn inspect_onnx(path: &Path) -> Result<OnnxSummary> {
    let look = || {
        let (graph, files) = graph_and_files(path)?;
        Ok(OnnxSummary::new(&graph, &files))
    };
    look().map_err(|error| in_file(path, error))
}

/// The files that the weights are in, that of the graph first.
pub(super) fn weight_files(path: &Path) -> Result<Vec<Volume>> {
    Ok(graph_and_files(path)?.1.into_volumes())
}

/// The folder with `config.json` and the tokenizer: that of the file, or the one above.
pub(super) fn published_in(path: &Path) -> Result<PathBuf> {
    let folder = folder(path);
    for dir in [folder.clone(), folder.join("..")] {
        if dir.join("config.json").is_file() {
            return Ok(dir);
        }
    }
    Err(Error::invalid(format!("no config.json in {} or the folder above", folder.display())))
}

fn graph_and_files(path: &Path) -> Result<(Graph, Files)> {
    let volume = Volume::open(path)?;
    let graph = Graph::read(&volume)?;
    let files = Files::open(path, volume, &graph)?;
    Ok((graph, files))
}

/// The weights of one graph.
struct Onnx {
    files: Files,
    weights: Weights,
    turned: Turned,
}

impl TensorSource for Onnx {
    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        let weight = self.weights.by_name.get(name)?;
        let [_, cols] = self.weights.stored[weight.stored].shape();
        Some(if weight.is_vector { vec![weight.rows] } else { vec![weight.rows, cols] })
    }

    fn read(&self, name: &str, rows: Range<usize>, out: &mut Vec<f32>) -> Result<()> {
        let weight = self.weights.by_name[name];
        let rows = weight.first + rows.start..weight.first + rows.end;
        self.weights.stored[weight.stored].read(&self.files, &self.turned, rows, out)
    }
}
