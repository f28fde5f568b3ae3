//! How long a large model will take, from a short trial on the text's own beginning.

use super::predictor::Predictor;
use super::{Plan, decode, encode};
use crate::container::Unwatched;
use crate::entropy::{Decoder, Encoder};
use crate::error::Result;
use crate::parallel::HAS_CLOCK;
use std::time::{Duration, Instant};

/// Tokens of each lane that are tried: enough to see a step's time, few beside those of a text that takes long.
const TRIED_TOKENS: usize = 16;
/// The trial costs at most this part of the whole.
const LEAST_WHOLE: u64 = 50;

/// About how long a text will take on the threads of the caller's pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// To compress it.
    pub encode: Duration,
    /// To decompress it.
    pub decode: Duration,
}

/// Bytes of a text's beginning that a trial with so many lanes looks at.
pub fn sample_bytes(lanes: usize) -> usize {
    // Vocabularies of real models have some four bytes a token.
    4 * TRIED_TOKENS * lanes
}

/// Codes the beginning of a text of `len` bytes in both directions and reckons from that. The plan is that of the
/// whole text. `None` where the trial would be no small part of the work, or the time cannot be told.
///
/// The window is nearly empty in the trial, so the estimate is rather low.
///
/// # Errors
/// As [`encode`].
pub fn estimate<P: Predictor>(
    beginning: &[u8],
    len: u64,
    predictor: &P,
    plan: &Plan,
) -> Result<Option<Estimate>> {
    let sample = &beginning[..beginning.len().min(sample_bytes(plan.lanes))];
    if !HAS_CLOCK || sample.len() < plan.lanes || len < LEAST_WHOLE * sample.len() as u64 {
        return Ok(None);
    }
    let plan = Plan { prime_tokens: 0, ..plan.clone() };
    let try_encode =
        |text: &[u8]| encode(text, predictor, &plan, Encoder::new(Vec::new()), &|_| ());
    // What happens once (weights come from the disk, tables are made) is not part of a byte's time.
    try_encode(&sample[..plan.lanes])?;
    let began = Instant::now();
    let coded = try_encode(sample)?;
    let encoded = began.elapsed();
    decode(Decoder::new(&coded), sample.len(), predictor, &plan, &Unwatched)?.into_plain()?;
    let decoded = began.elapsed() - encoded;
    let whole = |part: Duration| part.mul_f64(len as f64 / sample.len() as f64);
    Ok(Some(Estimate { encode: whole(encoded), decode: whole(decoded) }))
}
