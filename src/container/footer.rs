//! The end of a long frame: index, lengths and the hash of the whole.

use std::io::Read;

use super::header::{LongHeader, require_group_log2};
use super::{Check, source::Source, varint};
use crate::error::{Error, Result};

/// The last bytes of a long frame.
pub const CLOSING_MAGIC: [u8; 4] = [0x5A, 0x4C, 0x4C, 0xF5];

/// Bytes of a long frame's fixed end, see [`Trailer`].
pub const TRAILER_BYTES: u64 = 18;

/// Bytes of the frame's length.
const FRAME_LEN_BYTES: usize = 6;

/// Where a group lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexEntry {
    /// Bytes in the file: the settings record before the group, where there is one, its head and payload.
    pub stored_len: u64,
    /// Whether a settings record stands before the group.
    pub has_settings: bool,
}

impl IndexEntry {
    /// A whole run: tag, two bytes of check, and the byte.
    pub const LEAST_STORED_LEN: u64 = 4;
}

/// The footer of a long frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footer {
    /// The group size again, so that the groups are found when the header is damaged.
    pub group_log2: u8,
    /// Length of the original.
    pub plain_len: u64,
    /// One entry a group.
    pub index: Vec<IndexEntry>,
    /// SHA-256 of the original.
    pub sha256: [u8; 32],
}

impl Footer {
    /// The first byte of the footer.
    pub const TAG: u8 = 0xCA;

    /// The number of groups that an original of `plain_len` bytes is cut into.
    pub fn n_groups(group_log2: u8, plain_len: u64) -> u64 {
        (plain_len >> group_log2) + u64::from(plain_len & ((1 << group_log2) - 1) != 0)
    }

    /// Appends the footer, the tag included, which ends the frame.
    ///
    /// [`Error::Invalid`] when the index has more than 4 GB, or the frame more than 256 TiB.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        out.extend_from_slice(&[Self::TAG, self.group_log2]);
        varint::write(out, self.plain_len);
        for entry in &self.index {
            varint::write(out, entry.stored_len << 1 | u64::from(entry.has_settings));
        }
        out.extend_from_slice(&self.sha256);
        let footer_len = (out.len() - start) as u64 + TRAILER_BYTES;
        let footer_len_u32 = u32::try_from(footer_len)
            .map_err(|_| Error::invalid("too many groups for one frame; take larger groups"))?;
        out.extend_from_slice(&footer_len_u32.to_le_bytes());
        let frame_len = self.groups_end() + footer_len;
        if frame_len >> (8 * FRAME_LEN_BYTES) != 0 {
            return Err(Error::invalid("a frame of more than 256 TiB"));
        }
        out.extend_from_slice(&frame_len.to_le_bytes()[..FRAME_LEN_BYTES]);
        let check: [u8; 4] = Check::of(&out[start..]);
        out.extend_from_slice(&check);
        out.extend_from_slice(&CLOSING_MAGIC);
        Ok(())
    }

    /// Where the last group ends, counted from the beginning of the frame.
    fn groups_end(&self) -> u64 {
        LongHeader::BYTES + self.index.iter().map(|e| e.stored_len).sum::<u64>()
    }

    /// Reads what follows the tag, with no more than `max_groups` entries in the index.
    pub fn read<R: Read>(max_groups: u64, source: &mut Source<R>) -> Result<Self> {
        let what = "the footer";
        let group_log2 = source.byte(what)?;
        // Damage rather than a later version: the header has said what the version allows.
        require_group_log2(group_log2)
            .map_err(|_| Error::damaged("the footer's group size is out of range"))?;
        let plain_len = source.varint("the original length")?;
        let n_groups = Self::n_groups(group_log2, plain_len);
        if n_groups > max_groups {
            return Err(Error::damaged(format!(
                "the footer speaks of {n_groups} groups where {max_groups} are possible"
            )));
        }
        let mut index = Vec::new();
        let mut groups_end = LongHeader::BYTES;
        for _ in 0..n_groups {
            let entry = source.varint(what)?;
            let entry = IndexEntry { stored_len: entry >> 1, has_settings: entry & 1 != 0 };
            if entry.stored_len < IndexEntry::LEAST_STORED_LEN {
                return Err(Error::damaged("the index has a group without room for one"));
            }
            groups_end = groups_end
                .checked_add(entry.stored_len)
                .filter(|&end| end < 1 << (8 * FRAME_LEN_BYTES - 1))
                .ok_or_else(|| Error::damaged("the lengths in the footer overflow"))?;
            index.push(entry);
        }
        let footer = Footer { group_log2, plain_len, index, sha256: source.array(what)? };
        let mut again = Vec::new();
        footer.write(&mut again)?;
        let end: [u8; TRAILER_BYTES as usize] = source.array(what)?;
        if again[again.len() - end.len()..] != end {
            return Err(Error::damaged("the footer does not match its check"));
        }
        Ok(footer)
    }
}

/// The fixed end of a long frame, for reading one from its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trailer {
    /// Bytes of the footer, from its tag to the end of the frame.
    pub footer_len: u64,
    /// Bytes of the whole frame.
    pub frame_len: u64,
}

impl Trailer {
    /// Takes the last bytes of a frame apart; `None` if they are not that.
    pub fn parse(bytes: &[u8; TRAILER_BYTES as usize]) -> Option<Self> {
        let (footer_len, rest) = bytes.split_first_chunk::<4>()?;
        let (frame_len, rest) = rest.split_first_chunk::<FRAME_LEN_BYTES>()?;
        let mut wide = [0; 8];
        wide[..FRAME_LEN_BYTES].copy_from_slice(frame_len);
        let trailer = Trailer {
            footer_len: u32::from_le_bytes(*footer_len).into(),
            frame_len: u64::from_le_bytes(wide),
        };
        let fits = trailer.footer_len >= TRAILER_BYTES
            && trailer.frame_len >= LongHeader::BYTES + trailer.footer_len;
        (rest[4..] == CLOSING_MAGIC && fits).then_some(trailer)
    }
}
