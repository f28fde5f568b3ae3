//! Some bytes of the original, decoding only the groups that hold them.

use std::io::{self, Read, Seek, Write};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::decode::{Job, Plain};
use super::decompress::Output;
use super::map::Map;
use super::models::Models;
use super::options::DecompressOptions;
use super::progress::{Progress, stop_if_cancelled};
use super::short::read_short;
use super::summary::Summary;
use crate::container::{Form, LongHeader, Method, ModelSource, Next, Source, next_frame};
use crate::error::{Error, Result};

/// Writes the bytes `range` of the original, counted over all frames.
///
/// Of the groups of long frames only those that hold some of them are decoded, and no further than a checkpoint behind
/// what is wanted; the others are passed over by seeking. Short frames before the range are decoded, since
/// nothing else says that their lengths are right. The hash of the whole is not checked. `reader` is used from its start.
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
        output: Output::new(writer, options.max_output),
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
            match next_frame(&mut self.source)? {
                Next::End { .. } => break,
                Next::Frame { form: Form::Short, .. } => self.short_frame()?,
                Next::Frame { form: Form::Long, start, .. } => self.long_frame(start)?,
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
        let (method, plain) = read_short(
            &mut self.source,
            self.base,
            &mut self.models,
            self.memory_limit,
            self.progress,
        )?;
        let bytes = self.base..self.base + plain.len();
        self.put(method, plain, &bytes)?;
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
                let job = map.read_group(&mut self.source, number, models, limit, false)?;
                let method = job.method();
                let stored_len = job.payload_len();
                let held = map.place(number).bytes;
                let needed = self.range.end.min(held.end) - held.start;
                let plain = decode_beginning(job, needed, self.progress)?;
                self.progress.stored(stored_len);
                self.progress.group(method, plain.len(), stored_len);
                self.put(method, plain, &held)?;
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

/// At least the first `needed` bytes of a group.
fn decode_beginning(job: Job, needed: u64, progress: &dyn Progress) -> Result<Plain> {
    let enough = Mutex::new(None);
    let plain = job.decode(progress, &|beginning| {
        if (beginning.len() as u64) < needed {
            return Ok(());
        }
        let needed = beginning[..needed as usize].to_vec();
        *enough.lock().unwrap_or_else(PoisonError::into_inner) = Some(needed);
        Err(io::Error::from(io::ErrorKind::Interrupted).into())
    });
    match enough.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(beginning) => Ok(Plain::Bytes(beginning)),
        None => plain,
    }
}

/// What two ranges share, if that is at least one byte.
fn overlap(a: &Range<u64>, b: &Range<u64>) -> Option<Range<u64>> {
    let shared = a.start.max(b.start)..a.end.min(b.end);
    (shared.start < shared.end).then_some(shared)
}
