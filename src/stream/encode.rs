//! One group, encoded: as a run, by the codec, or stored where that does not help.

use std::borrow::Cow;
use std::sync::Arc;

use super::progress::{Meter, Progress};
use crate::container::{
    CodedGroup, EncodedGroup, GroupCodec, GroupParams, Method, Unwatched, stored, varint,
};
use crate::error::{Error, Result};

/// A group with what it became; the plain bytes stay, storing may turn out to be shorter yet.
pub(super) struct Encoded {
    pub plain: Vec<u8>,
    pub method: Method,
    pub payload: Vec<u8>,
}

impl Encoded {
    /// Stores the group if coding it saves no more than `overhead` bytes and the length of its payload.
    pub(super) fn store_unless_shorter_by(&mut self, overhead: usize) {
        let coded = self.payload.len() + varint::encoded_len(self.payload.len() as u64) + overhead;
        if self.method.is_coded() && coded >= self.plain.len() {
            self.method = Method::Stored;
        }
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

/// What all groups of a file are encoded with.
pub(super) struct Encoder<'a> {
    pub codec: &'a Arc<dyn GroupCodec>,
    pub params: GroupParams,
    pub verify: bool,
    pub progress: &'a dyn Progress,
}

impl Encoder<'_> {
    pub(super) fn encode(&self, plain: Vec<u8>) -> Result<Encoded> {
        let meter = Meter::new(self.progress, plain.len() as u64);
        let coded = is_for_codec(&plain)
            .then(|| self.codec.encode(&plain, &self.params, &|n| meter.add(n)));
        let encoded = self.settle(plain, coded)?;
        meter.finish();
        Ok(encoded)
    }

    /// Encodes several short groups, which the codec sees together.
    pub(super) fn encode_many(&self, plains: &[&[u8]]) -> Vec<Result<Encoded>> {
        let codec_sees: Vec<_> = plains.iter().copied().filter(|p| is_for_codec(p)).collect();
        let mut coded = self.codec.encode_many(&codec_sees, &self.params).into_iter();
        let settle = |plain: &&[u8]| {
            let coded = if is_for_codec(plain) { coded.next() } else { None };
            let encoded = self.settle(plain.to_vec(), coded);
            self.progress.plain(plain.len() as u64);
            encoded
        };
        plains.iter().map(settle).collect()
    }

    /// The form that a group gets, given what the codec made of it if it saw it.
    fn settle(&self, plain: Vec<u8>, coded: Option<Result<EncodedGroup>>) -> Result<Encoded> {
        let mut encoded = Encoded { plain, method: Method::Stored, payload: Vec::new() };
        if is_run(&encoded.plain) {
            encoded.method = Method::Run;
        }
        if let Some(group) = coded.transpose()? {
            if group.method.is_coded() {
                encoded.method = group.method;
                encoded.payload = group.payload;
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
        if self.codec.decode(&group, &Unwatched)?.into_plain()? != *plain {
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
