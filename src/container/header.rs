//! How frames begin: the magic bytes of both forms, and the header of the long one.

use std::io::Read;

use serde::Serialize;

use super::{Check, FORMAT_VERSION, GROUP_LOG2_MAX, GROUP_LOG2_MIN, source::Source};
use crate::error::{Error, Result};

/// The first bytes of a short frame. 0xF5 occurs nowhere in UTF-8.
pub const SHORT_MAGIC: [u8; 2] = [0xF5, 0x7A];

/// The first bytes of a file that begins with what a reference taught, which `message` reads and writes.
pub const PRIMED_MAGIC: [u8; 2] = [0xF5, 0x70];

/// The first bytes of a long frame; no single flipped bit makes it a short one.
pub const LONG_MAGIC: [u8; 4] = [0xF5, 0x4C, 0x4C, 0x5A];

/// The two forms of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// At most 64 KB in one group, few bytes around it.
    Short,
    /// Any number of groups, full hashes, an index.
    Long,
}

/// What comes behind a frame, or at the beginning of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// A frame, whose magic bytes were taken.
    Frame {
        /// Its form.
        form: Form,
        /// Where it begins.
        start: u64,
        /// Zero bytes before it.
        padding: u64,
    },
    /// No other frame.
    End {
        /// Zero bytes behind the last one, as tapes and preallocated files have them.
        padding: u64,
        /// Bytes behind those that are not ours.
        foreign: u64,
    },
}

/// Takes everything up to and including the magic bytes of the next frame, or all there is.
///
/// What is not a frame is [`Error::NotLlmzip`] at the very beginning of the input; nothing at all is
/// [`Error::Truncated`] there.
pub fn next_frame<R: Read>(source: &mut Source<R>) -> Result<Next> {
    let what = "the beginning of a frame";
    let is_first = source.offset() == 0;
    let padding = if is_first { 0 } else { source.skip_zeros()? };
    let start = source.offset();
    if source.is_at_end()? {
        return match is_first {
            true => Err(Error::truncated(what)),
            false => Ok(Next::End { padding, foreign: 0 }),
        };
    }
    match magic(source, what)? {
        Some(form) => Ok(Next::Frame { form, start, padding }),
        None if is_first => Err(Error::NotLlmzip),
        None => {
            source.skip_all()?;
            Ok(Next::End { padding, foreign: source.offset() - start })
        }
    }
}

/// Takes magic bytes, or as many as show that they are none.
fn magic<R: Read>(source: &mut Source<R>, what: &str) -> Result<Option<Form>> {
    if source.byte(what)? != SHORT_MAGIC[0] {
        return Ok(None);
    }
    match source.byte(what)? {
        second if second == SHORT_MAGIC[1] => Ok(Some(Form::Short)),
        second if second == LONG_MAGIC[1] => {
            // One at a time: a file that differs here is another kind of file, however short.
            for &expected in &LONG_MAGIC[2..] {
                if source.byte(what)? != expected {
                    return Ok(None);
                }
            }
            Ok(Some(Form::Long))
        }
        // Which one, whoever has all of the file can say.
        second if second == PRIMED_MAGIC[1] && source.offset() == 2 => Err(Error::unsupported(
            "this was made with a reference, and is read with it only (--prime FILE)",
        )),
        _ => Ok(None),
    }
}

/// The header of a long frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongHeader {
    /// Every group but the last holds `1 << group_log2` bytes.
    pub group_log2: u8,
}

impl LongHeader {
    /// Its length in the file, the magic included.
    pub const BYTES: u64 = 10;

    /// Bytes of the original that a whole group holds.
    pub fn group_bytes(&self) -> u64 {
        1 << self.group_log2
    }

    /// Appends magic, version, group size and check.
    pub fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&LONG_MAGIC);
        out.extend_from_slice(&[FORMAT_VERSION, self.group_log2]);
        let check: [u8; 4] = Check::of(&out[start..]);
        out.extend_from_slice(&check);
    }

    /// Reads what follows the magic.
    pub fn read<R: Read>(source: &mut Source<R>) -> Result<Self> {
        let version = source.byte("the format version")?;
        refuse_other_version(version, FORMAT_VERSION)?;
        let header = LongHeader { group_log2: source.byte("the group size")? };
        let mut again = Vec::new();
        header.write(&mut again);
        let check: [u8; 4] = source.array("the header's check")?;
        if again[again.len() - 4..] != check {
            return Err(Error::damaged("the header does not match its check"));
        }
        require_group_log2(header.group_log2)?;
        Ok(header)
    }
}

/// Refuses versions of a kind of frames that this library does not know; 0 never existed.
pub(crate) fn refuse_other_version(version: u8, newest: u8) -> Result<()> {
    let versions = if newest == 1 { "version 1".into() } else { format!("versions 1 to {newest}") };
    match version {
        1.. if version <= newest => Ok(()),
        0 => Err(Error::damaged("the format version is 0")),
        later => Err(Error::unsupported(format!(
            "the file is of format version {later}; this llmzip reads {versions}"
        ))),
    }
}

/// Refuses group sizes outside of the format's range.
pub(super) fn require_group_log2(group_log2: u8) -> Result<()> {
    if (GROUP_LOG2_MIN..=GROUP_LOG2_MAX).contains(&group_log2) {
        return Ok(());
    }
    Err(Error::unsupported(format!(
        "groups of 2^{group_log2} bytes; this llmzip reads 2^{GROUP_LOG2_MIN} to 2^{GROUP_LOG2_MAX}"
    )))
}
