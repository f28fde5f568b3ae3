//! Where the time of encoding goes, by stage.
//!
//! Who wants to know gives a codec a [`Profile`]; without one nothing is timed. Decisions are too short to be timed one by
//! one, so that a profiled run puts them aside and codes those of a round at once, which gives the same bytes.

use super::ahead::Look;
use super::token_coder::TokenCoder;
use crate::entropy::{BinaryCoder, Encoder};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A part of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Looking for long repeats, and taking them out.
    Copies,
    /// Bytes to tokens, also to see what a group is worth and to cut it into lanes.
    Tokenise,
    /// The language model, with the output layer that learns.
    Model,
    /// The adaptive contexts and their mixing.
    Mixer,
    /// The arithmetic coder.
    Coder,
}

impl Stage {
    /// All of them, in the order of the data's way.
    pub const ALL: [Stage; 5] =
        [Stage::Copies, Stage::Tokenise, Stage::Model, Stage::Mixer, Stage::Coder];
}

/// Time by stage, summed over threads.
#[derive(Debug, Default)]
pub struct Profile {
    nanos: [AtomicU64; Stage::ALL.len()],
}

impl Profile {
    /// The time that threads have spent in a stage, those apart that only helped with a part of a step.
    pub fn time(&self, stage: Stage) -> Duration {
        Duration::from_nanos(self.nanos[stage as usize].load(Ordering::Relaxed))
    }

    fn add(&self, stage: Stage, time: Duration) {
        self.nanos[stage as usize].fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }
}

thread_local! {
    /// What spans inside the present one have taken: a thread that waits for others does other work meanwhile.
    static WITHIN: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Does `work`, and notes its time where there is a profile.
pub(super) fn span<R>(profile: Option<&Profile>, stage: Stage, work: impl FnOnce() -> R) -> R {
    let Some(profile) = profile else { return work() };
    let outside = WITHIN.replace(Duration::ZERO);
    let begun = Instant::now();
    let result = work();
    let all = begun.elapsed();
    profile.add(stage, all.saturating_sub(WITHIN.get()));
    WITHIN.set(outside + all);
    result
}

/// An encoder that codes the decisions of a round at once.
pub(super) struct Deferred<'a> {
    encoder: Encoder,
    /// Twice the probability, and one more where the bit is 1; [`CHECKPOINT`] where one may stand.
    decisions: Vec<u32>,
    profile: &'a Profile,
}

/// No decision: probabilities have 22 bits.
const CHECKPOINT: u32 = u32::MAX;

impl<'a> Deferred<'a> {
    pub(super) fn new(encoder: Encoder, profile: &'a Profile) -> Self {
        Deferred { encoder, decisions: Vec::new(), profile }
    }
}

impl BinaryCoder for Deferred<'_> {
    fn code(&mut self, bit: bool, p1_q22: u32) -> bool {
        self.decisions.push(p1_q22 << 1 | u32::from(bit));
        bit
    }
}

impl TokenCoder for Deferred<'_> {
    fn checkpoint(&mut self) {
        self.decisions.push(CHECKPOINT);
    }

    fn end_token(&mut self, _lane: usize, _token: u32, _look: Option<&Look>) {}

    fn end_round(&mut self) {
        let (encoder, decisions) = (&mut self.encoder, &mut self.decisions);
        span(Some(self.profile), Stage::Coder, || {
            for decision in decisions.drain(..) {
                match decision {
                    CHECKPOINT => encoder.checkpoint(),
                    decision => encoder.encode(decision & 1 == 1, decision >> 1),
                }
            }
        });
    }

    fn finish(mut self) -> Vec<u8> {
        self.end_round();
        self.encoder.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_aside_becomes_the_same_bytes() {
        let profile = Profile::default();
        let mut plain = Encoder::new(Vec::new());
        let mut deferred = Deferred::new(Encoder::new(Vec::new()), &profile);
        // Enough for some checkpoints.
        for i in 0..900_000u32 {
            let (bit, p1) = (i.wrapping_mul(i) >> 7 & 1 == 1, (i * 31 % 4_194_303).max(1));
            plain.code(bit, p1);
            deferred.code(bit, p1);
            plain.checkpoint();
            deferred.checkpoint();
            if i % 1000 == 0 {
                deferred.end_round();
            }
        }
        let coded = plain.finish();
        assert!(coded.len() > 3 * crate::entropy::CHECKPOINT_BYTES);
        assert_eq!(TokenCoder::finish(deferred), coded);
        assert!(profile.time(Stage::Coder) > Duration::ZERO);
    }

    #[test]
    fn a_span_has_not_the_time_of_those_within() {
        let profile = Profile::default();
        let pause = Duration::from_millis(20);
        span(Some(&profile), Stage::Model, || {
            span(Some(&profile), Stage::Mixer, || std::thread::sleep(pause));
        });
        // However slow the machine: the inner one has all of the pause, and the outer one none.
        let [outer, inner] = [Stage::Model, Stage::Mixer].map(|stage| profile.time(stage));
        assert!(inner >= pause && outer < inner, "{outer:?} {inner:?}");
    }
}
