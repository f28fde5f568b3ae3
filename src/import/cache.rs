//! The models of this machine: one folder of `.llmw` files, found by name or by identity.

use crate::error::{Error, Result};
use crate::model::{Model, ModelId, ModelSummary, Storage, inspect_llmw};
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of quantised models.
pub struct ModelCache {
    dir: PathBuf,
}

/// A model in the cache.
#[derive(Clone, Debug)]
pub struct CachedModel {
    /// Where it lies.
    pub path: PathBuf,
    /// What it says of itself.
    pub summary: ModelSummary,
}

impl ModelCache {
    /// The folder that the environment names: `LLMZIP_CACHE`, or `llmzip` where the system keeps
    /// caches (`XDG_CACHE_HOME`, `LOCALAPPDATA`, `~/.cache`).
    ///
    /// # Errors
    /// `Invalid` if no variable says where that is.
    pub fn from_env() -> Result<ModelCache> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let system = || {
            let home = || set("HOME").map(|home| Path::new(&home).join(".cache"));
            set("XDG_CACHE_HOME").or(set("LOCALAPPDATA")).map(PathBuf::from).or_else(home)
        };
        set("LLMZIP_CACHE")
            .map(PathBuf::from)
            .or_else(|| system().map(|dir| dir.join("llmzip")))
            .map(ModelCache::at)
            .ok_or_else(|| Error::invalid("no place for models: set LLMZIP_CACHE to a folder"))
    }

    /// This folder, which need not exist yet.
    pub fn at(dir: PathBuf) -> ModelCache {
        ModelCache { dir }
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// All model files that are whole enough to tell what they are, by name.
    ///
    /// # Errors
    /// `Io` if the folder is there and cannot be read.
    pub fn list(&self) -> Result<Vec<CachedModel>> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut models = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "llmw")
                && let Ok(summary) = inspect_llmw(&path)
            {
                models.push(CachedModel { path, summary });
            }
        }
        models
            .sort_by(|a, b| (&a.summary.name, a.summary.id).cmp(&(&b.summary.name, b.summary.id)));
        Ok(models)
    }

    /// The model of this name, or whose identity begins with these hexadecimal digits (at least 6).
    ///
    /// # Errors
    /// `Io`, or `Invalid` if there are several.
    pub fn find(&self, name: &str) -> Result<Option<CachedModel>> {
        let mut found = self.list()?;
        found.retain(|model| {
            let id = model.summary.id.to_string();
            model.summary.name.eq_ignore_ascii_case(name)
                || name.len() >= 6 && id.starts_with(&name.to_ascii_lowercase())
        });
        if found.len() > 1 {
            let ids: Vec<_> =
                found.iter().map(|model| model.summary.id.to_string()[..12].to_owned()).collect();
            return Err(Error::invalid(format!(
                "{} models are called {name}: name one of {}",
                found.len(),
                ids.join(", ")
            )));
        }
        Ok(found.pop())
    }

    /// The models whose identities begin with these bytes, each once, in the order of their identities.
    ///
    /// # Errors
    /// `Io`.
    pub fn by_prefix(&self, id_prefix: &[u8]) -> Result<Vec<CachedModel>> {
        let mut models = self.list()?;
        models.retain(|model| model.summary.id.0.starts_with(id_prefix));
        models.sort_by_key(|model| model.summary.id);
        models.dedup_by_key(|model| model.summary.id);
        Ok(models)
    }

    /// Where a model is kept, once it is there.
    pub fn place(&self, name: &str, id: &ModelId) -> PathBuf {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '_' };
        let name: String = name.chars().map(plain).collect();
        self.dir.join(format!("{name}-{}.llmw", &id.to_string()[..12]))
    }
}

impl CachedModel {
    /// Opens it, with all its hashes.
    ///
    /// # Errors
    /// As [`Model::open`].
    pub fn open(&self) -> Result<Model> {
        let model = Model::open(Storage::from_file(&self.path)?)?;
        if *model.id() != self.summary.id {
            return Err(Error::damaged(format!(
                "{} changed while it was read",
                self.path.display()
            )));
        }
        Ok(model)
    }
}
