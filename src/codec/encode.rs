//! Bytes to coded bytes: the model runs ahead in chunks, the mixer follows in lane order.

use super::ahead::{Ahead, Look, NotedTokens};
use super::cuts::{self, Cut};
use super::predictor::Predictor;
use super::profile::{Deferred, Profile, Stage, span};
use super::token_coder::TokenCoder;
use super::walk::{Noted, code_byte, code_token};
use super::{Plan, REPORT_BYTES};
use crate::entropy::Encoder;
use crate::error::{Error, Result};
use crate::mixer::Mixer;
use crate::tokenizer::{Tokenizer, Vocabulary};

/// What codes, in the order that both sides share.
pub(super) struct Mixing<'a, C = Encoder> {
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) tokens: &'a [Vec<u32>],
    pub(super) coded: Vec<usize>,
    pub(super) mixer: Mixer,
    pub(super) coder: C,
    pub(super) done: &'a (dyn Fn(u64) + Sync),
}

impl<C: TokenCoder> Mixing<'_, C> {
    /// Codes the next token of `lane` and returns its bytes.
    fn token(&mut self, lane: usize, opinion: &mut Noted<'_>, look: Option<&Look>) -> u64 {
        let token = self.tokens[lane][self.coded[lane]];
        self.coded[lane] += 1;
        opinion.next_token();
        code_token(self.vocabulary, lane, token, opinion, &mut self.mixer, &mut self.coder);
        self.coder.end_token(lane, token, look);
        self.vocabulary.bytes(token).len() as u64
    }

    /// Codes all that is noted, one token of each lane per step.
    pub(super) fn steps(&mut self, lanes: &[NotedTokens]) {
        let mut opinions: Vec<_> = lanes.iter().map(|noted| Noted::new(&noted.answers)).collect();
        let steps = lanes.iter().map(|noted| noted.tokens).max().unwrap_or(0);
        let mut bytes = 0;
        for step in 0..steps {
            self.coder.checkpoint();
            for (lane, opinion) in opinions.iter_mut().enumerate() {
                if step < lanes[lane].tokens {
                    bytes += self.token(lane, opinion, lanes[lane].looks.get(step));
                }
            }
        }
        self.coder.end_round();
        (self.done)(bytes);
    }
}

/// Codes `plain`, which is not empty, with the model's help, behind what `coder` has coded.
///
/// `done` hears of bytes as they are finished.
///
/// # Errors
/// What the tokenizer or the predictor cannot do.
pub fn encode<P: Predictor>(
    plain: &[u8],
    predictor: &P,
    plan: &Plan,
    coder: Encoder,
    done: &(dyn Fn(u64) + Sync),
) -> Result<Vec<u8>> {
    Ok(encode_with(plain, predictor, plan, coder, Beside::default(), done)?.finish())
}

/// The same, and notes where the time goes.
pub(super) fn encode_profiled<P: Predictor>(
    plain: &[u8],
    predictor: &P,
    plan: &Plan,
    coder: Encoder,
    profile: &Profile,
    done: &(dyn Fn(u64) + Sync),
) -> Result<Vec<u8>> {
    let coder = Deferred::new(coder, profile);
    let beside = Beside { looks: false, profile: Some(profile) };
    Ok(encode_with(plain, predictor, plan, coder, beside, done)?.finish())
}

/// What is done beside coding.
#[derive(Clone, Copy, Default)]
pub(super) struct Beside<'a> {
    /// Whether what the model expects is noted for people.
    pub(super) looks: bool,
    /// Where the time is noted.
    pub(super) profile: Option<&'a Profile>,
}

/// The same with a coder of the caller's, which comes back.
pub(super) fn encode_with<P: Predictor, C: TokenCoder + Send>(
    plain: &[u8],
    predictor: &P,
    plan: &Plan,
    mut coder: C,
    beside: Beside<'_>,
    done: &(dyn Fn(u64) + Sync),
) -> Result<C> {
    let Beside { looks, profile } = beside;
    let tokenise = || Cut::new(plain, predictor.tokenizer(), plan);
    let cut = span(profile, Stage::Tokenise, tokenise)?;
    let lanes = cuts::code(&cut.shifts, plain.len(), plan.lanes, &mut coder)?;
    let ahead = Ahead::new(predictor, &cut.tokens, cut.alone(plan), plan.learns)?;
    let mut ahead = ahead.beside(looks, profile);
    let mixer = || Mixer::new(plan.mixer, true, lanes.ranges(), &plan.start_values);
    let mut mixing = Mixing {
        vocabulary: predictor.vocabulary(),
        tokens: &cut.tokens,
        coded: vec![0; plan.lanes],
        mixer: span(profile, Stage::Mixer, mixer),
        coder,
        done,
    };
    let leader = span(profile, Stage::Model, || ahead.start());
    span(profile, Stage::Mixer, || mixing.steps(&[leader]));
    ahead.drive(|noted| span(profile, Stage::Mixer, || mixing.steps(noted)));
    Ok(mixing.coder)
}

/// The model's answers for a whole group, noted once so that mixers can be compared quickly.
pub struct Recording {
    cut: Cut,
    leader: NotedTokens,
    lanes: Vec<NotedTokens>,
    len: usize,
}

