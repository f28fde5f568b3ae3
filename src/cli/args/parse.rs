//! From the words of the command line to what is asked for, and errors in one line.

use std::error::Error;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches};

use llmzip::stream::Recover;

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
    if matches!(action, Action::Cat { range: Some(_) }) && settings.recover != Recover::Off {
        let text = "--recover does nothing with --range, which stops at the first damage";
        return Err(command.error(ErrorKind::ArgumentConflict, text));
    }
    Ok((action, settings, files))
}

/// What is wrong with a command line, with what clap thinks was meant, on one line.
pub fn one_line(error: &clap::Error) -> String {
    if let Some(reason) = error.source()
        && let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg)
        && let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue)
    {
        // `--level <N>` is how clap calls it.
        let flag = flag.split([' ', '[']).next().unwrap_or(flag);
        return format!("{flag} {value}: {reason}");
    }
    let text = error.to_string();
    let mut paragraphs = text
        .split("\n\n")
        .map(|paragraph| paragraph.lines().map(str::trim).collect::<Vec<_>>().join(" "));
    let what = paragraphs.next().unwrap_or_default();
    let what = what.strip_prefix("error: ").unwrap_or(&what);
    let tips: Vec<String> = paragraphs
        .filter_map(|paragraph| paragraph.strip_prefix("tip: ").map(str::to_owned))
        .collect();
    match (tips.is_empty(), error.kind()) {
        (false, _) => format!("{what}; {}", tips.join("; ")),
        (true, ErrorKind::ArgumentConflict | ErrorKind::InvalidValue) => what.to_owned(),
        (true, _) => format!("{what} (llmzip --help tells more)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_one_line_and_say_what_would_be_right() {
        let said = |line: &str| {
            let words = std::iter::once("llmzip").chain(line.split_whitespace());
            one_line(&parse(words.map(OsString::from)).unwrap_err())
        };
        assert_eq!(said("-11 a"), "--level 11: the levels are -1 (fastest) to -9 (smallest)");
        assert_eq!(said("-T x a"), "--threads x: invalid digit found in string");
        assert!(said("--group 3M a").contains("2M and 4M"));
        assert!(said("models pul").ends_with("a similar subcommand exists: 'pull'"));
        assert!(said("--progress=x a").contains("auto, never, always, json"));
        for line in ["--nonsense", "models nonsense", "bench", "--output"] {
            let said = said(line);
            assert!(!said.contains('\n') && !said.starts_with("error"), "{line}: {said}");
        }
    }
}
