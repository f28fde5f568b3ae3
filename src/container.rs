//! The file format as types with read and write; `container/FORMAT.md` is its description.
//!
//! A file is a row of frames. A frame has one of two forms: the *short* one for small inputs
//! ([`ShortHead`]), and the *long* one, which is a [`LongHeader`], then groups ([`GroupHead`]) with
//! [`Settings`] records where they are needed, then a [`Footer`]. Nothing here knows how a group's
//! payload is made; [`GroupCodec`] is the seam to what does.
//!
//! Readers take untrusted bytes: every length is checked before anything is allocated for it, and
//! whatever is not exactly what a writer would have written is refused.

mod check;
mod coding;
mod footer;
mod group;
mod header;
mod method;
mod params;
mod settings;
mod short;
mod source;
pub(crate) mod stored;
pub(crate) mod transformed;
mod until_end;
pub mod varint;

pub use check::Check;
pub(crate) use check::for_run;
pub(crate) use coding::beginning;
pub use coding::{CodedGroup, Decoded, EncodedGroup, GroupCodec, ModelSource, Unwatched, Watch};
pub use footer::{CLOSING_MAGIC, Footer, IndexEntry, TRAILER_BYTES, Trailer};
pub use group::GroupHead;
pub(crate) use header::refuse_other_version;
pub use header::{Form, LONG_MAGIC, LongHeader, Next, PRIMED_MAGIC, SHORT_MAGIC, next_frame};
pub use method::Method;
pub use params::{GroupParams, MixerKindCode, WindowPolicy};
pub use settings::{ModelRef, NAME_MAX_BYTES, Settings};
pub use short::ShortHead;
pub use source::Source;
pub use until_end::UntilEnd;

/// The version of the format that this library writes, and the latest that it reads.
pub const FORMAT_VERSION: u8 = 1;

/// The version of the exact arithmetic that payloads are made with.
///
/// A change of any operation whose result reaches the coder, the mixer's included, raises it.
///
/// Version 2 mixes otherwise, and the builtin has other start values, so nothing of version 1 is read: see
/// [`other_arithmetic`].
pub const EXACT_VERSION: u32 = 2;

/// What is said of what another version of the exact arithmetic has made: an earlier one names the program to read it with.
pub(crate) fn other_arithmetic(version: u32) -> crate::error::Error {
    let reader = match version {
        1 => " and needs llmzip 0.1",
        _ => "",
    };
    crate::error::Error::unsupported(format!(
        "made with exact arithmetic version {version}{reader}; this llmzip has version {EXACT_VERSION}"
    ))
}

/// The longest input, in bytes, that a short frame can hold.
pub const SHORT_MAX_BYTES: usize = 64 << 10;

/// The base-2 logarithms of the smallest, the usual and the largest `group_bytes`.
pub const GROUP_LOG2_MIN: u8 = 10;
/// See [`GROUP_LOG2_MIN`]: 16 MiB.
pub const GROUP_LOG2_DEFAULT: u8 = 24;
/// See [`GROUP_LOG2_MIN`]: 1 GiB.
pub const GROUP_LOG2_MAX: u8 = 30;

/// Lower-case hexadecimal digits of some bytes, as identities and hashes are shown.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    bytes.iter().flat_map(|&b| [digit(b >> 4), digit(b & 15)]).collect()
}

#[cfg(test)]
mod tests;
