//! Small files that stand side by side on the command line go through the model together.
//!
//! Reading each weight once for many files is what makes thousands of small documents quick. Everything else about a
//! file (its names, its result, its errors) stays with its own turn.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use llmzip::stream::{self, CompressOptions, NoProgress, Summary};

use super::args::{Destination, Settings};
use super::models::{Encoder, LocalModels};
use super::names::{self, Name};

/// Files that are coded together at most.
const FILES: usize = 24;
/// Longer files have the model for themselves: they have several lanes.
const FILE_BYTES: u64 = 16 << 10;

/// A file's result, made before its turn came.
pub struct Ready {
    input: Vec<u8>,
    output: Vec<u8>,
    summary: Summary,
    /// Its share of the time that all took.
    elapsed: Duration,
}

/// Output, what was done, and the time it took.
pub type Done = (Vec<u8>, Summary, Duration);

impl Ready {
    /// The result for what `source` holds. `Err` has what was read of a source that holds
    /// something else by now.
    pub fn for_source(self, source: &mut impl Read) -> io::Result<Result<Done, Vec<u8>>> {
        let mut now = Vec::new();
        source.take(self.input.len() as u64 + 1).read_to_end(&mut now)?;
        Ok(if now == self.input { Ok((self.output, self.summary, self.elapsed)) } else { Err(now) })
    }
}

/// Compresses the small files among the next ones; one answer for each file, at most [`FILES`] of them.
pub fn compress(
    names: &[Name],
    encoder: &Encoder,
    options: &CompressOptions,
    settings: &Settings,
) -> Vec<Option<Ready>> {
    prepare(names, settings, names::compressed, |inputs| {
        let done = stream::compress_many(inputs, &encoder.codec, options, &NoProgress);
        done.into_iter().map(Result::ok).collect()
    })
}

/// Decompresses the small files among the next ones, likewise.
pub fn decompress(names: &[Name], models: &LocalModels, settings: &Settings) -> Vec<Option<Ready>> {
    let options = super::decompress::options(settings);
    prepare(names, settings, names::plain, |inputs| {
        stream::decompress_short(inputs, models, &options, &NoProgress)
    })
}

/// What fails here is no error yet: the file meets it again in its turn.
fn prepare(
    names: &[Name],
    settings: &Settings,
    target: fn(&Path) -> Option<std::path::PathBuf>,
    work: impl FnOnce(&[&[u8]]) -> Vec<Option<(Vec<u8>, Summary)>>,
) -> Vec<Option<Ready>> {
    let names = &names[..names.len().min(FILES)];
    let is_wanted = |path: &Path| match settings.destination {
        Destination::Beside => target(path).is_some_and(|to| settings.force || !to.exists()),
        Destination::Stdout => true,
        Destination::File(_) => false,
    };
    let read = |name: &Name| match name {
        Name::Path(path) if is_wanted(path) => read_small(path),
        _ => None,
    };
    let inputs: Vec<Option<Vec<u8>>> = names.iter().map(read).collect();
    let small: Vec<&[u8]> = inputs.iter().flatten().map(Vec::as_slice).collect();
    // One alone is as quick in its turn, and then it is seen how far it is.
    if small.len() < 2 {
        return names.iter().map(|_| None).collect();
    }
    let began = Instant::now();
    let mut results = work(&small).into_iter();
    let total: usize = small.iter().map(|input| input.len()).sum();
    let elapsed = began.elapsed();
    let ready = |input: Option<Vec<u8>>| {
        let input = input?;
        let (output, summary) = results.next()??;
        let elapsed = elapsed.mul_f64(input.len() as f64 / total as f64);
        Some(Ready { input, output, summary, elapsed })
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
