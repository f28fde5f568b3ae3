//! The files to work on: those that are named, those that a list names, and those in directories.
//!
//! They come one after the other as they are asked for: a list may be a pipe, and a tree may be large.

use std::fs::{self, File, FileType};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Component, Path, PathBuf};

use anyhow::{anyhow, bail};

use super::args::{Action, Destination, ListFile, Settings};
use super::messages::Messages;
use super::names::{self, Name, shown};
use super::near;
use super::places::Places;

/// A name that is longer is no name, but another kind of file.
const NAME_BYTES: u64 = 64 << 10;

/// A source, and how it came to be one.
#[derive(Debug)]
pub struct Found {
    pub name: Name,
    /// Whether it was met in a directory or a list, and not named on the command line.
    pub is_met: bool,
}

/// All sources in their order.
pub struct Sources<'a> {
    named: std::vec::IntoIter<Name>,
    list: Option<List>,
    /// The directories that the walk is in, each with what is left to see of it.
    walk: Vec<std::vec::IntoIter<(PathBuf, FileType)>>,
    is_recursive: bool,
    /// Whether a name met in a directory is one for us.
    is_ours: fn(&Path) -> bool,
    has_root: fn(&Path) -> bool,
    places: &'a Places,
    messages: &'a Messages,
}

impl<'a> Sources<'a> {
    /// What the command line and the settings name; `None` where that is nothing, or more than can be meant, which is
    /// then said before anything is touched.
    pub fn new(
        files: Vec<PathBuf>,
        action: &Action,
        settings: &Settings,
        places: &'a Places,
        messages: &'a Messages,
    ) -> Option<Self> {
        if let Err(error) = contradictions(&files, settings) {
            messages.error("usage", &error);
            return None;
        }
        let list = match settings.list.as_ref().map(List::open).transpose() {
            Ok(list) => list,
            Err((name, error)) => {
                messages.error(name, &error);
                return None;
            }
        };
        // A list that is empty names nothing, where nothing named is standard input.
        let names = match settings.list {
            Some(_) if files.is_empty() => Vec::new(),
            _ => Name::all(files),
        };
        let is_ours: fn(&Path) -> bool = match action {
            Action::Compress => |path| names::compressed(path).is_some(),
            _ => |path| names::plain(path).is_some(),
        };
        let has_root: fn(&Path) -> bool = match settings.destination {
            Destination::Under(_) => {
                |path| !path.components().any(|part| part == Component::ParentDir)
            }
            _ => |_| true,
        };
        Some(Sources {
            named: names.into_iter(),
            list,
            walk: Vec::new(),
            is_recursive: settings.recursive,
            is_ours,
            has_root,
            places,
            messages,
        })
    }

    /// Goes on with what is in a directory.
    fn enter(&mut self, dir: &Path) {
        if self.places.is_for_results(dir) {
            return;
        }
        match entries(dir) {
            Ok(entries) => self.walk.push(entries.into_iter()),
            Err(error) => self.messages.error(shown(dir), &error.into()),
        }
    }

    /// The next file of the directories that the walk is in.
    fn met(&mut self) -> Option<PathBuf> {
        loop {
            let Some((path, kind)) = self.walk.last_mut()?.next() else {
                self.walk.pop();
                continue;
            };
            if kind.is_dir() {
                self.enter(&path);
            } else if !kind.is_file() {
                let what = if kind.is_symlink() { "a symbolic link" } else { "no regular file" };
                self.messages.note(&format!("{}: is {what}, skipped", shown(&path)));
            } else if (self.is_ours)(&path) {
                return Some(path);
            }
        }
    }

    fn next_named(&mut self) -> Option<Found> {
        if let Some(name) = self.named.next() {
            return Some(Found { name, is_met: false });
        }
        match self.list.as_mut()?.next() {
            Ok(path) => path.map(|path| Found { name: Name::Path(path), is_met: true }),
            Err(error) => {
                // What follows cannot be told from what went wrong.
                let list = self.list.take()?;
                self.messages.error(list.shown, &error);
                None
            }
        }
    }
}

