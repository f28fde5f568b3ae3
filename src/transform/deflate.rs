//! Deflate streams: what they hold, and what their compressor did otherwise than expected.
//!
//! A compressor is imitated while its output is read: at each place the one that is most like it says which token comes next.
//! What it said wrong is coded with adaptive probabilities by the arithmetic coder of the groups; so are the blocks and their
//! trees. For zlib that is a few bytes, for others some bits a token. The same walk goes in both directions. All of it is our own and in
//! integers: no library says what a stream is.

mod adaptive;
mod bits;
mod blocks;
mod compressor;
mod guess;
mod huffman;
mod inflate;
mod nearest;
mod trees;
mod walk;
mod write;

use super::room::Room;
use crate::entropy::{Decoder, Encoder};
use crate::error::{Error, Result};
use walk::Walk;

/// A stream that was taken apart.
#[derive(Debug)]
pub struct Stream {
    /// What it holds.
    pub plain: Vec<u8>,
    /// How it is made of that.
    pub corrections: Vec<u8>,
    /// Its length.
    pub len: usize,
}

/// What a stream must hold to be worth it.
const LEAST_PLAIN: usize = 24;

/// The stream that `bytes` begin with, if there is one that holds at most `most` bytes and is worth it; if not, so many bytes
/// were inflated in `vain`.
pub fn forward(bytes: &[u8], most: usize, vain: &mut usize) -> Option<Stream> {
    let mut plain = Vec::new();
    let read = inflate::inflate(bytes, most, &mut plain);
    *vain = plain.len();
    let inflated = inflate::Inflated { plain, ..read? };
    if inflated.plain.len() < LEAST_PLAIN {
        return None;
    }
    let mut coder = Encoder::new(Vec::new());
    let made = Walk::new(&inflated.plain, &mut coder).stream(Some(&inflated), bytes.len());
    let corrections = coder.finish();
    // The walk has written the stream again.
    let comes_back = made.is_ok_and(|made| made == bytes[..inflated.len]);
    let pays = comes_back && corrections.len() * 2 < inflated.len;
    pays.then_some(Stream { plain: inflated.plain, corrections, len: inflated.len })
}

/// The stream that holds `plain`.
///
/// # Errors
/// Damage where the corrections make none of it, or a longer one than there is room for.
pub fn inverse(plain: &[u8], corrections: &[u8], out: &mut Room) -> Result<()> {
    let mut coder = Decoder::new(corrections);
    let made = Walk::new(plain, &mut coder).stream(None, out.left())?;
    coder.finish()?;
    out.put(&made)
}

/// Damage that a walk meets.
fn damaged() -> Error {
    Error::damaged("corrections that make no deflate stream")
}

#[cfg(test)]
mod tests;
