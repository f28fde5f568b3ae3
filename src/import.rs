//! Other people's models into ours: reading weights with candle, quantising, the float reference.

mod hf_config;
mod hugging_face;
mod reference;

pub use hugging_face::{ImportOptions, import_directory};
pub use reference::{Comparison, compare_with_float};
