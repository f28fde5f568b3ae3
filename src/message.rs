//! Short messages, each by itself: for a channel that carries lengths, and checks too if it has them.
//!
//! Both ends agree on a [`Profile`] beforehand; then a *datagram* is the coded message and nothing else, or next to nothing.
//! All messages of a profile have the same past: what a [`Reference`] taught the model and the mixer, or nothing but the
//! end of a line. It is run through once, and its state copied for each message. In a [`Session`], each message has all
//! before it for its past.
//!
//! ```
//! use llmzip::message::{Datagrams, Profile};
//! let datagrams = Datagrams::new(&Profile::default())?;
//! let packed = datagrams.compress(b"Running late, see you at ten.")?;
//! assert!(packed.len() <= 12);
//! assert_eq!(datagrams.decompress(&packed)?, b"Running late, see you at ten.");
//! # Ok::<(), llmzip::Error>(())
//! ```
//!
//! `container/FORMAT.md` has the bytes, `codec/CODING.md` what they mean.

mod ask;
mod build;
mod datagrams;
mod decode;
mod encode;
mod form;
mod learn;
mod pack;
mod primed;
mod profile;
mod reference;
mod session;
mod start;
#[cfg(test)]
mod tests;
mod unpack;

pub use crate::container::PRIMED_MAGIC;
pub use build::build_reference;
pub use datagrams::Datagrams;
pub use learn::{Place, learn_start_values, places_of_ends};
pub use primed::{compress_primed, decompress_primed, reference_of};
pub use profile::{MAX_MESSAGE_BYTES, Profile};
pub use reference::{MAX_REFERENCE_BYTES, Reference};
pub use session::{SESSION_BYTES, Session};
