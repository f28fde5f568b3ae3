//! One group, encoded: as a run, by the codec, or stored where that does not help.

use std::borrow::Cow;
use std::sync::Arc;

use super::options::TOGETHER;
use super::progress::{Meter, Progress};
use super::transformed;
use crate::container::{
    CodedGroup, EncodedGroup, GroupCodec, GroupParams, Method, Unwatched, stored, varint,
};
use crate::error::{Error, Result};
use crate::transform::{self, Seen, Taken};

/// A group with what it became; the plain bytes stay, storing may turn out to be shorter yet.
pub(super) struct Encoded {
    pub plain: Vec<u8>,
    pub method: Method,
    pub payload: Vec<u8>,
    /// What was seen through; nothing where the payload is that of the plain bytes.
    pub seen: Seen,
}

impl Encoded {
    /// Stores the group if coding it saves no more than `overhead` bytes and the length of its payload.
    pub(super) fn store_unless_shorter_by(&mut self, overhead: usize) {
        let coded = self.payload.len() + varint::encoded_len(self.payload.len() as u64) + overhead;
        if self.method.is_coded() && coded >= self.plain.len() {
            self.method = Method::Stored;
            self.seen = Seen::default();
        }
    }

    /// Whether the payload has a recipe.
    pub(super) fn transformed(&self) -> bool {
        !self.seen.is_empty()
    }

    /// The bytes that go into the file.
    pub(super) fn stored(&self) -> Cow<'_, [u8]> {
        match self.method {
            Method::Stored
                if stored::payload_len(self.plain.len() as u64) > self.plain.len() as u64 =>
            {
                Cow::Owned(stored::pack(&self.plain))
            }
            Method::Stored => Cow::Borrowed(&self.plain),
            Method::Run => Cow::Borrowed(&self.plain[..1]),
            Method::Mixer | Method::Model => Cow::Borrowed(&self.payload),
        }
    }
}

/// What the codec made of a group, and what it saw through.
pub(super) struct Coded {
    pub group: EncodedGroup,
    pub seen: Seen,
}

impl Coded {
    /// A group that wears nothing.
    pub(super) fn plain(group: EncodedGroup) -> Self {
        Coded { group, seen: Seen::default() }
    }
}

/// What all groups of a file are encoded with.
pub(super) struct Encoder<'a> {
    pub codec: &'a Arc<dyn GroupCodec>,
    pub params: GroupParams,
    pub verify: bool,
    pub transform: bool,
    pub memory_limit: u64,
    pub progress: &'a dyn Progress,
}

