//! What messages begin with is learned offline: the mixer's start values, and what the weights of their ends are fitted to.

use super::ask::{note, noted_ends, sign};
use super::profile::{MAX_MESSAGE_BYTES, Profile};
use super::start::{Known, Start};
use crate::codec::{Noted, code_token};
use crate::entropy::BinaryCoder;
use crate::error::Result;
use crate::mixer::{Beside, Learner, Mixer, Sign, StartValues};
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
    let vocabulary = start.model.tokenizer().vocabulary();
    let noted = noted_messages(&start, messages)?;
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

/// A place where a message is over, or could be.
pub struct Place {
    /// What speaks for an end.
    pub sign: Sign,
    /// Bits of information that the message has taken so far.
    pub bits: f64,
}

/// All places of each message but the one before its first token; the last of each is where it is over.
///
/// # Errors
/// As [`Datagrams::new`](super::Datagrams::new).
pub fn places_of_ends(profile: &Profile, messages: &[Vec<u8>]) -> Result<Vec<Vec<Place>>> {
    let start = Start::new(profile, MAX_MESSAGE_BYTES)?;
    let vocabulary = start.model.tokenizer().vocabulary();
    let mut mixer = start.mixer.clone();
    let places = |(tokens, notes): &(Vec<u32>, Vec<u32>)| {
        mixer.go_back(&start.mark);
        let mut noted = Noted::new(notes);
        let mut taken = Information(0.0);
        let mut places = Vec::new();
        for i in 0..=tokens.len() {
            let ends = noted_ends(&mut noted);
            if i > 0 {
                places.push(Place { sign: sign(ends, &mixer, i), bits: taken.0 });
            }
            if let Some(&token) = tokens.get(i) {
                noted.next_token();
                code_token(vocabulary, 0, token, &mut noted, &mut mixer, &mut taken);
            }
        }
        places
    };
    Ok(noted_messages(&start, messages)?.iter().map(places).collect())
}

/// The bits that decisions take.
struct Information(f64);

impl BinaryCoder for Information {
    fn code(&mut self, bit: bool, p1_q22: u32) -> bool {
        let p1 = f64::from(p1_q22) / f64::from(1 << 22);
        self.0 -= if bit { p1 } else { 1.0 - p1 }.log2();
        bit
    }
}

/// The tokens of each message, and what is asked of the model before them and behind the last.
fn noted_messages(start: &Start, messages: &[Vec<u8>]) -> Result<Vec<(Vec<u32>, Vec<u32>)>> {
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
    Ok(noted)
}
