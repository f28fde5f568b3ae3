//! Whole files at every way of reading them: none panics, and none says something else than another.

use super::Random;
use super::doors::codecs;
use llmzip::codec::BuiltinModels;
use llmzip::container::{GroupCodec, LONG_MAGIC, ModelSource, SHORT_MAGIC};
use llmzip::stream::{self, DecompressOptions, NoProgress, decompress_many, decompress_range};
use llmzip::{Error, Result};
use std::io::{self, Cursor, Write};
use std::sync::Arc;

const MEMORY_LIMIT: u64 = 256 << 20;
/// Four bytes of a file may stand for a gigabyte of the original; this much of it is taken.
const OUTPUT_MAX: usize = 4 << 20;

/// The tiny model, and the builtin.
pub struct Models;

impl ModelSource for Models {
    fn by_prefix(&self, prefix: &[u8], nth: usize, name: &str) -> Result<Arc<dyn GroupCodec>> {
        let tiny = &codecs().model;
        match (tiny.model_id().is_some_and(|id| id.starts_with(prefix)), nth) {
            (true, 0) => Ok(tiny.clone()),
            (true, nth) => BuiltinModels.by_prefix(prefix, nth - 1, name),
            (false, nth) => BuiltinModels.by_prefix(prefix, nth, name),
        }
    }

    fn without_model(&self) -> Arc<dyn GroupCodec> {
        codecs().mixer.clone()
    }
}

fn options() -> DecompressOptions {
    DecompressOptions { memory_limit: MEMORY_LIMIT, ..DecompressOptions::default() }
}

