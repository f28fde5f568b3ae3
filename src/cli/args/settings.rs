//! From flags to plain settings, whichever way they were given.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use llmzip::codec::{Level, Profile};
use llmzip::stream::Recover;

use super::explain::Explain;
use super::fitting::Mode;
use super::values::{Show, Span};
use super::{
    Bench, Choosing, Cli, Coding, Command, Decoding, General, Generate, Limits, Measure, Models,
    Output, Predicting, Prime, Sending,
};
use crate::cli::bench::Benching;
use crate::cli::explain::How;

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
    Info {
        json: bool,
    },
    Cat {
        range: Option<Span>,
    },
    Explain {
        how: How,
    },
    Bench(Benching),
    Measure {
        contender: String,
        first: Option<u64>,
        file: PathBuf,
    },
    Prime(Prime),
    Models(Models),
    Generate(Generate),
    #[cfg(feature = "serve")]
    Serve(Box<super::Serve>),
}

impl Action {
    /// Whether a signal that ends the process is none of ours to act on.
    pub fn ends_in_its_own_way(&self) -> bool {
        #[cfg(feature = "serve")]
        return matches!(self, Action::Serve(_));
        #[cfg(not(feature = "serve"))]
        false
    }
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
    /// Messages, and text in the place of bytes.
    pub sending: Sending,
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
    /// Encodings, escapes and containers are seen through.
    pub transform: bool,
    pub verify: bool,
    pub recover: Recover,
    pub max_output: Option<u64>,
    /// Zeros take no place on disk.
    pub sparse: bool,
    pub memory_limit: Option<u64>,
    /// 0 is one a core; `None` is what the environment says, or else the same.
    pub threads: Option<usize>,
    /// Where the time of encoding is noted, if it is to be said.
    pub profile: Option<Arc<Profile>>,
    /// 0 is normal, 1 sums up, 2 tells of each group, -1 has no warnings, -2 not even errors.
    pub verbosity: i32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            destination: Destination::Beside,
            remove_source: false,
            force: false,
            sending: Sending::default(),
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
            transform: true,
            verify: false,
            recover: Recover::Off,
            max_output: None,
            sparse: true,
            memory_limit: None,
            threads: None,
            profile: None,
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
        self.transform = !coding.no_transform;
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
                profile: self.profile.then(Arc::default),
                sending: self.sending,
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
                sending,
                predicting,
                limits,
                general,
                profile,
                files,
            } => {
                let settings = Settings {
                    exclude_compressed: leaving.exclude_compressed,
                    profile: profile.then(Arc::default),
                    sending,
                    ..settings.choosing(choosing).output(output).coding(coding)
                };
                let settings = settings.predicting(predicting).limits(limits);
                (Action::Compress, settings.general(general), files)
            }
            Command::Decompress {
                choosing,
                output,
                decoding,
                sending,
                predicting,
                limits,
                general,
                files,
            } => {
                let settings = Settings { sending, ..settings };
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
            Command::Explain(explain) => {
                let how = explain.how();
                let Explain { coding, predicting, limits, general, files, .. } = explain;
                let settings = settings.coding(coding).predicting(predicting).limits(limits);
                (Action::Explain { how }, settings.general(general), files)
            }
            Command::Bench(bench) => {
                let benching = Benching::of(&bench);
                let Bench { coding, predicting, general, .. } = *bench;
                let settings = settings.coding(coding).predicting(predicting).general(general);
                (Action::Bench(benching), settings, Vec::new())
            }
            Command::Generate(generate) => (Action::Generate(generate), settings, Vec::new()),
            Command::Measure(Measure { contender, first, coding, predicting, general, file }) => {
                let settings = settings.coding(coding).predicting(predicting).general(general);
                (Action::Measure { contender, first, file }, settings, Vec::new())
            }
            #[cfg(feature = "serve")]
            Command::Serve(serve) => {
                let settings = settings.limits(serve.limits.clone()).general(serve.general);
                (Action::Serve(serve), settings, Vec::new())
            }
            Command::Prime(prime) => {
                let Prime::Build { general, force, .. } = &prime;
                let settings = Settings { force: *force, ..settings.general(*general) };
                (Action::Prime(prime), settings, Vec::new())
            }
            Command::Models(models) => {
                let settings = settings.general(*models.general());
                (Action::Models(models), settings, Vec::new())
            }
        }
    }
}

#[cfg(test)]
mod tests;
