//! Whole files: from a reader to a writer, groups over threads, every check made.
//!
//! [`compress`] writes one frame; [`decompress`] reads any number of them. Memory stays bounded by
//! the groups in work at once. What is written depends on the input's bytes, the codec and the
//! options that the file records, never on threads, memory limits or the way the input arrives.
//!
//! Groups run at the same time on the rayon pool that the caller is in (feature `threads`); a
//! codec spreads a single group over the same pool. Without the feature all is sequential.

mod batch;
mod bounded;
mod compress;
mod decode;
mod decompress;
mod encode;
mod inspect;
mod judging;
mod many;
mod map;
mod models;
mod options;
mod place;
mod progress;
mod range;
mod recover;
mod search;
mod short;
mod summary;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod transformed;
mod walk;

pub use crate::container::{
    CodedGroup, Decoded, EncodedGroup, GroupCodec, GroupParams, Method, MixerKindCode, ModelSource,
    Unwatched, Watch, WindowPolicy,
};
pub use compress::{compress, compress_many};
pub use decompress::{decompress, decompress_frame};
pub use inspect::{
    FrameInfo, GroupInfo, Lengths, Seen, SettingsInfo, foreign_bytes, inspect, inspect_with,
    lengths,
};
pub use many::{decompress_bytes, decompress_many, decompress_short};
pub use options::{CompressOptions, DEFAULT_MEMORY_LIMIT, DecompressOptions, Recover};
pub use progress::{NoProgress, Progress};
pub use range::decompress_range;
pub use recover::recover;
pub use summary::{Damage, Summary};

pub use crate::transform::Seen as SeenThrough;
