//! One token as binary decisions, and what the model says of each.

use crate::entropy::BinaryCoder;
use crate::mixer::Mixer;
use crate::model::Frequencies;
use crate::tokenizer::{Child, Decision, Vocabulary};

/// The model's probabilities for the decisions of one token, in the order of the walk.
pub trait Opinion {
    /// The likeliest token.
    fn best(&self) -> u32;

    /// P(the token is in `middle..high` | it is in `low..high`) in units of 2^-32.
    fn right(&mut self, low: u32, middle: u32, high: u32) -> u32;
}

/// `part / whole` in units of 2^-32, at least 1 and at most 2^32 - 1.
///
/// Both are first shifted right until `whole` is below 2^32, so that the quotient fits.
pub fn ratio_q32(part: u64, whole: u64) -> u32 {
    let shift = 32u32.saturating_sub(whole.leading_zeros());
    let quotient = ((part >> shift) << 32) / (whole >> shift).max(1);
    quotient.clamp(1, u64::from(u32::MAX)) as u32
}

/// Answers from the frequencies themselves, as the decoder needs them.
pub struct Live<'a> {
    frequencies: &'a Frequencies,
    /// The last range asked about and the sums at its ends, which the next range shares.
    low: (u32, u64),
    high: (u32, u64),
    middle: (u32, u64),
}

impl<'a> Live<'a> {
    /// An opinion on one token.
    pub fn new(frequencies: &'a Frequencies, n_tokens: usize) -> Self {
        let total = frequencies.below(n_tokens);
        Live { frequencies, low: (0, 0), high: (n_tokens as u32, total), middle: (0, 0) }
    }

    fn below(&self, edge: u32) -> u64 {
        let known = [self.low, self.high, self.middle].into_iter().find(|known| known.0 == edge);
        known.map_or_else(|| self.frequencies.below(edge as usize), |known| known.1)
    }
}

impl Opinion for Live<'_> {
    fn best(&self) -> u32 {
        self.frequencies.best()
    }

    fn right(&mut self, low: u32, middle: u32, high: u32) -> u32 {
        let [low_sum, middle_sum, high_sum] = [low, middle, high].map(|edge| self.below(edge));
        self.low = (low, low_sum);
        self.middle = (middle, middle_sum);
        self.high = (high, high_sum);
        ratio_q32(high_sum - middle_sum, high_sum - low_sum)
    }
}

/// Answers noted down beforehand, as the encoder has them: for each token the likeliest one, then those of its walk.
pub struct Noted<'a> {
    answers: std::slice::Iter<'a, u32>,
    best: u32,
}

impl<'a> Noted<'a> {
    /// An opinion from what [`note_path`] noted of one token after the other.
    pub fn new(answers: &'a [u32]) -> Self {
        Noted { answers: answers.iter(), best: 0 }
    }

    /// Goes on to the next token.
    pub fn next_token(&mut self) {
        self.best = self.next();
    }

    /// The next word that was noted.
    pub fn next(&mut self) -> u32 {
        *self.answers.next().expect("all that a walk asks for was noted")
    }
}

impl Opinion for Noted<'_> {
    fn best(&self) -> u32 {
        self.best
    }

    fn right(&mut self, _low: u32, _middle: u32, _high: u32) -> u32 {
        self.next()
    }
}

/// Notes the likeliest token, and the answers on the way to `token`.
pub fn note_path(
    vocabulary: &Vocabulary,
    frequencies: &Frequencies,
    token: u32,
    answers: &mut Vec<u32>,
) {
    let mut live = Live::new(frequencies, vocabulary.len());
    answers.push(live.best());
    let (mut low, mut high, mut child) = (0, vocabulary.len() as u32, vocabulary.root());
    while let Child::Node(middle) = child {
        answers.push(live.right(low, middle, high));
        let node = vocabulary.node(middle);
        if token >= middle {
            (low, child) = (middle, node.right);
        } else {
            (high, child) = (middle, node.left);
        }
    }
}

/// Codes one token of the lane that the mixer is told of, and returns it.
///
/// When encoding, `token` is the one to code; when decoding it is ignored.
pub fn code_token<C: BinaryCoder>(
    vocabulary: &Vocabulary,
    lane: usize,
    token: u32,
    opinion: &mut impl Opinion,
    mixer: &mut Mixer,
    coder: &mut C,
) -> u32 {
    mixer.begin_token(lane, opinion.best());
    let (mut low, mut high, mut child) = (0, vocabulary.len() as u32, vocabulary.root());
    let mut bits_done = 0;
    while let Child::Node(middle) = child {
        mixer.at_branch(middle);
        let node = vocabulary.node(middle);
        let known = vocabulary.bytes(low);
        let right_q32 = opinion.right(low, middle, high);
        let next = |right| if right { node.right } else { node.left };
        let right = match node.decision {
            Decision::End => {
                skip_bits(known, &mut bits_done, 8 * node.depth as usize, mixer);
                let p1 = mixer.predict_end(right_q32.wrapping_neg());
                let ended = coder.code(token < middle, p1);
                ask_for(next(!ended), mixer);
                mixer.update_end(ended);
                !ended
            }
            Decision::Bit(index) => {
                let at = 8 * node.depth as usize + usize::from(index);
                skip_bits(known, &mut bits_done, at, mixer);
                let p1 = mixer.predict_bit(Some(right_q32));
                let bit = coder.code(token >= middle, p1);
                ask_for(next(bit), mixer);
                mixer.update_bit(bit);
                bits_done += 1;
                bit
            }
        };
        if right {
            low = middle;
        } else {
            high = middle;
        }
        child = next(right);
    }
    let bytes = vocabulary.bytes(low);
    skip_bits(bytes, &mut bits_done, 8 * bytes.len(), mixer);
    mixer.end_token();
    low
}

/// Lets the mixer ask for what it will read at the next decision, while it learns from the last.
fn ask_for(next: Child, mixer: &Mixer) {
    if let Child::Node(middle) = next {
        mixer.ask_for_branch(middle);
    }
}

/// Tells the mixer the bits that could not be otherwise.
fn skip_bits(bytes: &[u8], done: &mut usize, until: usize, mixer: &mut Mixer) {
    while *done < until {
        mixer.skip_bit(bytes[*done / 8] >> (7 - *done % 8) & 1 == 1);
        *done += 1;
    }
}

/// Codes one byte without a model, and returns it.
pub fn code_byte<C: BinaryCoder>(lane: usize, byte: u8, mixer: &mut Mixer, coder: &mut C) -> u8 {
    mixer.begin_token(lane, 0);
    let mut coded = 0;
    for shift in (0..8).rev() {
        let p1 = mixer.predict_bit(None);
        let bit = coder.code(byte >> shift & 1 == 1, p1);
        mixer.update_bit(bit);
        coded = coded << 1 | u8::from(bit);
    }
    mixer.end_token();
    coded
}
