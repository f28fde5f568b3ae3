//! Models from other people's files, and from the hub.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use llmzip::import::hub::{Hub, News};
use llmzip::import::{
    Bits, ImportOptions, ModelCache, import_to_file, is_commit, known_model, weight_hashes,
};
use llmzip::model::BUILTIN_NAME;

use super::learned::learned;
use super::named::Named;
use crate::cli::args::Making;
use crate::cli::files::{Temporary, refuse_replacing};
use crate::cli::messages::Messages;
use crate::cli::progress::Fetching;

/// What names of models with 4 bits end in, unless the user names them.
pub const FOUR_BITS: &str = "-q4";

/// How to come by a model that a file calls `name`: the command to type.
pub fn how_to_get(name: &str) -> String {
    let four = name.strip_suffix(FOUR_BITS);
    match known_model(four.unwrap_or(name)) {
        Some(known) => {
            let bits = if four.is_some() { " --bits 4" } else { "" };
            format!("`llmzip models pull {}{bits}` gets it", known.name)
        }
        None if name.is_empty() => {
            "so short a file does not name its model; if it was made with -9, `llmzip models pull \
             qwen3-0.6b` gets it; if with the builtin of another version of llmzip, that version \
             reads it; or else --model names a .llmw that has it"
                .to_owned()
        }
        None if name == BUILTIN_NAME => {
            "it was made with the builtin model of another version of llmzip, and that version reads it"
                .to_owned()
        }
        None => format!(
            "the file calls it {name:?}; `llmzip models import DIR --name {name}` makes it from the \
             same weights with the same options, --model names a .llmw that has it"
        ),
    }
}

/// Quantises what is at `source` into the cache, or into a file.
pub fn import(
    source: &Path,
    name: &str,
    output: Option<&Path>,
    making: &Making,
    messages: &Messages,
) -> anyhow::Result<String> {
    if name.len() > llmzip::container::NAME_MAX_BYTES || name.chars().any(char::is_control) {
        bail!("a model's name has at most 64 bytes and no control characters");
    }
    check_hashes(source, &making.verify_sha)?;
    let bits = match (making.bits, &making.calibrate) {
        (8, None) if !making.nearest => Bits::Eight,
        (8, _) => bail!("--calibrate and --nearest are for --bits 4"),
        (_, None) if making.nearest => Bits::FourNearest,
        (_, None) => Bits::Four,
        (_, Some(text)) => {
            Bits::FourCalibrated(std::fs::read(text).context(text.display().to_string())?)
        }
    };
    let read = |path: &PathBuf| std::fs::read(path).with_context(|| path.display().to_string());
    let texts = making.learn.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    let large = ImportOptions::large(name);
    let options = match making.like_builtin {
        true => ImportOptions { name: name.to_owned(), ..ImportOptions::builtin() },
        false => ImportOptions {
            group: making.group.unwrap_or(large.group),
            weight_max: if making.narrow { 63 } else { 127 },
            bits,
            ..large
        },
    };
    let window = making.window.map(|window| window as usize);
    let options = ImportOptions { window, ..options };
    let cache = ModelCache::from_env()?;
    if let Some(target) = output {
        refuse_replacing(target, making.force)?;
    }
    // Its final name in the cache has the identity in it, which is not known yet.
    let wanted = output.map_or_else(
        || cache.dir().join(format!("{}.llmw", name.replace('/', "_"))),
        Path::to_owned,
    );
    if let Some(dir) = wanted.parent() {
        std::fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    }
    messages.note(&format!("quantising {}", source.display()));
    let file = Temporary::beside(&wanted, false).with_context(|| wanted.display().to_string())?;
    let id = import_to_file(source, &options, file.path())?;
    let (file, id) = match learned(file.path(), &wanted, &texts, messages)? {
        Some(better) => better,
        None => (file, id),
    };
    let bytes = file.path().metadata()?.len();
    let target = output.map_or_else(|| cache.place(name, &id), Path::to_owned);
    // The cache holds a model of this name and identity already, or none.
    let force = making.force || output.is_none();
    refuse_replacing(&target, force)?;
    file.persist(&target, force).with_context(|| target.display().to_string())?;
    Ok(format!("{name}: {bytes} bytes, identity {id}\n{}\n", target.display()))
}

/// Every weight file must have one of the hashes, and every hash must be that of a file.
fn check_hashes(source: &Path, wanted: &[String]) -> anyhow::Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    let found = weight_hashes(source)?;
    for (file, hash) in &found {
        if !wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(hash)) {
            bail!("{file} has SHA-256 {hash}, which is none of those asked for");
        }
    }
    match wanted.iter().find(|wanted| !found.iter().any(|(_, h)| wanted.eq_ignore_ascii_case(h))) {
        Some(wanted) => bail!("no weight file has SHA-256 {wanted}"),
        None => Ok(()),
    }
}

/// Downloads a model and quantises it into the cache.
pub fn pull(
    name: &str,
    revision: Option<&str>,
    making: &Making,
    messages: &Messages,
) -> anyhow::Result<String> {
    let named = Named::new(name).at(revision)?;
    let wanted = named.wanted();
    let mut short = named.called(wanted.revision);
    if making.bits == 4 {
        short += FOUR_BITS;
    }
    if ModelCache::from_env()?.find(&short)?.is_some() && !making.force {
        bail!("{short} is already here; -f makes it again");
    }
    if !is_commit(wanted.revision) {
        messages.note(&format!(
            "{} is not pinned: what comes is what is there today, checked only against the hub's own \
             hashes",
            wanted.repository
        ));
    }
    let hub = Hub::from_env()?;
    let mut line = Fetching::new(!messages.is_quiet());
    let fetched = hub.fetch(&wanted, &mut |news| match news {
        News::Bytes { file, done, total } => line.show(file, done, total),
        News::Waiting { host, .. } => {
            messages.tell("models", &format!("waiting for {host} ..."));
        }
        News::Pausing { host, why, pause } => {
            let seconds = pause.as_secs_f64();
            messages.tell(host, &format!("{why}; trying again in {seconds:.1} s"));
        }
        _ => {}
    })?;
    drop(line);
    import(&fetched.dir, &short, None, making, messages)
}
