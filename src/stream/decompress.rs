//! From any number of frames to the original.

use std::io::{self, Cursor, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::batch;
use super::decode::{Job, Pending, Plain};
use super::models::Models;
use super::options::{DecompressOptions, Recover, TOGETHER_BYTES};
use super::progress::{Progress, stop_if_cancelled};
use super::recover::recover;
use super::short::read_short;
use super::summary::Summary;
use super::walk::{Record, Walk};
use crate::container::{
    Check, Footer, Form, LongHeader, Method, ModelSource, Next, Source, next_frame,
};
use crate::error::{Error, Result};

/// Decompresses all frames that `reader` has, one after the other, to `writer`, which is flushed.
///
/// Bytes are written only after they matched a check, so all that is written is right even if an error follows: those of a
/// whole group, and of the group that is next to be written as much of its beginning as a checkpoint within it has
/// proved. With `options.recover` the whole compressed input is first read into memory, within the memory limit, and
/// then goes through [`recover`].
///
/// Zero bytes behind a frame are passed over, and so is anything else behind the last one: the summary has how many.
/// Who takes them for damage must look there.
///
/// Fails with [`Error::NotLlmzip`] if the input does not begin with a frame, [`Error::Truncated`]
/// and [`Error::Damaged`] naming what does not fit, [`Error::Unsupported`] for later versions, [`Error::Memory`] and
/// [`Error::TooLong`] above the limits, [`Error::MissingModel`] and [`Error::Io`].
pub fn decompress<R: Read, W: Write>(
    mut reader: R,
    writer: W,
    models: &dyn ModelSource,
    options: &DecompressOptions,
    progress: &dyn Progress,
) -> Result<Summary> {
    if options.recover != Recover::Off {
        let mut file = Vec::new();
        let limit_bytes = options.memory_limit;
        (&mut reader).take(limit_bytes.saturating_add(1)).read_to_end(&mut file)?;
        if file.len() as u64 > limit_bytes {
            return Err(Error::Memory { needed_bytes: file.len() as u64, limit_bytes });
        }
        return recover(Cursor::new(file), writer, models, options, progress);
    }
    let mut decompressor = Decompressor::new(reader, writer, models, options, progress);
    while decompressor.frame()? {}
    decompressor.finish()
}

/// Decompresses the first frame that `reader` has, as [`decompress`] does all of them, and looks at nothing behind it.
///
/// The frame ends `stored_bytes` of the summary behind the beginning, though as much as 64 KiB more may have been read. There is no
/// recovery here, whatever the options say.
///
/// Fails as [`decompress`] does.
pub fn decompress_frame<R: Read, W: Write>(
    reader: R,
    writer: W,
    models: &dyn ModelSource,
    options: &DecompressOptions,
    progress: &dyn Progress,
) -> Result<Summary> {
    let mut decompressor = Decompressor::new(reader, writer, models, options, progress);
    decompressor.frame()?;
    decompressor.finish()
}

/// Where good bytes go.
pub(super) struct Output<W> {
    pub writer: W,
    pub summary: Summary,
    /// Hash of the present frame's original.
    pub frame_hash: Check,
    max_bytes: Option<u64>,
    /// How much of the group that comes next was written before its end was known.
    begun_bytes: u64,
}

impl<W: Write> Output<W> {
    /// Nothing written, and at most `max_bytes` to come.
    pub(super) fn new(writer: W, max_bytes: Option<u64>) -> Self {
        let (summary, frame_hash) = (Summary::default(), Check::default());
        Output { writer, summary, frame_hash, max_bytes, begun_bytes: 0 }
    }

    /// Refuses what would come to more bytes than are allowed, if `more` follow what is written.
    pub(super) fn require_room(&self, more: u64) -> Result<()> {
        match self.max_bytes {
            Some(limit) if self.summary.plain_bytes.saturating_add(more) > limit => {
                Err(Error::TooLong { limit_bytes: limit })
            }
            _ => Ok(()),
        }
    }

    /// Writes some of the beginning of the next group.
    pub(super) fn begin(&mut self, bytes: &[u8]) -> Result<()> {
        self.frame_hash.update(bytes);
        self.writer.write_all(bytes)?;
        self.begun_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Writes a group, or what is left of it.
    pub(super) fn put(&mut self, method: Method, plain: &Plain) -> Result<()> {
        self.require_room(plain.len())?;
        let begun = std::mem::take(&mut self.begun_bytes);
        plain.for_rest(begun, |piece| {
            self.frame_hash.update(piece);
            Ok(self.writer.write_all(piece)?)
        })?;
        self.summary.count(method, plain.len());
        Ok(())
    }

    /// Writes a part of a group of which the whole is not to be had.
    pub(super) fn put_part(&mut self, bytes: &[u8]) -> Result<()> {
        self.require_room(bytes.len() as u64)?;
        self.writer.write_all(bytes)?;
        self.summary.plain_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Puts the one group of a short frame, which is none if the frame is empty.
    pub(super) fn put_short(&mut self, method: Method, plain: &Plain) -> Result<()> {
        if plain.len() > 0 {
            self.put(method, plain)?;
        }
        self.summary.frames += 1;
        Ok(())
    }
}

struct Decompressor<'a, R, W> {
    source: Source<R>,
    output: Output<W>,
    models: Models<'a>,
    at_once: usize,
    memory_limit: u64,
    progress: &'a dyn Progress,
    /// How much of the compressed input has been reported.
    reported: u64,
}

impl<'a, R: Read, W: Write> Decompressor<'a, R, W> {
    fn new(
        reader: R,
        writer: W,
        models: &'a dyn ModelSource,
        options: &DecompressOptions,
        progress: &'a dyn Progress,
    ) -> Self {
        Decompressor {
            source: Source::new(reader),
            output: Output::new(writer, options.max_output),
            models: Models::new(models),
            at_once: batch::at_once(options.threads).max(1),
            memory_limit: options.memory_limit,
            progress,
            reported: 0,
        }
    }

    /// Goes through the next frame, and says whether there was one.
    fn frame(&mut self) -> Result<bool> {
        stop_if_cancelled(self.progress)?;
        match next_frame(&mut self.source)? {
            Next::End { padding, foreign } => {
                self.output.summary.padding_bytes += padding;
                self.output.summary.foreign_bytes = foreign;
                return Ok(false);
            }
            Next::Frame { form, start, padding } => {
                self.output.summary.padding_bytes += padding;
                match form {
                    Form::Short => self.short_frame()?,
                    Form::Long => self.long_frame(start)?,
                }
            }
        }
        self.report();
        Ok(true)
    }

    /// Flushes what was written; what was done.
    fn finish(mut self) -> Result<Summary> {
        self.output.writer.flush()?;
        let mut summary = self.output.summary;
        summary.stored_bytes = self.source.offset();
        summary.model_name = self.models.last_name;
        Ok(summary)
    }

    fn report(&mut self) {
        let offset = self.source.offset();
        if offset > self.reported {
            self.progress.stored(offset - self.reported);
            self.reported = offset;
        }
    }

    fn short_frame(&mut self) -> Result<()> {
        let start = self.source.offset();
        let (method, plain) = read_short(
            &mut self.source,
            self.output.summary.plain_bytes,
            &mut self.models,
            self.memory_limit,
            self.progress,
        )?;
        self.output.put_short(method, &plain)?;
        if plain.len() > 0 {
            self.progress.group(method, plain.len(), self.source.offset() - start);
        }
        Ok(())
    }

    fn long_frame(&mut self, start: u64) -> Result<()> {
        let header = LongHeader::read(&mut self.source)?;
        let mut walk = Walk::new(header, start, self.output.summary.plain_bytes);
        let mut held = None;
        self.output.frame_hash = Check::default();
        loop {
            stop_if_cancelled(self.progress)?;
            let mut jobs = Vec::new();
            let end = self.gather(&mut walk, &mut held, &mut jobs);
            self.report();
            let progress = self.progress;
            let output = &mut self.output;
            let mut refused = Ok(());
            let results: Vec<Result<_>> = batch::in_order_telling(
                jobs,
                |job, tell| {
                    let (method, payload_bytes) = (job.method(), job.payload_len());
                    Ok((method, payload_bytes, decode_telling(job, progress, tell)?))
                },
                |beginning: Vec<u8>| {
                    refused = output.begin(&beginning);
                    refused.is_ok()
                },
            );
            refused?;
            // What came before the first error is good, and is written.
            for result in results {
                let (method, payload_bytes, plain) = result?;
                self.output.put(method, &plain)?;
                progress.group(method, plain.len(), payload_bytes);
            }
            if let Some(footer) = end? {
                let hash = std::mem::take(&mut self.output.frame_hash);
                if hash.first() != footer.sha256 {
                    return Err(Error::damaged("the SHA-256 of the whole does not match"));
                }
                self.output.summary.frames += 1;
                return Ok(());
            }
        }
    }

    /// Reads groups until enough are there for a batch, or the footer came, which is the answer.
    ///
    /// A group that would go beyond the memory limit together with the others is `held` for later.
    fn gather(
        &mut self,
        walk: &mut Walk,
        held: &mut Option<Job>,
        jobs: &mut Vec<Job>,
    ) -> Result<Option<Footer>> {
        let (mut memory_bytes, mut plain_bytes) = (0u64, 0u64);
        while jobs.len() < self.at_once {
            let job = match held.take() {
                Some(job) => job,
                None => match walk.next(&mut self.source)? {
                    Record::Settings => continue,
                    Record::Footer(footer) => return Ok(Some(footer)),
                    Record::Group(head, place) => {
                        let group = Pending::of_group(
                            &head,
                            walk.header.group_bytes(),
                            place,
                            walk.settings.as_ref(),
                            &mut self.models,
                        )?;
                        group.require_memory(self.memory_limit)?;
                        self.output.require_room(plain_bytes + group.plain_len)?;
                        group.take_payload(&mut self.source)?
                    }
                },
            };
            job.require_memory(self.memory_limit)?;
            plain_bytes += job.plain_len();
            memory_bytes = memory_bytes.saturating_add(job.memory_bytes());
            let together = match job.method() {
                Method::Model => self.memory_limit.min(TOGETHER_BYTES),
                _ => self.memory_limit,
            };
            if memory_bytes > together && !jobs.is_empty() {
                *held = Some(job);
                break;
            }
            jobs.push(job);
        }
        Ok(None)
    }
}

/// Decodes a group, and tells what is known of its beginning piece by piece.
fn decode_telling(
    job: Job,
    progress: &dyn Progress,
    tell: &(dyn Fn(Vec<u8>) -> bool + Sync),
) -> Result<Plain> {
    let told = AtomicUsize::new(0);
    job.decode(progress, &|beginning| {
        // One thread after the other comes here.
        let from = told.swap(beginning.len(), Ordering::Relaxed);
        match tell(beginning[from..].to_vec()) {
            true => Ok(()),
            false => Err(io::Error::from(io::ErrorKind::BrokenPipe).into()),
        }
    })
}
