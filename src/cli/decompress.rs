//! Decompressing or testing one file.

use std::io::{self, Cursor, Read, Seek, Write};

use anyhow::anyhow;
use llmzip::container::{LONG_MAGIC, SHORT_MAGIC};
use llmzip::stream::{self, DecompressOptions, Recover, Summary};

use super::args::{Destination, Settings};
use super::datagrams;
use super::figures::bytes;
use super::files::{self, Source, Written};
use super::messages::{Failure, Messages};
use super::models::LocalModels;
use super::names::{self, Name};
use super::places::Places;
use super::progress::{Line, Operation};
use super::summary::{self, Way};
use super::together::{Ready, Share};

/// Decompresses one source to where the settings say.
///
/// `ready` is its result if it was made beforehand.
/// With `--recover`, what could be saved is kept, each loss is an error of its own, and the source
/// is never removed.
pub fn decompress(
    name: &Name,
    ready: Option<Ready>,
    models: &LocalModels,
    (settings, places): (&Settings, &Places),
    messages: &Messages,
) -> Result<(), Failure> {
    name.check()?;
    let target_path = match (name, &settings.destination) {
        (_, Destination::File(path)) => Some(path.clone()),
        (Name::Path(path), Destination::Beside | Destination::Under(_)) => {
            Some(places.target(path, names::plain)?.ok_or_else(|| {
                Failure::Skipped(format!("does not have the suffix {}, skipped", names::SUFFIX))
            })?)
        }
        _ => None,
    };
    let allow_special = !places.are_named_after_sources();
    let mut source = open(name, allow_special)?;
    let held = match ready {
        None => look(&mut source)?,
        Some(_) => Held::Bytes { begun: Vec::new(), is_ours: true },
    };
    if let Some(path) = &target_path {
        places.make_room(path)?;
    }
    let mut target = files::target_of(&source, target_path.as_deref(), settings, false)?;
    if settings.sparse {
        target.go_past_zeros();
    }
    let (begun, is_ours) = match held {
        Held::Bytes { begun, is_ours } => (begun, is_ours),
        Held::Text(file) => {
            target.write_all(&datagrams::plain_of(&file, settings)?)?;
            target.commit(source.inherited())?;
            return Ok(());
        }
    };
    if !is_ours
        && settings.force
        && settings.destination == Destination::Stdout
        && settings.recover == Recover::Off
    {
        io::copy(&mut Cursor::new(begun).chain(source), &mut target)?;
        target.commit(None)?;
        messages.note(&format!("{name}: is no llmzip file, copied unchanged"));
        return Ok(());
    }
    // On a screen, the line and the text would overwrite each other.
    let form = messages.progress_beside(target.is_terminal());
    let mut line =
        Line::new(Operation::Decompress, name, None, form).telling_groups(messages.tells_groups());
    let read = ready.map(|ready| ready.for_source(&mut source)).transpose()?;
    let (done, share) = match read {
        Some(Ok((plain, done, share))) => {
            target.write_all(&plain)?;
            target.flush()?;
            line.only_group(&done);
            (done, share)
        }
        other => {
            if other.is_some() {
                // It holds something else by now; from the beginning, then.
                source = open(name, allow_special)?;
            }
            let done = decode(
                (name, &begun),
                &mut source,
                &mut target,
                models,
                settings,
                &mut line,
                messages,
            )?;
            (done, Share::whole(line.elapsed()))
        }
    };
    if !done.damage.is_empty() && done.plain_bytes == 0 {
        drop(line);
        tell_damage(name, &done, messages);
        return Err(anyhow!("nothing of it could be recovered").into());
    }
    let written = target.commit(source.inherited())?;
    if let (Some(path), Written::File) = (&target_path, &written) {
        places.made(path);
    }
    let is_whole = finish(line, name, Way::Out, &done, share, messages);
    if settings.remove_source && written == Written::File && is_whole {
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
    let mut line = Line::new(Operation::Test, name, None, messages.progress())
        .telling_groups(messages.tells_groups());
    let done = decode((name, &[]), &mut source, io::sink(), models, settings, &mut line, messages)?;
    let share = Share::whole(line.elapsed());
    finish(line, name, Way::Test, &done, share, messages);
    Ok(())
}

/// Says how a file went; whether all of it is as it should be.
fn finish(
    line: Line,
    name: &Name,
    way: Way,
    done: &Summary,
    share: Share,
    messages: &Messages,
) -> bool {
    if done.damage.is_empty() && done.foreign_bytes == 0 {
        line.done(done, share.elapsed);
    } else {
        drop(line);
    }
    let is_whole = tell_damage(name, done, messages);
    if is_whole || way == Way::Out {
        messages.note(&summary::line(name, way, done, share));
    }
    is_whole
}

/// What a source turned out to hold.
enum Held {
    /// A file of ours, as text.
    Text(Vec<u8>),
    /// Bytes: what was read of them to see that (nothing where one can go back), and whether they may be of ours.
    Bytes { begun: Vec<u8>, is_ours: bool },
}

/// Looks at the beginning of a source, and at all of it if it may be a text of ours.
fn look(source: &mut Source) -> Result<Held, Failure> {
    let mut begun = Vec::new();
    source.by_ref().take(LONG_MAGIC.len() as u64).read_to_end(&mut begun)?;
    let is_ours = may_be_llmzip(&begun);
    // Armor is ASCII, or begins with an ideograph or a syllable, of three bytes.
    if !is_ours && matches!(begun.first(), Some(b'\t'..=0x7e | 0xe3..=0xef)) {
        source.by_ref().take(datagrams::MAX_TEXT_BYTES).read_to_end(&mut begun)?;
        if let Some(file) = datagrams::found(&begun) {
            return Ok(Held::Text(file));
        }
    }
    if let Some(file) = source.seekable() {
        file.rewind()?;
        begun.clear();
    }
    Ok(Held::Bytes { begun, is_ours })
}

/// Whether something begins like an llmzip file, however little there is of it; nothing at all does not.
pub fn may_be_llmzip(begun: &[u8]) -> bool {
    [&SHORT_MAGIC[..], &LONG_MAGIC[..]].into_iter().any(|magic| {
        let n_bytes = begun.len().min(magic.len());
        n_bytes > 0 && begun[..n_bytes] == magic[..n_bytes]
    })
}

pub fn open(name: &Name, allow_special: bool) -> Result<Source, Failure> {
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
        max_output: settings.max_output,
        recover: settings.recover,
        ..DecompressOptions::default()
    }
}

