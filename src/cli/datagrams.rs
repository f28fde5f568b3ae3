//! Messages: datagrams, lines of them, sessions, files that begin with a reference, and text in the place of bytes.

mod lines;
mod state;

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use llmzip::armor::{self, Armor};
use llmzip::message::{
    Datagrams, MAX_MESSAGE_BYTES, MAX_REFERENCE_BYTES, PRIMED_MAGIC, Profile, Reference,
    build_reference, compress_primed, decompress_primed, reference_of,
};
use llmzip::stream::{self, NoProgress};

use super::args::{Action, Destination, Settings};
use super::files::{self, Source, Target};
use super::messages::{Failure, Messages};
use super::models::{self, LocalModels};
use super::names::{self, Name};
use super::places::Places;
use super::sources::Sources;
use super::{compress, decompress};
use state::State;

/// The longest file that is read as text.
pub const MAX_TEXT_BYTES: u64 = 64 << 20;
/// A file of samples may be so long; more is not looked at.
const MAX_SAMPLES_BYTES: u64 = 256 << 20;

/// How the bytes of a file are made and read.
enum Work {
    Datagrams(Datagrams),
    Session(Box<State>),
    /// With a reference that the file names.
    Primed(Profile, Datagrams),
    /// Ordinary files, as text.
    Frames,
}

/// Does what `action` says with each file, as messages.
pub fn each_file(action: &Action, settings: &Settings, files: Vec<PathBuf>, messages: &Messages) {
    let sending = &settings.sending;
    if let Err(error) = refuse_mixtures(action, settings) {
        return messages.error("usage", &error);
    }
    let places = Places::new(settings);
    let Some(sources) = Sources::new(files, action, settings, &places, messages) else {
        return;
    };
    let mut work = match Work::new(settings) {
        Ok(work) => work,
        Err(error) => return messages.error("messages", &error),
    };
    for found in sources {
        let done = match (&work, sending.each_line) {
            (Work::Datagrams(datagrams), true) => {
                lines::each_line(action, &found.name, datagrams, settings, messages)
            }
            _ => work.on(action, &found.name, (settings, &places), messages),
        };
        done.unwrap_or_else(|failure| messages.failure(&found.name, &failure));
    }
}

/// Refuses flags that mean nothing together.
fn refuse_mixtures(action: &Action, settings: &Settings) -> anyhow::Result<()> {
    let sending = &settings.sending;
    let datagrams = sending.datagram.is_some() || sending.each_line;
    if sending.session.is_some() && sending.each_line {
        bail!("--session goes from file to file, not with --each-line");
    }
    if sending.check.is_some() && !datagrams && sending.session.is_none() {
        bail!(
            "--check is for --datagram, --each-line and --session; files have checks of their own"
        );
    }
    if (datagrams || sending.session.is_some() || sending.prime.is_some())
        && settings.level.is_some_and(|l| l < 4)
    {
        bail!("messages are coded with a model: levels 1 to 3 have none");
    }
    if settings.remove_source || settings.verify {
        let flag = if settings.verify { "--verify" } else { "--rm" };
        bail!("{flag} is not for messages");
    }
    if matches!(action, Action::Compress) && settings.window.is_some() {
        bail!("--window is for files: a message does not say which one it was made with");
    }
    Ok(())
}

/// What both ends agree on, as the flags say.
fn profile(settings: &Settings) -> anyhow::Result<Profile> {
    let sending = &settings.sending;
    let reference = sending.prime.as_deref().map(read_reference).transpose()?;
    Ok(Profile {
        model: models::for_messages(settings)?,
        window: settings.window.unwrap_or(0),
        reference,
        check_bytes: sending.check.unwrap_or(0),
        marked: sending.datagram.as_deref() == Some("marked"),
    })
}

fn read_reference(path: &Path) -> anyhow::Result<Reference> {
    let bytes = read_at_most(fs::File::open(path), MAX_REFERENCE_BYTES as u64 + 1);
    let what = || format!("--prime {}", path.display());
    Reference::new(bytes.with_context(what)?).with_context(what)
}

