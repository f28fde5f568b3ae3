//! Every undamaged group of a damaged file.

use std::io::{Read, Seek, Write};

use super::decode::Models;
use super::decompress::{Output, read_short};
use super::map::{Map, find};
use super::options::DecompressOptions;
use super::progress::{Progress, stop_if_cancelled};
use super::summary::{Damage, Summary};
use crate::container::{
    Check, Form, LONG_MAGIC, LongHeader, ModelSource, SHORT_MAGIC, Source, read_magic,
};
use crate::error::{Error, Result};

/// Decompresses what is good and lists in [`Summary::damage`] what is not.
///
/// The groups of a long frame are found by its index, or, where the footer is damaged too, from
/// one group's lengths to the next as far as that goes. After a frame whose end is unknown, the
/// next whole frame is searched for; a compressed file stored within the damaged one may be taken
/// for it, and how long the search takes is up to the damage. Missing bytes are not filled in: what is written are the good groups in their order.
/// `reader` is used from its start, one group at a time is in work.
///
/// Fails with [`Error::NotLlmzip`] if nothing was recognised, and with what no searching helps
/// against: [`Error::Io`], and in a long frame whose settings are good [`Error::MissingModel`],
/// [`Error::Unsupported`], [`Error::Memory`] and [`Error::Inexact`].
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
        output: Output::new(writer),
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

struct Recovery<'a, R, W> {
    source: Source<R>,
    file_len: u64,
    output: Output<W>,
    models: Models<'a>,
    memory_limit: u64,
    progress: &'a dyn Progress,
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
        let form = match read_magic(&mut self.source) {
            Err(error @ Error::Io(_)) => return Err(error),
            other => other,
        };
        let error = match form {
            Ok(Some(Form::Short)) => match self.short_frame() {
                Ok(end) => return Ok(end),
                Err(error) => error,
            },
            Ok(Some(Form::Long)) => match self.long_header()? {
                Ok(header) => return self.long_frame(start, header),
                Err(error) => error,
            },
            Ok(None) => Error::truncated("the beginning of a frame"),
            Err(error) => error,
        };
        if matches!(error, Error::Io(_)) {
            return Err(error);
        }
        // The beginning is damaged; the footer of a long frame repeats all that it said.
        if let Some(map) = Map::search(&mut self.source, start, self.file_len, self.base)? {
            self.lost(None, Some(0..0), error);
            return self.groups(map);
        }
        self.lost(None, None, error);
        self.next_frame(start + 1)
    }

    fn lost(&mut self, group: Option<u64>, bytes: Option<std::ops::Range<u64>>, error: Error) {
        self.damage.push(Damage { frame: self.frame, group, bytes, error });
    }

    fn short_frame(&mut self) -> Result<u64> {
        let (method, plain) = read_short(
            &mut self.source,
            self.base,
            &mut self.models,
            self.memory_limit,
            self.progress,
        )?;
        self.found_any = true;
        self.base += plain.len();
        self.output.put_short(method, &plain)?;
        Ok(self.source.offset())
    }

    /// The header behind the magic: a bad one is the inner error, a failing reader the outer.
    fn long_header(&mut self) -> Result<Result<LongHeader>> {
        match LongHeader::read(&mut self.source) {
            Err(error @ Error::Io(_)) => Err(error),
            other => Ok(other),
        }
    }

    fn long_frame(&mut self, start: u64, header: LongHeader) -> Result<u64> {
        if let Some(map) = Map::search(&mut self.source, start, self.file_len, self.base)? {
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
                self.next_frame(end)
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
            let (models, limit) = (&mut self.models, self.memory_limit);
            let job = map.read_group(&mut self.source, number, models, limit);
            let good = job.and_then(|job| Ok((job.method(), job.decode(self.progress)?)));
            match good {
                Ok((method, plain)) => self.output.put(method, &plain)?,
                Err(error @ (Error::Damaged { .. } | Error::Truncated { .. })) => {
                    let start = number * map.group_bytes;
                    let end = map.plain_len.min(start + map.group_bytes);
                    self.lost(Some(number), Some(start..end), error);
                }
                Err(error) => return Err(error),
            }
        }
        let hash = std::mem::take(&mut self.output.frame_hash).first();
        if self.damage.len() == damage_before && map.sha256.is_some_and(|sha256| sha256 != hash) {
            self.lost(None, None, Error::damaged("the SHA-256 of the whole does not match"));
        }
        self.base += map.plain_len;
        self.output.summary.frames += 1;
        Ok(map.end)
    }

    /// Where, from `from` on, the next whole frame begins; the end of the file if nowhere.
    fn next_frame(&mut self, mut from: u64) -> Result<u64> {
        let begins = |_, bytes: &[u8; 4]| bytes.starts_with(&SHORT_MAGIC) || *bytes == LONG_MAGIC;
        while let Some(at) = find(&mut self.source, from, begins)? {
            stop_if_cancelled(self.progress)?;
            if self.is_frame(at)? {
                return Ok(at);
            }
            from = at + 1;
        }
        Ok(self.file_len)
    }

    fn is_frame(&mut self, at: u64) -> Result<bool> {
        self.source.seek_to(at)?;
        let result = match read_magic(&mut self.source) {
            Ok(Some(Form::Long)) => LongHeader::read(&mut self.source).map(|_| ()),
            Ok(Some(Form::Short)) => {
                let (models, limit) = (&mut self.models, self.memory_limit);
                let quiet = &super::NoProgress;
                read_short(&mut self.source, 0, models, limit, quiet).map(|_| ())
            }
            Ok(None) => return Ok(false),
            Err(error) => Err(error),
        };
        match result {
            Ok(()) => Ok(true),
            Err(error @ Error::Io(_)) => Err(error),
            Err(_) => Ok(false),
        }
    }
}
