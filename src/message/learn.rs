//! Start values of the mixer for messages, learned offline.

use super::ask::{note, noted_ends};
use super::profile::{MAX_MESSAGE_BYTES, Profile};
use super::start::{Known, Start};
use crate::codec::{Noted, code_token};
use crate::error::Result;
use crate::mixer::{Beside, Learner, Mixer, StartValues};
use crate::model::Feed;

/// Messages that the model runs together.
const TOGETHER: usize = 32;

/// What the mixer should begin messages with, learned from `messages`, gone through so many times.
///
/// # Errors
/// As [`Datagrams::new`](super::Datagrams::new).
pub fn learn_start_values(
    profile: &Profile,
    messages: &[Vec<u8>],
    times: usize,
) -> Result<StartValues> {
    let start = Start::new(profile, MAX_MESSAGE_BYTES)?;
    let tokenizer = start.model.tokenizer();
    let vocabulary = tokenizer.vocabulary();
    let mut session = start.session(TOGETHER)?;
    let mut noted = Vec::new();
    for messages in messages.chunks(TOGETHER) {
        let tokens = messages.iter().map(|m| tokenizer.encode(m)).collect::<Result<Vec<_>>>()?;
        let mut notes: Vec<Vec<u32>> = vec![Vec::new(); tokens.len()];
        for (lane, tokens) in tokens.iter().enumerate() {
            session.copy_lane(lane, &start.snapshot);
            let next = tokens.first().copied();
            note(vocabulary, &start.line_ends, &start.frequencies, next, &mut notes[lane]);
        }
        let feeds: Vec<_> =
            tokens.iter().enumerate().map(|(lane, tokens)| Feed { lane, tokens }).collect();
        session.advance(&feeds, |lane, index, answer| {
            let next = tokens[lane].get(index + 1).copied();
            note(vocabulary, &start.line_ends, answer, next, &mut notes[lane]);
        });
        noted.extend(tokens.into_iter().zip(notes));
    }
    let values = start.model.start_values();
    let mut learner = Learner::setting_out_from(values, Profile::MIXER, Beside::Model);
    learner.follow(&noted, times, |(tokens, notes), values| {
        let mut mixer = Mixer::for_messages(Profile::MIXER, values, MAX_MESSAGE_BYTES, 0);
        start.run_past(&mut mixer);
        let mut noted = Noted::new(notes);
        for &token in tokens {
            noted_ends(&mut noted);
            noted.next_token();
            code_token(vocabulary, 0, token, &mut noted, &mut mixer, &mut Known);
        }
        (Vec::new(), mixer)
    });
    Ok(learner.values())
}
