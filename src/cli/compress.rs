//! Compressing one file.

use std::io::{self, Read, Seek, Write};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use llmzip::stream::{self, CompressOptions, DEFAULT_MEMORY_LIMIT, DecompressOptions};
use sha2::{Digest, Sha256};

use super::args::{Destination, Settings};
use super::figures::{clock, memory_flag};
use super::files::{Source, Target, Written};
use super::messages::{Failure, Messages};
use super::models::{Encoder, LocalModels};
use super::names::{self, Name};
use super::progress::Line;
use super::summary::{self, Way};
use super::together::Ready;

/// As much of a file is read to see how long it will take.
const TRIAL_BYTES: u64 = 64 << 10;
/// Nobody needs to be told of less.
const PATIENCE: Duration = Duration::from_secs(10);

/// Compresses one source to where the settings say.
///
/// `ready` is its result if it was made beforehand.
/// With `--verify`, and always before a source is removed, what was written is decoded and its
/// hash compared with that of what was read, before the result gets its name.
pub fn compress(
    name: &Name,
    ready: Option<Ready>,
    encoder: &Encoder,
    settings: &Settings,
    messages: &Messages,
) -> Result<(), Failure> {
    let beside = settings.destination == Destination::Beside;
    let target_path = match (name, &settings.destination) {
        (_, Destination::File(path)) => Some(path.clone()),
        (Name::Path(path), Destination::Beside) => {
            Some(names::compressed(path).ok_or_else(|| {
                Failure::Skipped(format!("already has the suffix {}, skipped", names::SUFFIX))
            })?)
        }
        _ => None,
    };
    let mut source = Source::open(name, !beside)?;
    let verify = settings.verify || settings.remove_source;
    let mut target = match &target_path {
        Some(path) => {
            let inherits = source.inherited().is_some();
            super::files::refuse_same(&source, path)?;
            Target::file(path, settings.force, verify, inherits)?
        }
        None => Target::stdout(verify)?,
    };
    if target.is_terminal() && !settings.force {
        Err(anyhow!("compressed data is not written to a terminal; -f does, -o FILE is better"))?;
    }

    if !messages.is_quiet() {
        tell_time(name, &mut source, encoder, messages)?;
    }
    let mut line = Line::new(name.to_string(), source.len(), !messages.is_quiet());
    let mut hashed = Hashed { inner: &mut source, hash: Sha256::new() };
    let read = ready.map(|ready| ready.for_source(&mut hashed)).transpose()?;
    let (done, elapsed) = match read {
        Some(Ok((packed, done, elapsed))) => {
            target.write_all(&packed)?;
            target.flush()?;
            (done, elapsed)
        }
        other => {
            let begun = other.and_then(Result::err).unwrap_or_default();
            let reader = io::Cursor::new(begun).chain(&mut hashed);
            let options = options(encoder, settings);
            let done = stream::compress(reader, &mut target, &encoder.codec, &options, &line)?;
            (done, line.elapsed())
        }
    };
    if verify {
        line.restart(format!("{name} (verifying)"), (done.plain_bytes, done.stored_bytes));
        check(&mut target, hashed.hash, settings, &line)
            .context("not verified, nothing was kept")?;
    }
    drop(line);
    let written = target.commit(source.inherited())?;
    messages.note(&summary::line(name, Way::In, &done, elapsed));
    if done.memory_bytes > DEFAULT_MEMORY_LIMIT {
        let flag = memory_flag(done.memory_bytes);
        messages.tell(name, &format!("decompressing it will take {flag}"));
    }
    if settings.remove_source && written == Written::File {
        source.remove()?;
    }
    Ok(())
}

/// Says how long a large model will take, if that is long and can be known.
fn tell_time(
    name: &Name,
    source: &mut Source,
    encoder: &Encoder,
    messages: &Messages,
) -> Result<(), Failure> {
    let (Some(codec), Some(len)) = (&encoder.slow, source.len()) else { return Ok(()) };
    let Some(file) = source.seekable() else { return Ok(()) };
    let mut beginning = Vec::new();
    file.take(TRIAL_BYTES).read_to_end(&mut beginning)?;
    file.rewind()?;
    if let Some(estimate) = codec.estimate(&beginning, len, &encoder.params)?
        && estimate.encode > PATIENCE
    {
        let [encode, decode] = [estimate.encode, estimate.decode].map(clock);
        messages.tell(name, &format!("about {encode} to compress, {decode} to decompress"));
    }
    Ok(())
}

/// What the settings make of the library's options.
pub fn options(encoder: &Encoder, settings: &Settings) -> CompressOptions {
    CompressOptions {
        params: encoder.params,
        full_hashes: settings.full_hashes,
        memory_limit: settings.memory_limit(),
        ..CompressOptions::default()
    }
}

/// Decodes what was written and compares it with what was read, by SHA-256.
fn check(
    target: &mut Target,
    original: Sha256,
    settings: &Settings,
    line: &Line,
) -> anyhow::Result<()> {
    let mut restored = Hashed { inner: io::sink(), hash: Sha256::new() };
    let options =
        DecompressOptions { memory_limit: settings.memory_limit(), ..DecompressOptions::default() };
    let models = LocalModels::new(settings)?;
    stream::decompress(target.reread()?, &mut restored, &models, &options, line)?;
    if restored.hash.finalize() != original.finalize() {
        bail!("other bytes came back");
    }
    Ok(())
}

/// A reader or writer that hashes what goes through it.
struct Hashed<T> {
    inner: T,
    hash: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hash.update(&buffer[..n]);
        Ok(n)
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.hash.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
