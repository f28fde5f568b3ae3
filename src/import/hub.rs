//! Models from the Hugging Face hub, in the cache that other programs use too.
//!
//! The crate hf-hub knows where the hub has things (addresses of files and of a model's information, with
//! branches and tags written as they must be), sends the requests with token and user agent, and knows
//! where files, branches and the token lie on the disk. Of a model it asks for the information first:
//! commit, files, lengths and hashes. What `transformers` got is found, and needs no network if the
//! revision is a commit; what we get lies where `transformers` finds it: the bytes in `blobs` under their
//! hash, a link in `snapshots/COMMIT`, the commit of a branch in `refs`. A file that another commit had,
//! too, is not loaded again.
//!
//! Ours is what a user needs and the crate (0.5.0) does not do:
//!
//! - hashes, before anything is kept: SHA-256 of large files, git's own of small ones. The crate keeps
//!   what comes, under any name that a server gives it;
//! - resuming: the crate adds to its part whatever comes, and a server may answer with the whole;
//! - redirects of files: the crate follows them silently, to plain http too, and gives the token to all
//!   ports of a host. Our requests beyond the hub are sent by a second client, which never had it;
//! - times, tries and `Retry-After`: the crate waits for ever for a server that says nothing;
//! - `HF_HUB_OFFLINE`, `HF_HUB_CACHE`, `HF_TOKEN`, `HF_TOKEN_PATH`, `XDG_CACHE_HOME`;
//! - news of a download (its progress knows bytes only, and its `RepoInfo` names only), and names that
//!   lead nowhere else.
//!
//! Why 0.5.0 and not 1.0.0, the newest (November 2026, Rust 1.95, x86-64; the smallest program that
//! fetches one file, without default features, `cargo build --release`, `strip`):
//!
//! | | ureq alone | hf-hub 0.5.0, `ureq` | hf-hub 1.0.0, `blocking`, `rustls-tls` |
//! |---|---|---|---|
//! | packages built for it | 27 | 66 | 296 |
//! | seconds of processor time to build it | 45 | 75 | 509 |
//! | the program, MB | 2.5 | 2.9 | 14.6 |
//! | llmzip, MB | 21.6 | 21.8 | (not built) |
//! | packages built for llmzip | 230 | 243 | 436 |
//! | packages in llmzip's `Cargo.lock` | 257 | 304 | 465 |
//!
//! (The git hash of small files adds sha1, one package more.) 1.0.0 has tokio, reqwest, the protocol of
//! Xet and a C library for TLS in it, and would leave us to write the same things: it hashes nothing,
//! resumes nothing, waits for ever unless it is given a client of ours, does not obey `Retry-After`, and
//! loads from Xet in its own manner, with neither. 0.5.0 uses the ureq that we use, so that there is one
//! HTTP client and one TLS. Its one package under MPL-2.0 (option-ext, by way of dirs) is in 1.0.0 too.
//!
//! Unfinished files have names that end in `.llmzip-part`.

mod client;
mod date;
mod download;
mod listing;
mod patience;
mod place;
mod talk;

pub use patience::Patience;
pub use talk::{News, Watch};

use super::registry::{KnownFile, is_commit};
use super::source::{MAX_CONFIG_BYTES, MAX_INDEX_BYTES, MAX_TOKENIZER_BYTES};
use crate::error::{Error, Result, shown};
use client::Client;
use download::Order;
use hf_hub::Cache;
use listing::{Hash, Listing};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use talk::Talk;

