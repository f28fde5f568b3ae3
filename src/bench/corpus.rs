//! The files of a corpus and the kinds they belong to.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// One file to measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorpusFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its path under the corpus directory, with `/` between the parts.
    pub name: String,
    /// The folder it is in, under the corpus directory; `.` for the directory itself.
    pub kind: String,
}

/// All regular files under `dir`, at any depth, ordered by name.
///
/// Hidden files and folders are left out, and so are links, which could lead round in a circle.
/// Fails with [`Error::Io`] where a folder cannot be read and [`Error::Invalid`] if there is none.
pub fn files(dir: &Path) -> Result<Vec<CorpusFile>> {
    let mut found = Vec::new();
    walk(dir, "", &mut found)?;
    if found.is_empty() {
        return Err(Error::invalid("no files to measure"));
    }
    found.sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
    Ok(found)
}

fn walk(dir: &Path, kind: &str, found: &mut Vec<CorpusFile>) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let below = if kind.is_empty() { name } else { format!("{kind}/{name}") };
        let file_type = entry.file_type()?;
        if file_type.is_dir() {
            walk(&entry.path(), &below, found)?;
        } else if file_type.is_file() {
            let kind = if kind.is_empty() { "." } else { kind };
            found.push(CorpusFile { path: entry.path(), name: below, kind: kind.to_owned() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_any_depth_belong_to_their_folder() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("text/old")).unwrap();
        for name in ["README", "text/b", "text/a", "text/old/c", ".hidden"] {
            fs::write(dir.path().join(name), b"x").unwrap();
        }
        let found = files(dir.path()).unwrap();
        let found: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.kind.as_str())).collect();
        let expected =
            [("README", "."), ("text/a", "text"), ("text/b", "text"), ("text/old/c", "text/old")];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_empty_corpus_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(files(dir.path()), Err(Error::Invalid { .. })));
        assert!(matches!(files(&dir.path().join("absent")), Err(Error::Io(_))));
    }
}
