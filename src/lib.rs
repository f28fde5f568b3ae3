//! Lossless compression of any bytes by predicting them with a language model.
//!
//! A small transformer, carried inside this crate, predicts the next token; an adaptive mixer
//! learns the file itself; an arithmetic coder writes down what really came. Every number that
//! reaches the coder is exact and specified (`EXACTNESS.md`), so a file that was compressed on one
//! machine opens on any other, whatever its CPU and its number of threads.
//!
//! ```
//! let letter = b"Dear Sir or Madam, thank you for your letter of 3 March.";
//! let packed = llmzip::compress(letter, &llmzip::Options::default())?;
//! assert!(packed.len() < 40);
//! assert_eq!(llmzip::decompress(&packed)?, letter);
//! # Ok::<(), llmzip::Error>(())
//! ```
//!
//! [`compress_to`] and [`decompress_to`] go from readers to writers; [`stream`] has threads,
//! progress, random access and recovery; [`codec`] one group of bytes; [`model`] the transformer.

mod bounded;
mod parallel;
mod whole;

pub mod armor;
#[cfg(feature = "cli")]
pub mod bench;
pub mod codec;
pub mod container;
pub mod entropy;
pub mod error;
#[cfg(feature = "import")]
pub mod import;
pub mod kernels;
pub mod message;
pub mod mixer;
pub mod model;
pub mod refusal;
pub mod stream;
pub mod tokenizer;
pub mod transform;

pub use error::{Error, Result};
pub use whole::{
    Form, Options, compress, compress_many, compress_to, decompress, decompress_many,
    decompress_to, decompress_with,
};
