//! From flags to plain settings, whichever way they were given.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap::error::ErrorKind;

use super::values;
use super::{
    Bench, Cli, Coding, Command, Decoding, General, Limits, Measure, Models, Output, Predicting,
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
}

/// Everything else that the flags say; the same for every file of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    pub destination: Destination,
    pub remove_source: bool,
    pub force: bool,
    pub level: u8,
    pub model: Option<OsString>,
    /// What takes the builtin's place where no model is named.
    pub default_model: Option<OsString>,
    pub lanes: Option<u32>,
    pub window: Option<u32>,
    pub full_hashes: bool,
    pub verify: bool,
    pub recover: bool,
    pub memory_limit: Option<u64>,
    /// 0 is one a core; `None` is what the environment says, or else the same.
    pub threads: Option<usize>,
    /// 0 is normal, 1 sums up, -1 has no warnings, -2 not even errors.
    pub verbosity: i32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            destination: Destination::Beside,
            remove_source: false,
            force: false,
            level: DEFAULT_LEVEL,
            model: None,
            default_model: None,
            lanes: None,
            window: None,
            full_hashes: false,
            verify: false,
            recover: false,
            memory_limit: None,
            threads: None,
            verbosity: 0,
        }
    }
}

impl Settings {
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
        self.destination = match output.output {
            _ if output.stdout => Destination::Stdout,
            Some(path) if path == Path::new("-") => Destination::Stdout,
            Some(path) => Destination::File(path),
            None => Destination::Beside,
        };
        self.remove_source = output.rm;
        self.force = output.force;
        self
    }

    fn coding(mut self, coding: Coding) -> Result<Self, clap::Error> {
        if coding.no_level {
            let text = values::level("").unwrap_err();
            return Err(Cli::command().error(ErrorKind::InvalidValue, text));
        }
        let flags = [
            (coding.level_1, 1),
            (coding.level_2, 2),
            (coding.level_5, 5),
            (coding.level_7, 7),
            (coding.level_9, 9),
        ];
        // Of several flags, clap has left only the last.
        let flag = flags.iter().find(|(given, _)| *given).map(|(_, level)| *level);
        self.level = flag.or(coding.level).unwrap_or(DEFAULT_LEVEL);
        self.lanes = coding.lanes;
        self.window = coding.window;
        self.full_hashes = coding.full_hashes;
        self.verify = coding.verify;
        Ok(self)
    }

    fn decoding(mut self, decoding: Decoding) -> Self {
        self.recover = decoding.recover;
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
        self
    }
}

impl Cli {
    /// Brings flags and subcommands to one form: what to do, how, and with which files.
    pub fn into_parts(self) -> Result<(Action, Settings, Vec<PathBuf>), clap::Error> {
        let settings = Settings::default();
        Ok(match self.command {
            None => {
                let action = match self.mode {
                    mode if mode.decompress => Action::Decompress,
                    mode if mode.test => Action::Test,
                    mode if mode.list => Action::Info { json: mode.json },
                    _ => Action::Compress,
                };
                let settings =
                    settings.output(self.output).coding(self.coding)?.decoding(self.decoding);
                let settings = settings.predicting(self.predicting).limits(self.limits);
                (action, settings.general(self.general), self.files)
            }
            Some(Command::Compress { output, coding, predicting, limits, general, files }) => {
                let settings = settings.output(output).coding(coding)?.predicting(predicting);
                (Action::Compress, settings.limits(limits).general(general), files)
            }
            Some(Command::Decompress { output, decoding, predicting, limits, general, files }) => {
                let settings = settings.output(output).decoding(decoding).predicting(predicting);
                (Action::Decompress, settings.limits(limits).general(general), files)
            }
            Some(Command::Test { decoding, predicting, limits, general, files }) => {
                let settings = settings.decoding(decoding).predicting(predicting);
                (Action::Test, settings.limits(limits).general(general), files)
            }
            Some(Command::Info { json, general, files }) => {
                (Action::Info { json }, settings.general(general), files)
            }
            Some(Command::Bench(Bench {
                dir,
                coding,
                predicting,
                general,
                json,
                csv,
                no_peers,
            })) => {
                let action = Action::Bench { dir, json, csv, peers: !no_peers };
                (
                    action,
                    settings.coding(coding)?.predicting(predicting).general(general),
                    Vec::new(),
                )
            }
            Some(Command::Measure(Measure { contender, coding, predicting, general, file })) => {
                let action = Action::Measure { contender, file };
                (
                    action,
                    settings.coding(coding)?.predicting(predicting).general(general),
                    Vec::new(),
                )
            }
            Some(Command::Models(models)) => {
                let settings = settings.general(*models.general());
                (Action::Models(models), settings, Vec::new())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn parse(line: &str) -> (Action, Settings, Vec<PathBuf>) {
        let words = std::iter::once("llmzip").chain(line.split_whitespace());
        Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{error}")).into_parts().unwrap()
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
        assert_eq!(parse("-1 -9 -2").1.level, 2);
        assert_eq!(parse("-9 --level 7").1.level, 7);
        assert_eq!(parse("--level 7 -1").1.level, 1);
        assert!(!parse("--rm -k").1.remove_source);
        assert!(parse("-k --rm").1.remove_source);
        assert_eq!(parse("-c -o x").1.destination, Destination::File("x".into()));
        assert_eq!(parse("-o x -c").1.destination, Destination::Stdout);
        assert_eq!(parse("-qq -v").1.verbosity, 1);
        assert_eq!(parse("-v -q").1.verbosity, -1);
    }

    #[test]
    fn levels_between_the_levels_are_refused() {
        let cli = Cli::try_parse_from(["llmzip", "-6", "a"]).unwrap();
        assert!(cli.into_parts().is_err());
        assert!(Cli::try_parse_from(["llmzip", "--level", "6", "a"]).is_err());
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
        assert!(matches!(parse("models list").0, Action::Models(Models::List { json: false, .. })));
        assert_eq!(parse("models import -T 2 DIR").1.threads, Some(2));
    }

    #[test]
    fn the_argument_table_is_consistent() {
        Cli::command().debug_assert();
    }
}
