//! Where the groups of a long frame lie, found without reading them all.

use std::io::{Read, Seek};

use super::decode::{Job, Pending};
use super::models::Models;
use super::place::Place;
use super::walk::{Record, Walk};
use crate::container::{
    Footer, GroupHead, IndexEntry, LongHeader, Settings, Source, TRAILER_BYTES, Trailer,
};
use crate::error::{Error, Result};

/// A long frame's groups, each to be read by its number.
pub(super) struct Map {
    pub group_bytes: u64,
    /// Bytes of the original in the groups.
    pub plain_len: u64,
    /// Where the frame ends, or what is known of it.
    pub end: u64,
    /// SHA-256 of the original; `None` if the footer was not found.
    pub sha256: Option<[u8; 32]>,
    /// Bytes of the original in the frames before this one.
    base: u64,
    /// One entry a group.
    groups: Vec<IndexEntry>,
    /// Where the first one begins.
    first: u64,
    /// The number of a group, and where it begins: from there the way to the next one is short.
    at: (u64, u64),
    /// The settings record that was last read, with its group.
    settings: Option<(u64, Settings)>,
}

impl Map {
    fn new(start: u64, base: u64, footer: Footer, end: u64) -> Self {
        let first = start + LongHeader::BYTES;
        Map {
            group_bytes: 1 << footer.group_log2,
            plain_len: footer.plain_len,
            end,
            sha256: Some(footer.sha256),
            base,
            groups: footer.index,
            first,
            at: (0, first),
            settings: None,
        }
    }

    /// Where group `number` begins.
    fn locate(&mut self, number: u64) -> u64 {
        if number < self.at.0 {
            self.at = (0, self.first);
        }
        let (from, offset) = self.at;
        let passed = &self.groups[from as usize..number as usize];
        self.at = (number, offset + passed.iter().map(|entry| entry.stored_len).sum::<u64>());
        self.at.1
    }

