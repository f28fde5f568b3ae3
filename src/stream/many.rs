//! Several small files at once, decoded together.

use super::bounded::BoundedVec;
use super::decode::{Job, Pending};
use super::decompress::{Output, decompress};
use super::inspect::{foreign_bytes, lengths};
use super::models::Models;
use super::options::{DecompressOptions, TOGETHER};
use super::progress::Progress;
use super::summary::Summary;
use crate::container::{Form, Method, ModelSource, Next, ShortHead, Source, next_frame};
use crate::error::{Error, Result};
use std::io::Cursor;

/// Decompresses several files, each as [`decompress`] would, with what was done.
///
/// Files of one short frame go through their codec together, as many at a time as the memory limit allows; with a
/// model that takes a fraction of the time.
///
/// Fails for each file as [`decompress`] does, with [`Error::Damaged`] for bytes behind its last frame that are not ours, and with [`Error::Memory`] if its output, together with that of those
/// before it, would take more than the memory limit.
pub fn decompress_many(
    files: &[&[u8]],
    models: &dyn ModelSource,
    options: &DecompressOptions,
    progress: &dyn Progress,
) -> Vec<Result<(Vec<u8>, Summary)>> {
    let short = decompress_short(files, models, options, progress);
    let mut held_bytes = 0u64;
    let whole = |(done, file): (Option<_>, &&[u8])| {
        let limit_bytes = options.memory_limit;
        let done = match done {
            Some((plain, summary)) => {
                let needed_bytes = held_bytes + <Vec<u8>>::len(&plain) as u64;
                if needed_bytes > limit_bytes {
                    return Err(Error::Memory { needed_bytes, limit_bytes });
                }
                (plain, summary)
            }
            None => held(file, held_bytes, models, options, progress)?,
        };
        held_bytes += done.0.len() as u64;
        Ok(done)
    };
    short.into_iter().zip(files).map(whole).collect()
}

/// Decompresses a file into memory, with what was done.
///
/// Fails as [`decompress`] does, with [`Error::Damaged`] for bytes behind the last frame that are not ours, and with
/// [`Error::Memory`] if the output would take more than the memory limit.
pub fn decompress_bytes(
    file: &[u8],
    models: &dyn ModelSource,
    options: &DecompressOptions,
    progress: &dyn Progress,
) -> Result<(Vec<u8>, Summary)> {
    held(file, 0, models, options, progress)
}

/// The same where `held_bytes` of what the options allow are taken.
fn held(
    file: &[u8],
    held_bytes: u64,
    models: &dyn ModelSource,
    options: &DecompressOptions,
    progress: &dyn Progress,
) -> Result<(Vec<u8>, Summary)> {
    let limit_bytes = options.memory_limit;
    let refused = |needed_bytes| Error::Memory { needed_bytes, limit_bytes };
    // A file that cannot say how long it is will say why when it is decoded.
    if let Ok(lengths) = lengths(Cursor::new(file)) {
        let says = held_bytes.saturating_add(lengths.plain_bytes);
        if says > limit_bytes {
            return Err(refused(says));
        }
    }
    let mut held = BoundedVec::new(limit_bytes - held_bytes);
    let result = decompress(file, &mut held, models, options, progress);
    let (plain, summary) = held.finish(result).map_err(|error| match error {
        Error::Memory { needed_bytes, limit_bytes: left } if left != limit_bytes => {
            refused(held_bytes.saturating_add(needed_bytes))
        }
        error => error,
    })?;
    match summary.foreign_bytes {
        0 => Ok((plain, summary)),
        n => Err(foreign_bytes(n)),
    }
}

/// Decompresses those of several files that are one short frame each, with what was done: they go through their codec
/// together, as many at a time as the memory limit allows. For all others, and for those that fail, there is no answer:
/// [`decompress`] has it.
pub fn decompress_short(
    files: &[&[u8]],
    models: &dyn ModelSource,
    options: &DecompressOptions,
    progress: &dyn Progress,
) -> Vec<Option<(Vec<u8>, Summary)>> {
    let mut known = Models::new(models);
    let mut results: Vec<_> = files.iter().map(|_| None).collect();
    let (mut waiting, mut memory_bytes) = (Vec::new(), 0u64);
    for (i, file) in files.iter().enumerate() {
        // Whatever is wrong with a file is said by the ordinary way.
        let Ok(Some((job, needed_bytes))) = only_short_frame(file, &mut known) else { continue };
        let is_too_long = options.max_output.is_some_and(|most| job.plain_len() > most);
        if needed_bytes > options.memory_limit || is_too_long {
            continue;
        }
        if waiting.len() == TOGETHER
            || memory_bytes.saturating_add(needed_bytes) > options.memory_limit
        {
            finish(std::mem::take(&mut waiting), &mut results, progress);
            memory_bytes = 0;
        }
        memory_bytes += needed_bytes;
        let by_model = job.method() == Method::Model;
        let model_name = known.last_name.clone().filter(|_| by_model);
        waiting.push(Waiting { file: i, job, stored_bytes: file.len() as u64, model_name });
    }
    finish(waiting, &mut results, progress);
    results
}

/// A file whose only frame can be decoded.
struct Waiting {
    file: usize,
    job: Job,
    stored_bytes: u64,
    model_name: Option<String>,
}

type Done = Option<(Vec<u8>, Summary)>;

fn finish(waiting: Vec<Waiting>, results: &mut [Done], progress: &dyn Progress) {
    let (jobs, about): (Vec<_>, Vec<_>) = waiting
        .into_iter()
        .map(|w| {
            let method = w.job.method();
            (w.job, (w.file, method, w.stored_bytes, w.model_name))
        })
        .unzip();
    for (plain, (file, method, stored_bytes, model_name)) in
        Job::decode_many(jobs, progress).into_iter().zip(about)
    {
        // A failure goes the ordinary way once more, and is told there.
        let Ok(plain) = plain else { continue };
        let mut output = Output::new(Vec::new(), None);
        if output.put_short(method, &plain).is_ok() {
            let summary = Summary { stored_bytes, model_name, ..output.summary };
            results[file] = Some((output.writer, summary));
        }
    }
}

/// The job of a file that is one short frame, and the memory it takes; `None` for other files.
fn only_short_frame(file: &[u8], models: &mut Models) -> Result<Option<(Job, u64)>> {
    let mut source = Source::new(file);
    if !matches!(next_frame(&mut source)?, Next::Frame { form: Form::Short, .. }) {
        return Ok(None);
    }
    let head = ShortHead::read(&mut source)?;
    if head.plain_len == 0 {
        return Ok(None);
    }
    let group = Pending::of_short(&head, 0, models, 0)?;
    let job = group.take_short_payload(&mut source)?;
    let memory_bytes = job.memory_bytes();
    Ok((source.offset() == file.len() as u64).then_some((job, memory_bytes)))
}