impl Iterator for Sources<'_> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            if let Some(path) = self.met() {
                return Some(Found { name: Name::Path(path), is_met: true });
            }
            let found = self.next_named()?;
            match &found.name {
                // A link that is named is meant.
                Name::Path(path) if self.is_recursive && path.is_dir() => {
                    if (self.has_root)(path) {
                        self.enter(&path.clone());
                    } else {
                        let reason = "a name with .. has no place under --output-dir; go there with cd first";
                        self.messages.error(&found.name, &anyhow!(reason));
                    }
                }
                _ => return Some(found),
            }
        }
    }
}

/// What cannot be meant.
fn contradictions(files: &[PathBuf], settings: &Settings) -> anyhow::Result<()> {
    if let Some(word) = files.first() {
        near::refuse(word)?;
    }
    if settings.recursive && files.is_empty() && settings.list.is_none() {
        bail!("--recursive needs a directory; `.` is this one");
    }
    let is_stdin = |path: &Path| path == Path::new("-");
    let n_stdin = files.iter().filter(|file| is_stdin(file)).count()
        + usize::from(settings.list.as_ref().is_some_and(|list| is_stdin(&list.path)));
    if n_stdin > 1 {
        bail!("standard input can be read only once");
    }
    let may_be_several = files.len() > 1 || settings.recursive || settings.list.is_some();
    if matches!(settings.destination, Destination::File(_)) && may_be_several {
        bail!("--output takes one FILE; --stdout joins several, --output-dir keeps them apart");
    }
    if settings.remove_source && settings.destination == Destination::Stdout {
        // What becomes of the bytes behind standard output cannot be checked.
        bail!("--rm does not go together with --stdout");
    }
    Ok(())
}

/// What is in a directory, by name; links are not followed, so that no walk goes round in circles.
fn entries(dir: &Path) -> io::Result<Vec<(PathBuf, FileType)>> {
    let one = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        // `.` is where we are anyway, and names are shorter without.
        let path = if dir == Path::new(".") { entry.file_name().into() } else { entry.path() };
        Ok((path, entry.file_type()?))
    };
    let mut entries = fs::read_dir(dir)?.map(one).collect::<io::Result<Vec<_>>>()?;
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(entries)
}

/// An open list of names.
struct List {
    names: Box<dyn BufRead>,
    /// What ends each name.
    end: u8,
    /// How the list is called in messages.
    shown: String,
}

impl List {
    fn open(list: &ListFile) -> Result<List, (String, anyhow::Error)> {
        if list.path == Path::new("-") {
            let names = Box::new(BufReader::new(io::stdin()));
            return Ok(List { names, end: list.end, shown: Name::Stdin.to_string() });
        }
        let shown = shown(&list.path);
        let file = File::open(&list.path).map_err(|error| (shown.clone(), error.into()))?;
        Ok(List { names: Box::new(BufReader::new(file)), end: list.end, shown })
    }

    /// The next name; empty ones are passed over.
    fn next(&mut self) -> anyhow::Result<Option<PathBuf>> {
        loop {
            let mut name = Vec::new();
            let mut limited = (&mut self.names).take(NAME_BYTES);
            if limited.read_until(self.end, &mut name)? == 0 {
                return Ok(None);
            }
            let is_whole = name.last() == Some(&self.end);
            if is_whole {
                name.pop();
            }
            if name.len() as u64 >= NAME_BYTES {
                bail!("is no list of names: one has more than {} bytes", NAME_BYTES - 1);
            }
            if name.contains(&0) {
                bail!(
                    "is no list with one name a line; --files0-from reads names that end with a zero byte"
                );
            }
            if cfg!(windows) && self.end == b'\n' && name.last() == Some(&b'\r') {
                name.pop();
            }
            if !name.is_empty() {
                return Ok(Some(path(name)?));
            }
        }
    }
}

#[cfg(unix)]
fn path(name: Vec<u8>) -> anyhow::Result<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    Ok(std::ffi::OsString::from_vec(name).into())
}

#[cfg(not(unix))]
fn path(name: Vec<u8>) -> anyhow::Result<PathBuf> {
    let name = String::from_utf8(name);
    Ok(name.map_err(|_| anyhow!("a name is not UTF-8"))?.into())
}
