//! From the decisions of a message to the fewest bytes.
//!
//! Who decodes knows how many bytes there are. So no end needs to be decided while much is left of them, and where
//! nothing is left the message is over: what an end costs depends on the length of the result, and lengths are tried
//! until one holds the message.

use crate::entropy::{BinaryCoder, Encoder, Spent};
use crate::mixer::{LEFT, squash};

/// A datagram of coded bytes begins with this decision, a one: so its first byte is never [`PLAIN`].
pub const CODED_Q22: u32 = (1 << 22) / 256 * 255;
/// The first byte of a datagram that holds the message as it is.
pub const PLAIN: u8 = 0xff;
/// The least probability of an end, and of none, where it is decided.
const LEAST_Q22: u32 = (1 << 22) / 128;

/// What is to be decided where a token could follow.
pub enum Ends {
    /// Nothing: it is over.
    Yes,
    /// Nothing: it is not.
    No,
    /// Whether it is, with this probability in units of 2^-22.
    Decide(u32),
}

/// Whether a message of `len` coded bytes is over, where the coder has come so far and the text speaks for an end as
/// `x` says.
pub fn ends(x: i32, spent: Spent, len: usize) -> Ends {
    let left_q15 = spent.left_q15(len);
    if left_q15 <= 0 {
        return Ends::Yes;
    }
    match LEFT.get((left_q15 >> 15) as usize) {
        None => Ends::No,
        Some(&left) => Ends::Decide(squash(x + left).clamp(LEAST_Q22, (1 << 22) - LEAST_Q22)),
    }
}

/// The decisions of a message, to be coded when all are known.
#[derive(Default)]
pub struct Decisions {
    /// Probabilities, with the outcome in the lowest bit.
    coded: Vec<u32>,
    /// How many of them stand before each place where the message could be over, and what the text says of that; the last is
    /// where it is.
    ends: Vec<(usize, i32)>,
}

impl BinaryCoder for Decisions {
    #[inline]
    fn code(&mut self, bit: bool, p1_q22: u32) -> bool {
        self.coded.push(p1_q22 << 1 | u32::from(bit));
        bit
    }
}

impl Decisions {
    /// Forgets all.
    pub fn clear(&mut self) {
        self.coded.clear();
        self.ends.clear();
    }

    /// Comes by where the message could be over.
    pub fn end(&mut self, x: i32) {
        self.ends.push((self.coded.len(), x));
    }

    /// The shortest bytes that hold the message, if they are no more than `most`.
    pub fn pack(&self, most: usize) -> Option<Vec<u8>> {
        // Each length costs a pass over a few hundred decisions; the first that can do is about what they come to.
        let least = self.len_at_least();
        (least..=most).find_map(|len| self.pack_into(len))
    }

    /// Bytes below which it cannot be.
    fn len_at_least(&self) -> usize {
        let mut coder = Encoder::new(Vec::new());
        coder.encode(true, CODED_Q22);
        self.coded.iter().for_each(|&word| coder.encode(word & 1 == 1, word >> 1));
        coder.spent().bytes.max(1)
    }

    /// The message in exactly so many bytes, if that can be.
    fn pack_into(&self, len: usize) -> Option<Vec<u8>> {
        let mut coder = Encoder::new(Vec::new());
        coder.encode(true, CODED_Q22);
        let mut at = 0;
        for (i, &(end, x)) in self.ends.iter().enumerate() {
            for &word in &self.coded[at..end] {
                coder.encode(word & 1 == 1, word >> 1);
            }
            at = end;
            let is_last = i + 1 == self.ends.len();
            match ends(x, coder.spent(), len) {
                Ends::Decide(p1_q22) => coder.encode(is_last, p1_q22),
                Ends::Yes if is_last => {}
                Ends::No if !is_last => {}
                Ends::Yes | Ends::No => return None,
            }
        }
        let mut bytes = coder.finish_short();
        (bytes.len() <= len).then(|| {
            bytes.resize(len, 0);
            bytes
        })
    }
}
