//! Lossless compression of any bytes by predicting them with a language model.

pub mod error;
pub mod tokenizer;

pub use error::{Error, Result};