    /// The frame at `start`, if one that begins there ends exactly at `end`.
    pub(super) fn ending_at<R: Read + Seek>(
        source: &mut Source<R>,
        start: u64,
        end: u64,
        base: u64,
    ) -> Result<Option<Self>> {
        let shortest = LongHeader::BYTES + TRAILER_BYTES;
        if end.checked_sub(start).is_none_or(|len| len < shortest) {
            return Ok(None);
        }
        source.seek_to(end - TRAILER_BYTES)?;
        let Some(trailer) = Trailer::parse(&source.array("the footer")?) else { return Ok(None) };
        if trailer.frame_len != end - start {
            return Ok(None);
        }
        source.seek_to(end - trailer.footer_len)?;
        if source.byte("the footer")? != Footer::TAG {
            return Ok(None);
        }
        // Every entry of the index takes a byte of the footer at least.
        match Footer::read(trailer.footer_len, source) {
            Ok(footer) if source.offset() == end => Ok(Some(Map::new(start, base, footer, end))),
            Ok(_) | Err(Error::Damaged { .. } | Error::Truncated { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The frame at `start`, from one group's lengths to the next, as far as that goes.
    ///
    /// `source` stands behind the header. The error is what stopped the walk before the footer.
    pub(super) fn by_walking<R: Read + Seek>(
        source: &mut Source<R>,
        header: LongHeader,
        start: u64,
        file_len: u64,
        base: u64,
    ) -> (Self, Option<Error>) {
        let mut walk = Walk::new(header, start, base);
        let first = walk.span_start;
        let mut plain_len = 0;
        let mut end = walk.span_start;
        let mut sha256 = None;
        let stopped = loop {
            match walk.next(source) {
                Err(error) => break Some(error),
                Ok(Record::Settings) => {}
                Ok(Record::Footer(footer)) => {
                    sha256 = Some(footer.sha256);
                    end = source.offset();
                    break None;
                }
                Ok(Record::Group(_, place)) => {
                    end = walk.span_start;
                    plain_len = walk.plain_len;
                    if end > file_len {
                        // As much of it as there is may be good yet.
                        end = file_len;
                        break Some(place.mark(Error::truncated("the rest of the payload")));
                    }
                    if let Err(error) = source.seek_to(end) {
                        break Some(error);
                    }
                }
            }
        };
        let group_bytes = header.group_bytes();
        let (groups, at, settings) = (walk.index, (0, first), None);
        (Map { group_bytes, plain_len, end, sha256, base, groups, first, at, settings }, stopped)
    }

    /// Whether settings stand before a group.
    pub(super) fn has_settings(&self, number: u64) -> bool {
        self.groups[number as usize].has_settings
    }

    /// The error for a record that no writer makes, before a group that is good nevertheless.
    pub(super) fn needless_settings() -> Error {
        Error::damaged("settings before a group that needs none")
    }

    pub(super) fn n_groups(&self) -> u64 {
        self.groups.len() as u64
    }

    /// Which bytes of the original a group holds, as messages say it.
    pub(super) fn place(&self, number: u64) -> Place {
        let start = number * self.group_bytes;
        let end = self.plain_len.min(start + self.group_bytes);
        Place { group: number, bytes: self.base + start..self.base + end }
    }

    /// Reads group `number`, ready to be decoded; with `cut` as much of it as there is.
    pub(super) fn read_group<R: Read + Seek>(
        &mut self,
        source: &mut Source<R>,
        number: u64,
        models: &mut Models,
        memory_limit: u64,
        cut: bool,
    ) -> Result<Job> {
        let place = self.place(number);
        let read = self.read_group_at(source, number, &place, models, memory_limit, cut);
        read.map_err(|e| place.mark(e))
    }

    fn read_group_at<R: Read + Seek>(
        &mut self,
        source: &mut Source<R>,
        number: u64,
        place: &Place,
        models: &mut Models,
        memory_limit: u64,
        cut: bool,
    ) -> Result<Job> {
        let (offset, entry) = (self.locate(number), self.groups[number as usize]);
        source.seek_to(offset)?;
        if entry.has_settings {
            self.read_settings(source, number)?;
        }
        let tag = source.byte("the group")?;
        if !GroupHead::is_tag(tag) {
            return Err(Error::damaged("no group where the index has one"));
        }
        let head = GroupHead::read(tag, self.group_bytes, source)?;
        let plain_len = place.bytes.end - place.bytes.start;
        let end = source.offset().checked_add(head.payload_len);
        if head.plain_len != plain_len || end != Some(offset + entry.stored_len) {
            return Err(Error::damaged("the group has other lengths than the index"));
        }
        if head.method.is_coded() {
            self.require_settings(source, number)?;
        } else if entry.has_settings && !cut {
            return Err(Map::needless_settings());
        }
        let settings = self.settings.as_ref().map(|(_, settings)| settings);
        let group = Pending::of_group(&head, self.group_bytes, place.clone(), settings, models)?;
        group.require_memory(memory_limit)?;
        source.seek_to(offset + entry.stored_len - head.payload_len)?;
        let job =
            if cut { group.take_what_is_there(source)? } else { group.take_payload(source)? };
        job.require_memory(memory_limit)?;
        Ok(job)
    }

    /// Sees to it that the settings that hold for a group are the ones at hand.
    fn require_settings<R: Read + Seek>(
        &mut self,
        source: &mut Source<R>,
        number: u64,
    ) -> Result<()> {
        let before = &self.groups[..=number as usize];
        let at = before.iter().rposition(|entry| entry.has_settings);
        let at = at.ok_or_else(|| Error::damaged("no settings stand before this group"))?;
        if self.settings.as_ref().is_some_and(|(group, _)| *group == at as u64) {
            return Ok(());
        }
        let offset = self.locate(at as u64);
        source.seek_to(offset)?;
        self.read_settings(source, at as u64)
    }

    fn read_settings<R: Read + Seek>(&mut self, source: &mut Source<R>, number: u64) -> Result<()> {
        self.settings = None;
        if source.byte("the settings")? != Settings::TAG {
            return Err(Error::damaged("no settings where the index has some"));
        }
        self.settings = Some((number, Settings::read(source)?));
        Ok(())
    }
}