/// A writer that is full at some point.
#[derive(Default)]
struct Output(Vec<u8>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > OUTPUT_MAX {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether the result says nothing about the file: more came out than is taken.
fn is_full<T>(result: &Result<T>) -> bool {
    matches!(result, Err(Error::Io(error)) if error.kind() == io::ErrorKind::StorageFull)
}

/// How it ended, and all bytes that were written until then.
pub type Decompressed = (Result<()>, Vec<u8>);

pub fn decompressed(file: &[u8]) -> Decompressed {
    let mut out = Output::default();
    let done = stream::decompress(file, &mut out, &Models, &options(), &NoProgress);
    if let Ok(summary) = &done {
        assert_eq!(summary.plain_bytes, out.0.len() as u64);
        assert_eq!(summary.stored_bytes, file.len() as u64);
    }
    // Who wants a file that holds nothing else takes what is behind it for damage.
    let done = done.and_then(|summary| match summary.foreign_bytes {
        0 => Ok(()),
        n => Err(stream::foreign_bytes(n)),
    });
    (done, out.0)
}

/// The same for a part of the original.
pub fn part(file: &[u8], range: std::ops::Range<u64>) -> (Result<()>, Vec<u8>) {
    let mut out = Output::default();
    let done =
        decompress_range(Cursor::new(file), &mut out, &Models, &options(), range, &NoProgress);
    (done.map(|_| ()), out.0)
}

/// The same for all that can be saved, with the number of losses.
pub fn recovered(file: &[u8]) -> (Result<usize>, Vec<u8>) {
    let mut out = Output::default();
    let done = stream::recover(Cursor::new(file), &mut out, &Models, &options(), &NoProgress);
    (done.map(|summary| summary.damage.len()), out.0)
}

/// What follows the magic of a long frame.
pub fn container_long(data: &[u8]) {
    drop(decompressed(&[&LONG_MAGIC, data].concat()));
}

/// What follows the magic of a short frame.
pub fn container_short(data: &[u8]) {
    drop(decompressed(&[&SHORT_MAGIC, data].concat()));
}

/// What comes of a part is what stands there in the whole.
pub fn ranges(file: &[u8]) {
    ranges_of(file, &decompressed(file), 6);
}

/// Whether the file, decompressed, says the same in every other way of reading it.
pub fn all_ways(file: &[u8]) -> Decompressed {
    let decompressed = decompressed(file);
    ranges_of(file, &decompressed, 2);
    many_of(file, &decompressed);
    recover_of(file, &decompressed);
    inspect_of(file, &decompressed);
    decompressed
}

fn ranges_of(file: &[u8], (done, whole): &Decompressed, n_ranges: usize) {
    if is_full(done) {
        return;
    }
    let len = whole.len();
    let mut random = Random(file.len() as u64 + 1);
    for _ in 0..n_ranges {
        let start = random.below(len + 1);
        let end = match random.below(4) {
            0 => len,
            1 => len + random.below(5000),
            _ => start + random.below(len - start + 1),
        };
        let (result, got) = part(file, start as u64..end as u64);
        if end <= len && done.is_ok() {
            assert!(result.is_ok(), "{start}..{end}: {:?}", result.err());
        }
        assert!(got.len() <= end - start);
        if result.is_ok() {
            assert_eq!(got.len(), end - start, "{start}..{end}");
        }
        // What was written before an error is right in both.
        let known = len.saturating_sub(start).min(got.len());
        assert!(got[..known] == whole[start..][..known], "{start}..{end}: other bytes");
    }
    let backwards = std::ops::Range { start: 2, end: 1 };
    assert!(part(file, backwards).0.is_err());
}

/// Together with others, a file becomes what it becomes alone.
pub fn many(file: &[u8]) {
    many_of(file, &decompressed(file));
}

fn many_of(file: &[u8], (done, whole): &Decompressed) {
    if is_full(done) {
        return;
    }
    let cut = &file[..file.len() / 2];
    let together = decompress_many(&[file, cut, file], &Models, &options(), &NoProgress);
    assert_eq!(together.len(), 3);
    for result in [&together[0], &together[2]] {
        match (result, done) {
            (Ok((plain, summary)), Ok(())) => {
                assert!(plain == whole);
                assert_eq!(summary.stored_bytes, file.len() as u64);
            }
            (Err(error), Err(alone)) => assert_eq!(error.to_string(), alone.to_string()),
            (result, done) => panic!("{done:?} alone, together {:?}", result.as_ref().err()),
        }
    }
    assert!(together[1].is_err() || !cut.is_empty());
}

/// A good file is recovered as a whole, and what cannot be recovered is told.
pub fn recover(file: &[u8]) {
    recover_of(file, &decompressed(file));
}

fn recover_of(file: &[u8], (done, whole): &Decompressed) {
    let (result, saved) = recovered(file);
    if is_full(done) || is_full(&result) {
        return;
    }
    match (done, result) {
        (Ok(()), result) => {
            assert!(saved == *whole, "a good file is recovered as another");
            assert_eq!(result.unwrap(), 0);
        }
        (Err(error), Ok(0)) => panic!("{error}, and recovery says nothing of it"),
        _ => {}
    }
}

/// What a file says about itself is what comes out of it.
pub fn inspect(file: &[u8]) {
    inspect_of(file, &decompressed(file));
}

fn inspect_of(file: &[u8], (done, whole): &Decompressed) {
    let told = stream::inspect(file);
    if let Ok(frames) = &told {
        // Zeros may stand between and behind them.
        assert!(frames.iter().map(|f| f.stored_bytes).sum::<u64>() <= file.len() as u64);
        for frame in frames {
            assert_eq!(frame.groups.iter().map(|g| g.plain_bytes).sum::<u64>(), frame.plain_bytes);
            let payload: u64 = frame.groups.iter().map(|g| g.payload_bytes).sum();
            assert!(payload < frame.stored_bytes);
        }
        drop(serde_json::to_string(frames).unwrap());
    }
    if done.is_ok() {
        let plain: u64 = told.unwrap().iter().map(|frame| frame.plain_bytes).sum();
        assert_eq!(plain, whole.len() as u64);
    }
}
