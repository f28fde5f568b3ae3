//! Compressing one file.

use std::io::{self, Read, Seek, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use llmzip::stream::{self, CompressOptions, DEFAULT_MEMORY_LIMIT, DecompressOptions};
use sha2::{Digest, Sha256};

use super::args::{Destination, Settings};
use super::figures::{clock, memory_flag};
use super::files::{self, Source, Target, Written};
use super::messages::{Failure, Messages};
use super::models::{Encoder, LocalModels};
use super::names::{self, Name};
use super::places::Places;
use super::profile::Profiling;
use super::progress::{Line, Operation};
use super::summary::{self, Way};
use super::together::{Ready, Share};

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
    (settings, places): (&Settings, &Places),
    messages: &Messages,
) -> Result<(), Failure> {
    name.check()?;
    let target_path = match (name, &settings.destination) {
        (_, Destination::File(path)) => Some(path.clone()),
        (Name::Path(path), Destination::Beside | Destination::Under(_)) => {
            Some(places.target(path, names::compressed)?.ok_or_else(|| {
                Failure::Skipped(format!("already has the suffix {}, skipped", names::SUFFIX))
            })?)
        }
        _ => None,
    };
    let mut source = Source::open(name, !places.are_named_after_sources())?;
    let verify = settings.verify || settings.remove_source;
    if let Some(path) = &target_path {
        places.make_room(path)?;
    }
    let mut target = files::target_of(&source, target_path.as_deref(), settings, verify)?;
    if target.is_terminal() && !settings.force {
        Err(anyhow!("compressed data is not written to a terminal; -f does, -o FILE is better"))?;
    }

    if !messages.is_quiet() {
        tell_time(name, &mut source, encoder, messages)?;
    }
    let profiling = settings.profile.as_ref().map(Profiling::begin);
    let mut line = Line::new(Operation::Compress, name, source.len(), messages.progress())
        .telling_groups(messages.tells_groups());
    let reading = Timed::new(&mut source, profiling.as_ref().map(Profiling::reading));
    let mut hashed = Hashed { inner: reading, hash: Sha256::new() };
    let read = ready.map(|ready| ready.for_source(&mut hashed)).transpose()?;
    let (done, share) = match read {
        Some(Ok((packed, done, share))) => {
            target.write_all(&packed)?;
            target.flush()?;
            line.only_group(&done);
            (done, share)
        }
        other => {
            let begun = other.and_then(Result::err).unwrap_or_default();
            let reader = io::Cursor::new(begun).chain(&mut hashed);
            let options = options(encoder, settings);
            let writer = Timed::new(&mut target, profiling.as_ref().map(Profiling::writing));
            let done = stream::compress(reader, writer, &encoder.codec, &options, &line)?;
            (done, Share::whole(line.elapsed()))
        }
    };
    if verify {
        line.verify((done.plain_bytes, done.stored_bytes));
        check(&mut target, hashed.hash, settings, &line)
            .context("not verified, nothing was kept")?;
    }
    encoder.check_unchanged()?;
    let written = target.commit(source.inherited())?;
    line.done(&done, share.elapsed);
    if let (Some(path), Written::File) = (&target_path, &written) {
        places.made(path);
    }
    messages.note(&summary::line(name, Way::In, &done, share));
    if let Some(profiling) = &profiling {
        messages.table(&profiling.table(share.elapsed, settings.n_threads()));
    }
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
    let usual = CompressOptions::default();
    CompressOptions {
        group_bytes: settings.group_bytes.unwrap_or(usual.group_bytes),
        params: encoder.params,
        full_hashes: settings.full_hashes,
        transform: settings.transform,
        memory_limit: settings.memory_limit(),
        ..usual
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
    let decoded = stream::decompress(target.reread()?, &mut restored, &models, &options, line);
    models.check_unchanged()?;
    decoded?;
    if restored.hash.finalize() != original.finalize() {
        bail!("other bytes came back");
    }
    Ok(())
}

/// A reader or writer whose time is noted, if anybody wants to know.
struct Timed<'a, T> {
    inner: T,
    time: Option<&'a AtomicU64>,
}

impl<'a, T> Timed<'a, T> {
    fn new(inner: T, time: Option<&'a AtomicU64>) -> Self {
        Timed { inner, time }
    }

    fn during<R>(&mut self, work: impl FnOnce(&mut T) -> R) -> R {
        let Some(time) = self.time else { return work(&mut self.inner) };
        let begun = Instant::now();
        let result = work(&mut self.inner);
        time.fetch_add(begun.elapsed().as_nanos() as u64, Ordering::Relaxed);
        result
    }
}

impl<R: Read> Read for Timed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.during(|inner| inner.read(buffer))
    }
}

impl<W: Write> Write for Timed<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.during(|inner| inner.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.during(Write::flush)
    }
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
