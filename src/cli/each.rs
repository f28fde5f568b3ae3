//! One file after the other; what fails for one does not keep the next from being done.

use std::path::PathBuf;

use llmzip::stream::Recover;

use super::args::{Action, Settings};
use super::messages::{Failure, Messages};
use super::models::{self, Encoder, LocalModels};
use super::names::Name;
use super::places::Places;
use super::sources::{Found, Sources};
use super::together::{self, Ready};
use super::{compress, decompress, packed};

/// What all files are worked on with.
enum Work {
    Compress(Encoder),
    Decompress(LocalModels),
    Test(LocalModels),
}

/// Compresses, decompresses or tests all files that are named.
pub fn each_file(action: &Action, settings: &Settings, files: Vec<PathBuf>, messages: &Messages) {
    let places = Places::new(settings);
    let Some(mut sources) = Sources::new(files, action, settings, &places, messages) else {
        return;
    };
    let work = match Work::new(action, settings) {
        Ok(work) => work,
        Err(error) => return messages.error("model", &error),
    };
    let wanted = |found: &Found| !is_left_out(found, settings, messages);
    loop {
        let next: Vec<Found> = sources.by_ref().filter(wanted).take(together::FILES).collect();
        if next.is_empty() {
            break;
        }
        let names: Vec<&Name> = next.iter().map(|found| &found.name).collect();
        let ready = work.prepare(&names, (settings, &places), messages);
        for (found, ready) in next.iter().zip(ready) {
            if found.is_met && is_made_here(&found.name, &places) {
                messages.note(&format!("{}: was made just now, skipped", found.name));
                continue;
            }
            work.on(&found.name, ready, (settings, &places), messages)
                .unwrap_or_else(|failure| messages.failure(&found.name, &failure));
        }
    }
}

impl Work {
    fn new(action: &Action, settings: &Settings) -> anyhow::Result<Work> {
        Ok(match action {
            Action::Compress => Work::Compress(models::encoder(settings)?),
            Action::Test => Work::Test(LocalModels::new(settings)?),
            _ => Work::Decompress(LocalModels::new(settings)?),
        })
    }

    /// Results that can be made of several files at once.
    fn prepare(
        &self,
        names: &[&Name],
        how: (&Settings, &Places),
        messages: &Messages,
    ) -> Vec<Option<Ready>> {
        let (settings, _) = how;
        let form = messages.progress();
        match self {
            // What goes together has no time of its own.
            Work::Compress(encoder) if settings.profile.is_none() => {
                let options = compress::options(encoder, settings);
                together::compress(names, encoder, &options, how, form)
            }
            Work::Decompress(models) if settings.recover == Recover::Off => {
                together::decompress(names, models, how, form)
            }
            _ => names.iter().map(|_| None).collect(),
        }
    }

    fn on(
        &self,
        name: &Name,
        ready: Option<Ready>,
        how: (&Settings, &Places),
        messages: &Messages,
    ) -> Result<(), Failure> {
        match self {
            Work::Compress(encoder) => compress::compress(name, ready, encoder, how, messages),
            Work::Decompress(models) => decompress::decompress(name, ready, models, how, messages),
            Work::Test(models) => decompress::test(name, models, how.0, messages),
        }
    }
}

/// Whether a file is compressed already and shall then be left as it is.
fn is_left_out(found: &Found, settings: &Settings, messages: &Messages) -> bool {
    let Name::Path(path) = &found.name else { return false };
    let kind = settings.exclude_compressed.then(|| packed::kind(path)).flatten();
    if let Some(kind) = kind {
        messages.note(&format!("{}: is compressed already ({kind}), skipped", found.name));
    }
    kind.is_some()
}

fn is_made_here(name: &Name, places: &Places) -> bool {
    matches!(name, Name::Path(path) if places.has_made(path))
}
