//! What the flags come to.

use clap::CommandFactory;

use super::*;
use crate::cli::args::one_line;

fn try_parse(line: &str) -> Result<(Action, Settings, Vec<PathBuf>), clap::Error> {
    let words = std::iter::once("llmzip").chain(line.split_whitespace());
    super::super::parse(words.map(OsString::from))
}

fn parse(line: &str) -> (Action, Settings, Vec<PathBuf>) {
    try_parse(line).unwrap_or_else(|error| panic!("{error}"))
}

fn level(line: &str) -> u8 {
    parse(line).1.level()
}

#[test]
fn short_flags_combine() {
    let (action, settings, files) = parse("-dfcT3 a b");
    assert!(matches!(action, Action::Decompress));
    assert!(settings.force && settings.destination == Destination::Stdout);
    assert_eq!((settings.threads, files.len()), (Some(3), 2));
}

#[test]
fn the_last_of_contradictory_flags_wins() {
    assert!(matches!(parse("-d -t -z").0, Action::Compress));
    assert!(matches!(parse("-z -l --json").0, Action::Info { json: true }));
    assert_eq!(level("-1 -9 -2"), 2);
    assert_eq!(level("-9 --level 7"), 7);
    assert_eq!(level("--level 7 -1"), 1);
    let under = Destination::Under("d".into());
    assert_eq!(parse("-c -o x --output-dir d").1.destination, under);
    assert_eq!(parse("--output-dir d -c").1.destination, Destination::Stdout);
    assert_eq!(parse("--no-progress --progress=json").1.progress, Show::Json);
    assert_eq!(parse("--progress=json --no-progress").1.progress, Show::Never);
    assert_eq!(parse("--progress a").1.progress, Show::Always);
    assert!(!parse("--rm -k").1.remove_source);
    assert!(parse("-k --rm").1.remove_source);
    assert_eq!(parse("-c -o x").1.destination, Destination::File("x".into()));
    assert_eq!(parse("-o x -c").1.destination, Destination::Stdout);
    assert_eq!(parse("-qq -v").1.verbosity, 1);
    assert_eq!(parse("-v -q").1.verbosity, -1);
}

#[test]
fn all_digits_but_zero_are_levels_and_longer_numbers_none() {
    for n in 1..=9 {
        assert_eq!(level(&format!("-{n} a")), n);
    }
    for line in ["-0", "-10", "-11", "-22", "-19", "-v55", "--level 0", "--level 10", "--level x"] {
        assert!(try_parse(line).is_err(), "{line}");
    }
}

#[test]
fn levels_combine_with_other_short_flags() {
    for line in ["-5v a", "-v5 a", "-vk5 a", "-v5k a", "compress -5v a"] {
        let (_, settings, files) = parse(line);
        assert_eq!((settings.level, settings.verbosity, files.len()), (Some(5), 1, 1), "{line}");
    }
    let (action, settings, _) = parse("-d9c a");
    assert!(matches!(action, Action::Decompress));
    assert_eq!(settings.destination, Destination::Stdout);
    let (_, settings, _) = parse("-7T2");
    assert_eq!((settings.level, settings.threads), (Some(7), Some(2)));
    assert_eq!(parse("-T2 -kf7 a").1.level, Some(7));
    // What belongs to a flag, and what follows a double dash, is no level.
    assert_eq!(parse("-T12").1.level, None);
    assert_eq!(parse("-fo5 a").1.destination, Destination::File("5".into()));
    assert_eq!(parse("-- -5").2, [PathBuf::from("-5")]);
    assert_eq!(parse("-").2, [PathBuf::from("-")]);
}

#[test]
fn flags_that_would_do_nothing_are_refused() {
    for line in [
        "--recover a",
        "-d --lanes 3 a",
        "-d --window 100 a",
        "-d --group 1M a",
        "-d --verify a",
        "-d --full-hashes a",
        "-d --exclude-compressed a",
        "--json a",
        "-d --json a",
        "-t --rm a",
        "-t -o b a",
        "-l --rm a",
        "-l --recover a",
        "-l --memory-limit 1G a",
        "-t --output-dir d a",
    ] {
        let error = one_line(&try_parse(line).unwrap_err());
        assert!(error.contains(" does nothing when "), "{line}: {error}");
    }
    for line in ["-d5 a", "-t9kfc a", "-lv a", "-d --recover a", "-t --recover a", "-z -l --json a"]
    {
        parse(line);
    }
}

#[test]
fn the_programs_name_says_what_to_do_where_no_flag_does() {
    let by_name =
        |line: &str| super::super::parse(line.split_whitespace().map(OsString::from)).unwrap();
    assert!(matches!(by_name("/bin/unllmz --recover a").0, Action::Decompress));
    let (action, settings, _) = by_name("llmzcat a");
    assert!(matches!(action, Action::Decompress) && settings.destination == Destination::Stdout);
    assert!(matches!(by_name("unllmz -t a").0, Action::Test));
    assert!(matches!(by_name("unllmz -z a").0, Action::Compress));
}

#[test]
fn a_default_level_yields_to_flags_and_to_a_model_that_it_would_not_use() {
    let with = |line: &str, level| {
        let (_, mut settings, _) = parse(line);
        settings.default_level(Some(level));
        settings.level()
    };
    assert_eq!((with("a", 7), with("-2 a", 7), with("a", 1)), (7, 2, 1));
    assert_eq!((with("--model m a", 1), with("--model m a", 7)), (5, 7));
}

#[test]
fn repeating_a_flag_does_no_harm() {
    let (_, settings, _) = parse("compress -f -f -5 -5 -o a -o b");
    assert!(settings.force);
    assert_eq!(settings.destination, Destination::File("b".into()));
}

#[test]
fn subcommands_say_the_same_as_flags() {
    assert!(matches!(parse("compress -7 a").0, Action::Compress));
    assert!(matches!(parse("decompress --recover a").0, Action::Decompress));
    assert!(matches!(parse("test a").0, Action::Test));
    assert!(matches!(parse("info --json a").0, Action::Info { json: true }));
    let range = Some(Span { start: 3, end: None });
    assert!(matches!(parse("cat --range 3.. a").0, Action::Cat { range: r } if r == range));
    assert!(matches!(parse("models list").0, Action::Models(Models::List { json: false, .. })));
    assert_eq!(parse("models import -T 2 DIR").1.threads, Some(2));
}

#[test]
fn the_argument_table_is_consistent() {
    Cli::command().debug_assert();
}
