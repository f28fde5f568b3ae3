//! What an encoder hears beside decisions: where tokens and rounds end.

use super::ahead::Look;
use crate::entropy::{BinaryCoder, Encoder};

/// A coder that may do more than code.
///
/// All make the same bytes; the usual one does nothing but code.
pub trait TokenCoder: BinaryCoder {
    /// Codes a checkpoint if one is due.
    fn checkpoint(&mut self);

    /// All decisions of `token` are coded, which is the next of its lane.
    fn end_token(&mut self, lane: usize, token: u32, look: Option<&Look>) {
        let _ = (lane, token, look);
    }

    /// Some thousands of tokens are coded.
    fn end_round(&mut self) {}

    /// The coded bytes.
    fn finish(self) -> Vec<u8>;
}

impl TokenCoder for Encoder {
    #[inline]
    fn checkpoint(&mut self) {
        Encoder::checkpoint(self);
    }

    fn finish(self) -> Vec<u8> {
        Encoder::finish(self)
    }
}
