//! Models by their names on the hub: NAME or OWNER/REPOSITORY, and with a pin, `@REVISION` behind it.

use std::sync::Arc;

use anyhow::{Context, bail};
use llmzip::import::hub::{Hub, Wanted};
use llmzip::import::{KnownModel, is_commit, known_model, name_and_revision};
use llmzip::model::Model;

use super::{in_cache, made};
use crate::cli::messages::Messages;

/// Digits of a commit in the name of a model that was made of it.
const COMMIT_DIGITS: usize = 12;
/// Letters of a repository's name in that of a model; with a commit and what tells of 4 bits the whole has
/// room in a file that names its model.
const NAME_LETTERS: usize = 48;

/// A repository of the hub.
pub struct Named<'a> {
    known: Option<&'static KnownModel>,
    repository: &'a str,
    revision: Option<&'a str>,
}

impl<'a> Named<'a> {
    /// Whatever this is, as a name.
    pub fn new(text: &'a str) -> Self {
        let (name, revision) = name_and_revision(text);
        let known = known_model(name);
        Named { known, repository: known.map_or(name, |known| known.repository), revision }
    }

    /// If it is a known name, or has the form of a repository's.
    pub fn of(text: &'a str) -> Option<Self> {
        let named = Named::new(text);
        let is_file = [".llmw", ".gguf"].iter().any(|end| text.ends_with(end));
        let is_repository = || match named.repository.split_once('/') {
            Some((owner, name)) => {
                !is_file && !owner.is_empty() && !name.is_empty() && !name.contains('/')
            }
            None => false,
        };
        (named.known.is_some() || is_repository()).then_some(named)
    }

    /// The same at this revision, if there is one; two different ones are an error.
    pub fn at(self, revision: Option<&'a str>) -> anyhow::Result<Self> {
        match (self.revision, revision) {
            (Some(own), Some(other)) if own != other => {
                bail!("revision {own:?} in the name, and {other:?} behind --revision")
            }
            (own, other) => Ok(Named { revision: own.or(other), ..self }),
        }
    }

    /// What the hub is asked for: the revision that the user names, or the known model's, or the newest.
    pub fn wanted(&self) -> Wanted<'a> {
        let own = self.known.and_then(|known| known.revision);
        let revision = self.revision.or(own).unwrap_or("main");
        let known = self.known.filter(|known| known.revision == Some(revision));
        Wanted {
            repository: self.repository,
            revision,
            files: known.map_or(&[], |known| known.files),
        }
    }

    /// What a model made of this revision is called. One that is pinned by the user has the commit in its
    /// name, so that several of a repository can be here.
    pub fn called(&self, revision: &str) -> String {
        let last = self.repository.rsplit('/').next().unwrap_or(self.repository);
        let short = match self.known {
            Some(known) if known.revision == Some(revision) => return known.name.to_owned(),
            Some(known) => known.name.to_owned(),
            None => last.to_ascii_lowercase().chars().take(NAME_LETTERS).collect(),
        };
        match is_commit(revision) {
            true => format!("{short}@{}", &revision[..COMMIT_DIGITS]),
            false => short,
        }
    }

    /// The model, if it was made of this commit before or if its files are in the hub's cache, whoever got
    /// them; no server is asked.
    pub fn open(&self, messages: &Messages) -> anyhow::Result<Option<Arc<Model>>> {
        let wanted = self.wanted();
        // A branch may have moved on since the model of its name was made.
        if self.known.is_some() || is_commit(wanted.revision) {
            let cached = in_cache(&self.called(wanted.revision), false)?;
            if let Some(cached) = cached {
                let opened = cached.open().with_context(|| cached.path.display().to_string());
                return Ok(Some(Arc::new(opened?)));
            }
        }
        // Nothing is here where no place for it is.
        let Ok(hub) = Hub::from_env() else { return Ok(None) };
        match hub.here(&wanted)? {
            Some(here) => made::open(&here.dir, &self.called(&here.commit), messages).map(Some),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn names_with_and_without_a_pin_say_what_to_get_and_what_to_call_it() {
        let pin = |name: &str| format!("{name}@{COMMIT}");
        let qwen = known_model("qwen3-0.6b").unwrap();
        for (name, repository, revision, called) in [
            ("Some/Model", "Some/Model", "main", "model"),
            ("Some/Model@v1/x", "Some/Model", "v1/x", "model"),
            (&pin("Some/Model"), "Some/Model", COMMIT, "model@0123456789ab"),
            ("qwen3-0.6b", qwen.repository, qwen.revision.unwrap(), "qwen3-0.6b"),
            ("Qwen/Qwen3-0.6B", qwen.repository, qwen.revision.unwrap(), "qwen3-0.6b"),
            (&pin("qwen3-0.6b"), qwen.repository, COMMIT, "qwen3-0.6b@0123456789ab"),
            ("smollm2-135m", "HuggingFaceTB/SmolLM2-135M", "main", "smollm2-135m"),
        ] {
            let named = Named::of(name).unwrap();
            let wanted = named.wanted();
            assert_eq!((wanted.repository, wanted.revision), (repository, revision), "{name}");
            assert_eq!(named.called(wanted.revision), called, "{name}");
            // Known hashes are those of the known commit.
            assert_eq!(!wanted.files.is_empty(), Some(wanted.revision) == qwen.revision, "{name}");
        }
        let long = format!("Some/{}", "m".repeat(90));
        assert_eq!(Named::new(&long).called(COMMIT).len(), NAME_LETTERS + 1 + COMMIT_DIGITS);
        for other in
            ["model", "model@v1", "/model", "some/", "a/b/c", "some/model.llmw", "a/b.gguf"]
        {
            assert!(Named::of(other).is_none(), "{other}");
        }
        let at = |name, revision| Named::new(name).at(Some(revision)).map(|n| n.wanted().revision);
        assert_eq!(at("Some/Model", "v2").unwrap(), "v2");
        assert_eq!(at("Some/Model@v2", "v2").unwrap(), "v2");
        assert!(at("Some/Model@v1", "v2").is_err());
    }
}