/// Decodes what `begun` and the rest of the source hold.
fn decode(
    held: (&Name, &[u8]),
    source: &mut Source,
    target: impl Write,
    models: &LocalModels,
    settings: &Settings,
    line: &mut Line,
    messages: &Messages,
) -> Result<Summary, Failure> {
    let decoded = decode_with(held, source, target, models, settings, line, messages);
    // A model that changed is the cause of whatever was found wrong.
    models.check_unchanged()?;
    decoded
}

fn decode_with(
    (name, begun): (&Name, &[u8]),
    source: &mut Source,
    target: impl Write,
    models: &LocalModels,
    settings: &Settings,
    line: &mut Line,
    messages: &Messages,
) -> Result<Summary, Failure> {
    let options = options(settings);
    if let Some(file) = source.seekable() {
        if !messages.is_quiet() {
            // How long the way is; a file that cannot tell will say why when it is decoded.
            if let Ok(lengths) = stream::lengths(io::BufReader::new(&mut *file)) {
                let (plain, stored) = (lengths.plain_bytes, lengths.stored_bytes);
                line.know(plain, stored);
                if plain >= LARGE_CLAIM_BYTES && plain / LARGE_CLAIM > stored {
                    let times = plain / stored.max(1);
                    messages.tell(name, &format!("holds {}, {times} times its size", bytes(plain)));
                }
            }
            file.rewind()?;
        }
        if settings.recover != Recover::Off {
            return Ok(stream::recover(file, target, models, &options, line)?);
        }
    }
    Ok(stream::decompress(io::BufReader::new(begun.chain(source)), target, models, &options, line)?)
}

/// A file that holds so many times its size, and so much, may not be what it seems; who decodes it is told before.
const LARGE_CLAIM: u64 = 1000;
const LARGE_CLAIM_BYTES: u64 = 16 << 20;

/// Says what is not as it should be; whether all is.
///
/// Each part that could not be recovered is an error, even though the rest was written, and so are bytes that are not
/// ours behind the last frame. Zeros there are what tapes and preallocated files have.
fn tell_damage(name: &Name, done: &Summary, messages: &Messages) -> bool {
    for damage in &done.damage {
        let frame = damage.frame;
        let lost = match &damage.lost {
            Some(lost) if lost.is_empty() => "nothing is lost".to_owned(),
            Some(lost) => {
                let ranges: Vec<_> =
                    lost.iter().map(|part| format!("{}..{}", part.start, part.end)).collect();
                format!("bytes {} are lost", ranges.join(", "))
            }
            None => "it is not known how much is lost".to_owned(),
        };
        messages.error(name, &anyhow!("{}; frame {frame}: {lost}", damage.error));
    }
    if done.foreign_bytes > 0 {
        let what = stream::foreign_bytes(done.foreign_bytes);
        messages.error(name, &anyhow!("{what}; all before them is decoded"));
    } else if done.padding_bytes > 0 {
        let zeros = done.padding_bytes;
        messages
            .warning(name, &format!("{zeros} zero bytes behind the last frame are passed over"));
    }
    done.damage.is_empty() && done.foreign_bytes == 0
}
