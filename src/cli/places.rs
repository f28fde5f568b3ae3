//! Where the results of several files go, and that no two of them meet.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail};

use super::args::{Destination, Settings};
use super::names::shown;

/// The places that the settings name, and the files that this run has made.
#[derive(Debug)]
pub struct Places {
    destination: Destination,
    force: bool,
    made: RefCell<HashSet<Identity>>,
}

impl Places {
    pub fn new(settings: &Settings) -> Places {
        let (destination, force) = (settings.destination.clone(), settings.force);
        Places { destination, force, made: RefCell::default() }
    }

    /// Whether each source has a result of its own, named after it.
    pub fn are_named_after_sources(&self) -> bool {
        matches!(self.destination, Destination::Beside | Destination::Under(_))
    }

    /// The name of the result of a source, given how names change; `None` if this one cannot.
    pub fn target(
        &self,
        source: &Path,
        renamed: fn(&Path) -> Option<PathBuf>,
    ) -> anyhow::Result<Option<PathBuf>> {
        let Some(target) = renamed(source) else { return Ok(None) };
        match &self.destination {
            Destination::Under(dir) => Ok(Some(under(dir, &target)?)),
            _ => Ok(Some(target)),
        }
    }

    /// Makes the folders that a result needs, and refuses to replace what this run has made of another file.
    pub fn make_room(&self, target: &Path) -> anyhow::Result<()> {
        if self.force && self.has_made(target) {
            bail!("{} was made of another file just now", shown(target));
        }
        if let (Destination::Under(_), Some(folder)) = (&self.destination, target.parent()) {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the directory {}", shown(folder)))?;
        }
        Ok(())
    }

    /// Remembers what was made.
    pub fn made(&self, target: &Path) {
        self.made.borrow_mut().extend(identity(target));
    }

    /// Whether this run has made the file.
    pub fn has_made(&self, path: &Path) -> bool {
        identity(path).is_some_and(|identity| self.made.borrow().contains(&identity))
    }

    /// Whether this is the directory of results, in which no sources are looked for.
    pub fn is_for_results(&self, dir: &Path) -> bool {
        match &self.destination {
            Destination::Under(results) => {
                let results = identity(results);
                results.is_some() && results == identity(dir)
            }
            _ => false,
        }
    }
}

/// Where a file is put below a directory: at its own path, which is never outside.
pub fn under(dir: &Path, path: &Path) -> anyhow::Result<PathBuf> {
    let mut place = dir.to_owned();
    for part in path.components() {
        match part {
            Component::Normal(name) => place.push(name),
            Component::ParentDir => {
                bail!("a name with .. has no place under {}; go there with cd first", shown(dir))
            }
            // `/a` is put at `DIR/a`, as tar and zstd do.
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
        }
    }
    Ok(place)
}

/// What a file is, whatever it is called: two names of one file are the same.
#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|there| (there.dev(), there.ino()))
}

/// What a file is, whatever it is called.
#[cfg(not(unix))]
type Identity = PathBuf;

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<Identity> {
    fs::canonicalize(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_kept_below_the_directory_and_never_leaves_it() {
        let place = |path: &str| under(Path::new("out"), Path::new(path)).ok();
        assert_eq!(place("a/b.txt"), Some("out/a/b.txt".into()));
        assert_eq!(place("./a/./b"), Some("out/a/b".into()));
        assert_eq!(place("/etc/passwd"), Some("out/etc/passwd".into()));
        for path in ["../a", "a/../../b", "a/..", ".."] {
            assert_eq!(place(path), None, "{path}");
        }
    }
}
