//! The past that all messages of a profile have in common, and the state it leaves behind.

use super::ask::{LineEnds, note, noted_ends, sign};
use super::profile::Profile;
use crate::codec::{Noted, code_token};
use crate::container::WindowPolicy;
use crate::entropy::BinaryCoder;
use crate::error::Result;
use crate::kernels::Isa;
use crate::mixer::{Ending, Mark, Mixer};
use crate::model::{Feed, Frequencies, Model, Session, Snapshot, check_known_answer};
use crate::parallel;
use std::sync::Arc;

/// Tokens of a lane that the model runs at once. Lanes take over each other's keys and values, for which it is the same in
/// all; nothing else depends on it.
pub const RUN: usize = 64;

/// Codes nothing: the past is known to both ends.
pub struct Known;

impl BinaryCoder for Known {
    fn code(&mut self, bit: bool, _p1_q22: u32) -> bool {
        bit
    }
}

/// What every message begins with.
pub struct Start {
    pub model: Arc<Model>,
    isa: Isa,
    window: usize,
    pub line_ends: LineEnds,
    /// What the model has seen.
    pub snapshot: Snapshot,
    /// What it expects as the first token.
    pub frequencies: Frequencies,
    /// What the mixer has learned, frozen.
    pub mixer: Mixer,
    /// Where the mixer stands behind the past.
    pub mark: Mark,
    /// The tokens of the past, and what was noted of them.
    tokens: Vec<u32>,
    notes: Vec<u32>,
    pub ending: Ending,
}

impl Start {
    /// Runs the past of a profile through the model and the mixer, which has room for so many bytes more.
    ///
    /// # Errors
    /// `Invalid` for a profile that cannot be, `Inexact` if this machine fails the model's known-answer test.
    pub fn new(profile: &Profile, room: usize) -> Result<Start> {
        profile.validate()?;
        let model = profile.model();
        check_known_answer(&model)?;
        let isa = Isa::choose()?;
        let window = match profile.window {
            0 => model.config().window,
            asked => asked as usize,
        };
        let mut past = profile.reference.as_ref().map_or(&[][..], |r| r.text()).to_vec();
        // A message begins behind the end of a line.
        if past.last() != Some(&b'\n') {
            past.push(b'\n');
        }
        let tokens = model.tokenizer().encode(&past)?;
        let vocabulary = model.tokenizer().vocabulary();
        let line_ends = LineEnds::new(vocabulary);

        let mut session = Session::with_positions(
            model.clone(),
            isa,
            1,
            window,
            WindowPolicy::Slide,
            RUN,
            usize::MAX,
        )?;
        session.spread(parallel::threads());
        let mut fed = vec![model.config().start_row];
        fed.extend(&tokens);
        let mut frequencies = Frequencies::new(vocabulary.len());
        let mut notes = Vec::new();
        session.advance(&[Feed { lane: 0, tokens: &fed }], |_, index, answer| {
            match tokens.get(index) {
                Some(&token) => note(vocabulary, &line_ends, answer, Some(token), &mut notes),
                None => std::mem::swap(answer, &mut frequencies),
            }
        });

        let values = profile.start_values(&model);
        let capacity = past.len() + room;
        let mut mixer = Mixer::for_messages(Profile::MIXER, &values, capacity, past.len());
        let mut ending = Ending::default();
        let mut noted = Noted::new(&notes);
        let mut since_line = 0;
        for &token in &tokens {
            let ends = noted_ends(&mut noted);
            let is_end = matches!(vocabulary.bytes(token)[0], b'\n' | b'\r');
            if since_line > 0 {
                ending.learn(&sign(ends, &mixer, since_line), is_end);
            }
            since_line = if is_end { 0 } else { since_line + 1 };
            noted.next_token();
            code_token(vocabulary, 0, token, &mut noted, &mut mixer, &mut Known);
        }
        mixer.freeze();
        let (mark, snapshot) = (mixer.mark(), session.snapshot(0));
        Ok(Start {
            isa,
            window,
            line_ends,
            snapshot,
            frequencies,
            mixer,
            mark,
            ending,
            tokens,
            notes,
            model,
        })
    }

    /// Runs the past through another mixer.
    pub fn run_past(&self, mixer: &mut Mixer) {
        let vocabulary = self.model.tokenizer().vocabulary();
        let mut noted = Noted::new(&self.notes);
        for &token in &self.tokens {
            noted_ends(&mut noted);
            noted.next_token();
            code_token(vocabulary, 0, token, &mut noted, mixer, &mut Known);
        }
    }

    /// Lanes of the model that can take over the past.
    ///
    /// # Errors
    /// As [`Start::new`].
    pub fn session(&self, lanes: usize) -> Result<Session> {
        Session::with_positions(
            self.model.clone(),
            self.isa,
            lanes,
            self.window,
            WindowPolicy::Slide,
            RUN,
            usize::MAX,
        )
    }
}
