//! Models from the Hugging Face hub, kept where other programs keep theirs too.
//!
//! A client of our own: what a download needs of the protocol is one kind of request, and what we
//! need most (resuming, offline use, hashes before anything is kept, the token for one host only)
//! the ready-made clients leave to their callers, at the price of some two hundred packages.
//!
//! Files go to `models--OWNER--NAME/snapshots/COMMIT/` below `HF_HUB_CACHE` (or `HF_HOME/hub`),
//! first under a name that ends in `.llmzip-part`.

mod date;
mod download;
mod patience;
mod place;
mod talk;

pub use patience::Patience;
pub use talk::{News, Watch};

use super::registry::KnownFile;
use super::source::{MAX_CONFIG_BYTES, MAX_INDEX_BYTES, MAX_TOKENIZER_BYTES};
use crate::error::{Error, Result};
use download::{Answer, Client, Order};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use talk::Talk;

/// What to get.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// OWNER/NAME.
    pub repository: &'a str,
    /// A commit, branch or tag.
    pub revision: &'a str,
    /// Files whose hashes are known beforehand.
    pub files: &'a [KnownFile],
}

/// What came.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Holds config.json, tokenizer.json and the weights.
    pub dir: PathBuf,
    /// The commit that they belong to.
    pub commit: String,
}

/// The hub and this machine's part of it.
pub struct Hub {
    client: Client,
    cache: PathBuf,
    offline: bool,
}

impl Hub {
    /// As the environment says: `HF_ENDPOINT`, `HF_TOKEN`, `HF_TOKEN_PATH`, `HF_HOME`,
    /// `HF_HUB_CACHE`, `HF_HUB_OFFLINE`.
    ///
    /// # Errors
    /// `Invalid` for an endpoint without encryption that is not this machine.
    pub fn from_env() -> Result<Hub> {
        Hub::new(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
    }

    /// As [`from_env`](Self::from_env), with the variables from elsewhere.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn new(variable: impl Fn(&str) -> Option<OsString>) -> Result<Hub> {
        let text = |name: &str| variable(name).and_then(|value| value.into_string().ok());
        let home = place::home(&variable)?;
        let cache = variable("HF_HUB_CACHE").map_or_else(|| home.join("hub"), PathBuf::from);
        let token_path =
            variable("HF_TOKEN_PATH").map_or_else(|| home.join("token"), PathBuf::from);
        let token = text("HF_TOKEN").or_else(|| fs::read_to_string(token_path).ok());
        let token = token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        let on = |name: &str| {
            text(name).is_some_and(|v| {
                matches!(v.to_ascii_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE")
            })
        };
        let endpoint = text("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned());
        Ok(Hub {
            client: Client::new(endpoint.trim_end_matches('/'), token, Patience::default())?,
            cache,
            offline: on("HF_HUB_OFFLINE") || on("TRANSFORMERS_OFFLINE"),
        })
    }

    /// The same, which waits for servers as long as this says.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_patience(self, patience: Patience) -> Result<Hub> {
        Ok(Hub { client: self.client.with_patience(patience)?, ..self })
    }

    /// Gets the configuration, the tokenizer and the weights, as far as they are not here, and tells
    /// `watch` what happens meanwhile.
    ///
    /// A server that is busy, or a connection that breaks, is tried again, where it stopped if the server
    /// can do that; [`Patience`] says how often and when.
    ///
    /// # Errors
    /// `Invalid` for names that cannot be, or offline for files that are not here; `Damaged` for
    /// a file with another hash, of which nothing is kept; `Io` for the network and the disk.
    pub fn fetch(&self, wanted: &Wanted<'_>, watch: &mut Watch<'_>) -> Result<Fetched> {
        let note_after = self.client.patience().note_after;
        talk::watched(note_after, watch, |talk| self.fetch_all(wanted, talk))
    }

    fn fetch_all(&self, wanted: &Wanted<'_>, talk: &Talk) -> Result<Fetched> {
        let folder = self.cache.join(place::folder(wanted.repository)?);
        place::check_revision(wanted.revision)?;
        let commit = self.commit(wanted, &folder, talk)?;
        let dir = folder.join("snapshots").join(&commit);
        let job = Job { hub: self, wanted, commit: &commit, dir: &dir };
        job.must("config.json", talk)?;
        job.must("tokenizer.json", talk)?;
        if wanted.files.iter().any(|known| known.name == "model.safetensors")
            || !job.may("model.safetensors.index.json", talk)?
        {
            job.must("model.safetensors", talk)?;
        } else {
            for shard in place::shards(&dir.join("model.safetensors.index.json"))? {
                job.must(&shard, talk)?;
            }
        }
        Ok(Fetched { dir, commit })
    }

    /// The commit behind a branch or tag, as the hub or an earlier visit says.
    fn commit(&self, wanted: &Wanted<'_>, folder: &Path, talk: &Talk) -> Result<String> {
        if place::is_commit(wanted.revision) {
            return Ok(wanted.revision.to_owned());
        }
        let note = folder.join("refs").join(wanted.revision);
        if self.offline {
            let commit = fs::read_to_string(&note).map_err(|_| {
                Error::invalid(format!(
                    "{} is not here, and HF_HUB_OFFLINE forbids to get it",
                    wanted.repository
                ))
            })?;
            let commit = commit.trim().to_owned();
            return if place::is_commit(&commit) {
                Ok(commit)
            } else {
                Err(Error::damaged(format!("{} is no commit", note.display())))
            };
        }
        let commit = self.client.commit(wanted.repository, wanted.revision, talk)?;
        fs::create_dir_all(note.parent().unwrap_or(folder))?;
        fs::write(&note, &commit)?;
        Ok(commit)
    }
}

/// One repository at one commit.
struct Job<'a> {
    hub: &'a Hub,
    wanted: &'a Wanted<'a>,
    commit: &'a str,
    dir: &'a Path,
}

