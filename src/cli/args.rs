//! What the user asked for: the flags and subcommands, and the plain settings made of them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

mod models;
mod settings;
mod values;

pub use models::{Making, Models};
pub use settings::{Action, Destination, Settings};
use values::{memory_size, window_tokens};

const LEVELS: &str = "\
Levels, with rough costs on one core:
  -1  light mixer, no model: more than 1 MB/s in and out
  -2  full mixer, no model: some hundred kB/s
  -5  builtin model and the default mixer: tens of kB/s (default)
  -7  builtin model and the full mixer: somewhat slower
  -9  Qwen3-0.6B and the full mixer: about a hundred times slower than -5;
      the model must be on this machine, for the way back too";

const EXIT: &str = "\
Exit status: 0 all is well, 1 an error, 2 only warnings (a file was skipped).
Without FILE, or where FILE is -, standard input is read and the result goes
to standard output. Source files are kept unless --rm is given.
LLMZIP_MODEL and LLMZIP_THREADS, or `model = \"NAME\"` and `threads = N` in
llmzip/config.toml where the system keeps settings, are used where no flag says
otherwise. LLMZIP_CACHE is the folder of models.";

/// Compress any file without loss by predicting it with a language model.
#[derive(Debug, Parser)]
#[command(
    name = "llmzip",
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    args_override_self = true,
    disable_help_subcommand = true,
    override_usage = "llmzip [OPTIONS] [FILE]...\n       llmzip COMMAND [OPTIONS] [FILE]...",
    after_help = format!("{LEVELS}\n\n{EXIT}"),
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to read; none or `-` is standard input
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub mode: Mode,
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub coding: Coding,
    #[command(flatten)]
    pub decoding: Decoding,
    #[command(flatten)]
    pub predicting: Predicting,
    #[command(flatten)]
    pub limits: Limits,
    #[command(flatten)]
    pub general: General,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make FILE.llmz of each FILE
    #[command(after_help = LEVELS)]
    Compress {
        /// What to read; none or `-` is standard input
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        coding: Coding,
        #[command(flatten)]
        predicting: Predicting,
        #[command(flatten)]
        limits: Limits,
        #[command(flatten)]
        general: General,
    },
    /// Give back the FILE of each FILE.llmz
    Decompress {
        /// What to read; none or `-` is standard input
        #[arg(value_name = "FILE.llmz")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        decoding: Decoding,
        #[command(flatten)]
        predicting: Predicting,
        #[command(flatten)]
        limits: Limits,
        #[command(flatten)]
        general: General,
    },
    /// Decode and compare all checksums, writing nothing
    Test {
        /// What to read; none or `-` is standard input
        #[arg(value_name = "FILE.llmz")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        decoding: Decoding,
        #[command(flatten)]
        predicting: Predicting,
        #[command(flatten)]
        limits: Limits,
        #[command(flatten)]
        general: General,
    },
    /// Say what is inside, without decoding
    Info {
        /// What to read; none or `-` is standard input
        #[arg(value_name = "FILE.llmz")]
        files: Vec<PathBuf>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        general: General,
    },
    /// Measure every file under a directory, beside zstd -19
    Bench(Bench),
    /// List, download, make, check and remove models
    #[command(subcommand)]
    Models(Models),
    /// Measure one file in a process of its own (what `bench` runs)
    #[command(hide = true)]
    Measure(Measure),
}

/// What to do, where no subcommand says it; the last one given wins.
#[derive(Debug, Args)]
#[command(next_help_heading = "Operation")]
pub struct Mode {
    /// Compress (default)
    #[arg(short = 'z', long, overrides_with_all = ["decompress", "test", "list"])]
    pub compress: bool,
    /// Decompress
    #[arg(short, long, alias = "uncompress", overrides_with_all = ["compress", "test", "list"])]
    pub decompress: bool,
    /// Decode and compare all checksums, writing nothing
    #[arg(short, long, overrides_with_all = ["compress", "decompress", "list"])]
    pub test: bool,
    /// Say what is inside, without decoding
    #[arg(short, long, alias = "info", overrides_with_all = ["compress", "decompress", "test"])]
    pub list: bool,
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}

/// Where results go and what becomes of the source.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// Write to standard output
    #[arg(short = 'c', long, alias = "to-stdout", overrides_with = "output")]
    pub stdout: bool,
    /// Write to this file (`-` is standard output)
    #[arg(short, long, value_name = "FILE", overrides_with = "stdout")]
    pub output: Option<PathBuf>,
    /// Keep the source file (default)
    #[arg(short, long, overrides_with = "rm")]
    pub keep: bool,
    /// Remove the source once the result is verified and safely on disk
    #[arg(long, overrides_with = "keep")]
    pub rm: bool,
    /// Overwrite files; write compressed data even to a terminal
    #[arg(short, long)]
    pub force: bool,
}

