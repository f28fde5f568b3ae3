//! How much memory groups take.

use super::{Codec, FULL_MIXER_BYTES, window};
use crate::codec::lanes::LARGE_MODEL_BYTES;
use crate::codec::memory::{ModelNeeds, Needs};
use crate::container::GroupParams;
use crate::model::MAX_WINDOW;
use crate::parallel;

impl Codec {
    /// What a group of `len` bytes needs, with the model or by the mixer alone; `f` adds it up.
    fn needs(
        &self,
        len: usize,
        params: &GroupParams,
        with_model: bool,
        f: impl Fn(&Needs<'_>) -> u64,
    ) -> u64 {
        let model = self.model.as_ref().filter(|_| with_model).map(|model| ModelNeeds {
            config: model.config(),
            window: window(model, params).min(MAX_WINDOW),
            reads_much: model.stored_bytes() > LARGE_MODEL_BYTES,
        });
        // Of a mixer that is not known nothing is decoded.
        let Ok(plan) = self.plan(len, params, with_model) else { return 0 };
        f(&Needs { len, plan: &plan, model })
    }

    /// What encoding takes in the model's way, in that of the mixer alone (if there is a model), and before either.
    pub(super) fn encoding_needs(&self, len: usize, params: &GroupParams) -> [u64; 3] {
        let threads = parallel::threads();
        let coding = |with_model| self.needs(len, params, with_model, |n| n.encoding(threads));
        let has_model = self.model.is_some();
        let alone = if has_model { coding(false) } else { 0 };
        let before = self.needs(len, params, has_model, |n| n.preparing(threads));
        [coding(has_model), alone, before]
    }

    /// What decoding a group takes at most, as [`GroupCodec::memory_bytes`](crate::container::GroupCodec::memory_bytes).
    pub(super) fn decoding_bytes(&self, plain_len: u64, params: &GroupParams) -> u64 {
        let len = reckoned(plain_len);
        let needs = |len| self.needs(len, params, self.model.is_some(), |needs| needs.decoding());
        // Without its copies it may be so short that it has the full mixer.
        needs(len).max(needs(len.min(FULL_MIXER_BYTES)))
    }

    /// What encoding takes, likewise.
    pub(super) fn encoding_bytes(&self, plain_len: u64, params: &GroupParams) -> u64 {
        let len = reckoned(plain_len);
        let needs = |len| {
            let [with_model, alone, before] = self.encoding_needs(len, params);
            // One after the other, and what the first has made is kept.
            with_model.max(alone + len as u64).max(before)
        };
        needs(len).max(needs(len.min(FULL_MIXER_BYTES)))
    }
}

/// A length to reckon with: no group is as long as the longest of these, and sums with it do not overflow.
fn reckoned(plain_len: u64) -> usize {
    usize::try_from(plain_len.min(1 << 40)).unwrap_or(usize::MAX >> 16)
}
