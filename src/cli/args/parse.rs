//! From the words of the command line to what is asked for, and errors in one line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};

use super::fitting::{self, Mode};
use super::settings::{Action, Destination, Settings};
use super::{Cli, digits, help};

/// Reads a command line, of which the first word is the program.
///
/// Called as `unllmz` it decompresses, and as `llmzcat` to standard output, as `unxz` and `xzcat` do.
pub fn parse(
    words: impl Iterator<Item = OsString>,
) -> Result<(Action, Settings, Vec<PathBuf>), clap::Error> {
    let mut command = Cli::command();
    let spelled = digits::spell_out(words, &command);
    let program = spelled.words.first().cloned().unwrap_or_default();
    let called = Path::new(&program).file_stem().unwrap_or_default();
    if spelled.asks_briefly {
        command = command.override_help(help::BRIEF);
    }
    let given = command.try_get_matches_from_mut(spelled.words)?;
    let cli = Cli::from_arg_matches(&given)?;
    let mode = match &cli.mode {
        mode if mode.compress => Mode::Compress,
        mode if mode.decompress => Mode::Decompress,
        mode if mode.test => Mode::Test,
        mode if mode.list => Mode::List,
        _ if called == "unllmz" || called == "llmzcat" => Mode::Decompress,
        _ => Mode::Compress,
    };
    if cli.command.is_none() {
        fitting::check(mode, &given, &mut command)?;
    }
    let (action, mut settings, files) = cli.into_parts(mode);
    if called == "llmzcat" && matches!(action, Action::Decompress) {
        settings.destination = Destination::Stdout;
    }
    if matches!(action, Action::Cat { range: Some(_) }) && settings.recover {
        let text = "--recover does nothing with --range, which stops at the first damage";
        return Err(command.error(ErrorKind::ArgumentConflict, text));
    }
    Ok((action, settings, files))
}

/// What is wrong with a command line, with what clap thinks was meant, on one line.
pub fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let mut paragraphs = text
        .split("\n\n")
        .map(|paragraph| paragraph.lines().map(str::trim).collect::<Vec<_>>().join(" "));
    let what = paragraphs.next().unwrap_or_default();
    let what = what.strip_prefix("error: ").unwrap_or(&what);
    let tips: Vec<String> = paragraphs
        .filter_map(|paragraph| paragraph.strip_prefix("tip: ").map(str::to_owned))
        .collect();
    match tips.is_empty() {
        true => format!("{what} (llmzip --help tells more)"),
        false => format!("{what}; {}", tips.join("; ")),
    }
}
