//! File names: the suffix that comes and goes, and names as they are shown.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

/// What compressed files are called.
pub const SUFFIX: &str = ".llmz";

/// A source: a file, or standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    Stdin,
    Path(PathBuf),
}

impl Name {
    /// The sources of a command line; none and `-` are standard input.
    pub fn all(files: Vec<PathBuf>) -> Vec<Name> {
        if files.is_empty() {
            return vec![Name::Stdin];
        }
        let one = |path: PathBuf| match path.as_os_str() == "-" {
            true => Name::Stdin,
            false => Name::Path(path),
        };
        files.into_iter().map(one).collect()
    }

    /// Refuses the empty name, which a script's empty variable leaves and no file can have.
    pub fn check(&self) -> std::io::Result<()> {
        match self {
            Name::Path(path) if path.as_os_str().is_empty() => {
                // Said by the system for such a name.
                Err(std::fs::metadata(path).err().unwrap_or(std::io::ErrorKind::NotFound.into()))
            }
            _ => Ok(()),
        }
    }

    /// The name for programs: nothing is replaced but what is no Unicode.
    pub fn exact(&self) -> String {
        match self {
            Name::Stdin => self.to_string(),
            Name::Path(path) => path.to_string_lossy().into_owned(),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Name::Stdin => f.write_str("(stdin)"),
            Name::Path(path) => f.write_str(&shown(path)),
        }
    }
}

/// A file name for people: characters that a terminal would obey become `?`, and no name at all is `""`.
pub fn shown(path: &Path) -> String {
    if path.as_os_str().is_empty() {
        return "\"\"".into();
    }
    path.to_string_lossy().chars().map(|c| if is_obeyed(c) { '?' } else { c }).collect()
}

/// Control characters, ends of lines, and what turns the direction of the text after it.
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The name of the compressed file; `None` if this one looks compressed already.
pub fn compressed(path: &Path) -> Option<PathBuf> {
    if plain(path).is_some() {
        return None;
    }
    let mut name = OsString::from(path);
    name.push(SUFFIX);
    Some(name.into())
}

/// The name without the suffix; `None` if it has none, or nothing else.
pub fn plain(path: &Path) -> Option<PathBuf> {
    let is_suffix = path.extension() == Some(OsStr::new(&SUFFIX[1..]));
    is_suffix.then(|| path.with_extension(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_comes_and_goes() {
        assert_eq!(compressed(Path::new("d.x/a.txt")), Some("d.x/a.txt.llmz".into()));
        assert_eq!(plain(Path::new("d.x/a.txt.llmz")), Some("d.x/a.txt".into()));
        assert_eq!(plain(Path::new("a.llmz")), Some("a".into()));
        assert_eq!(compressed(Path::new("a")), Some("a.llmz".into()));
    }

    #[test]
    fn names_that_cannot_take_the_step_are_refused() {
        assert_eq!(compressed(Path::new("a.llmz")), None);
        assert_eq!(plain(Path::new("a.txt")), None);
        assert_eq!(plain(Path::new(".llmz")), None);
        assert_eq!(plain(Path::new("allmz")), None);
    }

    #[test]
    fn a_hidden_file_named_like_the_suffix_can_be_compressed() {
        assert_eq!(compressed(Path::new(".llmz")), Some(".llmz.llmz".into()));
        assert_eq!(plain(Path::new(".llmz.llmz")), Some(".llmz".into()));
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(shown(Path::new("a\u{1b}[31m\nb")), "a?[31m?b");
        assert_eq!(shown(Path::new("")), "\"\"");
        assert_eq!(shown(Path::new("a\u{202e}txt.exe\u{2028}")), "a?txt.exe?");
        assert_eq!(Name::Path("a\nb".into()).exact(), "a\nb");
    }

    #[test]
    fn a_dash_and_nothing_are_standard_input() {
        assert_eq!(Name::all(vec![]), [Name::Stdin]);
        assert_eq!(Name::all(vec!["-".into(), "a".into()]), [Name::Stdin, Name::Path("a".into())]);
    }
}
