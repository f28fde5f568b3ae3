//! Small files that stand side by side on the command line go through the model together.
//!
//! Reading each weight once for many files is what makes thousands of small documents quick. Everything else about a
//! file (its names, its result, its errors) stays with its own turn.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use llmzip::stream::{self, CompressOptions, Progress, Summary};

use super::args::{Destination, Settings};
use super::models::{Encoder, LocalModels};
use super::names::{self, Name};
use super::places::Places;
use super::progress::{Form, Line, Operation};

/// Files that are coded together at most.
pub const FILES: usize = 24;
/// Longer files have the model for themselves: they have several lanes.
const FILE_BYTES: u64 = 16 << 10;

/// A file's result, made before its turn came.
pub struct Ready {
    input: Vec<u8>,
    output: Vec<u8>,
    summary: Summary,
    share: Share,
}

/// A file's part of the time that several took together.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// By the length of its original.
    pub elapsed: Duration,
    /// The other files.
    pub others: usize,
}

impl Share {
    /// Of a file that was alone.
    pub fn whole(elapsed: Duration) -> Share {
        Share { elapsed, others: 0 }
    }
}

/// Output, what was done, and the time it took.
pub type Done = (Vec<u8>, Summary, Share);

impl Ready {
    /// The result for what `source` holds. `Err` has what was read of a source that holds
    /// something else by now.
    pub fn for_source(self, source: &mut impl Read) -> io::Result<Result<Done, Vec<u8>>> {
        let mut now = Vec::new();
        source.take(self.input.len() as u64 + 1).read_to_end(&mut now)?;
        Ok(if now == self.input { Ok((self.output, self.summary, self.share)) } else { Err(now) })
    }
}

/// Compresses the small files among the next ones; one answer for each file.
pub fn compress(
    names: &[&Name],
    encoder: &Encoder,
    options: &CompressOptions,
    (settings, places): (&Settings, &Places),
    form: Form,
) -> Vec<Option<Ready>> {
    prepare(names, (Operation::Compress, form), (settings, places), |inputs, line| {
        let made = stream::compress_many(inputs, &encoder.codec, options, line);
        let made = made.into_iter().map(Result::ok).collect();
        if encoder.check_unchanged().is_ok() { made } else { Vec::new() }
    })
}

/// Decompresses the small files among the next ones, likewise.
pub fn decompress(
    names: &[&Name],
    models: &LocalModels,
    (settings, places): (&Settings, &Places),
    form: Form,
) -> Vec<Option<Ready>> {
    let options = super::decompress::options(settings);
    prepare(names, (Operation::Decompress, form), (settings, places), |inputs, line| {
        let made = stream::decompress_short(inputs, models, &options, line);
        if models.check_unchanged().is_ok() { made } else { Vec::new() }
    })
}

/// What fails here is no error yet: the file meets it again in its turn, and so does a model that changed.
fn prepare(
    names: &[&Name],
    (operation, form): (Operation, Form),
    (settings, places): (&Settings, &Places),
    work: impl FnOnce(&[&[u8]], &dyn Progress) -> Vec<Option<(Vec<u8>, Summary)>>,
) -> Vec<Option<Ready>> {
    let renamed: fn(&Path) -> Option<PathBuf> = match operation {
        Operation::Compress => names::compressed,
        _ => names::plain,
    };
    let is_wanted = |path: &Path| match settings.destination {
        Destination::Beside | Destination::Under(_) => places
            .target(path, renamed)
            .is_ok_and(|to| to.is_some_and(|to| settings.force || !to.exists())),
        Destination::Stdout => true,
        Destination::File(_) => false,
    };
    let read = |name: &&Name| match name {
        Name::Path(path) if is_wanted(path) => read_small(path),
        _ => None,
    };
    let inputs: Vec<Option<Vec<u8>>> = names.iter().map(read).collect();
    let small: Vec<&[u8]> = inputs.iter().flatten().map(Vec::as_slice).collect();
    // One alone is as quick in its turn, and then it is seen how far it is.
    if small.len() < 2 {
        return names.iter().map(|_| None).collect();
    }
    // Programs hear of each file in its turn.
    let form = if form == Form::Json { Form::Nothing } else { form };
    let stored_total: usize = small.iter().map(|input| input.len()).sum();
    let plain_total = (operation == Operation::Compress).then_some(stored_total as u64);
    let title = format!("{} files together", small.len());
    let line = Line::with_title(operation, title.clone(), title, plain_total, form);
    let results = work(&small, &line);
    let elapsed = line.elapsed();
    drop(line);
    let done = results.iter().flatten();
    let total: u64 = done.clone().map(|(_, summary)| summary.plain_bytes).sum();
    let others = done.count().saturating_sub(1);
    let mut results = results.into_iter();
    let ready = |input: Option<Vec<u8>>| {
        let input = input?;
        let (output, summary) = results.next()??;
        let elapsed = elapsed.mul_f64(summary.plain_bytes as f64 / total.max(1) as f64);
        Some(Ready { input, output, summary, share: Share { elapsed, others } })
    };
    inputs.into_iter().map(ready).collect()
}

/// The bytes of a small regular file.
fn read_small(path: &Path) -> Option<Vec<u8>> {
    let metadata = fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() == 0 || metadata.len() > FILE_BYTES {
        return None;
    }
    fs::read(path).ok()
}
