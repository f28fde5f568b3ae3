//! Opening sources, writing results, and what goes with the bytes: modes, times, names.

mod metadata;
mod source;
mod target;

pub use source::Source;
pub use target::{Target, Written};
