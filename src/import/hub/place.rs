//! Names and folders, none of which may lead outside the cache; where things lie in it the crate says.

use crate::error::{Error, Result, shown};
use crate::import::safetensors::read_index;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// `HF_HOME`, or where it is by custom. The crate knows neither `XDG_CACHE_HOME` nor what to do without
/// a home, and looks at the real environment only.
pub(super) fn home(variable: &impl Fn(&str) -> Option<OsString>) -> Result<PathBuf> {
    if let Some(home) = variable("HF_HOME") {
        return Ok(home.into());
    }
    let user =
        || variable("HOME").or(variable("USERPROFILE")).map(|home| Path::new(&home).join(".cache"));
    let cache = variable("XDG_CACHE_HOME").map(PathBuf::from).or_else(user);
    cache
        .map(|cache| cache.join("huggingface"))
        .ok_or_else(|| Error::invalid("no place for the hub's files: set HF_HOME to a folder"))
}

/// Refuses repositories that are none; the crate takes any.
pub(super) fn check_repository(repository: &str) -> Result<()> {
    match repository.split_once('/') {
        Some((owner, name)) if is_plain(owner) && is_plain(name) => Ok(()),
        _ => Err(Error::invalid(format!(
            "{repository:?} is neither a known model nor OWNER/REPOSITORY on the hub"
        ))),
    }
}

/// Refuses revisions that would lead somewhere else.
pub(super) fn check_revision(revision: &str) -> Result<()> {
    match revision.split('/').all(is_plain) {
        true => Ok(()),
        false => Err(Error::invalid(format!("{revision:?} is no revision"))),
    }
}

pub(super) fn is_plain(part: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !part.is_empty() && part.len() <= 96 && !part.starts_with('.') && part.chars().all(fits)
}

/// The files that an index names.
pub(super) fn shards(index: &Path) -> Result<BTreeSet<String>> {
    let shards: BTreeSet<String> = read_index(index)?.into_values().collect();
    match shards.iter().find(|shard| !is_plain(shard)) {
        Some(shard) => {
            let shard = shown(shard);
            Err(Error::damaged(format!("the index names \"{shard}\", which is no file")))
        }
        None => Ok(shards),
    }
}

/// Gives a file of `blobs` its name in `snapshots/COMMIT`: a link, or the file itself where links cannot
/// be made (Windows lets few users do it).
pub(super) fn link(blob: &Path, pointer: &Path) -> io::Result<()> {
    let blob_name = blob.file_name().unwrap_or_default();
    let target = Path::new("../../blobs").join(blob_name);
    // Another process may read what is there now, so that it is replaced in one step.
    let draft = pointer.with_file_name(format!("{}.llmzip-link", blob_name.to_string_lossy()));
    if fs::symlink_metadata(&draft).is_ok() {
        fs::remove_file(&draft)?;
    }
    match symlink(&target, &draft) {
        Ok(()) => fs::rename(&draft, pointer),
        Err(_) => fs::rename(blob, pointer),
    }
}

#[cfg(unix)]
fn symlink(target: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(windows)]
fn symlink(target: &Path, at: &Path) -> io::Result<()> {
    // Links of Windows are not followed through the other kind of slash.
    let target: PathBuf = target.components().collect();
    std::os::windows::fs::symlink_file(target, at)
}

#[cfg(not(any(unix, windows)))]
fn symlink(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
