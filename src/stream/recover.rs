//! Every undamaged group of a damaged file.

use std::io::{Read, Seek, Write};
use std::ops::Range;

use super::decode::{Plain, Salvaged};
use super::decompress::Output;
use super::map::Map;
use super::models::Models;
use super::options::{DecompressOptions, Recover};
use super::progress::{Progress, stop_if_cancelled};
use super::search::Landmarks;
use super::short::read_short;
use super::summary::{Damage, Summary};
use crate::container::{
    Check, Form, LongHeader, Method, ModelSource, Next, ShortHead, Source, next_frame,
};
use crate::error::{Error, Result};

/// Decodes what is good and lists in [`Summary::damage`] what is not.
///
/// The groups of a long frame are found by its index, or, where the footer is damaged too, from
/// one group's lengths to the next as far as that goes. Of a damaged group all is kept that passed a checkpoint: the
/// beginning of each of its lanes, or of stored bytes every piece that matches its check. After a frame whose end is unknown, the
/// next whole frame is searched for; a compressed file stored within the damaged one may be taken
/// for it. What is written are the good parts in their order, with [`Recover::Fill`] zeros between them where it is known how much
/// is missing. `reader` is used from its start, one group at a time is in work.
///
/// Fails with [`Error::NotLlmzip`] if nothing was recognised, and with what no searching helps
/// against: [`Error::Io`], and in a long frame whose settings are good [`Error::MissingModel`], what these settings
/// need and this version has not as [`Error::Unsupported`], [`Error::Memory`] and [`Error::Inexact`].
pub fn recover<R: Read + Seek, W: Write>(
    mut reader: R,
    writer: W,
    models: &dyn ModelSource,
    options: &DecompressOptions,
    progress: &dyn Progress,
) -> Result<Summary> {
    reader.rewind()?;
    let mut source = Source::new(reader);
    let file_len = source.seek_len()?;
    let mut recovery = Recovery {
        source,
        file_len,
        output: Output::new(writer, options.max_output),
        fill: options.recover == Recover::Fill,
        landmarks: None,
        effort_left: EFFORT * file_len + EFFORT_AT_LEAST,
        models: Models::new(models),
        memory_limit: options.memory_limit,
        progress,
        base: 0,
        frame: 0,
        damage: Vec::new(),
        found_any: false,
    };
    if file_len == 0 {
        return Err(Error::truncated("the beginning of a frame"));
    }
    recovery.all_frames()?;
    recovery.output.writer.flush()?;
    if !recovery.found_any {
        return Err(Error::NotLlmzip);
    }
    let mut summary = recovery.output.summary;
    summary.stored_bytes = file_len;
    summary.model_name = recovery.models.last_name;
    summary.damage = recovery.damage;
    Ok(summary)
}

/// Bytes that may be decoded in vain, and read in vain as footers, for each byte of the file: enough for any file that was not
/// made to waste time.
const EFFORT: u64 = 4;
const EFFORT_AT_LEAST: u64 = 1 << 20;

struct Recovery<'a, R, W> {
    source: Source<R>,
    file_len: u64,
    output: Output<W>,
    fill: bool,
    models: Models<'a>,
    memory_limit: u64,
    progress: &'a dyn Progress,
    /// Where frames may begin and end; found when it is first needed.
    landmarks: Option<Landmarks>,
    /// Bytes that may yet be tried in vain.
    effort_left: u64,
    /// Bytes of the original in the frames before the present one, as far as is known.
    base: u64,
    /// Number of the present frame.
    frame: u64,
    damage: Vec<Damage>,
    /// Whether anything was seen that this program wrote.
    found_any: bool,
}