impl Encoder<'_> {
    /// Encodes a group while `together` are in work.
    pub(super) fn encode(&self, plain: Vec<u8>, together: usize) -> Result<Encoded> {
        self.encode_with(plain, together, |plain| self.take(plain))
    }

    /// The same, where somebody knows what is under its clothes.
    fn encode_with(
        &self,
        plain: Vec<u8>,
        together: usize,
        take: impl FnOnce(&[u8]) -> Option<Taken>,
    ) -> Result<Encoded> {
        let meter = Meter::new(self.progress, plain.len() as u64);
        let mut coded = None;
        if is_for_codec(&plain) {
            let len = plain.len() as u64;
            self.require_memory(len)?;
            let share = (self.memory_limit / together as u64).saturating_sub(len);
            let done = |n| meter.add(n);
            let plainly = || self.codec.encode_within(&plain, &self.params, share, &done);
            coded = Some(match take(&plain) {
                Some(taken) => transformed::encode(self, &plain, taken, share, &done, plainly)?,
                None => Coded::plain(plainly()?),
            });
        }
        let encoded = self.settle(plain, coded.map(Ok))?;
        meter.finish();
        Ok(encoded)
    }

    /// Bytes of memory with which a group can be encoded.
    pub(super) fn encode_memory_bytes(&self, plain_len: u64) -> u64 {
        self.codec.encode_memory_bytes(plain_len, &self.params).saturating_add(plain_len)
    }

    /// Refuses a group that cannot be encoded, or decoded again, within the limit.
    pub(super) fn require_memory(&self, plain_len: u64) -> Result<()> {
        // A payload is shorter than its group.
        let decoding = self.codec.memory_bytes(plain_len, &self.params).saturating_add(plain_len);
        let (needed_bytes, limit_bytes) =
            (decoding.max(self.encode_memory_bytes(plain_len)), self.memory_limit);
        match needed_bytes > limit_bytes {
            true => Err(Error::Memory { needed_bytes, limit_bytes }),
            false => Ok(()),
        }
    }

    /// What is under the clothes of a group, if it wears any.
    fn take(&self, plain: &[u8]) -> Option<Taken> {
        if self.transform { transform::take(plain, &self.judge()) } else { None }
    }

    /// Encodes several short groups, which the codec sees together, as many as memory allows.
    pub(super) fn encode_many(&self, plains: &[&[u8]]) -> Vec<Result<Encoded>> {
        let mut encoded = Vec::with_capacity(plains.len());
        let mut left = plains;
        while !left.is_empty() {
            let mut memory_bytes = 0u64;
            let fits = |plain: &&&[u8]| {
                memory_bytes =
                    memory_bytes.saturating_add(self.encode_memory_bytes(plain.len() as u64));
                memory_bytes <= self.memory_limit
            };
            let fitting = left.iter().take(TOGETHER).take_while(fits).count();
            let (now, later) = left.split_at(fitting.max(1));
            left = later;
            self.encode_together(now, &mut encoded);
        }
        encoded
    }

    fn encode_together(&self, plains: &[&[u8]], encoded: &mut Vec<Result<Encoded>>) {
        if let [one] = plains {
            encoded.push(self.encode(one.to_vec(), 1));
            return;
        }
        // At once, because what is under their clothes may be much longer.
        let alone: Vec<_> = plains.iter().map(|plain| self.encode_if_clothed(plain)).collect();
        let room =
            |(plain, alone): (&&[u8], &Option<_>)| match is_for_codec(plain) && alone.is_none() {
                true => self.require_memory(plain.len() as u64).map(|()| true),
                false => Ok(false),
            };
        let rooms: Vec<Result<bool>> = plains.iter().zip(&alone).map(room).collect();
        let seen = plains.iter().zip(&rooms).filter(|(_, room)| matches!(room, Ok(true)));
        let codec_sees: Vec<_> = seen.map(|(plain, _)| *plain).collect();
        let mut coded = self.codec.encode_many(&codec_sees, &self.params).into_iter();
        for ((plain, room), alone) in plains.iter().zip(rooms).zip(alone) {
            if let Some(alone) = alone {
                encoded.push(alone);
                continue;
            }
            let mut next = || coded.next().map(|coded| coded.map(Coded::plain));
            let settle = |seen| self.settle(plain.to_vec(), if seen { next() } else { None });
            encoded.push(room.and_then(settle));
            self.progress.plain(plain.len() as u64);
        }
    }

    /// Encodes a group that wears something.
    fn encode_if_clothed(&self, plain: &[u8]) -> Option<Result<Encoded>> {
        let taken = if is_for_codec(plain) { self.take(plain) } else { None };
        let taken = taken?;
        Some(self.encode_with(plain.to_vec(), 1, |_| Some(taken)))
    }

    /// The form that a group gets, given what the codec made of it if it saw it.
    fn settle(&self, plain: Vec<u8>, coded: Option<Result<Coded>>) -> Result<Encoded> {
        let mut encoded =
            Encoded { plain, method: Method::Stored, payload: Vec::new(), seen: Seen::default() };
        if is_run(&encoded.plain) {
            encoded.method = Method::Run;
        }
        if let Some(Coded { group, seen }) = coded.transpose()? {
            if group.method.is_coded() {
                encoded.method = group.method;
                encoded.payload = group.payload;
                encoded.seen = seen;
            }
            encoded.store_unless_shorter_by(0);
            if self.verify && encoded.method.is_coded() {
                self.check(&encoded)?;
            }
        }
        Ok(encoded)
    }

    fn check(&self, encoded: &Encoded) -> Result<()> {
        let plain = &encoded.plain;
        let group = CodedGroup {
            method: encoded.method,
            payload: &encoded.payload,
            plain_len: plain.len(),
            params: self.params,
        };
        let decoded = match encoded.transformed() {
            true => transformed::decode(&**self.codec, &group, &Unwatched)?,
            false => self.codec.decode(&group, &Unwatched)?,
        };
        if decoded.into_plain()? != *plain {
            return Err(Error::damaged("a group decoded to other bytes than it was made from"));
        }
        Ok(())
    }
}

/// Whether a group is neither so short nor so plain that its form is clear.
fn is_for_codec(plain: &[u8]) -> bool {
    plain.len() > 1 && !is_run(plain)
}

/// Whether all bytes are the same, and more than one.
fn is_run(plain: &[u8]) -> bool {
    plain.len() > 1 && plain[1..] == plain[..plain.len() - 1]
}
