//! Text in other clothes: what hides text from a model is taken off, and put on again.
//!
//! A group is cut into *stretches*, each of which one *transform* makes of what is within it: UTF-16 of text, base64 of
//! bytes, a deflate stream of what it holds. Stretches lie within each other. What is left at the bottom are *parts*, one of
//! each [`Kind`], which are coded by themselves, each by the method that suits it, and a *recipe*, which says how the group is
//! put together. `TRANSFORMS.md` describes all of it byte by byte.
//!
//! Every transform is a module with the same three functions: it finds where it may have been at work, takes it back
//! exactly or not at all, and does it again. Nothing here has heard of models: who codes the parts is asked by
//! [`Judge`] which of two texts is shorter when coded.

mod ascii85;
mod base64;
mod charset;
mod code;
mod deflate;
mod dissect;
mod dump;
mod effort;
mod escape;
mod find;
mod hex;
mod holders;
mod kind;
mod lines;
mod png;
mod quoted;
mod recipe;
mod room;
mod seen;
mod tally;
mod tar;
mod upper;
mod url;
mod vain;
mod wrap;

pub use dissect::{Taken, take};
pub use kind::Kind;
pub use recipe::{Parts, describe, inner_limit, restore, restore_beginning, whole_recipe};
pub use seen::Seen;

/// Codes of transforms that say all there is to say, so that one byte can stand for a recipe.
pub const WHOLE_CODES: std::ops::Range<u8> = 4..code::PLAIN_CODES;

/// Who knows what bytes cost.
pub trait Judge {
    /// The length of some bytes when they are coded.
    fn cost(&self, bytes: &[u8]) -> usize;
}

/// Bytes that the parts of a group may have together, whatever its length.
const LEAST_LIMIT: usize = 16 << 20;
/// Of a long group, so many times its length.
const LIMIT: usize = 4;

/// The most bytes that the parts of a group of `plain_len` bytes have together; so a deflate bomb is left alone.
pub fn limit(plain_len: usize) -> usize {
    plain_len.saturating_mul(LIMIT).max(LEAST_LIMIT)
}
