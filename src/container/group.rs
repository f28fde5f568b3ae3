//! A group of a long frame.

use std::io::Read;

use super::check::Check;
use super::short::require_lengths;
use super::{Method, source::Source, stored, varint};
use crate::error::{Error, Result};

const TAG: u8 = 0xA0;
const TAG_MASK: u8 = 0xF0;
const PARTIAL_FLAG: u8 = 1 << 2;
const TRANSFORMED_FLAG: u8 = 1 << 3;

/// What stands before the payload of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupHead {
    /// How the payload is made.
    pub method: Method,
    /// Whether the payload has a recipe and what it puts together, see [`transform`](crate::transform).
    pub transformed: bool,
    /// Bytes of the original; less than a whole group only in the last one.
    pub plain_len: u64,
    /// Length of the payload that follows.
    pub payload_len: u64,
    /// The first bytes of a SHA-256, see [`GroupHead::check_of`]; a run has only two of them.
    pub check: [u8; 8],
}

impl GroupHead {
    /// Whether a record that begins with `tag` is a group.
    pub fn is_tag(tag: u8) -> bool {
        tag & TAG_MASK == TAG
    }

    /// Appends the head, the tag included.
    pub fn write(&self, group_bytes: u64, out: &mut Vec<u8>) {
        self.write_before_check(group_bytes, out);
        out.extend_from_slice(self.recorded_check());
    }

    /// What stands in the file of [`GroupHead::check`].
    ///
    /// A run is its own proof but for three bytes, so it need not carry eight more.
    pub fn recorded_check(&self) -> &[u8] {
        &self.check[..if self.method == Method::Run { 2 } else { 8 }]
    }

    fn write_before_check(&self, group_bytes: u64, out: &mut Vec<u8>) {
        let is_partial = self.plain_len < group_bytes;
        let partial = if is_partial { PARTIAL_FLAG } else { 0 };
        let transformed = if self.transformed { TRANSFORMED_FLAG } else { 0 };
        out.push(TAG | self.method.code() | partial | transformed);
        if is_partial {
            varint::write(out, self.plain_len);
        }
        if self.method.is_coded() {
            varint::write(out, self.payload_len);
        }
    }

    /// Begins the check of group `number` with these lengths; the group's plain bytes complete it.
    ///
    /// With the number in it, a group that stands in another's place is noticed even when only
    /// that group is read.
    pub fn check_of(&self, number: u64, group_bytes: u64) -> Check {
        let mut head = number.to_le_bytes().to_vec();
        self.write_before_check(group_bytes, &mut head);
        let mut check = Check::default();
        check.update(&head);
        check
    }

    /// Reads what follows the tag.
    pub fn read<R: Read>(tag: u8, group_bytes: u64, source: &mut Source<R>) -> Result<Self> {
        debug_assert!(Self::is_tag(tag));
        let method = Method::from_bits(tag);
        let transformed = tag & TRANSFORMED_FLAG != 0;
        if transformed && !method.is_coded() {
            return Err(Error::damaged("a transformed group that no codec has made"));
        }
        let mut plain_len = group_bytes;
        if tag & PARTIAL_FLAG != 0 {
            plain_len = source.varint_up_to(group_bytes - 1, "the length of a group")?;
            if plain_len == 0 {
                return Err(Error::damaged("a group without bytes"));
            }
        }
        let payload_len = match method {
            Method::Stored => stored::payload_len(plain_len),
            Method::Run => 1,
            Method::Mixer | Method::Model => source.varint("the payload's length")?,
        };
        require_lengths(method, plain_len, payload_len)?;
        let mut head = GroupHead { method, transformed, plain_len, payload_len, check: [0; 8] };
        let recorded = head.recorded_check().len();
        for byte in &mut head.check[..recorded] {
            *byte = source.byte("a group's check")?;
        }
        Ok(head)
    }
}
