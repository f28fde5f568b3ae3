//! Decompressing or testing one file.

use std::io::{self, Seek, Write};

use anyhow::anyhow;
use llmzip::stream::{self, DecompressOptions, Summary};

use super::args::{Destination, Settings};
use super::files::{self, Source, Written};
use super::messages::{Failure, Messages};
use super::models::LocalModels;
use super::names::{self, Name};
use super::progress::Line;
use super::summary::{self, Way};
use super::together::Ready;

/// Decompresses one source to where the settings say.
///
/// `ready` is its result if it was made beforehand.
/// With `--recover`, what could be saved is kept, each loss is an error of its own, and the source
/// is never removed.
pub fn decompress(
    name: &Name,
    ready: Option<Ready>,
    models: &LocalModels,
    settings: &Settings,
    messages: &Messages,
) -> Result<(), Failure> {
    name.check()?;
    let beside = settings.destination == Destination::Beside;
    let target_path = match (name, &settings.destination) {
        (_, Destination::File(path)) => Some(path.clone()),
        (Name::Path(path), Destination::Beside) => Some(names::plain(path).ok_or_else(|| {
            Failure::Skipped(format!("does not have the suffix {}, skipped", names::SUFFIX))
        })?),
        _ => None,
    };
    let mut source = open(name, !beside)?;
    let mut target = files::target_of(&source, target_path.as_deref(), settings, false)?;
    if settings.sparse {
        target.go_past_zeros();
    }
    // On a screen, the line and the text would overwrite each other.
    let is_line_wanted = !messages.is_quiet() && !target.is_terminal();
    let mut line = Line::new(name.to_string(), None, is_line_wanted);
    let read = ready.map(|ready| ready.for_source(&mut source)).transpose()?;
    let (done, elapsed) = match read {
        Some(Ok((plain, done, elapsed))) => {
            target.write_all(&plain)?;
            target.flush()?;
            (done, elapsed)
        }
        other => {
            if other.is_some() {
                // It holds something else by now; from the beginning, then.
                source = open(name, !beside)?;
            }
            (decode(&mut source, &mut target, models, settings, &mut line)?, line.elapsed())
        }
    };
    drop(line);
    let written = target.commit(source.inherited())?;
    tell_damage(name, &done, messages);
    messages.note(&summary::line(name, Way::Out, &done, elapsed));
    if settings.remove_source && written == Written::File && done.damage.is_empty() {
        source.remove()?;
    }
    Ok(())
}

/// Decodes one source and compares every checksum.
pub fn test(
    name: &Name,
    models: &LocalModels,
    settings: &Settings,
    messages: &Messages,
) -> Result<(), Failure> {
    let mut source = open(name, true)?;
    let mut line = Line::new(name.to_string(), None, !messages.is_quiet());
    let done = decode(&mut source, io::sink(), models, settings, &mut line)?;
    let elapsed = line.elapsed();
    drop(line);
    tell_damage(name, &done, messages);
    if done.damage.is_empty() {
        messages.note(&summary::line(name, Way::Test, &done, elapsed));
    }
    Ok(())
}

fn open(name: &Name, allow_special: bool) -> Result<Source, Failure> {
    let source = Source::open(name, allow_special)?;
    if source.is_terminal() {
        Err(anyhow!("compressed data is not read from a terminal; see llmzip --help"))?;
    }
    Ok(source)
}

/// What the settings make of the library's options.
pub fn options(settings: &Settings) -> DecompressOptions {
    DecompressOptions {
        memory_limit: settings.memory_limit(),
        recover: settings.recover,
        ..DecompressOptions::default()
    }
}

fn decode(
    source: &mut Source,
    target: impl Write,
    models: &LocalModels,
    settings: &Settings,
    line: &mut Line,
) -> Result<Summary, Failure> {
    let decoded = decode_with(source, target, models, settings, line);
    // A model that changed is the cause of whatever was found wrong.
    models.check_unchanged()?;
    decoded
}

fn decode_with(
    source: &mut Source,
    target: impl Write,
    models: &LocalModels,
    settings: &Settings,
    line: &mut Line,
) -> Result<Summary, Failure> {
    let options = options(settings);
    if let Some(file) = source.seekable() {
        if line.is_shown() {
            // How long the way is; a file that cannot tell will say why when it is decoded.
            if let Ok(frames) = stream::inspect(io::BufReader::new(&mut *file)) {
                let plain = frames.iter().map(|frame| frame.plain_bytes).sum();
                let stored = frames.iter().map(|frame| frame.stored_bytes).sum();
                line.know(plain, stored);
            }
            file.rewind()?;
        }
        if settings.recover {
            return Ok(stream::recover(file, target, models, &options, line)?);
        }
    }
    Ok(stream::decompress(io::BufReader::new(source), target, models, &options, line)?)
}

/// Each part that could not be recovered is an error, even though the rest was written.
fn tell_damage(name: &Name, done: &Summary, messages: &Messages) {
    for damage in &done.damage {
        let frame = damage.frame;
        let lost = match &damage.bytes {
            Some(bytes) if bytes.is_empty() => format!("frame {frame}: nothing is lost"),
            Some(bytes) => format!("frame {frame}: bytes {}..{} are lost", bytes.start, bytes.end),
            None => format!("frame {frame}: it is not known how much is lost"),
        };
        messages.error(name, &anyhow!("{}; {lost}", damage.error));
    }
}
