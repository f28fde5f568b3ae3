//! Several small files at once, decoded together.

use super::decode::{Job, Models, Pending};
use super::decompress::{Output, decompress};
use super::options::DecompressOptions;
use super::progress::Progress;
use super::summary::Summary;
use crate::container::{Form, Method, ModelSource, Next, ShortHead, Source, next_frame};
use crate::error::Result;

/// Decompresses several files, each as [`decompress`] would, with what was done.
///
/// Files of one short frame go through their codec together, as many at a time as the memory limit allows; with a
/// model that takes a fraction of the time.
///
/// Fails for each file as [`decompress`] does.
pub fn decompress_many(
    files: &[&[u8]],
    models: &dyn ModelSource,
    options: &DecompressOptions,
    progress: &dyn Progress,
) -> Vec<Result<(Vec<u8>, Summary)>> {
    let mut known = Models::new(models);
    let mut results: Vec<_> = files.iter().map(|_| None).collect();
    let (mut waiting, mut memory_bytes) = (Vec::new(), 0u64);
    for (i, file) in files.iter().enumerate() {
        // Whatever is wrong with a file is said by the ordinary way.
        let Ok(Some((job, needed_bytes))) = only_short_frame(file, &mut known) else { continue };
        if needed_bytes > options.memory_limit {
            continue;
        }
        if memory_bytes.saturating_add(needed_bytes) > options.memory_limit {
            finish(std::mem::take(&mut waiting), &mut results, progress);
            memory_bytes = 0;
        }
        memory_bytes += needed_bytes;
        let by_model = job.method() == Method::Model;
        let model_name = known.last_name.clone().filter(|_| by_model);
        waiting.push(Waiting { file: i, job, stored_bytes: file.len() as u64, model_name });
    }
    finish(waiting, &mut results, progress);
    let rest = |(done, file): (Option<_>, &&[u8])| {
        done.unwrap_or_else(|| {
            let mut plain = Vec::new();
            let summary = decompress(*file, &mut plain, models, options, progress)?;
            Ok((plain, summary))
        })
    };
    results.into_iter().zip(files).map(rest).collect()
}

/// A file whose only frame can be decoded.
struct Waiting {
    file: usize,
    job: Job,
    stored_bytes: u64,
    model_name: Option<String>,
}

type Done = Option<Result<(Vec<u8>, Summary)>>;

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
        let put = output.put_short(method, &plain);
        let summary = Summary { stored_bytes, model_name, ..output.summary };
        results[file] = Some(put.map(|()| (output.writer, summary)));
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
    let memory_bytes = group.memory_bytes;
    let job = group.take_short_payload(&mut source)?;
    Ok((source.offset() == file.len() as u64).then_some((job, memory_bytes)))
}
