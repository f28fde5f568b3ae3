//! The records of a long frame from front to back, with the rules about their order.

use std::io::Read;

use super::map::Map;
use super::place::Place;
use crate::container::{Footer, GroupHead, IndexEntry, LongHeader, Method, Settings, Source};
use crate::error::{Error, Result};

/// A long frame, read so far.
pub(super) struct Walk {
    pub header: LongHeader,
    /// The settings in force.
    pub settings: Option<Settings>,
    /// The groups seen so far.
    pub index: Vec<IndexEntry>,
    /// Bytes of the original in them.
    pub plain_len: u64,
    /// Bytes of the original in the frames before this one.
    base: u64,
    /// Where the last group ended.
    pub span_start: u64,
    has_new_settings: bool,
}

/// What came next.
pub(super) enum Record {
    Settings,
    /// A group; its payload comes next in the source and must be taken before the walk goes on.
    Group(GroupHead, Place),
    Footer(Footer),
}

impl Walk {
    /// Begins behind the header of the frame at `start`.
    pub(super) fn new(header: LongHeader, start: u64, base: u64) -> Self {
        Walk {
            header,
            settings: None,
            index: Vec::new(),
            plain_len: 0,
            base,
            span_start: start + LongHeader::BYTES,
            has_new_settings: false,
        }
    }

    /// The group that comes next, supposed to be a whole one.
    pub(super) fn next_place(&self) -> Place {
        let start = self.base + self.plain_len;
        Place { group: self.index.len() as u64, bytes: start..start + self.header.group_bytes() }
    }

    /// Reads the next record; errors name the group that should be there.
    pub(super) fn next<R: Read>(&mut self, source: &mut Source<R>) -> Result<Record> {
        let place = self.next_place();
        let tag = source.byte("the next group or the footer").map_err(|e| match e {
            Error::Truncated { what } => {
                Error::truncated(format!("{what} after {} groups", place.group))
            }
            other => other,
        })?;
        match tag {
            Footer::TAG => Ok(Record::Footer(self.footer(source)?)),
            Settings::TAG => {
                self.settings(source).map_err(|e| place.mark(e))?;
                Ok(Record::Settings)
            }
            tag if GroupHead::is_tag(tag) => {
                let head = self.group(tag, source).map_err(|e| place.mark(e))?;
                let bytes = place.bytes.start..place.bytes.start + head.plain_len;
                Ok(Record::Group(head, Place { bytes, ..place }))
            }
            other => Err(place.mark(Error::damaged(format!("no record begins with {other:#04x}")))),
        }
    }

    fn settings<R: Read>(&mut self, source: &mut Source<R>) -> Result<()> {
        if self.has_new_settings {
            return Err(Error::damaged("two settings records in a row"));
        }
        self.settings = Some(Settings::read(source)?);
        self.has_new_settings = true;
        Ok(())
    }

    fn group<R: Read>(&mut self, tag: u8, source: &mut Source<R>) -> Result<GroupHead> {
        let group_bytes = self.header.group_bytes();
        if !self.plain_len.is_multiple_of(group_bytes) {
            return Err(Error::damaged("a group follows one that is not whole"));
        }
        let head = GroupHead::read(tag, group_bytes, source)?;
        if self.has_new_settings && !head.method.is_coded() {
            return Err(Map::needless_settings());
        }
        let model = self.settings.as_ref().and_then(|s| s.model.as_ref());
        let lacks_settings = match head.method {
            Method::Stored | Method::Run => false,
            Method::Mixer => self.settings.is_none(),
            Method::Model => model.is_none(),
        };
        if lacks_settings {
            return Err(Error::damaged("no settings stand before this group"));
        }
        let end = source.offset() + head.payload_len;
        let entry =
            IndexEntry { stored_len: end - self.span_start, has_settings: self.has_new_settings };
        self.index.push(entry);
        self.span_start = end;
        self.plain_len += head.plain_len;
        self.has_new_settings = false;
        Ok(head)
    }

    fn footer<R: Read>(&mut self, source: &mut Source<R>) -> Result<Footer> {
        if self.has_new_settings {
            return Err(Error::damaged("settings without a group"));
        }
        let footer = Footer::read(self.index.len() as u64, source)?;
        // The frame's length follows from the index, so it is right if the index is.
        if footer.group_log2 != self.header.group_log2
            || footer.plain_len != self.plain_len
            || footer.index != self.index
        {
            return Err(Error::damaged("the footer describes other groups than there are"));
        }
        Ok(footer)
    }
}
