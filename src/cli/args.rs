//! What the user asked for: the flags and subcommands, and the plain settings made of them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

mod bench;
mod digits;
mod explain;
mod fitting;
mod help;
mod models;
mod parse;
#[cfg(feature = "serve")]
mod serve;
mod settings;
mod values;

pub use super::generate::Generate;
pub use bench::{Bench, StudyOf};
pub use explain::{Explain, ExplainForm};
pub use models::{Making, Models};
pub use parse::{one_line, parse};
#[cfg(feature = "serve")]
pub use serve::Serve;
pub use settings::{Action, Destination, ListFile, Settings};
pub use values::{Show, Span, When, level};
use values::{group_bytes, memory_size, window_tokens};

/// Compress any file without loss by predicting it with a language model.
#[derive(Debug, Parser)]
#[command(
    name = "llmzip",
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    args_override_self = true,
    override_usage = "llmzip [OPTIONS] [FILE]...\n       llmzip COMMAND [OPTIONS] [FILE]...",
    after_help = format!("{}\n\n{}", help::LEVELS, help::NOTES),
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to read; none or `-` is standard input
    #[arg(value_name = "FILE", value_parser = values::path())]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub mode: Mode,
    #[command(flatten)]
    pub choosing: Choosing,
    #[command(flatten)]
    pub leaving: Leaving,
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub coding: Coding,
    #[command(flatten)]
    pub decoding: Decoding,
    #[command(flatten)]
    pub sending: Sending,
    #[command(flatten)]
    pub predicting: Predicting,
    #[command(flatten)]
    pub limits: Limits,
    #[command(flatten)]
    pub general: General,
    /// Say where the time went, stage by stage; takes a little longer
    #[arg(long, help_heading = "Other")]
    pub profile: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make FILE.llmz of each FILE
    #[command(after_help = help::LEVELS)]
    Compress {
        /// What to read; none or `-` is standard input
        #[arg(value_name = "FILE", value_parser = values::path())]
        files: Vec<PathBuf>,
        #[command(flatten)]
        choosing: Choosing,
        #[command(flatten)]
        leaving: Leaving,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        coding: Coding,
        #[command(flatten)]
        sending: Sending,
        #[command(flatten)]
        predicting: Predicting,
        #[command(flatten)]
        limits: Limits,
        #[command(flatten)]
        general: General,
        /// Say where the time went, stage by stage; takes a little longer
        #[arg(long, help_heading = "Other")]
        profile: bool,
    },
    /// Give back the FILE of each FILE.llmz
    Decompress {
        /// What to read; none or `-` is standard input
        #[arg(value_name = "FILE.llmz", value_parser = values::path())]
        files: Vec<PathBuf>,
        #[command(flatten)]
        choosing: Choosing,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        decoding: Decoding,
        #[command(flatten)]
        sending: Sending,
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
        #[arg(value_name = "FILE.llmz", value_parser = values::path())]
        files: Vec<PathBuf>,
        #[command(flatten)]
        choosing: Choosing,
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
        #[arg(value_name = "FILE.llmz", value_parser = values::path())]
        files: Vec<PathBuf>,
        #[command(flatten)]
        choosing: Choosing,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        general: General,
    },
    /// Decompress to standard output, all of it or a range of bytes
    Cat {
        /// What to read; none or `-` is standard input
        #[arg(value_name = "FILE.llmz")]
        files: Vec<PathBuf>,
        /// Only these bytes of the original, counted from 0: A..B without byte B, A..=B with it,
        /// A.. to the end, ..B from the beginning, A+N for N bytes. Sizes may have units, as in
        /// 10M..11M. Only the groups that hold them are decoded, so FILE must be a file and no pipe
        #[arg(long, value_name = "A..B", value_parser = values::span)]
        range: Option<Span>,
        #[command(flatten)]
        decoding: Decoding,
        #[command(flatten)]
        predicting: Predicting,
        #[command(flatten)]
        limits: Limits,
        #[command(flatten)]
        general: General,
    },
    /// Show what each token of FILE costs: coloured text, a page, or JSON
    Explain(Explain),
    /// Measure every file under a directory, beside other compressors; report and compare
    Bench(Box<Bench>),
    /// Make a reference for --prime
    #[command(subcommand)]
    Prime(Prime),
    /// List, download, make, check and remove models
    #[command(subcommand)]
    Models(Models),
    /// Do all of this over HTTP, for many at a time
    #[cfg(feature = "serve")]
    Serve(Box<Serve>),
    /// Write manual pages or completions
    #[command(hide = true)]
    Generate(Generate),
    /// Measure one file in a process of its own (what `bench` runs)
    #[command(hide = true)]
    Measure(Measure),
}

