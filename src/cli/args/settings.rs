//! From flags to plain settings, whichever way they were given.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use llmzip::codec::Level;
use llmzip::stream::Recover;

use super::fitting::Mode;
use super::values::{Show, Span};
use super::{
    Bench, Choosing, Cli, Coding, Command, Decoding, General, Limits, Measure, Models, Output,
    Predicting,
};

/// Threads that a core takes turns with at most.
const THREADS_A_CORE: usize = 2;

/// The level where none is given.
const DEFAULT_LEVEL: u8 = 5;

/// What to do.
#[derive(Debug)]
pub enum Action {
    Compress,
    Decompress,
    Test,
    Info { json: bool },
    Cat { range: Option<Span> },
    Bench { dir: PathBuf, json: bool, csv: bool, peers: bool },
    Measure { contender: String, file: PathBuf },
    Models(Models),
}

/// Where results go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A file beside each source, named after it.
    Beside,
    Stdout,
    File(PathBuf),
    /// Files below this folder, where the sources are below the present one.
    Under(PathBuf),
}

/// A file of file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFile {
    pub path: PathBuf,
    /// What ends each name.
    pub end: u8,
}

/// Everything else that the flags say; the same for every file of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    pub destination: Destination,
    pub remove_source: bool,
    pub force: bool,
    /// `None` is what the environment says, or else the default.
    pub level: Option<u8>,
    pub model: Option<OsString>,
    /// What takes the builtin's place where no model is named.
    pub default_model: Option<OsString>,
    /// Directories stand for all files in them.
    pub recursive: bool,
    /// More names.
    pub list: Option<ListFile>,
    /// What is compressed already is left out.
    pub exclude_compressed: bool,
    pub progress: Show,
    pub group_bytes: Option<u64>,
    pub lanes: Option<u32>,
    pub window: Option<u32>,
    pub full_hashes: bool,
    pub verify: bool,
    pub recover: Recover,
    pub max_output: Option<u64>,
    /// Zeros take no place on disk.
    pub sparse: bool,
    pub memory_limit: Option<u64>,
    /// 0 is one a core; `None` is what the environment says, or else the same.
    pub threads: Option<usize>,
    /// 0 is normal, 1 sums up, 2 tells of each group, -1 has no warnings, -2 not even errors.
    pub verbosity: i32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            destination: Destination::Beside,
            remove_source: false,
            force: false,
            level: None,
            recursive: false,
            list: None,
            exclude_compressed: false,
            progress: Show::Auto,
            group_bytes: None,
            model: None,
            default_model: None,
            lanes: None,
            window: None,
            full_hashes: false,
            verify: false,
            recover: Recover::Off,
            max_output: None,
            sparse: true,
            memory_limit: None,
            threads: None,
            verbosity: 0,
        }
    }
}

impl Settings {
    /// How hard to try.
    pub fn level(&self) -> u8 {
        self.level.unwrap_or(DEFAULT_LEVEL)
    }

    /// Takes a default of the environment, which yields to a model that was asked for and that it would not use.
    pub fn default_level(&mut self, level: Option<u8>) {
        let has_model = |level: &u8| Level::from_number(*level).is_ok_and(Level::has_model);
        self.level = self.level.or(level.filter(|l| self.model.is_none() || has_model(l)));
    }

    /// Bytes of memory that groups in work may take.
    pub fn memory_limit(&self) -> u64 {
        self.memory_limit.unwrap_or(llmzip::stream::DEFAULT_MEMORY_LIMIT)
    }

    /// Threads to use, at least 1. Of threads beyond [`THREADS_A_CORE`] a core none would help.
    pub fn n_threads(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        match self.threads {
            Some(threads @ 1..) => threads.min(THREADS_A_CORE * cores),
            _ => cores,
        }
    }

    fn output(mut self, output: Output) -> Self {
        // Of these three, clap has left only the last.
        self.destination = match (output.output, output.output_dir) {
            _ if output.stdout => Destination::Stdout,
            (Some(path), _) if path == Path::new("-") => Destination::Stdout,
            (Some(path), _) => Destination::File(path),
            (None, Some(dir)) => Destination::Under(dir),
            (None, None) => Destination::Beside,
        };
        self.remove_source = output.rm;
        self.force = output.force;
        self
    }

    fn choosing(mut self, choosing: Choosing) -> Self {
        self.recursive = choosing.recursive;
        let list = |end: u8| move |path| ListFile { path, end };
        self.list = choosing.files_from.map(list(b'\n'));
        self.list = self.list.or(choosing.files0_from.map(list(0)));
        self
    }

    fn coding(mut self, coding: Coding) -> Self {
        self.level = coding.level;
        self.group_bytes = coding.group;
        self.lanes = coding.lanes;
        self.window = coding.window;
        self.full_hashes = coding.full_hashes;
        self.verify = coding.verify;
        self
    }

