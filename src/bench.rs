//! Measuring compressors over a corpus: sizes, times, memory, and whether the bytes came back.
//!
//! [`files`] lists a corpus, [`measure`] takes one file through one [`Contender`] and compares
//! hashes, [`Report`] sums up by kind and prints. The peak memory is that of the process, so each
//! measurement should have a process of its own; the program runs itself for that.

mod contender;
mod corpus;
mod measure;
mod memory;
pub mod page;
mod report;
mod table;

pub use contender::{Contender, Llmzip, Zstd};
pub use corpus::{CorpusFile, files};
pub use measure::{Measurement, measure};
pub use report::{Machine, Report, Row};
pub use table::Table;
