//! What came of it.

use std::ops::Range;

use crate::container::Method;
use crate::error::Error;
use crate::transform::Seen;

/// What was done, for the line at the end.
#[derive(Debug, Default)]
pub struct Summary {
    /// Frames written or read.
    pub frames: u64,
    /// Groups written or read; a short frame with any content counts as one.
    pub groups: u64,
    /// Bytes of the original.
    pub plain_bytes: u64,
    /// Bytes of the compressed file.
    pub stored_bytes: u64,
    /// Groups by method, indexed by [`Method::code`].
    pub groups_by_method: [u64; 4],
    /// What the model that the last such group used is called.
    pub model_name: Option<String>,
    /// When compressing: what was seen through.
    pub seen: Seen,
    /// Zero bytes between and behind the frames, as tapes and preallocated files have them.
    pub padding_bytes: u64,
    /// Bytes behind the last frame that are not ours, and were passed over.
    pub foreign_bytes: u64,
    /// When compressing: the memory that decoding takes at least; 0 where no model is used.
    pub memory_bytes: u64,
    /// What could not be recovered; always empty unless recovery was asked for.
    pub damage: Vec<Damage>,
}

impl Summary {
    pub(super) fn count(&mut self, method: Method, plain_len: u64) {
        self.groups += 1;
        self.groups_by_method[usize::from(method.code())] += 1;
        self.plain_bytes += plain_len;
    }
}

/// A part of the original that is lost.
#[derive(Debug)]
pub struct Damage {
    /// Number of the frame, from 0.
    pub frame: u64,
    /// Number of the group in the frame, from 0, where one is known.
    pub group: Option<u64>,
    /// Which bytes of the frame's original are lost, in their order, where that is known; none
    /// where nothing is missing (a damaged footer behind good groups).
    pub lost: Option<Vec<Range<u64>>>,
    /// Why.
    pub error: Error,
}