#[derive(Debug, Subcommand)]
pub enum Prime {
    /// Choose a good reference out of samples of messages, a message a line
    Build {
        /// Files of samples
        #[arg(value_name = "SAMPLES", required = true)]
        samples: Vec<PathBuf>,
        /// Write to this file (`-` is standard output)
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// At most so many bytes
        #[arg(long, value_name = "SIZE", default_value = "100K", value_parser = memory_size)]
        size: u64,
        /// Overwrite FILE
        #[arg(short, long)]
        force: bool,
        #[command(flatten)]
        general: General,
    },
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

/// Which files to take.
#[derive(Debug, Args)]
#[command(next_help_heading = "Files")]
pub struct Choosing {
    /// Take all files in the directories given, in the order of their names; symbolic links met
    /// there are not followed, devices and pipes are left out
    #[arg(short, long)]
    pub recursive: bool,
    /// Take the names in this file too, one a line (`-` is standard input)
    #[arg(long, value_name = "FILE", alias = "files", overrides_with = "files0_from")]
    pub files_from: Option<PathBuf>,
    /// The same with a zero byte after each name, as `find -print0` writes them
    #[arg(long, value_name = "FILE", alias = "files0", overrides_with = "files_from")]
    pub files0_from: Option<PathBuf>,
}

/// Which files to leave as they are.
#[derive(Debug, Args)]
#[command(next_help_heading = "Files")]
pub struct Leaving {
    /// Leave out what is compressed already, by its name or its first bytes: gz, xz, zst, zip, jpg,
    /// png, mp3, mp4 and their like
    #[arg(long)]
    pub exclude_compressed: bool,
}

/// Where results go and what becomes of the source.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// Write to standard output
    #[arg(short = 'c', long, alias = "to-stdout", overrides_with_all = ["output", "output_dir"])]
    pub stdout: bool,
    /// Write to this file (`-` is standard output)
    #[arg(short, long, value_name = "FILE", overrides_with_all = ["stdout", "output_dir"])]
    pub output: Option<PathBuf>,
    /// Write under this directory, each result where its source is under the present one; names
    /// with `..` are refused
    #[arg(long, value_name = "DIR", overrides_with_all = ["stdout", "output"])]
    pub output_dir: Option<PathBuf>,
    /// Keep the source file (default)
    #[arg(short, long, overrides_with = "rm")]
    pub keep: bool,
    /// Remove the source once the result is verified and safely on disk
    #[arg(long, overrides_with = "keep")]
    pub rm: bool,
    /// Overwrite files; write compressed data even to a terminal; with -d -c, copy what is no
    /// llmzip file unchanged
    #[arg(short, long)]
    pub force: bool,
}

/// How to compress.
#[derive(Debug, Args)]
#[command(next_help_heading = "Compression")]
pub struct Coding {
    /// How hard to try, 1 (fastest) to 9 (smallest), also as -1 to -9; see below (default: 5)
    #[arg(long, value_name = "N", value_parser = level)]
    pub level: Option<u8>,
    /// Cut the file into groups of SIZE, a power of two from 64K to 1G (default: 16M). Larger ones
    /// make it a little smaller and take more memory; smaller ones lose less to damage, and ranges
    /// are read faster
    #[arg(long, value_name = "SIZE", value_parser = group_bytes)]
    pub group: Option<u64>,
    /// Cut each group into N lanes (default: by its size)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub lanes: Option<u32>,
    /// Let the model see N tokens back (default: the model's own)
    #[arg(long, value_name = "N", value_parser = window_tokens)]
    pub window: Option<u32>,
    /// Keep whole hashes in small files too
    #[arg(long)]
    pub full_hashes: bool,
    /// Leave encodings, escapes and containers as they are, instead of seeing through them
    #[arg(long)]
    pub no_transform: bool,
    /// Decode what was written before success is reported
    #[arg(long)]
    pub verify: bool,
}

