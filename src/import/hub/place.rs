//! Names of folders and files, none of which may lead outside the cache.

use crate::error::{Error, Result, shown};
use crate::import::safetensors::read_index;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// `HF_HOME`, or where it is by custom.
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

/// The folder of a repository.
pub(super) fn folder(repository: &str) -> Result<String> {
    match repository.split_once('/') {
        Some((owner, name)) if is_plain(owner) && is_plain(name) => {
            Ok(format!("models--{owner}--{name}"))
        }
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

fn is_plain(part: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !part.is_empty() && part.len() <= 96 && !part.starts_with('.') && part.chars().all(fits)
}

/// Whether a revision is a commit, which never changes.
pub(super) fn is_commit(revision: &str) -> bool {
    revision.len() == 40
        && revision.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
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
