//! Whether a group is shorter without its clothes.

use super::encode::Encoder;
use super::transformed::parts;
use crate::container::{GroupCodec, GroupParams};
use crate::error::Result;
use crate::transform::{self, Judge, Taken};

/// Groups up to this long are coded both ways.
const BOTH_BYTES: usize = 64 << 10;
/// Of longer ones, a piece of so many bytes shows it.
const SAMPLE_BYTES: usize = 24 << 10;
/// If that wears none, groups up to this long are coded both ways all the same: a few escapes in a long text may cost more than they
/// save. In longer ones they are taken for worth it.
const UNSURE_BYTES: usize = 1 << 20;

/// A codec and what it is to do, as whoever knows what bytes cost.
#[derive(Clone, Copy)]
pub(super) struct Coding<'a> {
    pub codec: &'a dyn GroupCodec,
    pub params: &'a GroupParams,
}

impl Judge for Coding<'_> {
    fn cost(&self, bytes: &[u8]) -> usize {
        let stored = bytes.len();
        if bytes.len() < 2 {
            return stored;
        }
        match self.codec.encode(bytes, self.params, &|_| ()) {
            Ok(group) if group.method.is_coded() => group.payload.len().min(stored),
            _ => stored,
        }
    }
}

/// What is known of a group before it is coded.
pub(super) enum Verdict {
    /// It is shorter without its clothes.
    Off,
    /// It is shorter with them.
    On,
    /// Only coding it both ways can tell.
    Unsure,
}

impl Verdict {
    fn of(pays: bool) -> Verdict {
        if pays { Verdict::Off } else { Verdict::On }
    }
}

/// Whether what was taken off a group is better left on.
pub(super) fn verdict(encoder: &Encoder<'_>, plain: &[u8], taken: &Taken) -> Result<Verdict> {
    if encoder.codec.scout().is_some() && plain.len() <= UNSURE_BYTES {
        // What takes the codec itself a multiple of the time.
        return Ok(Verdict::of(pays(encoder, plain, taken)?));
    }
    if plain.len() <= BOTH_BYTES {
        return Ok(Verdict::Unsure);
    }
    // Units of four bytes stay whole.
    let start = (plain.len() - SAMPLE_BYTES) / 2 / 4 * 4;
    let sample = &plain[start..start + SAMPLE_BYTES];
    match transform::take(sample, &encoder.judge()) {
        Some(taken) => Ok(Verdict::of(pays(encoder, sample, &taken)?)),
        None if plain.len() <= UNSURE_BYTES => Ok(Verdict::Unsure),
        None => Ok(Verdict::Off),
    }
}

/// Whether whoever judges makes less of the parts.
fn pays(encoder: &Encoder<'_>, plain: &[u8], taken: &Taken) -> Result<bool> {
    let judge = encoder.judge();
    let group = parts(encoder, judge, plain, taken, encoder.memory_limit, &|_| ())?;
    Ok(group.is_some_and(|group| group.payload.len() < judge.cost(plain)))
}

impl Encoder<'_> {
    /// Who says what is shorter: the codec's scout, or the codec itself.
    pub(super) fn judge(&self) -> Coding<'_> {
        match self.codec.scout() {
            Some((codec, params)) => Coding { codec, params },
            None => self.coding(),
        }
    }

    /// The codec, as the groups are coded.
    pub(super) fn coding(&self) -> Coding<'_> {
        Coding { codec: &**self.codec, params: &self.params }
    }
}