impl Job<'_> {
    /// Gets a file that has to be there.
    fn must(&self, file: &str, talk: &Talk) -> Result<()> {
        match self.may(file, talk)? {
            true => Ok(()),
            false => Err(Error::invalid(format!(
                "{} has no {file} at revision {}",
                self.wanted.repository, self.commit
            ))),
        }
    }

    /// Gets a file if there is one.
    fn may(&self, file: &str, talk: &Talk) -> Result<bool> {
        let path = self.dir.join(file);
        let known = self.wanted.files.iter().find(|known| known.name == file);
        let known = known.map(|known| known.sha256);
        if path.is_file() {
            match known {
                Some(hash) if download::sha256(&path)? != hash => {
                    // Another program's, or damaged since; ours is put in its place.
                    if self.hub.offline {
                        return Err(Error::damaged(format!("{} has another hash", path.display())));
                    }
                }
                _ => return Ok(true),
            }
        }
        if self.hub.offline {
            // A file that may be missing is missing then.
            return match file.ends_with(".index.json") {
                true => Ok(false),
                false => Err(Error::invalid(format!(
                    "{file} of {} is not here, and HF_HUB_OFFLINE forbids to get it",
                    self.wanted.repository
                ))),
            };
        }
        fs::create_dir_all(self.dir)?;
        let part = self.dir.join(format!("{file}.llmzip-part"));
        let path_in_hub = format!("{}/resolve/{}/{file}", self.wanted.repository, self.commit);
        let most_bytes = match file {
            "config.json" => Some(MAX_CONFIG_BYTES),
            "tokenizer.json" => Some(MAX_TOKENIZER_BYTES),
            index if index.ends_with(".index.json") => Some(MAX_INDEX_BYTES),
            _ => None,
        };
        let order = Order { path: &path_in_hub, file, part: &part, most_bytes };
        match self.hub.client.download(&order, talk)? {
            Answer::Missing => Ok(false),
            Answer::Here { sha256: promised } => {
                let found = download::sha256(&part)?;
                for hash in [known, promised.as_deref()].into_iter().flatten() {
                    if !hash.eq_ignore_ascii_case(&found) {
                        fs::remove_file(&part)?;
                        return Err(Error::damaged(format!(
                            "{file} of {} has SHA-256 {found}, not {hash}; it was not kept",
                            self.wanted.repository
                        )));
                    }
                }
                fs::rename(&part, &path)?;
                Ok(true)
            }
        }
    }
}
