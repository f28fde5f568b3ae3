//! Words that were meant as commands.

use std::path::Path;

use anyhow::bail;
use clap::CommandFactory;

use super::args::Cli;

/// What other programs call our commands.
const OTHERS: &[(&str, &str)] = &[
    ("ls", "info"),
    ("list", "info"),
    ("show", "info"),
    ("extract", "decompress"),
    ("expand", "decompress"),
    ("uncompress", "decompress"),
    ("unpack", "decompress"),
    ("unzip", "decompress"),
    ("pack", "compress"),
    ("zip", "compress"),
    ("verify", "test"),
    ("check", "test"),
    ("benchmark", "bench"),
    ("model", "models"),
    ("pull", "models pull"),
    ("import", "models import"),
    ("version", "--version"),
];

/// Refuses a word that names no file and is a command, or nearly one: what follows it would be done to the wrong files.
pub fn refuse(word: &Path) -> anyhow::Result<()> {
    let shown = word.display();
    if word.symlink_metadata().is_ok() {
        return Ok(());
    }
    if Cli::command().get_subcommands().any(|command| word.as_os_str() == command.get_name()) {
        bail!("the command {shown} comes before all options");
    }
    match command(word) {
        Some(near) => bail!("there is no file {shown} and no such command; llmzip {near} is one"),
        None => Ok(()),
    }
}

/// The command that is near to a word which names no file.
pub fn command(word: &Path) -> Option<String> {
    let text = word.to_str()?;
    let is_word = text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_lowercase());
    if !is_word {
        return None;
    }
    if let Some((_, ours)) = OTHERS.iter().find(|(other, _)| *other == text) {
        return Some((*ours).to_owned());
    }
    let cli = Cli::command();
    let shown = cli.get_subcommands().filter(|command| !command.is_hide_set());
    let distance = |name: &str| strsim::damerau_levenshtein(name, text);
    let near = shown.map(|command| (distance(command.get_name()), command.get_name()));
    // One letter in four may be wrong.
    let (distance, name) = near.min()?;
    (distance > 0 && distance * 4 <= name.len()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_and_other_names_are_known_and_other_words_are_not() {
        let near = |word: &str| command(Path::new(word));
        assert_eq!(near("comprss").as_deref(), Some("compress"));
        assert_eq!(near("decompres").as_deref(), Some("decompress"));
        assert_eq!(near("tset").as_deref(), Some("test"));
        assert_eq!(near("list").as_deref(), Some("info"));
        assert_eq!(near("modles").as_deref(), Some("models"));
        for word in ["a", "notes", "comprss.txt", "x/tset", "letters", "data", "README"] {
            assert_eq!(near(word), None, "{word}");
        }
    }
}