fn read_at_most(file: std::io::Result<impl Read>, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Work {
    fn new(settings: &Settings) -> anyhow::Result<Work> {
        let sending = &settings.sending;
        if let Some(path) = &sending.session {
            return Ok(Work::Session(Box::new(State::open(path, &profile(settings)?)?)));
        }
        if sending.datagram.is_some() || sending.each_line {
            return Ok(Work::Datagrams(Datagrams::new(&profile(settings)?)?));
        }
        if sending.prime.is_some() {
            let profile = Profile { check_bytes: 0, marked: false, ..profile(settings)? };
            let datagrams = Datagrams::new(&profile)?;
            return Ok(Work::Primed(profile, datagrams));
        }
        Ok(Work::Frames)
    }

    /// Whether the coded bytes say nothing of themselves.
    fn is_bare(&self) -> bool {
        matches!(self, Work::Datagrams(_) | Work::Session(_))
    }

    fn on(
        &mut self,
        action: &Action,
        name: &Name,
        (settings, places): (&Settings, &Places),
        messages: &Messages,
    ) -> Result<(), Failure> {
        name.check()?;
        let packs = matches!(action, Action::Compress);
        let target_path = match (name, &settings.destination) {
            (_, Destination::File(path)) => Some(path.clone()),
            (Name::Path(path), Destination::Beside | Destination::Under(_)) => {
                let (rule, why): (fn(&Path) -> Option<PathBuf>, _) = match packs {
                    true => (names::compressed, "already has the suffix .llmz, skipped"),
                    false => (names::plain, "does not have the suffix .llmz, skipped"),
                };
                Some(places.target(path, rule)?.ok_or_else(|| Failure::Skipped(why.into()))?)
            }
            _ => None,
        };
        let source = Source::open(name, !places.are_named_after_sources())?;
        if let Some(path) = &target_path {
            places.make_room(path)?;
        }
        let mut target = files::target_of(&source, target_path.as_deref(), settings, false)?;
        let is_text = settings.sending.armor.is_some();
        if packs && !is_text && target.is_terminal() && !settings.force {
            return Err(anyhow!(
                "compressed data is not written to a terminal; -f does, --armor writes text"
            )
            .into());
        }
        let inherited = source.inherited().is_some();
        let mut source = source;
        let most =
            if self.is_bare() && packs { MAX_MESSAGE_BYTES as u64 + 1 } else { MAX_TEXT_BYTES };
        let mut bytes = Vec::new();
        source.by_ref().take(most).read_to_end(&mut bytes).context("cannot be read")?;
        let made = match packs {
            true => self.pack(&bytes, settings, messages, name)?,
            false => self.unpack(bytes, settings)?,
        };
        target.write_all(&made)?;
        self.commit(target, &source, inherited)?;
        if let Some(path) = &target_path {
            places.made(path);
        }
        Ok(())
    }

    /// Keeps a result, and then what a session has come to.
    fn commit(&mut self, target: Target, source: &Source, inherited: bool) -> Result<(), Failure> {
        target.commit(source.inherited().filter(|_| inherited))?;
        if let Work::Session(state) = self {
            state.save()?;
        }
        Ok(())
    }

    fn pack(
        &mut self,
        plain: &[u8],
        settings: &Settings,
        messages: &Messages,
        name: &Name,
    ) -> Result<Vec<u8>, Failure> {
        let packed = match self {
            Work::Datagrams(datagrams) => datagrams.compress(plain)?,
            Work::Session(state) => state.compress(plain)?,
            Work::Primed(profile, datagrams) if plain.len() <= MAX_MESSAGE_BYTES => {
                compress_primed(plain, profile, datagrams, settings.full_hashes)?
            }
            Work::Primed(..) | Work::Frames => {
                if matches!(self, Work::Primed(..)) {
                    messages.tell(name, "is longer than 64 KiB and made without the reference, which would save next to nothing");
                }
                let encoder = models::encoder(settings)?;
                let options = compress::options(&encoder, settings);
                let mut packed = Vec::new();
                stream::compress(plain, &mut packed, &encoder.codec, &options, &NoProgress)?;
                packed
            }
        };
        Ok(match &settings.sending.armor {
            None => packed,
            Some(kind) => {
                let mut text = Armor::from_name(kind)?.encode(&packed);
                text.push('\n');
                text.into_bytes()
            }
        })
    }

    fn unpack(&mut self, mut bytes: Vec<u8>, settings: &Settings) -> Result<Vec<u8>, Failure> {
        bytes = dearmored(bytes, settings, self.is_bare())?;
        Ok(match self {
            Work::Datagrams(datagrams) => datagrams.decompress(&bytes)?,
            Work::Session(state) => state.decompress(&bytes)?,
            Work::Primed(profile, datagrams) if bytes.starts_with(&PRIMED_MAGIC) => {
                decompress_primed(&bytes, profile, datagrams)?
            }
            Work::Primed(..) | Work::Frames => plain_of(&bytes, settings)?,
        })
    }
}

/// The bytes of a text, or of what is none.
fn dearmored(bytes: Vec<u8>, settings: &Settings, is_bare: bool) -> anyhow::Result<Vec<u8>> {
    match &settings.sending.armor {
        Some(kind) => {
            let text = std::str::from_utf8(&bytes).context("this is no text")?;
            Ok(Armor::from_name(kind)?.decode(text)?)
        }
        // A datagram may look like a text.
        None if is_bare => Ok(bytes),
        None => Ok(found(&bytes).unwrap_or(bytes)),
    }
}

/// The file of ours that a text holds, if it does.
pub fn found(text: &[u8]) -> Option<Vec<u8>> {
    let (_, bytes) = armor::find(text)?;
    (bytes.starts_with(&PRIMED_MAGIC) || decompress::may_be_llmzip(&bytes)).then_some(bytes)
}

/// The original of an ordinary file.
pub fn plain_of(bytes: &[u8], settings: &Settings) -> anyhow::Result<Vec<u8>> {
    if let Ok(reference) = reference_of(bytes) {
        let identity = llmzip::container::hex(reference);
        return Err(llmzip::Error::MissingReference { identity }.into());
    }
    let models = LocalModels::new(settings)?;
    let options = decompress::options(settings);
    let decoded = stream::decompress_bytes(bytes, &models, &options, &NoProgress);
    models.check_unchanged()?;
    Ok(decoded?.0)
}

/// Chooses a reference out of samples.
pub fn build(
    samples: &[PathBuf],
    output: &Path,
    size: u64,
    settings: &Settings,
    messages: &Messages,
) -> anyhow::Result<()> {
    if size > MAX_REFERENCE_BYTES as u64 {
        bail!("--size {size}: a reference has at most {MAX_REFERENCE_BYTES} bytes");
    }
    let read = |path: &PathBuf| {
        read_at_most(fs::File::open(path), MAX_SAMPLES_BYTES)
            .with_context(|| path.display().to_string())
    };
    let texts = samples.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    let built = build_reference(&texts, size as usize)?;
    let reference = Reference::new(built.clone())?;
    let mut target = match output == Path::new("-") {
        true => Target::stdout(false)?,
        false => Target::named(output, settings.force, false, false)?,
    };
    target.write_all(&built)?;
    target.commit(None)?;
    let text = format!("{} bytes, reference {}", built.len(), reference.short_id());
    messages.note(&format!("{}: {text}", output.display()));
    Ok(())
}
