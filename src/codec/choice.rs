//! What a group is worth, from its bytes alone: whether the model runs, or the mixer, or neither.

use super::{Plan, encode_without_model};
use crate::entropy::Encoder;
use crate::error::Result;
use crate::mixer::{MixerKind, StartValues};
use crate::tokenizer::Tokenizer;

/// How a group is coded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Choice {
    /// By the model and the mixer.
    Model,
    /// By the mixer alone.
    Mixer,
    /// Whichever of the two is smaller: the mixer alone costs little beside the model.
    Smaller,
    /// Not at all.
    Store,
}

impl Choice {
    /// The choice for a group without its copies, where there is a model with this tokenizer or none.
    ///
    /// # Errors
    /// What the tokenizer cannot do.
    pub fn of(rest: &[u8], tokenizer: Option<&Tokenizer>) -> Result<Choice> {
        if let Some(tokenizer) = tokenizer {
            if rest.len() <= TRY_BOTH_BYTES {
                return Ok(Choice::Smaller);
            }
            let tokens = tokenizer.encode(rest)?.len();
            // In the field's test files, binaries and columns of digits have at most 1.18 bytes
            // per token, and logs, the next, 1.39. Among logs, tables and JSON some are smaller
            // without the model, since one lane and the full mixer see every repeat.
            if 5 * tokens <= 2 * rest.len() {
                return Ok(Choice::Model);
            }
            if 5 * tokens <= 4 * rest.len() {
                return Ok(Choice::Smaller);
            }
        }
        let noise = rest.len() >= NOISE_BYTES && (0..NOISE_SAMPLES).all(|i| is_noise(rest, i));
        Ok(if noise { Choice::Store } else { Choice::Mixer })
    }
}

impl Choice {
    /// Whether the model takes part.
    pub fn runs_model(self) -> bool {
        matches!(self, Choice::Model | Choice::Smaller)
    }

    /// Whether the mixer works without the model.
    pub fn runs_mixer(self) -> bool {
        matches!(self, Choice::Mixer | Choice::Smaller)
    }
}

/// Groups up to this long are coded both ways.
pub(super) const TRY_BOTH_BYTES: usize = 4 << 10;
/// Groups from this length on are looked at before the mixer spends time on noise.
const NOISE_BYTES: usize = 1 << 20;
const NOISE_SAMPLES: usize = 16;
const NOISE_SAMPLE_BYTES: usize = 4 << 10;

/// Whether the light mixer finds nothing in a sample.
fn is_noise(rest: &[u8], sample: usize) -> bool {
    let at = sample * (rest.len() - NOISE_SAMPLE_BYTES) / (NOISE_SAMPLES - 1);
    let plan = Plan {
        lanes: 1,
        prime_tokens: 0,
        mixer: MixerKind::Light,
        learns: false,
        start_values: StartValues::generic(),
    };
    let part = &rest[at..at + NOISE_SAMPLE_BYTES];
    encode_without_model(part, &plan, Encoder::new(Vec::new()), &|_| ()).len() >= part.len()
}
