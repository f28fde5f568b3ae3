//! Lossless compression of any bytes by predicting them with a language model.

pub mod entropy;
pub mod error;
pub mod mixer;

pub use error::{Error, Result};
