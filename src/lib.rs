//! Lossless compression of any bytes by predicting them with a language model.

mod parallel;

#[cfg(feature = "cli")]
pub mod bench;
pub mod codec;
pub mod container;
pub mod entropy;
pub mod error;
#[cfg(feature = "import")]
pub mod import;
pub mod kernels;
pub mod mixer;
pub mod model;
pub mod stream;
pub mod tokenizer;

pub use error::{Error, Result};
