//! Datagrams to messages: as many at a time as there are lanes, each of which takes the next one when its own is over.

use super::ask::sign;
use super::encode::LONG_BYTES;
use super::profile::MAX_MESSAGE_BYTES;
use super::start::Start;
use super::unpack::Unpacking;
use crate::codec::{Live, code_token};
use crate::error::{Error, Result};
use crate::mixer::Mixer;
use crate::model::{Frequencies, Session};

/// One thread's lanes, each with its mixer.
pub struct Decoding<'a> {
    start: &'a Start,
    session: Session,
    lanes: Vec<Lane>,
    fed: Vec<(usize, u32)>,
}

/// What a lane keeps from message to message.
struct Lane {
    mixer: Mixer,
    frequencies: Frequencies,
}

/// A message on its way.
struct Work<'d> {
    number: usize,
    coder: Unpacking<'d>,
    plain: Vec<u8>,
    tokens: usize,
    /// Its own whole tables, once it is long.
    long: Option<Box<Mixer>>,
}

impl<'a> Decoding<'a> {
    pub fn new(start: &'a Start, lanes: usize) -> Result<Self> {
        let lane = |_| Lane { mixer: start.mixer.clone(), frequencies: start.frequencies.clone() };
        Ok(Decoding {
            session: start.session(lanes)?,
            lanes: (0..lanes).map(lane).collect(),
            fed: Vec::with_capacity(lanes),
            start,
        })
    }

    /// Decodes all coded bytes that `next` gives, with their numbers; `done` gets each number with its message.
    pub fn decode<'d>(
        &mut self,
        mut next: impl FnMut() -> Option<(usize, &'d [u8])>,
        mut done: impl FnMut(usize, Result<Vec<u8>>),
    ) {
        let start = self.start;
        let mut works: Vec<Option<Work<'d>>> = self.lanes.iter().map(|_| None).collect();
        loop {
            self.fed.clear();
            for (i, lane) in self.lanes.iter_mut().enumerate() {
                loop {
                    let work = match &mut works[i] {
                        Some(work) => work,
                        none => {
                            let Some((number, coded)) = next() else { break };
                            lane.mixer.go_back(&start.mark);
                            lane.frequencies.clone_from(&start.frequencies);
                            self.session.copy_lane(i, &start.snapshot);
                            none.insert(Work::new(number, coded))
                        }
                    };
                    match work.token(start, lane) {
                        Ok(Some(token)) => {
                            self.fed.push((i, token));
                            break;
                        }
                        Ok(None) => done(work.number, Ok(std::mem::take(&mut work.plain))),
                        Err(error) => done(work.number, Err(error)),
                    }
                    works[i] = None;
                }
            }
            if self.fed.is_empty() {
                return;
            }
            let lanes = &mut self.lanes;
            self.session.step(&self.fed, |lane, frequencies| {
                std::mem::swap(frequencies, &mut lanes[lane].frequencies);
            });
        }
    }
}

impl<'d> Work<'d> {
    fn new(number: usize, coded: &'d [u8]) -> Self {
        Work { number, coder: Unpacking::new(coded), plain: Vec::new(), tokens: 0, long: None }
    }

    /// Decodes the next token; `None` at the end of the message.
    fn token(&mut self, start: &Start, lane: &mut Lane) -> Result<Option<u32>> {
        if self.plain.len() > LONG_BYTES && self.long.is_none() {
            self.long = Some(Box::new(lane.mixer.settled()));
        }
        let mixer = self.long.as_deref_mut().unwrap_or(&mut lane.mixer);
        if self.tokens > 0 {
            let sign = sign(start.line_ends.ask(&lane.frequencies), mixer, self.tokens);
            if self.coder.ends(start.ending.ask(&sign)) {
                return Ok(None);
            }
        }
        let vocabulary = start.model.tokenizer().vocabulary();
        let mut opinion = Live::new(&lane.frequencies, vocabulary.len());
        let token = code_token(vocabulary, 0, 0, &mut opinion, mixer, &mut self.coder);
        self.tokens += 1;
        let bytes = vocabulary.bytes(token);
        if self.plain.len() + bytes.len() > MAX_MESSAGE_BYTES {
            return Err(Error::damaged("a message without end"));
        }
        self.plain.extend_from_slice(bytes);
        Ok(Some(token))
    }
}