    fn decoding(mut self, decoding: Decoding) -> Self {
        self.recover = match decoding.recover.as_deref() {
            None => Recover::Off,
            Some("fill") => Recover::Fill,
            Some(_) => Recover::Skip,
        };
        self.max_output = decoding.max_output;
        self.sparse = !decoding.no_sparse;
        self
    }

    fn limits(mut self, limits: Limits) -> Self {
        self.memory_limit = limits.memory_limit;
        self
    }

    fn predicting(mut self, predicting: Predicting) -> Self {
        self.model = predicting.model;
        self
    }

    fn general(mut self, general: General) -> Self {
        self.threads = general.threads.map(|threads| threads as usize);
        self.verbosity = i32::from(general.verbose) - i32::from(general.quiet);
        self.progress = match general.no_progress {
            true => Show::Never,
            false => general.progress.unwrap_or_default(),
        };
        self
    }
}

impl Cli {
    /// Brings flags and subcommands to one form: what to do, how, and with which files.
    ///
    /// `mode` is what the flags ask for where there is no subcommand.
    pub fn into_parts(self, mode: Mode) -> (Action, Settings, Vec<PathBuf>) {
        let settings = Settings::default();
        let Some(command) = self.command else {
            let action = match mode {
                Mode::Compress => Action::Compress,
                Mode::Decompress => Action::Decompress,
                Mode::Test => Action::Test,
                Mode::List => Action::Info { json: self.mode.json },
            };
            let settings = Settings {
                exclude_compressed: self.leaving.exclude_compressed,
                ..settings.output(self.output).coding(self.coding).decoding(self.decoding)
            };
            let settings = settings.choosing(self.choosing).predicting(self.predicting);
            return (action, settings.limits(self.limits).general(self.general), self.files);
        };
        match command {
            Command::Compress {
                choosing,
                leaving,
                output,
                coding,
                predicting,
                limits,
                general,
                files,
            } => {
                let settings = Settings {
                    exclude_compressed: leaving.exclude_compressed,
                    ..settings.choosing(choosing).output(output).coding(coding)
                };
                let settings = settings.predicting(predicting).limits(limits);
                (Action::Compress, settings.general(general), files)
            }
            Command::Decompress {
                choosing,
                output,
                decoding,
                predicting,
                limits,
                general,
                files,
            } => {
                let settings = settings.choosing(choosing).output(output).decoding(decoding);
                let settings = settings.predicting(predicting).limits(limits);
                (Action::Decompress, settings.general(general), files)
            }
            Command::Test { choosing, decoding, predicting, limits, general, files } => {
                let settings = settings.choosing(choosing).decoding(decoding);
                let settings = settings.predicting(predicting).limits(limits);
                (Action::Test, settings.general(general), files)
            }
            Command::Info { choosing, json, general, files } => {
                (Action::Info { json }, settings.choosing(choosing).general(general), files)
            }
            Command::Cat { files, range, decoding, predicting, limits, general } => {
                let settings = Settings { destination: Destination::Stdout, ..settings };
                let settings = settings.decoding(decoding).predicting(predicting).limits(limits);
                (Action::Cat { range }, settings.general(general), files)
            }
            Command::Bench(Bench { dir, coding, predicting, general, json, csv, no_peers }) => {
                let settings = settings.coding(coding).predicting(predicting).general(general);
                (Action::Bench { dir, json, csv, peers: !no_peers }, settings, Vec::new())
            }
            Command::Measure(Measure { contender, coding, predicting, general, file }) => {
                let settings = settings.coding(coding).predicting(predicting).general(general);
                (Action::Measure { contender, file }, settings, Vec::new())
            }
            Command::Models(models) => {
                let settings = settings.general(*models.general());
                (Action::Models(models), settings, Vec::new())
            }
        }
    }
}

#[cfg(test)]
mod tests {
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
        for line in
            ["-0", "-10", "-11", "-22", "-19", "-v55", "--level 0", "--level 10", "--level x"]
        {
            assert!(try_parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn levels_combine_with_other_short_flags() {
        for line in ["-5v a", "-v5 a", "-vk5 a", "-v5k a", "compress -5v a"] {
            let (_, settings, files) = parse(line);
            assert_eq!(
                (settings.level, settings.verbosity, files.len()),
                (Some(5), 1, 1),
                "{line}"
            );
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
        for line in
            ["-d5 a", "-t9kfc a", "-lv a", "-d --recover a", "-t --recover a", "-z -l --json a"]
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
        assert!(
            matches!(action, Action::Decompress) && settings.destination == Destination::Stdout
        );
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
}
