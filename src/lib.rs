//! Lossless compression of any bytes by predicting them with a language model.

#[cfg(feature = "cli")]
pub mod bench;
pub mod container;
pub mod error;
pub mod stream;

pub use error::{Error, Result};
