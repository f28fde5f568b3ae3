//! Whether a message is over: asked in front of each of its tokens but the first.
//!
//! What the model says of a line's end and of a document's is weighed by what the message ends with so far and by how long it
//! is. The weights were learned from messages; they go on learning from a reference, where each line is a message, and
//! within a session.

mod values;

pub use values::LEFT;

use super::math::{P_ONE, squash_table, stretch_q32};
use super::text::class;
use values::{BIASES, WEIGHTS};

/// Classes of what a message ends with so far.
const CLASSES: usize = 12;
/// Classes of its number of tokens.
const LENGTHS: usize = 6;
/// Inputs: the end of a line, and of a document.
const INPUTS: usize = 2;
/// Bits that are left of the coded bytes, from which on a message is not over.
pub const FAR_BITS: usize = 16;
/// Weights are in units of 2^-16.
const WEIGHT_SHIFT: u32 = 16;
/// A weight moves by the error (of 2^22) times the input (of 2048) shifted right by so much; a bias as if its input were
/// four units.
const RATE_SHIFT: u32 = 22;
const BIAS_RATE_SHIFT: u32 = 15;
/// Within which weights and biases stay.
const MOST_WEIGHT: i32 = 4 << WEIGHT_SHIFT;
const MOST_BIAS: i32 = 16 << 11;

/// What speaks for an end at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sign {
    class: usize,
    length: usize,
    inputs: [i32; INPUTS],
}

impl Sign {
    /// From the probabilities, in units of 2^-32, that a line and that a document ends here, the message's last bytes (the
    /// newest lowest) and its number of tokens.
    pub fn new(line_q32: u32, document_q32: u32, recent: u64, tokens: usize) -> Sign {
        Sign {
            class: last_class(recent),
            length: tokens.max(1).ilog2().min(LENGTHS as u32 - 1) as usize,
            inputs: [line_q32, document_q32].map(stretch_q32),
        }
    }

    /// Class, class of the length, and inputs, as weights are learned from them.
    pub fn parts(&self) -> (usize, usize, [i32; INPUTS]) {
        (self.class, self.length, self.inputs)
    }
}

/// The class of the last bytes of a text.
fn last_class(recent: u64) -> usize {
    let last = recent as u8;
    match last {
        b'.' => 8,
        b'!' | b'?' => 9,
        // Ideographic full stop, full-width exclamation and question marks.
        _ if matches!(recent & 0xff_ffff, 0xe3_8082 | 0xef_bc81 | 0xef_bc9f) => 10,
        // Characters of four bytes are mostly pictures.
        _ if recent >> 24 & 0xff == 0xf0 => 11,
        _ => usize::from(class(last)),
    }
}

/// The probability, in units of 2^-22 and in `1..2^22`, of what is stretched to `x`.
pub fn squash(x: i32) -> u32 {
    squash_table().of(x)
}

/// The weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    weights: [[i32; INPUTS]; CLASSES],
    biases: [[i32; LENGTHS]; CLASSES],
}

impl Default for Ending {
    fn default() -> Self {
        Ending { weights: WEIGHTS, biases: BIASES }
    }
}

impl Ending {
    /// The stretched probability that the message is over, in units of 1/2048.
    pub fn ask(&self, sign: &Sign) -> i32 {
        let weights = self.weights[sign.class];
        let sum =
            weights.iter().zip(sign.inputs).map(|(&w, x)| i64::from(w) * i64::from(x)).sum::<i64>();
        (sum >> WEIGHT_SHIFT) as i32 + self.biases[sign.class][sign.length]
    }

    /// Learns whether it was.
    pub fn learn(&mut self, sign: &Sign, ended: bool) {
        let p = squash_table().of(self.ask(sign)) as i32;
        let error = if ended { P_ONE as i32 } else { 0 } - p;
        for (weight, x) in self.weights[sign.class].iter_mut().zip(sign.inputs) {
            let step = (i64::from(error) * i64::from(x)) >> RATE_SHIFT;
            *weight = (*weight + step as i32).clamp(-MOST_WEIGHT, MOST_WEIGHT);
        }
        let bias = &mut self.biases[sign.class][sign.length];
        *bias = (*bias + (error >> BIAS_RATE_SHIFT)).clamp(-MOST_BIAS, MOST_BIAS);
    }
}
