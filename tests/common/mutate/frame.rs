//! Any frame, changed; and what its groups decode to, for the checks.

use super::super::Random;
use super::long::Long;
use super::short::Short;
use llmzip::codec::Codec;
use llmzip::container::{CodedGroup, Decoded, GroupCodec, GroupParams, Method, Unwatched};

/// More than this is not decoded only to make a check right.
const PLAIN_MAX: u64 = 64 << 10;

/// The codecs of the groups: the mixer's, and that of one model.
pub struct Codecs<'a> {
    pub mixer: &'a Codec,
    pub model: &'a Codec,
}

impl Codecs<'_> {
    /// What a decoder makes of a payload, whatever it is; `None` for an error or too much.
    pub fn plain(
        &self,
        method: Method,
        payload: &[u8],
        plain_len: u64,
        params: &GroupParams,
    ) -> Option<Vec<u8>> {
        if plain_len > PLAIN_MAX {
            return None;
        }
        let len = plain_len as usize;
        match method {
            Method::Stored => Some(payload.to_vec()),
            Method::Run => Some(vec![*payload.first()?; len]),
            Method::Mixer | Method::Model => {
                let codec = if method == Method::Mixer { self.mixer } else { self.model };
                let group = CodedGroup { method, payload, plain_len: len, params: *params };
                codec.decode(&group, &Unwatched).and_then(Decoded::into_plain).ok()
            }
        }
    }
}

/// The file with one to three fields of its first frame changed; `None` if it is not one that can be read.
pub fn frame(random: &mut Random, file: &[u8], codecs: &Codecs<'_>) -> Option<Vec<u8>> {
    if let Some(mut long) = Long::parse(file) {
        // A footer of before the changes contradicts them.
        if random.below(4) == 0 {
            long.freeze_footer(codecs);
        }
        for _ in 0..1 + random.below(3) {
            long.change(random);
        }
        return Some(long.to_bytes(codecs));
    }
    let mut short = Short::parse(file)?;
    for _ in 0..1 + random.below(3) {
        short.change(random);
    }
    Some(short.to_bytes(codecs))
}
