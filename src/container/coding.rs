//! The seam between frames and what fills their groups.

use std::sync::Arc;

use super::{GroupParams, Method};
use crate::error::Result;

/// A group's bytes, encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedGroup {
    /// How.
    pub method: Method,
    /// The bytes that go into the file; ignored for [`Method::Stored`] and [`Method::Run`].
    pub payload: Vec<u8>,
}

/// Encodes and decodes one group at a time, with a model or without.
///
/// Several groups may be in work at once, on different threads. The result must depend on the
/// arguments alone. Runs of one byte and stored groups never come here for decoding.
pub trait GroupCodec: Send + Sync {
    /// The identity of the model; `None` for a codec that knows only the mixer.
    fn model_id(&self) -> Option<[u8; 32]>;

    /// The model's name: a hint for people, at most 64 bytes without control characters.
    fn model_name(&self) -> &str;

    /// Encodes `plain`, which has at least one byte.
    ///
    /// It may answer [`Method::Stored`] when it does not help. `done` is told how many bytes of
    /// `plain` were finished since it was last called.
    fn encode(
        &self,
        plain: &[u8],
        params: &GroupParams,
        done: &(dyn Fn(u64) + Sync),
    ) -> Result<EncodedGroup>;

    /// Decodes a payload of [`Method::Mixer`] or [`Method::Model`] into exactly `plain_len` bytes.
    ///
    /// The payload and the length are untrusted: let the result grow as it is decoded, and answer
    /// [`Error::Damaged`](crate::Error::Damaged) where it cannot be right. Wrong bytes need not be
    /// noticed, the caller compares a checksum.
    fn decode(
        &self,
        method: Method,
        payload: &[u8],
        plain_len: usize,
        params: &GroupParams,
        done: &(dyn Fn(u64) + Sync),
    ) -> Result<Vec<u8>>;

    /// The most memory, in bytes, that encoding or decoding a group of `plain_len` bytes takes.
    fn memory_bytes(&self, plain_len: u64, params: &GroupParams) -> u64;
}

/// Where codecs come from when a file names them.
pub trait ModelSource: Sync {
    /// The codec of the model whose identity begins with `id_prefix` (3 bytes, or all 32).
    ///
    /// `name_hint` is what the file calls it, empty in short frames; it may help to say how to get
    /// the model, never to choose it. Fails with [`Error::MissingModel`](crate::Error::MissingModel).
    fn by_prefix(&self, id_prefix: &[u8], name_hint: &str) -> Result<Arc<dyn GroupCodec>>;

    /// The codec for groups that need no model.
    fn without_model(&self) -> Arc<dyn GroupCodec>;
}
