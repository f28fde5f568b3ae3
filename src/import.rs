//! Other people's models into ours: reading weights, quantising, the float reference; and ours back into their form.

mod cache;
mod calibration;
mod convert;
mod expected;
mod export;
mod feedback;
mod filler;
mod floats;
mod gguf;
mod hf_config;
#[cfg(feature = "hub")]
pub mod hub;
mod hugging_face;
mod onnx;
mod origin;
mod outliers;
mod reference;
mod registry;
mod rotary;
mod safetensors;
mod sizes;
mod smoothing;
mod source;
mod tensors;
mod volume;

pub use cache::{CachedModel, ModelCache};
pub use convert::{Bits, ImportOptions, MatrixError, import_model, import_tallied, import_to_file};
pub use export::{Export, export_model};
pub use hugging_face::weight_hashes;
pub use onnx::{OnnxAxis, OnnxSummary, OnnxValue, inspect_onnx, is_onnx};
pub use origin::Origin;
pub use reference::{Comparison, ERROR_LIMITS_NATS, compare_with_float, judge};
pub use registry::{
    KNOWN_MODELS, KnownFile, KnownModel, is_commit, known_model, name_and_revision,
};

use crate::error::Result;
use std::path::Path;

/// As [`import_model`], for a Hugging Face directory.
///
/// # Errors
/// As [`import_model`].
pub fn import_directory(dir: &Path, options: &ImportOptions) -> Result<Vec<u8>> {
    import_model(dir, options)
}
