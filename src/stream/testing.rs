//! Codecs without a model, for tests: seven-bit packing under a key that the identity determines.

use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use super::{
    CodedGroup, CompressOptions, Decoded, DecompressOptions, EncodedGroup, GroupCodec, GroupParams,
    Method, ModelSource, NoProgress, Summary, Watch,
};
use crate::error::{Error, Result};

/// Packs bytes below 128 into seven bits each, so eight bytes of ASCII become seven.
pub struct Packer {
    id: Option<[u8; 32]>,
    name: String,
}

impl Packer {
    pub fn model(seed: u8) -> Arc<dyn GroupCodec> {
        let id = Some(std::array::from_fn(|i| seed.wrapping_mul(31).wrapping_add(i as u8 * 7)));
        Arc::new(Packer { id, name: format!("packer-{seed}") })
    }

    /// Another model whose identity begins with the same two bytes as that of seed 1.
    pub fn twin() -> Arc<dyn GroupCodec> {
        let mut id = Packer::model(1).model_id().unwrap();
        id[31] ^= 0x55;
        Arc::new(Packer { id: Some(id), name: "packer-twin".into() })
    }

    pub fn mixer() -> Arc<dyn GroupCodec> {
        Arc::new(Packer { id: None, name: String::new() })
    }

    fn method(&self) -> Method {
        if self.id.is_some() { Method::Model } else { Method::Mixer }
    }

    /// A key that every parameter changes, so that a lost parameter shows.
    fn key(&self, params: &GroupParams) -> u8 {
        let id = self.id.map_or(0, |id| id[31]);
        let text = format!("{params:?}");
        text.bytes().fold(id, |key, b| key.rotate_left(1) ^ b)
    }
}

impl GroupCodec for Packer {
    fn model_id(&self) -> Option<[u8; 32]> {
        self.id
    }

    fn model_name(&self) -> &str {
        &self.name
    }

    fn encode(
        &self,
        plain: &[u8],
        params: &GroupParams,
        done: &(dyn Fn(u64) + Sync),
    ) -> Result<EncodedGroup> {
        if plain.iter().any(|&b| b > 127) {
            return Ok(EncodedGroup { method: Method::Stored, payload: Vec::new() });
        }
        let key = self.key(params);
        let mut payload = vec![0; (plain.len() * 7).div_ceil(8)];
        for (i, byte) in plain.iter().enumerate() {
            for bit in 0..7 {
                let at = i * 7 + bit;
                payload[at / 8] |= (byte >> bit & 1) << (at % 8);
            }
            if i % 1000 == 999 {
                done(1000);
            }
        }
        payload.iter_mut().for_each(|b| *b ^= key);
        Ok(EncodedGroup { method: self.method(), payload })
    }

    fn decode(&self, group: &CodedGroup<'_>, _watch: &dyn Watch) -> Result<Decoded> {
        let CodedGroup { method, payload, plain_len, params } = *group;
        if payload.len() != (plain_len * 7).div_ceil(8) || method != self.method() {
            return Err(Error::damaged("the payload has the wrong length"));
        }
        let key = self.key(&params);
        let bit = |at: usize| (payload[at / 8] ^ key) >> (at % 8) & 1;
        let byte = |i| (0..7).fold(0, |b, k| b | bit(i * 7 + k) << k);
        Ok(Decoded::whole((0..plain_len).map(byte).collect()))
    }

    fn memory_bytes(&self, plain_len: u64, _params: &GroupParams) -> u64 {
        plain_len
    }
}

/// Knows the models with the seeds 1 and 2, and the twin.
pub struct Shelf;

impl ModelSource for Shelf {
    fn by_prefix(
        &self,
        id_prefix: &[u8],
        nth: usize,
        name_hint: &str,
    ) -> Result<Arc<dyn GroupCodec>> {
        [Packer::model(1), Packer::model(2), Packer::twin()]
            .into_iter()
            .filter(|codec| codec.model_id().is_some_and(|id| id.starts_with(id_prefix)))
            .nth(nth)
            .ok_or_else(|| Error::MissingModel {
                identity: crate::container::hex(id_prefix),
                hint: format!("perhaps {name_hint}"),
            })
    }

    fn without_model(&self) -> Arc<dyn GroupCodec> {
        Packer::mixer()
    }
}

pub fn pack_with(codec: &Arc<dyn GroupCodec>, plain: &[u8], options: &CompressOptions) -> Vec<u8> {
    let mut file = Vec::new();
    let summary = super::compress(plain, &mut file, codec, options, &NoProgress).unwrap();
    assert_eq!(summary.plain_bytes, plain.len() as u64);
    assert_eq!(summary.stored_bytes, file.len() as u64);
    file
}

/// A long frame of 1 KiB groups.
pub fn pack_long(plain: &[u8]) -> Vec<u8> {
    let options =
        CompressOptions { group_bytes: 1024, full_hashes: true, ..CompressOptions::default() };
    pack_with(&Packer::model(1), plain, &options)
}

pub fn pack_short(plain: &[u8]) -> Vec<u8> {
    pack_with(&Packer::model(1), plain, &CompressOptions::default())
}

/// What was written, and how it ended.
pub fn unpack_with(file: &[u8], options: &DecompressOptions) -> (Vec<u8>, Result<Summary>) {
    let mut plain = Vec::new();
    let result = super::decompress(file, &mut plain, &Shelf, options, &NoProgress);
    (plain, result)
}

pub fn unpack(file: &[u8]) -> (Vec<u8>, Result<Summary>) {
    unpack_with(file, &DecompressOptions::default())
}

/// Bytes of four kinds by turns, a kilobyte each: text, zeros, noise, text again.
pub fn mixed(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut byte = |i: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(i as u64 | 1);
        match i / 1024 % 4 {
            1 => 0,
            2 => (state >> 56) as u8 | 1,
            _ => b'a' + (state >> 60) as u8,
        }
    };
    (0..len).map(&mut byte).collect()
}

/// A reader that hands out a few bytes at a time, and may be interrupted.
pub struct Dribble<R> {
    pub inner: R,
    pub count: usize,
}

impl<R: Read> Read for Dribble<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.count += 1;
        if self.count.is_multiple_of(5) {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let n = buffer.len().min(1 + self.count % 700);
        self.inner.read(&mut buffer[..n])
    }
}

impl<R: Seek> Seek for Dribble<R> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.inner.seek(to)
    }
}