const CONFIG: &str = "config.json";
const TOKENIZER: &str = "tokenizer.json";
const WEIGHTS: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

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
    endpoint: String,
    token: Option<String>,
    cache: Cache,
    patience: Patience,
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
        // The crate knows where the token lies by the cache that is where it is by custom.
        let custom = Cache::new(home.join("hub"));
        let token = text("HF_TOKEN").or_else(|| match variable("HF_TOKEN_PATH") {
            Some(path) => fs::read_to_string(path).ok(),
            None => custom.token(),
        });
        let token = token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        let on = |name: &str| {
            text(name).is_some_and(|v| {
                matches!(v.to_ascii_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE")
            })
        };
        let endpoint = text("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned());
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        client::check_scheme(&endpoint)?;
        Ok(Hub {
            endpoint,
            token,
            cache: variable("HF_HUB_CACHE").map_or(custom, |dir| Cache::new(dir.into())),
            patience: Patience::default(),
            offline: on("HF_HUB_OFFLINE") || on("TRANSFORMERS_OFFLINE"),
        })
    }

    /// The same, which waits for servers as long as this says.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Hub {
        Hub { patience, ..self }
    }

    /// The model as far as it is here already, whoever got it; no server is asked. `None` if anything of
    /// it is missing.
    ///
    /// # Errors
    /// `Invalid` for names that cannot be; `Damaged` for a file with another hash than the known one;
    /// `Io` for the disk.
    pub fn here(&self, wanted: &Wanted<'_>) -> Result<Option<Fetched>> {
        check_names(wanted)?;
        let Some(snapshot) = self.snapshot(wanted)? else { return Ok(None) };
        Ok(snapshot.missing(wanted)?.is_none().then_some(snapshot.0))
    }

    /// Gets the configuration, the tokenizer and the weights, as far as they are not here, and tells
    /// `watch` what happens meanwhile. No server is asked for a commit of which all is here.
    ///
    /// A server that is busy, or a connection that breaks, is tried again, where it stopped if the server
    /// can do that; [`Patience`] says how often and when.
    ///
    /// # Errors
    /// `Invalid` for names that cannot be, or offline for files that are not here; `Damaged` for
    /// a file with another hash, of which nothing is kept; `Io` for the network and the disk.
    pub fn fetch(&self, wanted: &Wanted<'_>, watch: &mut Watch<'_>) -> Result<Fetched> {
        check_names(wanted)?;
        if self.offline || is_commit(wanted.revision) {
            let snapshot = self.snapshot(wanted)?;
            let missing = match &snapshot {
                Some(snapshot) => snapshot.missing(wanted),
                None => Ok(Some(String::new())),
            };
            match (missing, snapshot) {
                (Ok(None), Some(Snapshot(fetched))) => return Ok(fetched),
                (Ok(missing), _) if self.offline => {
                    let file = missing.filter(|file| !file.is_empty());
                    let what = file.map_or_else(String::new, |file| format!("{file} of "));
                    return Err(Error::invalid(format!(
                        "{what}{} is not here, and HF_HUB_OFFLINE forbids to get it",
                        wanted.repository
                    )));
                }
                (Err(error), _) if self.offline => return Err(error),
                // What is damaged is put right below.
                _ => {}
            }
        }
        talk::watched(self.patience.note_after, watch, |talk| self.download(wanted, talk))
    }

    /// What is here of a commit, or of the commit that a branch or tag had when it was last asked for.
    fn snapshot(&self, wanted: &Wanted<'_>) -> Result<Option<Snapshot>> {
        let cached = self.cache.repo(client::repo(wanted.repository, wanted.revision));
        let dir = match is_commit(wanted.revision) {
            true => cached.pointer_path(wanted.revision),
            // The crate reads the note that says which commit it is.
            false => match cached.get(CONFIG) {
                Some(config) => config.parent().unwrap_or(&config).to_owned(),
                None => return Ok(None),
            },
        };
        let commit = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match is_commit(&commit) {
            true => Ok(Some(Snapshot(Fetched { dir, commit }))),
            false => Err(Error::damaged(format!(
                "the cache of {} says that {} is the commit \"{}\", which is none",
                wanted.repository,
                wanted.revision,
                shown(&commit)
            ))),
        }
    }

    fn download(&self, wanted: &Wanted<'_>, talk: &Talk) -> Result<Fetched> {
        let &Wanted { repository, revision, files } = wanted;
        let token = self.token.clone();
        let client = Client::new(&self.cache, &self.endpoint, token, repository, &self.patience)?;
        let listing = client.listing(revision, talk)?;
        if is_commit(revision) && listing.commit != revision {
            return Err(Error::damaged(format!(
                "{repository}: asked for {revision}, the hub tells of {}",
                listing.commit
            )));
        }
        let dir = self.cache.repo(client::repo(repository, revision)).pointer_path(&listing.commit);
        fs::create_dir_all(&dir)?;
        let job = Job { hub: self, client, wanted, listing, dir };
        job.get(CONFIG, talk)?;
        job.get(TOKENIZER, talk)?;
        if files.iter().any(|known| known.name == WEIGHTS) || job.listing.get(INDEX).is_none() {
            job.get(WEIGHTS, talk)?;
        } else {
            job.get(INDEX, talk)?;
            for shard in place::shards(&job.dir.join(INDEX))? {
                job.get(&shard, talk)?;
            }
        }
        // Only now, so that the branch of other programs never leads to half a model.
        if !is_commit(revision) {
            let cached = self.cache.repo(client::repo(repository, revision));
            cached.create_ref(&job.listing.commit)?;
        }
        Ok(Fetched { dir: job.dir, commit: job.listing.commit })
    }
}

