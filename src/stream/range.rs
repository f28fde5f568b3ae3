//! Some bytes of the original, decoding only the groups that hold them.

use std::io::{Read, Seek, Write};
use std::ops::Range;

use super::decode::{Models, Plain};
use super::decompress::{Output, read_short};
use super::map::Map;
use super::options::DecompressOptions;
use super::progress::{Progress, stop_if_cancelled};
use super::summary::Summary;
use crate::container::{Form, LongHeader, Method, ModelSource, ShortHead, Source, read_magic};
use crate::error::{Error, Result};

/// Writes the bytes `range` of the original, counted over all frames.
///
/// Each group that holds some of them is decoded and checked whole; the others are passed over by
/// seeking. The hash of the whole is not checked. `reader` is used from its start.
///
/// Fails with [`Error::Invalid`] for a range that is reversed or goes beyond the original, after
/// what there is was written, and as [`decompress`](super::decompress) does. Progress counts the
/// whole groups.
pub fn decompress_range<R: Read + Seek, W: Write>(
    mut reader: R,
    writer: W,
    models: &dyn ModelSource,
    options: &DecompressOptions,
    range: Range<u64>,
    progress: &dyn Progress,
) -> Result<Summary> {
    if range.start > range.end {
        return Err(Error::invalid("the range ends before it begins"));
    }
    reader.rewind()?;
    let mut source = Source::new(reader);
    let file_len = source.seek_len()?;
    source.seek_to(0)?;
    let mut cut = Cut {
        file_len,
        source,
        output: Output::new(writer),
        models: Models::new(models),
        memory_limit: options.memory_limit,
        progress,
        range,
        base: 0,
    };
    cut.frames()?;
    cut.output.writer.flush()?;
    let mut summary = cut.output.summary;
    summary.model_name = cut.models.last_name;
    Ok(summary)
}

struct Cut<'a, R, W> {
    source: Source<R>,
    file_len: u64,
    output: Output<W>,
    models: Models<'a>,
    memory_limit: u64,
    progress: &'a dyn Progress,
    range: Range<u64>,
    /// Bytes of the original in the frames before the present one.
    base: u64,
}

impl<R: Read + Seek, W: Write> Cut<'_, R, W> {
    fn frames(&mut self) -> Result<()> {
        loop {
            stop_if_cancelled(self.progress)?;
            let start = self.source.offset();
            match read_magic(&mut self.source)? {
                None if start == 0 => return Err(Error::truncated("the beginning of a frame")),
                None => break,
                Some(Form::Short) => self.short_frame()?,
                Some(Form::Long) => self.long_frame(start)?,
            }
            if self.range.end <= self.base {
                return Ok(());
            }
        }
        Err(Error::invalid(format!(
            "the range ends at byte {}, the original at {}",
            self.range.end, self.base
        )))
    }

    fn short_frame(&mut self) -> Result<()> {
        let body = self.source.offset();
        let head = ShortHead::read(&mut self.source)?;
        let bytes = self.base..self.base + head.plain_len;
        if overlap(&bytes, &self.range).is_some() {
            self.source.seek_to(body)?;
            let (method, plain) = read_short(
                &mut self.source,
                self.base,
                &mut self.models,
                self.memory_limit,
                self.progress,
            )?;
            self.put(method, plain, &bytes)?;
        } else {
            let end = self.source.offset() + head.payload_len + ShortHead::CHECK_BYTES as u64;
            if end > self.file_len {
                return Err(Error::truncated("the payload of a short frame"));
            }
            self.source.seek_to(end)?;
        }
        self.base = bytes.end;
        self.output.summary.frames += 1;
        Ok(())
    }

    fn long_frame(&mut self, start: u64) -> Result<()> {
        let header = LongHeader::read(&mut self.source)?;
        let after_header = self.source.offset();
        // The index of a frame that ends the file is at hand; others are walked through by lengths.
        let map = match Map::ending_at(&mut self.source, start, self.file_len, self.base)? {
            Some(map) if map.group_bytes == header.group_bytes() => map,
            _ => {
                self.source.seek_to(after_header)?;
                match Map::by_walking(&mut self.source, header, start, self.file_len, self.base) {
                    (map, None) => map,
                    (_, Some(error)) => return Err(error),
                }
            }
        };
        self.groups(map)
    }

    fn groups(&mut self, mut map: Map) -> Result<()> {
        let frame = self.base..self.base + map.plain_len;
        if let Some(wanted) = overlap(&frame, &self.range) {
            let first = (wanted.start - self.base) / map.group_bytes;
            let last = (wanted.end - 1 - self.base) / map.group_bytes;
            for number in first..=last {
                stop_if_cancelled(self.progress)?;
                let (models, limit) = (&mut self.models, self.memory_limit);
                let job = map.read_group(&mut self.source, number, models, limit)?;
                let method = job.method();
                let stored_len = job.payload_len();
                let plain = job.decode(self.progress)?;
                self.progress.stored(stored_len);
                self.progress.group(method, plain.len(), stored_len);
                self.put(method, plain, &map.place(number).bytes)?;
            }
        }
        self.source.seek_to(map.end)?;
        self.base = frame.end;
        self.output.summary.frames += 1;
        Ok(())
    }

    /// Writes the wanted part of a group that holds the bytes `held`.
    fn put(&mut self, method: Method, plain: Plain, held: &Range<u64>) -> Result<()> {
        let Some(wanted) = overlap(held, &self.range) else { return Ok(()) };
        let len = wanted.end - wanted.start;
        let part = match plain {
            Plain::Run { byte, .. } => Plain::Run { byte, len },
            Plain::Bytes(mut bytes) => {
                bytes.drain(..(wanted.start - held.start) as usize);
                bytes.truncate(len as usize);
                Plain::Bytes(bytes)
            }
        };
        self.output.put(method, &part)
    }
}

/// What two ranges share, if that is at least one byte.
fn overlap(a: &Range<u64>, b: &Range<u64>) -> Option<Range<u64>> {
    let shared = a.start.max(b.start)..a.end.min(b.end);
    (shared.start < shared.end).then_some(shared)
}
