//! Measuring compressors over a corpus: sizes, times, memory, and whether the bytes came back.
//!
//! [`files`] lists a corpus, [`measure`] takes one file through one [`Contender`] and compares
//! hashes, [`Report`] sums up by kind and prints. The peak memory is that of the process, so each
//! measurement should have a process of its own; the program runs itself for that.

mod charts;
mod closer;
mod compare;
mod contender;
mod corpus;
mod document;
mod html;
mod markdown;
mod measure;
mod memory;
pub mod page;
pub mod peers;
mod picture;
mod report;
mod study;
mod table;

pub use closer::{Closer, look};
pub use compare::{Comparison, Limits};
pub use contender::{Contender, Llmzip, Zstd};
pub use corpus::{CorpusFile, files};
pub use document::worst;
pub use html::html;
pub use markdown::markdown;
pub use measure::{Measurement, measure};
pub use picture::picture;
pub use report::{Machine, Report, Row};
pub use study::{LayerError, Origin, Study, StudyRow, Variant, paragraphs};
pub use table::Table;