fn check_names(wanted: &Wanted<'_>) -> Result<()> {
    place::check_repository(wanted.repository)?;
    place::check_revision(wanted.revision)
}

fn known_hash(wanted: &Wanted<'_>, file: &str) -> Option<&'static str> {
    wanted.files.iter().find(|known| known.name == file).map(|known| known.sha256)
}

/// One commit of a repository in the cache, with all of its files or some.
struct Snapshot(Fetched);

impl Snapshot {
    /// The first file that is not here.
    ///
    /// # Errors
    /// `Damaged` for one that is here with another hash than the known one.
    fn missing(&self, wanted: &Wanted<'_>) -> Result<Option<String>> {
        let index = self.0.dir.join(INDEX);
        let whole = wanted.files.iter().any(|known| known.name == WEIGHTS) || !index.is_file();
        let mut files = vec![CONFIG.to_owned(), TOKENIZER.to_owned()];
        match whole {
            true => files.push(WEIGHTS.to_owned()),
            false => files.extend(place::shards(&index)?),
        }
        for file in files {
            let path = self.0.dir.join(&file);
            if !path.is_file() {
                return Ok(Some(file));
            }
            if let Some(known) = known_hash(wanted, &file) {
                listing::check_known(&listing::sha256(&path)?, known)
                    .map_err(|_| Error::damaged(format!("{} has another hash", path.display())))?;
            }
        }
        Ok(None)
    }
}

/// One repository at one commit, which is being got.
struct Job<'a> {
    hub: &'a Hub,
    client: Client<'a>,
    wanted: &'a Wanted<'a>,
    listing: Listing,
    dir: PathBuf,
}

impl Job<'_> {
    /// Gets a file that has to be there.
    fn get(&self, file: &str, talk: &Talk) -> Result<()> {
        let repository = self.wanted.repository;
        let listed = self.listing.get(file).ok_or_else(|| {
            let commit = &self.listing.commit;
            Error::invalid(format!("{repository} has no {file} at revision {commit}"))
        })?;
        let most_bytes = match file {
            CONFIG => MAX_CONFIG_BYTES,
            TOKENIZER => MAX_TOKENIZER_BYTES,
            INDEX => MAX_INDEX_BYTES,
            _ => u64::MAX,
        };
        if listed.bytes > most_bytes {
            return Err(Error::damaged(format!(
                "{file} of {repository} has {} bytes; such a file has at most {most_bytes}",
                listed.bytes
            )));
        }
        let of_file = |error| match error {
            Error::Damaged { what, .. } => Error::damaged(format!("{file} of {repository} {what}")),
            other => other,
        };
        let known = known_hash(self.wanted, file);
        if let (Some(known), Hash::Sha256(listed)) = (known, &listed.hash) {
            // No gigabyte is loaded only to be refused.
            listing::check_known(listed, known).map_err(of_file)?;
        }
        let pointer = self.dir.join(file);
        if is_here(&pointer, listed.bytes)
            && known.is_none_or(|known| listing::sha256(&pointer).is_ok_and(|is| is == known))
        {
            return Ok(());
        }
        let cached = self.hub.cache.repo(client::repo(repository, self.wanted.revision));
        let blob = cached.blob_path(listed.hash.digits());
        // Another commit may have had the same file.
        if !is_here(&blob, listed.bytes) || listing::check(&blob, &listed.hash, known).is_err() {
            fs::create_dir_all(blob.parent().unwrap_or(&blob))?;
            let part = blob.with_file_name(format!("{}.llmzip-part", listed.hash.digits()));
            let url = self.client.url(&self.listing.commit, file);
            Order { file, url: &url, listed, part: &part }.get(&self.client, talk)?;
            if let Err(error) = listing::check(&part, &listed.hash, known) {
                fs::remove_file(&part)?;
                return Err(of_file(error));
            }
            fs::rename(&part, &blob)?;
        }
        Ok(place::link(&blob, &pointer)?)
    }
}

/// Whether an ordinary file of this length, or a link to one, is there.
fn is_here(path: &Path, bytes: u64) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() == bytes)
}
