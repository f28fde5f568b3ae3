//! What the model says before each token of a message: whether it is over, and the decisions of the token.

use crate::codec::{Noted, note_path, ratio_q32};
use crate::mixer::{Mixer, Sign};
use crate::model::Frequencies;
use crate::tokenizer::Vocabulary;
use std::ops::Range;

/// Which tokens of a vocabulary begin with the end of a line.
#[derive(Clone, Debug)]
pub struct LineEnds([Range<usize>; 2]);

impl LineEnds {
    /// Those of a vocabulary.
    pub fn new(vocabulary: &Vocabulary) -> LineEnds {
        let n = vocabulary.len() as u32;
        // Tokens are in the order of their bytes.
        let first = |byte: u8| {
            let (mut low, mut high) = (0, n);
            while low < high {
                let middle = low + (high - low) / 2;
                match vocabulary.bytes(middle).first().is_some_and(|&first| first >= byte) {
                    true => high = middle,
                    false => low = middle + 1,
                }
            }
            low as usize
        };
        LineEnds([b'\n', b'\r'].map(|byte| first(byte)..first(byte + 1)))
    }

    /// The probabilities, in units of 2^-32, that a line and that a document ends next.
    pub fn ask(&self, frequencies: &Frequencies) -> [u32; 2] {
        let total = frequencies.total();
        let of =
            |range: &Range<usize>| frequencies.below(range.end) - frequencies.below(range.start);
        let line = self.0.iter().map(of).sum();
        let document = u64::from(frequencies.start());
        [ratio_q32(line, total), ratio_q32(document, total + document)]
    }
}

/// What the mixer and the token count add to that.
pub fn sign([line, document]: [u32; 2], mixer: &Mixer, tokens: usize) -> Sign {
    Sign::new(line, document, mixer.recent(), tokens)
}

/// Notes all that is asked before a token: for an end, and of the token's decisions if one follows.
pub fn note(
    vocabulary: &Vocabulary,
    ends: &LineEnds,
    frequencies: &Frequencies,
    next: Option<u32>,
    notes: &mut Vec<u32>,
) {
    notes.extend(ends.ask(frequencies));
    if let Some(token) = next {
        note_path(vocabulary, frequencies, token, notes);
    }
}

/// Takes back what was noted for an end.
pub fn noted_ends(noted: &mut Noted<'_>) -> [u32; 2] {
    std::array::from_fn(|_| noted.next())
}
