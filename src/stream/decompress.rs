//! From any number of frames to the original.

use std::io::{Cursor, Read, Write};

use super::batch;
use super::decode::{Job, Models, Pending, Plain};
use super::options::{DecompressOptions, TOGETHER_BYTES};
use super::progress::{Progress, stop_if_cancelled};
use super::recover::recover;
use super::summary::Summary;
use super::walk::{Record, Walk};
use crate::container::{
    Check, Footer, Form, LongHeader, Method, ModelSource, ShortHead, Source, read_magic,
};
use crate::error::{Error, Result};

/// Decompresses all frames that `reader` has, one after the other, to `writer`, which is flushed.
///
/// The bytes of a group are written only after they matched its check, so all that is written is
/// right even if an error follows. With `options.recover` the whole compressed input is first read
/// into memory, within the memory limit, and then goes through [`recover`].
///
/// Fails with [`Error::NotLlmzip`] if the input does not begin with a frame, [`Error::Truncated`]
/// and [`Error::Damaged`] naming what does not fit (bytes that follow a frame and are none
/// included), [`Error::Unsupported`] for later versions, [`Error::Memory`] above the limit,
/// [`Error::MissingModel`] and [`Error::Io`].
pub fn decompress<R: Read, W: Write>(
    mut reader: R,
    writer: W,
    models: &dyn ModelSource,
    options: &DecompressOptions,
    progress: &dyn Progress,
) -> Result<Summary> {
    if options.recover {
        let mut file = Vec::new();
        let limit_bytes = options.memory_limit;
        (&mut reader).take(limit_bytes.saturating_add(1)).read_to_end(&mut file)?;
        if file.len() as u64 > limit_bytes {
            return Err(Error::Memory { needed_bytes: file.len() as u64, limit_bytes });
        }
        return recover(Cursor::new(file), writer, models, options, progress);
    }
    let mut decompressor = Decompressor {
        source: Source::new(reader),
        output: Output::new(writer),
        models: Models::new(models),
        at_once: batch::at_once(options.threads).max(1),
        memory_limit: options.memory_limit,
        progress,
        reported: 0,
    };
    decompressor.all_frames()?;
    decompressor.output.writer.flush()?;
    let mut summary = decompressor.output.summary;
    summary.stored_bytes = decompressor.source.offset();
    summary.model_name = decompressor.models.last_name;
    Ok(summary)
}

/// Where good bytes go.
pub(super) struct Output<W> {
    pub writer: W,
    pub summary: Summary,
    /// Hash of the present frame's original.
    pub frame_hash: Check,
}

impl<W: Write> Output<W> {
    pub(super) fn new(writer: W) -> Self {
        Output { writer, summary: Summary::default(), frame_hash: Check::default() }
    }

    pub(super) fn put(&mut self, method: Method, plain: &Plain) -> Result<()> {
        plain.add_to(&mut self.frame_hash);
        plain.write_to(&mut self.writer)?;
        self.summary.count(method, plain.len());
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

impl<R: Read, W: Write> Decompressor<'_, R, W> {
    fn all_frames(&mut self) -> Result<()> {
        loop {
            stop_if_cancelled(self.progress)?;
            let start = self.source.offset();
            match read_magic(&mut self.source)? {
                None if start == 0 => return Err(Error::truncated("the beginning of a frame")),
                None => return Ok(()),
                Some(Form::Short) => self.short_frame()?,
                Some(Form::Long) => self.long_frame(start)?,
            }
            self.report();
        }
    }

    fn report(&mut self) {
        let offset = self.source.offset();
        if offset > self.reported {
            self.progress.stored(offset - self.reported);
            self.reported = offset;
        }
    }

    fn short_frame(&mut self) -> Result<()> {
        let (method, plain) = read_short(
            &mut self.source,
            self.output.summary.plain_bytes,
            &mut self.models,
            self.memory_limit,
            self.progress,
        )?;
        self.output.put_short(method, &plain)
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
            let results: Vec<Result<_>> = batch::in_order(jobs, |job| {
                let (method, payload_bytes) = (job.method(), job.payload_len());
                Ok((method, payload_bytes, job.decode(progress)?))
            });
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
        held: &mut Option<Pending>,
        jobs: &mut Vec<Job>,
    ) -> Result<Option<Footer>> {
        let mut memory_bytes = 0u64;
        while jobs.len() < self.at_once {
            let group = match held.take() {
                Some(group) => group,
                None => match walk.next(&mut self.source)? {
                    Record::Settings => continue,
                    Record::Footer(footer) => return Ok(Some(footer)),
                    Record::Group(head, place) => Pending::of_group(
                        &head,
                        walk.header.group_bytes(),
                        place,
                        walk.settings.as_ref(),
                        &mut self.models,
                    )?,
                },
            };
            group.require_memory(self.memory_limit)?;
            memory_bytes = memory_bytes.saturating_add(group.memory_bytes);
            let together = match group.method {
                Method::Model => self.memory_limit.min(TOGETHER_BYTES),
                _ => self.memory_limit,
            };
            if memory_bytes > together && !jobs.is_empty() {
                *held = Some(group);
                break;
            }
            jobs.push(group.take_payload(&mut self.source)?);
        }
        Ok(None)
    }
}

/// Reads what follows the magic of a short frame whose original begins `base` bytes into the output.
pub(super) fn read_short<R: Read>(
    source: &mut Source<R>,
    base: u64,
    models: &mut Models,
    memory_limit: u64,
    progress: &dyn Progress,
) -> Result<(Method, Plain)> {
    let head = ShortHead::read(source)?;
    let group = Pending::of_short(&head, base, models)?;
    group.require_memory(memory_limit)?;
    let plain = group.take_short_payload(source)?.decode(progress)?;
    if plain.len() > 0 {
        progress.group(head.method, plain.len(), head.payload_len);
    }
    Ok((head.method, plain))
}
