//! The seam between frames and what fills their groups.

use std::ops::Range;
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

/// A group's payload of [`Method::Mixer`] or [`Method::Model`], to be decoded.
#[derive(Debug, Clone, Copy)]
pub struct CodedGroup<'a> {
    /// How it was made.
    pub method: Method,
    /// The bytes of the file.
    pub payload: &'a [u8],
    /// Bytes of the original.
    pub plain_len: usize,
    /// What it was made with.
    pub params: GroupParams,
}

/// Hears how the decoding of a group goes on, from one thread or another.
pub trait Watch: Sync {
    /// So many more bytes are decoded.
    fn done(&self, _bytes: u64) {}

    /// A checkpoint was passed: of `plain`, which has the group's length, the parts `good` are known to be right. They are
    /// in their order, and not shorter than the last time.
    ///
    /// What this fails with ends the decoding.
    fn known(&self, _plain: &[u8], _good: &[Range<usize>]) -> Result<()> {
        Ok(())
    }
}

/// Where the first gap is in parts that are in their order.
pub(crate) fn beginning(good: &[Range<usize>]) -> usize {
    good.iter().fold(0, |end, part| if part.start <= end { end.max(part.end) } else { end })
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {}

/// What decoding a group gave.
#[derive(Debug)]
pub struct Decoded {
    /// As many bytes as the group has; zeros or wrong ones where it could not be decoded.
    pub plain: Vec<u8>,
    /// Which of them passed a checkpoint, in their order.
    pub good: Vec<Range<usize>>,
    /// What stopped it before the end.
    pub end: Result<()>,
}

impl Decoded {
    /// Bytes that were decoded to the end and passed no checkpoint.
    pub fn whole(plain: Vec<u8>) -> Self {
        Decoded { plain, good: Vec::new(), end: Ok(()) }
    }

    /// All bytes, if nothing stopped it.
    pub fn into_plain(self) -> Result<Vec<u8>> {
        self.end.map(|()| self.plain)
    }
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
    /// The payload and the length are untrusted: let the result grow as it is decoded. Where the payload cannot be right,
    /// [`Error::Damaged`](crate::Error::Damaged) stands at the end of what was decoded until then, or is the
    /// result if nothing was. Wrong bytes need not be noticed, the caller compares a checksum.
    fn decode(&self, group: &CodedGroup<'_>, watch: &dyn Watch) -> Result<Decoded>;

    /// Encodes several groups, each as [`encode`](Self::encode) would; together it may be faster.
    fn encode_many(&self, plains: &[&[u8]], params: &GroupParams) -> Vec<Result<EncodedGroup>> {
        plains.iter().map(|plain| self.encode(plain, params, &|_| ())).collect()
    }

    /// Decodes several groups, each as [`decode`](Self::decode) would; together it may be faster.
    fn decode_many(&self, groups: &[CodedGroup<'_>]) -> Vec<Result<Vec<u8>>> {
        groups.iter().map(|group| self.decode(group, &Unwatched)?.into_plain()).collect()
    }

    /// The same within so many bytes of memory, at least [`encode_memory_bytes`](Self::encode_memory_bytes): what could be
    /// done at the same time is done one after the other where they are few.
    fn encode_within(
        &self,
        plain: &[u8],
        params: &GroupParams,
        memory_limit: u64,
        done: &(dyn Fn(u64) + Sync),
    ) -> Result<EncodedGroup> {
        let _ = memory_limit;
        self.encode(plain, params, done)
    }

    /// A codec, and what it is to do, that says in a fraction of the time which of two ways to write something is shorter; `None`
    /// where this one takes little enough. The bytes that are written are never its own.
    fn scout(&self) -> Option<(&dyn GroupCodec, &GroupParams)> {
        None
    }

    /// The most memory, in bytes, that decoding a group of `plain_len` bytes takes, the payload apart; the same on every
    /// machine.
    fn memory_bytes(&self, plain_len: u64, params: &GroupParams) -> u64;

    /// The memory, in bytes, that encoding a group of `plain_len` bytes can do with, the group itself apart.
    fn encode_memory_bytes(&self, plain_len: u64, params: &GroupParams) -> u64 {
        self.memory_bytes(plain_len, params)
    }
}

/// Where codecs come from when a file names them.
pub trait ModelSource: Sync {
    /// The codec of a model whose identity begins with `id_prefix` (2 bytes, or all 32).
    ///
    /// Two bytes can fit several models: `nth` counts them from 0, each model once and in an order that stays the same.
    /// `name_hint` is what the file calls it, empty in short frames; it may help to say how to get the model, never to
    /// choose it. Fails with [`Error::MissingModel`](crate::Error::MissingModel) if there are no more than `nth`.
    fn by_prefix(
        &self,
        id_prefix: &[u8],
        nth: usize,
        name_hint: &str,
    ) -> Result<Arc<dyn GroupCodec>>;

    /// The codec for groups that need no model.
    fn without_model(&self) -> Arc<dyn GroupCodec>;
}
