//! The first word of a command line, where it can be a command or a file.
//!
//! `llmzip *` in a folder with a file called `compress` must not take that file for a command: it would be left out
//! without a word. Nobody can know which of the two is meant, so neither is done.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;

use anyhow::bail;
use clap::CommandFactory;

use super::args::Cli;

/// The command that `bench` runs with this flag behind it, which no person says and no list of files has.
const OF_BENCH: (&str, &str) = ("measure", "--contender");

/// Refuses a first word that is a command and also the name of a file here.
///
/// A folder of that name is none that could be compressed. Behind a flag or `--`, every word is a file.
pub fn refuse_ambiguous(words: impl Iterator<Item = OsString>) -> anyhow::Result<()> {
    // A link that leads nowhere, or a pipe: what would be said of it must be said.
    is_clear(words, |word| fs::symlink_metadata(word).is_ok() && !Path::new(word).is_dir())
}

fn is_clear(
    mut words: impl Iterator<Item = OsString>,
    is_file: impl Fn(&OsStr) -> bool,
) -> anyhow::Result<()> {
    let Some(word) = words.next() else { return Ok(()) };
    let program = Cli::command();
    let Some(command) = program.find_subcommand(&word).filter(|_| is_file(&word)) else {
        return Ok(());
    };
    let name = command.get_name();
    if name == OF_BENCH.0 && words.next().is_some_and(|next| next == OF_BENCH.1) {
        return Ok(());
    }
    let command = match name {
        "compress" => "-z is the command",
        "decompress" => "-d is the command",
        "test" => "-t is the command",
        "info" => "-l is the command",
        _ => "the command can be given in another folder",
    };
    let word = word.to_string_lossy();
    bail!("{word} is a command and also a file here; ./{word} is the file, {command}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &str, files: &[&str]) -> Option<String> {
        let words = line.split_whitespace().map(OsString::from);
        let is_file = |word: &OsStr| files.iter().any(|file| word == *file);
        is_clear(words, is_file).err().map(|error| error.to_string())
    }

    #[test]
    fn every_command_gives_way_to_a_file_of_its_name() {
        let program = Cli::command();
        for command in program.get_subcommands() {
            for name in std::iter::once(command.get_name()).chain(command.get_all_aliases()) {
                assert!(refusal(&format!("{name} d1"), &[name, "d1"]).is_some(), "{name}");
                assert!(refusal(&format!("{name} d1"), &["d1"]).is_none(), "{name}");
                assert!(refusal(&format!("-k {name}"), &[name]).is_none(), "{name}");
                assert!(refusal(&format!("-- {name}"), &[name]).is_none(), "{name}");
                assert!(refusal(&format!("./{name}"), &[name]).is_none(), "{name}");
            }
        }
    }

    #[test]
    fn what_to_say_instead_is_said() {
        let said = refusal("test a.llmz", &["test"]).unwrap();
        assert!(said.contains("./test is the file, -t is the command"), "{said}");
        let said = refusal("models list", &["models"]).unwrap();
        assert!(said.contains("in another folder"), "{said}");
    }

    #[test]
    fn what_bench_runs_is_no_file() {
        assert!(refusal("measure --contender llmzip a", &["measure"]).is_none());
        assert!(refusal("", &[]).is_none());
    }
}