impl<R: Read + Seek, W: Write> Recovery<'_, R, W> {
    fn all_frames(&mut self) -> Result<()> {
        let mut start = 0;
        while start < self.file_len {
            stop_if_cancelled(self.progress)?;
            let end = self.frame_at(start)?;
            self.progress.stored(end - start);
            start = end;
            self.frame += 1;
        }
        Ok(())
    }

    /// Writes what is good of the frame at `start` and says where the next one begins.
    fn frame_at(&mut self, start: u64) -> Result<u64> {
        self.source.seek_to(start)?;
        let error = match next_frame(&mut self.source) {
            Ok(Next::Frame { form, start, padding }) => {
                self.output.summary.padding_bytes += padding;
                self.found_any = true;
                match form {
                    Form::Short => match self.short_frame() {
                        Ok(end) => return Ok(end),
                        Err(error) => error,
                    },
                    Form::Long => match LongHeader::read(&mut self.source) {
                        Ok(header) => return self.long_frame(start, header),
                        Err(error) => error,
                    },
                }
            }
            Ok(Next::End { padding, foreign: 0 }) => {
                self.output.summary.padding_bytes += padding;
                return Ok(self.file_len);
            }
            Ok(Next::End { foreign, .. }) => {
                let at = self.file_len - foreign;
                Error::damaged(format!("what stands at byte {at} of the file is no frame"))
            }
            Err(error) => error,
        };
        if matches!(error, Error::Io(_)) {
            return Err(error);
        }
        // The beginning is damaged; the footer of a long frame repeats all that it said.
        if let Some(map) = self.map_of(start)? {
            self.lost(None, Some(Vec::new()), error);
            return self.groups(map);
        }
        self.lost(None, None, error);
        self.next_beginning(start + 1)
    }

    fn lost(&mut self, group: Option<u64>, lost: Option<Vec<Range<u64>>>, error: Error) {
        self.damage.push(Damage { frame: self.frame, group, lost, error });
    }

    fn landmarks(&mut self) -> Result<&Landmarks> {
        if self.landmarks.is_none() {
            self.landmarks = Some(Landmarks::find(&mut self.source)?);
        }
        Ok(self.landmarks.get_or_insert_default())
    }

    /// The frame at `start`, wherever a good footer says that it ends.
    fn map_of(&mut self, start: u64) -> Result<Option<Map>> {
        if let Some(map) = Map::ending_at(&mut self.source, start, self.file_len, self.base)? {
            return Ok(Some(map));
        }
        let ends: Vec<u64> = self.landmarks()?.ends(start).collect();
        for end in ends {
            let Some(left) = self.effort_left.checked_sub(end - start) else { break };
            if let Some(map) = Map::ending_at(&mut self.source, start, end, self.base)? {
                return Ok(Some(map));
            }
            self.effort_left = left;
        }
        Ok(None)
    }

    fn short_frame(&mut self) -> Result<u64> {
        let (method, plain) = read_short(
            &mut self.source,
            self.base,
            &mut self.models,
            self.memory_limit,
            self.progress,
        )?;
        self.base += plain.len();
        self.output.put_short(method, &plain)?;
        Ok(self.source.offset())
    }

    fn long_frame(&mut self, start: u64, header: LongHeader) -> Result<u64> {
        if let Some(map) = self.map_of(start)? {
            if map.group_bytes != header.group_bytes() {
                let error = Error::damaged("the footer has another size of groups than the header");
                self.lost(None, Some(Vec::new()), error);
            }
            return self.groups(map);
        }
        self.source.seek_to(start + LongHeader::BYTES)?;
        let (map, stopped) =
            Map::by_walking(&mut self.source, header, start, self.file_len, self.base);
        let (end, plain_len) = (map.end, map.plain_len);
        self.groups(map)?;
        match stopped {
            None => Ok(end),
            Some(error @ Error::Io(_)) => Err(error),
            Some(error) => {
                let group = plain_len / header.group_bytes();
                self.lost(Some(group), None, error);
                self.next_beginning(end)
            }
        }
    }

    /// Writes the good groups and gives the frame's end.
    fn groups(&mut self, mut map: Map) -> Result<u64> {
        self.found_any = true;
        self.output.frame_hash = Check::default();
        let damage_before = self.damage.len();
        for number in 0..map.n_groups() {
            stop_if_cancelled(self.progress)?;
            self.group(&mut map, number)?;
        }
        let hash = std::mem::take(&mut self.output.frame_hash).first();
        if self.damage.len() == damage_before && map.sha256.is_some_and(|sha256| sha256 != hash) {
            self.lost(None, None, Error::damaged("the SHA-256 of the whole does not match"));
        }
        self.base += map.plain_len;
        self.output.summary.frames += 1;
        Ok(map.end)
    }

    /// Writes what is good of a group.
    fn group(&mut self, map: &mut Map, number: u64) -> Result<()> {
        let (models, limit) = (&mut self.models, self.memory_limit);
        let job = map.read_group(&mut self.source, number, models, limit, true);
        let method = job.as_ref().map_or(Method::Stored, |job| job.method());
        let start = number * map.group_bytes;
        let whole = start..map.plain_len.min(start + map.group_bytes);
        // Settings have a check, so what a later version may write there is not damage; in a group it may be.
        let settings_fit = job.is_ok();
        let is_loss = |error: &Error| match error {
            Error::Damaged { .. } | Error::Truncated { .. } => true,
            Error::Unsupported { .. } => settings_fit,
            _ => false,
        };
        let (good, plain, error) = match job.and_then(|job| job.salvage(self.progress)) {
            Ok(Salvaged::Whole(plain)) => {
                if !method.is_coded() && map.has_settings(number) {
                    let error = map.place(number).mark(Map::needless_settings());
                    self.lost(Some(number), Some(Vec::new()), error);
                }
                return self.output.put(method, &plain);
            }
            Ok(Salvaged::Parts { plain, good, error }) => (good, plain, error),
            Err(error) if is_loss(&error) => (Vec::new(), Vec::new(), error),
            Err(error) => return Err(error),
        };
        let mut lost = Vec::new();
        let mut at = whole.start;
        for part in good.iter().filter(|part| !part.is_empty()) {
            self.gap(at..start + part.start as u64, &mut lost)?;
            self.output.put_part(&plain[part.clone()])?;
            at = start + part.end as u64;
        }
        self.gap(at..whole.end, &mut lost)?;
        if !good.is_empty() {
            self.output.summary.count(method, 0);
        }
        self.lost(Some(number), Some(lost), error);
        Ok(())
    }

    /// Notes that these bytes of the frame are lost, and puts zeros in their place if they are wanted.
    fn gap(&mut self, bytes: Range<u64>, lost: &mut Vec<Range<u64>>) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.fill {
            let zeros = Plain::Run { byte: 0, len: bytes.end - bytes.start };
            zeros.for_rest(0, |piece| self.output.put_part(piece))?;
        }
        lost.push(bytes);
        Ok(())
    }

    /// Where, from `from` on, the next whole frame begins; the end of the file if nowhere.
    fn next_beginning(&mut self, mut from: u64) -> Result<u64> {
        while let Some(at) = self.landmarks()?.beginning(from) {
            stop_if_cancelled(self.progress)?;
            if self.is_frame(at)? {
                return Ok(at);
            }
            from = at + 1;
        }
        Ok(self.file_len)
    }

    /// Whether what looks like a frame is one: a long header has a check, a short frame is decoded to see.
    fn is_frame(&mut self, at: u64) -> Result<bool> {
        self.source.seek_to(at)?;
        let result = match next_frame(&mut self.source)? {
            Next::Frame { form: Form::Long, .. } => LongHeader::read(&mut self.source).map(|_| ()),
            Next::Frame { form: Form::Short, .. } => self.try_short_frame(),
            Next::End { .. } => return Ok(false),
        };
        match result {
            Ok(()) => Ok(true),
            Err(error @ Error::Io(_)) => Err(error),
            Err(_) => Ok(false),
        }
    }

    fn try_short_frame(&mut self) -> Result<()> {
        let start = self.source.offset();
        let head = ShortHead::read(&mut self.source)?;
        let end = self.source.offset() + head.payload_len + ShortHead::CHECK_BYTES as u64;
        if end > self.file_len {
            return Err(Error::truncated("the payload"));
        }
        let Some(left) = self.effort_left.checked_sub(head.plain_len + head.payload_len) else {
            return Err(Error::damaged("the search took too long"));
        };
        self.effort_left = left;
        self.source.seek_to(start)?;
        let (models, limit) = (&mut self.models, self.memory_limit);
        read_short(&mut self.source, 0, models, limit, &super::NoProgress)?;
        // What was found was not tried in vain.
        self.effort_left += head.plain_len + head.payload_len;
        Ok(())
    }
}
