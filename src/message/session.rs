//! Messages that follow one another between two ends, each of which knows all before.

use super::ask::{note, noted_ends, sign};
use super::form::{Body, Form};
use super::pack::Decisions;
use super::profile::{MAX_MESSAGE_BYTES, Profile};
use super::start::{Known, Start};
use super::unpack::Unpacking;
use crate::codec::{Live, Noted, code_token};
use crate::error::{Error, Result};
use crate::mixer::{Ending, Mark, Mixer};
use crate::model::{Feed, Frequencies};
use sha2::{Digest, Sha256};

/// Bytes of messages, with a byte for the end of each, after which a session begins anew.
pub const SESSION_BYTES: usize = 256 << 10;

/// One end of a session.
///
/// Both ends compress and decompress the same messages in the same order: what one has compressed, the other decompresses
/// before anything else. Each message has a check of at least one byte, so that an end that has missed one says so.
pub struct Session {
    start: Start,
    form: Form,
    lane: crate::model::Session,
    mixer: Mixer,
    mark: Mark,
    frequencies: Frequencies,
    ending: Ending,
    /// Of all messages so far.
    chain: [u8; 32],
    messages: u64,
    history_bytes: usize,
    decisions: Decisions,
}

impl Session {
    /// Begins a session of a profile.
    ///
    /// # Errors
    /// As [`Datagrams::new`](super::Datagrams::new).
    pub fn new(profile: &Profile) -> Result<Session> {
        let profile = Profile { check_bytes: profile.check_bytes.max(1), ..profile.clone() };
        let start = Start::new(&profile, SESSION_BYTES + MAX_MESSAGE_BYTES)?;
        let mut session = Session {
            form: Form::new(&profile),
            lane: start.session(1)?,
            mixer: start.mixer.clone(),
            mark: start.mark.clone(),
            frequencies: start.frequencies.clone(),
            ending: start.ending.clone(),
            chain: [0; 32],
            messages: 0,
            history_bytes: 0,
            decisions: Decisions::default(),
            start,
        };
        session.lane.copy_lane(0, &session.start.snapshot);
        Ok(session)
    }

    /// Forgets all messages; the other end must do so too.
    pub fn restart(&mut self) {
        self.mixer = self.start.mixer.clone();
        self.mark = self.start.mark.clone();
        self.frequencies.clone_from(&self.start.frequencies);
        self.ending = self.start.ending.clone();
        self.lane.copy_lane(0, &self.start.snapshot);
        (self.chain, self.messages, self.history_bytes) = ([0; 32], 0, 0);
    }

    /// Messages so far.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// A hash of all messages so far: equal at two ends that are in step.
    pub fn chain(&self) -> &[u8; 32] {
        &self.chain
    }

    /// Compresses the next message.
    ///
    /// # Errors
    /// `Invalid` for more than 65,536 bytes; nothing has changed then.
    pub fn compress(&mut self, plain: &[u8]) -> Result<Vec<u8>> {
        let chain = self.next_chain(plain)?;
        self.follow(plain)?;
        let coded = match plain {
            [] => None,
            _ => self.decisions.pack(self.form.most_coded(plain)),
        };
        let datagram = self.form.close(plain, coded.as_deref(), &chain[..self.form.check_bytes()]);
        self.go_on(plain, chain);
        Ok(datagram)
    }

    /// Decompresses the next message.
    ///
    /// # Errors
    /// `Damaged` if it is not the one that follows, or its bytes were changed: this end is where it was then, and another
    /// can be tried.
    pub fn decompress(&mut self, datagram: &[u8]) -> Result<Vec<u8>> {
        let opened = self.form.open(datagram)?;
        let plain = match opened.body {
            Body::Plain(plain) => plain.to_vec(),
            Body::Coded(coded) => self.look(coded)?,
        };
        let chain = self.next_chain(&plain)?;
        if opened.check != &chain[..self.form.check_bytes()] {
            return Err(Error::damaged(format!(
                "this is not the message that follows the {} so far: the two ends are not in step, or it was changed",
                self.messages
            )));
        }
        // Once more with the tokens that the other end has seen: they are the tokenizer's.
        self.follow(&plain)?;
        self.go_on(&plain, chain);
        Ok(plain)
    }