/// How to compress.
#[derive(Debug, Args)]
#[command(next_help_heading = "Compression")]
pub struct Coding {
    /// Fastest: light mixer, no model
    #[arg(short = '1', overrides_with_all = ["level_2", "level_5", "level_7", "level_9", "level"])]
    pub level_1: bool,
    /// Full mixer, no model
    #[arg(short = '2', overrides_with_all = ["level_1", "level_5", "level_7", "level_9", "level"])]
    pub level_2: bool,
    /// Builtin model, default mixer (default)
    #[arg(short = '5', overrides_with_all = ["level_1", "level_2", "level_7", "level_9", "level"])]
    pub level_5: bool,
    /// Builtin model, full mixer
    #[arg(short = '7', overrides_with_all = ["level_1", "level_2", "level_5", "level_9", "level"])]
    pub level_7: bool,
    /// Smallest: Qwen3-0.6B, full mixer
    #[arg(short = '9', overrides_with_all = ["level_1", "level_2", "level_5", "level_7", "level"])]
    pub level_9: bool,
    /// What is kept free for levels to come is not taken for something else
    #[arg(short = '3', short_aliases = ['0', '4', '6', '8'], hide = true)]
    pub no_level: bool,
    /// One of the levels 1, 2, 5, 7, 9
    #[arg(
        long,
        value_name = "N",
        value_parser = values::level,
        overrides_with_all = ["level_1", "level_2", "level_5", "level_7", "level_9"]
    )]
    pub level: Option<u8>,
    /// Cut each group into N lanes (default: by its size)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub lanes: Option<u32>,
    /// Let the model see N tokens back (default: the model's own)
    #[arg(long, value_name = "N", value_parser = window_tokens)]
    pub window: Option<u32>,
    /// Keep whole hashes in small files too
    #[arg(long)]
    pub full_hashes: bool,
    /// Decode what was written before success is reported
    #[arg(long)]
    pub verify: bool,
}

/// How to decompress.
#[derive(Debug, Args)]
#[command(next_help_heading = "Decompression")]
pub struct Decoding {
    /// Keep every undamaged group of a damaged file (it still counts as an error)
    #[arg(long)]
    pub recover: bool,
}

/// How much memory there is.
#[derive(Debug, Args)]
#[command(next_help_heading = "Other")]
pub struct Limits {
    /// Use at most so much memory, e.g. 500M or 2GiB (default: 1GiB); refuse files that need more to
    /// decode, and make none that do
    #[arg(long, value_name = "SIZE", value_parser = memory_size)]
    pub memory_limit: Option<u64>,
}

/// What predicts.
#[derive(Debug, Args)]
#[command(next_help_heading = "Model")]
pub struct Predicting {
    /// Predict with this model: builtin, a .llmw file, or a Hugging Face directory. To decode what
    /// was made with another than the builtin, give the same one again
    #[arg(long, value_name = "NAME|DIR|FILE")]
    pub model: Option<OsString>,
}

/// Threads and talk.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Other")]
pub struct General {
    /// Use N threads (default and 0: one a core); the result is the same for any N
    #[arg(short = 'T', long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(0..=1024))]
    pub threads: Option<u32>,
    /// Say nothing but errors; twice: nothing at all
    #[arg(short, long, action = ArgAction::Count, overrides_with = "verbose")]
    pub quiet: u8,
    /// Sum up each file: model, ratio, bits per byte, speed
    #[arg(short, long, action = ArgAction::Count, overrides_with = "quiet")]
    pub verbose: u8,
}

#[derive(Debug, Args)]
pub struct Bench {
    /// A corpus; its folders are the kinds
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    #[command(flatten)]
    pub coding: Coding,
    #[command(flatten)]
    pub predicting: Predicting,
    #[command(flatten)]
    pub general: General,
    /// Print one JSON document
    #[arg(long, help_heading = "Report", overrides_with = "csv")]
    pub json: bool,
    /// Print comma-separated values, one line per file and compressor
    #[arg(long, help_heading = "Report", overrides_with = "json")]
    pub csv: bool,
    /// Measure llmzip alone
    #[arg(long, help_heading = "Report")]
    pub no_peers: bool,
}

#[derive(Debug, Args)]
pub struct Measure {
    /// `llmzip` or one of its peers
    #[arg(long)]
    pub contender: String,
    #[command(flatten)]
    pub coding: Coding,
    #[command(flatten)]
    pub predicting: Predicting,
    #[command(flatten)]
    pub general: General,
    pub file: PathBuf,
}
