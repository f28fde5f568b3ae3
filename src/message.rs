//! Short messages, each by itself: for a channel that carries lengths, and checks too if it has them.
//!
//! Both ends agree on a [`Profile`] beforehand; then a *datagram* is the coded message and nothing else. All messages
//! of a profile begin with the same past: what a reference has taught the model and the mixer, or a few lines that suit
//! any messages. That past is run through once; its state is copied for each message.
//!
//! `container/FORMAT.md` has the bytes, `codec/CODING.md` what they mean.

mod ask;
mod datagrams;
mod decode;
mod encode;
mod learn;
mod pack;
mod profile;
mod start;
mod unpack;

pub use datagrams::Datagrams;
pub use learn::learn_start_values;
pub use profile::{MAX_MESSAGE_BYTES, Profile};