/// Short messages, and text in the place of bytes.
#[derive(Debug, Default, Clone, Args)]
#[command(next_help_heading = "Messages")]
pub struct Sending {
    /// Nothing but the coded message, for a channel that carries its length: both sides must use the
    /// same flags and model. `marked` puts a byte in front that tells coded messages from text
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true,
          default_missing_value = "bare", value_parser = ["bare", "marked"])]
    pub datagram: Option<String>,
    /// Put N bytes of a check behind each datagram, 1 or 2 (default: none, and damage gives other
    /// text; with --session 1)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=2))]
    pub check: Option<u8>,
    /// A datagram for each line, as a line of text, to standard output; and back
    #[arg(long)]
    pub each_line: bool,
    /// Write text instead of bytes: base64, base91, or base32768 (fewest characters). Found by
    /// itself when decompressing, but for datagrams: name it there too
    #[arg(long, value_name = "KIND", value_parser = ["base64", "base91", "base32768"])]
    pub armor: Option<String>,
    /// Begin with what FILE has taught: a text like the messages, which the other side has too
    #[arg(long, value_name = "FILE")]
    pub prime: Option<PathBuf>,
    /// Datagrams that follow one another: STATE keeps all messages so far, the other side has such
    /// a file too. Removing both files begins anew
    #[arg(long, value_name = "STATE")]
    pub session: Option<PathBuf>,
}

impl Sending {
    /// Whether any of this is asked for.
    pub fn is_asked(&self) -> bool {
        self.each_line
            || self.datagram.is_some()
            || self.check.is_some()
            || self.armor.is_some()
            || self.prime.is_some()
            || self.session.is_some()
    }
}

/// How to decompress.
#[derive(Debug, Args)]
#[command(next_help_heading = "Decompression")]
pub struct Decoding {
    /// Keep all of a damaged file that is known to be right (it still counts as an error); `fill` puts zeros
    /// where bytes are lost
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true,
          default_missing_value = "skip", value_parser = ["skip", "fill"])]
    pub recover: Option<String>,
    /// Refuse files that hold more than this, e.g. 500M or 2GiB
    #[arg(long, value_name = "SIZE", value_parser = memory_size)]
    pub max_output: Option<u64>,
    /// Write long runs of zeros out, instead of leaving holes in the file that take no place on disk
    #[arg(long)]
    pub no_sparse: bool,
}

/// How much memory there is.
#[derive(Debug, Clone, Args)]
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
    /// Predict with this model: builtin, a .llmw file, a Hugging Face directory, or
    /// OWNER/REPOSITORY@COMMIT of which all is here. To decode what was made with another than the
    /// builtin, give the same one again
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
    /// Sum up each file: model, ratio, bits per byte, speed; twice: each group, too
    #[arg(short, long, action = ArgAction::Count, overrides_with = "quiet")]
    pub verbose: u8,
    #[arg(
        long,
        value_name = "WHEN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "always",
        overrides_with = "no_progress",
        help = help::PROGRESS_JSON,
    )]
    pub progress: Option<Show>,
    /// The same as --progress=never
    #[arg(long, overrides_with = "progress")]
    pub no_progress: bool,
}

#[derive(Debug, Args)]
pub struct Measure {
    /// `llmzip` or one of its peers
    #[arg(long)]
    pub contender: String,
    /// Only so many bytes of it
    #[arg(long, value_parser = memory_size)]
    pub first: Option<u64>,
    #[command(flatten)]
    pub coding: Coding,
    #[command(flatten)]
    pub predicting: Predicting,
    #[command(flatten)]
    pub general: General,
    pub file: PathBuf,
}
