//! Messages to datagrams: the model runs many of them together, then each is mixed by itself.

use super::ask::{note, noted_ends, sign};
use super::form::Form;
use super::pack::Decisions;
use super::start::Start;
use crate::codec::{Noted, code_token};
use crate::error::Result;
use crate::mixer::Mixer;
use crate::model::{Feed, Session};

/// Messages that the model runs together.
pub const LANES: usize = 32;
/// From this length on a message is mixed in whole tables.
pub const LONG_BYTES: usize = 4 << 10;

/// One thread's lanes and mixer.
pub struct Encoding<'a> {
    start: &'a Start,
    session: Session,
    mixer: Mixer,
    decisions: Decisions,
    notes: Vec<Vec<u32>>,
}

impl<'a> Encoding<'a> {
    pub fn new(start: &'a Start, lanes: usize) -> Result<Self> {
        Ok(Encoding {
            session: start.session(lanes)?,
            mixer: start.mixer.clone(),
            decisions: Decisions::default(),
            notes: vec![Vec::new(); lanes],
            start,
        })
    }

    /// The coded bytes of up to as many messages as there are lanes, which are not empty; none where they are not worth it.
    pub fn encode(&mut self, messages: &[&[u8]], form: &Form) -> Result<Vec<Option<Vec<u8>>>> {
        let start = self.start;
        let tokenizer = start.model.tokenizer();
        let vocabulary = tokenizer.vocabulary();
        let tokens = messages.iter().map(|m| tokenizer.encode(m)).collect::<Result<Vec<_>>>()?;
        for ((lane, tokens), notes) in tokens.iter().enumerate().zip(&mut self.notes) {
            self.session.copy_lane(lane, &start.snapshot);
            notes.clear();
            note(vocabulary, &start.line_ends, &start.frequencies, tokens.first().copied(), notes);
        }
        let feed = |(lane, tokens)| Feed { lane, tokens };
        let feeds: Vec<_> = tokens.iter().map(|t| &t[..]).enumerate().map(feed).collect();
        let notes = &mut self.notes;
        self.session.advance(&feeds, |lane, index, answer| {
            let next = tokens[lane].get(index + 1).copied();
            note(vocabulary, &start.line_ends, answer, next, &mut notes[lane]);
        });
        let packed = |(lane, message): (usize, &&[u8])| {
            self.decide(lane, &tokens[lane], message.len());
            self.decisions.pack(form.most_coded(message))
        };
        Ok(messages.iter().enumerate().map(packed).collect())
    }

    /// Finds all decisions of a message.
    fn decide(&mut self, lane: usize, tokens: &[u32], len: usize) {
        let start = self.start;
        self.decisions.clear();
        self.mixer.go_back(&start.mark);
        let mut long = (len > LONG_BYTES).then(|| self.mixer.settled());
        let mixer = long.as_mut().unwrap_or(&mut self.mixer);
        let mut noted = Noted::new(&self.notes[lane]);
        let vocabulary = start.model.tokenizer().vocabulary();
        for (i, &token) in tokens.iter().enumerate() {
            let ends = noted_ends(&mut noted);
            if i > 0 {
                self.decisions.end(start.ending.ask(&sign(ends, mixer, i)));
            }
            noted.next_token();
            code_token(vocabulary, 0, token, &mut noted, mixer, &mut self.decisions);
        }
        let ends = noted_ends(&mut noted);
        self.decisions.end(start.ending.ask(&sign(ends, mixer, tokens.len())));
    }
}