    /// Takes a message as sent or received, without coding it: what a session that is kept as its messages is made of again.
    ///
    /// # Errors
    /// As [`compress`](Self::compress).
    pub fn take(&mut self, plain: &[u8]) -> Result<()> {
        let chain = self.next_chain(plain)?;
        self.follow(plain)?;
        self.go_on(plain, chain);
        Ok(())
    }

    fn next_chain(&self, plain: &[u8]) -> Result<[u8; 32]> {
        if plain.len() > MAX_MESSAGE_BYTES {
            return Err(Error::invalid(format!(
                "a message of more than {MAX_MESSAGE_BYTES} bytes"
            )));
        }
        let hash = Sha256::new().chain_update(self.chain).chain_update(plain);
        Ok(hash.finalize().into())
    }

    /// Decodes a message and leaves all as it was.
    fn look(&mut self, coded: &[u8]) -> Result<Vec<u8>> {
        let before = (self.lane.snapshot(0), self.frequencies.clone());
        let plain = self.decode(coded);
        self.mixer.go_back(&self.mark);
        self.lane.copy_lane(0, &before.0);
        self.frequencies = before.1;
        plain
    }

    fn decode(&mut self, coded: &[u8]) -> Result<Vec<u8>> {
        let vocabulary = self.start.model.tokenizer().vocabulary();
        let mut coder = Unpacking::new(coded);
        let (mut plain, mut tokens) = (Vec::new(), 0);
        loop {
            let sign = sign(self.start.line_ends.ask(&self.frequencies), &self.mixer, tokens);
            if tokens > 0 && coder.ends(self.ending.ask(&sign)) {
                return Ok(plain);
            }
            let mut opinion = Live::new(&self.frequencies, vocabulary.len());
            let token = code_token(vocabulary, 0, 0, &mut opinion, &mut self.mixer, &mut coder);
            tokens += 1;
            plain.extend_from_slice(vocabulary.bytes(token));
            if plain.len() > MAX_MESSAGE_BYTES {
                return Err(Error::damaged("a message without end"));
            }
            let frequencies = &mut self.frequencies;
            self.lane.step(&[(0, token)], |_, answer| std::mem::swap(answer, frequencies));
        }
    }

    /// Runs the next message, and the line end behind it, through everything; its decisions are there then.
    fn follow(&mut self, plain: &[u8]) -> Result<()> {
        let tokenizer = self.start.model.tokenizer();
        let vocabulary = tokenizer.vocabulary();
        let mut tokens = tokenizer.encode(plain)?;
        let n = tokens.len();
        tokens.extend(tokenizer.encode(b"\n")?);
        let (mut notes, ends) = (Vec::new(), &self.start.line_ends);
        note(vocabulary, ends, &self.frequencies, Some(tokens[0]), &mut notes);
        let frequencies = &mut self.frequencies;
        let feed = Feed { lane: 0, tokens: &tokens };
        self.lane.advance(&[feed], |_, index, answer| match tokens.get(index + 1) {
            Some(&next) => note(vocabulary, ends, answer, Some(next), &mut notes),
            None => std::mem::swap(answer, frequencies),
        });
        self.decisions.clear();
        let mut noted = Noted::new(&notes);
        let mut signs = Vec::with_capacity(n);
        for (i, &token) in tokens.iter().enumerate() {
            let sign = sign(noted_ends(&mut noted), &self.mixer, i);
            if i > 0 {
                self.decisions.end(self.ending.ask(&sign));
                signs.push(sign);
            }
            noted.next_token();
            let mixer = &mut self.mixer;
            match i < n {
                true => code_token(vocabulary, 0, token, &mut noted, mixer, &mut self.decisions),
                false => code_token(vocabulary, 0, token, &mut noted, mixer, &mut Known),
            };
        }
        // Only now: who decodes does not know how a message ends before it is over.
        for (i, sign) in signs.iter().enumerate() {
            self.ending.learn(sign, i + 1 == n);
        }
        Ok(())
    }

    fn go_on(&mut self, plain: &[u8], chain: [u8; 32]) {
        self.chain = chain;
        self.messages += 1;
        self.history_bytes += plain.len() + 1;
        if self.history_bytes > SESSION_BYTES {
            let messages = self.messages;
            self.restart();
            (self.chain, self.messages) = (chain, messages);
            return;
        }
        self.mixer.commit();
        self.mark = self.mixer.mark();
    }
}
