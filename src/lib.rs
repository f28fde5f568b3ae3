//! Lossless compression of any bytes by predicting them with a language model.

pub mod error;
pub mod kernels;

pub use error::{Error, Result};
