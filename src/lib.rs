//! Lossless compression of any bytes by predicting them with a language model.

pub mod container;
pub mod error;
pub mod stream;

pub use error::{Error, Result};
