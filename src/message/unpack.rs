//! The way back of `pack`: decisions, and whether the message is over.

use super::pack::{CODED_Q22, Ends, ends};
use crate::entropy::{BinaryCoder, Decoder};

/// A datagram of coded bytes on its way.
pub struct Unpacking<'a> {
    coder: Decoder<'a>,
    len: usize,
}

impl<'a> Unpacking<'a> {
    /// Begins to read `coded`, whose first byte is not [`PLAIN`](super::pack::PLAIN).
    pub fn new(coded: &'a [u8]) -> Self {
        let mut coder = Decoder::new(coded);
        coder.decode(CODED_Q22);
        Unpacking { coder, len: coded.len() }
    }

    /// Whether the message is over where the text speaks for it as `x` says.
    pub fn ends(&mut self, x: i32) -> bool {
        match ends(x, self.coder.spent(), self.len) {
            Ends::Yes => true,
            Ends::No => false,
            Ends::Decide(p1_q22) => self.coder.decode(p1_q22),
        }
    }
}

impl BinaryCoder for Unpacking<'_> {
    #[inline]
    fn code(&mut self, _bit: bool, p1_q22: u32) -> bool {
        self.coder.decode(p1_q22)
    }
}