impl Recording {
    /// Runs the model over `plain`; of the plan, all but what the mixer is counts.
    ///
    /// # Errors
    /// As [`encode`].
    pub fn new<P: Predictor>(plain: &[u8], predictor: &P, plan: &Plan) -> Result<Recording> {
        let cut = Cut::new(plain, predictor.tokenizer(), plan)?;
        let mut ahead = Ahead::new(predictor, &cut.tokens, cut.alone(plan), plan.learns)?;
        let leader = ahead.start();
        let mut lanes = vec![NotedTokens::default(); plan.lanes];
        ahead.drive(|noted| {
            for (lane, noted) in lanes.iter_mut().zip(noted) {
                lane.tokens += noted.tokens;
                lane.answers.extend_from_slice(&noted.answers);
            }
        });
        Ok(Recording { cut, leader, lanes, len: plain.len() })
    }

    /// Bytes of the group.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the group is empty.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All answers of the one lane of a group, which [`of_answers`](Self::of_answers) takes again.
    pub fn answers(&self) -> Vec<u32> {
        let lanes = self.lanes.iter().flat_map(|lane| &lane.answers);
        self.leader.answers.iter().chain(lanes).copied().collect()
    }

    /// A recording of one lane whose answers were noted before.
    ///
    /// # Errors
    /// As [`encode`], and `Invalid` if these are not as many answers as the text asks for.
    pub fn of_answers(
        plain: &[u8],
        tokenizer: &Tokenizer,
        plan: &Plan,
        answers: Vec<u32>,
    ) -> Result<Recording> {
        let cut = Cut::new(plain, tokenizer, plan)?;
        let [tokens] = &cut.tokens[..] else {
            return Err(Error::invalid("answers are noted of one lane"));
        };
        let vocabulary = tokenizer.vocabulary();
        let asked: usize = tokens.iter().map(|&token| 1 + vocabulary.path(token).count()).sum();
        if asked != answers.len() {
            return Err(Error::invalid("answers that were noted of another text"));
        }
        let mut lane = NotedTokens::default();
        (lane.tokens, lane.answers) = (tokens.len(), answers);
        let leader = NotedTokens::default();
        Ok(Recording { cut, leader, lanes: vec![lane], len: plain.len() })
    }

    /// Codes the group as [`encode`] would, and gives back the mixer with what it has learned.
    pub fn encode(&self, vocabulary: &Vocabulary, plan: &Plan) -> (Vec<u8>, Mixer) {
        let lanes = self.cut.lanes.ranges();
        let mixer = Mixer::new(plan.mixer, true, lanes, &plan.start_values);
        self.encode_with(vocabulary, mixer)
    }

    /// The same with a mixer of the caller's, which may lack some parts.
    pub fn encode_with(&self, vocabulary: &Vocabulary, mixer: Mixer) -> (Vec<u8>, Mixer) {
        let mut coder = Encoder::new(Vec::new());
        cuts::code(&self.cut.shifts, self.len, self.lanes.len(), &mut coder)
            .expect("cuts that were made for this group");
        let mut mixing = Mixing {
            vocabulary,
            tokens: &self.cut.tokens,
            coded: vec![0; self.lanes.len()],
            mixer,
            coder,
            done: &|_| (),
        };
        mixing.steps(std::slice::from_ref(&self.leader));
        mixing.steps(&self.lanes);
        (mixing.coder.finish(), mixing.mixer)
    }

    /// Bits that the model's own probabilities would cost, without mixing and coding.
    pub fn ideal_bits(&self, vocabulary: &Vocabulary) -> f64 {
        let mut bits = 0.0;
        self.for_each_decision(vocabulary, |right_q32, took_right| {
            let right = f64::from(right_q32) / 4_294_967_296.0;
            bits -= if took_right { right } else { 1.0 - right }.log2();
        });
        bits
    }

    /// Shows every decision of the group, lane after lane: P(right) in units of 2^-32, and whether
    /// it was right.
    pub fn for_each_decision(&self, vocabulary: &Vocabulary, mut show: impl FnMut(u32, bool)) {
        for (i, (lane, tokens)) in self.lanes.iter().zip(&self.cut.tokens).enumerate() {
            let leader = self.leader.answers.iter().filter(|_| i == 0);
            let mut answers = leader.chain(&lane.answers);
            for &token in tokens {
                answers.next();
                for step in vocabulary.path(token) {
                    show(*answers.next().expect("as many as decisions"), step.took_right);
                }
            }
        }
    }
}

/// Codes `plain` by the mixer alone.
pub fn encode_without_model(
    plain: &[u8],
    plan: &Plan,
    coder: Encoder,
    done: &(dyn Fn(u64) + Sync),
) -> Vec<u8> {
    mix_bytes(plain, plan, coder, done).finish()
}

/// The same, and notes where the time goes.
pub(super) fn mix_profiled(
    plain: &[u8],
    plan: &Plan,
    coder: Encoder,
    profile: &Profile,
    done: &(dyn Fn(u64) + Sync),
) -> Vec<u8> {
    let coder = Deferred::new(coder, profile);
    span(Some(profile), Stage::Mixer, || mix_bytes(plain, plan, coder, done)).finish()
}

/// The same with a coder of the caller's, which comes back; every byte is a token.
pub(super) fn mix_bytes<C: TokenCoder>(
    plain: &[u8],
    plan: &Plan,
    mut coder: C,
    done: &(dyn Fn(u64) + Sync),
) -> C {
    let lane = 0..plain.len();
    let mut mixer = Mixer::new(plan.mixer, false, std::slice::from_ref(&lane), &plan.start_values);
    for part in plain.chunks(REPORT_BYTES) {
        for &byte in part {
            coder.checkpoint();
            code_byte(0, byte, &mut mixer, &mut coder);
            coder.end_token(0, u32::from(byte), None);
        }
        coder.end_round();
        done(part.len() as u64);
    }
    coder
}
