//! A file that is being written: it has another name until it is whole, and is gone if it never is.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

use super::super::leftover;

/// So much of the final name is in the temporary one; file systems take at least 143 bytes in all.
const NAME_BYTES: usize = 100;

/// An unfinished file, known to whatever ends the process. Dropped before [`Temporary::persist`], it is removed.
#[derive(Debug)]
pub struct Temporary {
    /// Only missing while it is renamed or removed.
    file: Option<NamedTempFile>,
}

impl Temporary {
    /// A file beside `path`, so that it can be renamed to it, and called so that its owner is seen: `.a.llmz.tmp-XXXXXX`.
    ///
    /// Nobody else can read a `private` one; others get what any new file gets.
    pub fn beside(path: &Path, private: bool) -> io::Result<Self> {
        let name = path.file_name().unwrap_or(OsStr::new("llmzip"));
        let mut prefix = OsString::from(".");
        prefix.push(shortened(name, NAME_BYTES));
        prefix.push(".tmp-");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix);
        let hold = leftover::hold();
        let made = builder.make_in(folder(path), |path| {
            // Noted first: between the two steps nothing can end the process and leave the file.
            hold.note(path)?;
            create(path, private)
        });
        match made {
            Ok(file) => {
                let (file, path) = file.into_parts();
                Ok(Temporary { file: Some(NamedTempFile::from_parts(file, path)) })
            }
            Err(error) => {
                hold.forget();
                Err(error)
            }
        }
    }

    fn file(&self) -> &NamedTempFile {
        self.file.as_ref().expect("neither renamed nor removed")
    }

    pub fn path(&self) -> &Path {
        self.file().path()
    }

    pub fn as_file(&self) -> &File {
        self.file().as_file()
    }

    /// The same file, read from its beginning.
    pub fn reopen(&self) -> io::Result<File> {
        self.file().reopen()
    }

    /// Gives it its name; where that exists, an error of the kind `AlreadyExists` unless `force`.
    pub fn persist(mut self, path: &Path, force: bool) -> io::Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let hold = leftover::hold();
        let renamed = if force { file.persist(path) } else { file.persist_noclobber(path) };
        let renamed = renamed.or_else(|failed| match failed.error.kind() {
            io::ErrorKind::AlreadyExists => Err(failed),
            // Some file systems cannot rename without overwriting; then the check before must do.
            _ if fs::symlink_metadata(path).is_err() => failed.file.persist(path),
            _ => Err(failed),
        });
        // What failed is removed here, and only then forgotten.
        let renamed = renamed.map(drop).map_err(|failed| failed.error);
        hold.forget();
        renamed
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            let hold = leftover::hold();
            drop(file);
            hold.forget();
        }
    }
}

/// The folder that a file is in.
pub fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn create(path: &Path, private: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // The user's mask takes its share of what any new file gets.
        options.mode(if private { 0o600 } else { 0o666 });
    }
    let _ = private;
    options.open(path)
}

/// A name without its middle, where it is longer than so many bytes; characters stay whole.
fn shortened(name: &OsStr, most_bytes: usize) -> OsString {
    if name.len() <= most_bytes {
        return name.to_owned();
    }
    // What is no text becomes marks, which a name of ours may have.
    let name = name.to_string_lossy();
    let half = (most_bytes - 2) / 2;
    let is_whole = |at: &usize| name.is_char_boundary(*at);
    let first = (0..=half).rev().find(is_whole).unwrap_or(0);
    let last = (name.len() - half..).find(is_whole).unwrap_or(name.len());
    format!("{}..{}", &name[..first], &name[last..]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_lose_their_middle_and_no_half_characters() {
        assert_eq!(shortened(OsStr::new("a.txt.llmz"), 20), "a.txt.llmz");
        assert_eq!(shortened(OsStr::new("0123456789abcdefghij.llmz"), 20), "012345678..ghij.llmz");
        let long = "ä".repeat(120);
        for most in 10..30 {
            let short = shortened(OsStr::new(&long), most);
            assert!(short.len() <= most && short.len() + 4 > most, "{most}: {short:?}");
            assert!(!short.to_string_lossy().contains(char::REPLACEMENT_CHARACTER));
        }
    }
}
