//! The flags of `bench`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Coding, General, Predicting, memory_size};

/// What is changed in a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StudyOf {
    Window,
    Lanes,
    Bits,
    Level,
    Model,
}

#[derive(Debug, Args)]
pub struct Bench {
    /// A corpus; its folders are the kinds
    #[arg(value_name = "DIR", required_unless_present = "from")]
    pub dir: Option<PathBuf>,
    #[command(flatten)]
    pub coding: Coding,
    #[command(flatten)]
    pub predicting: Predicting,
    #[command(flatten)]
    pub general: General,
    /// Take the measurements from this record instead of measuring; with DIR, keep those of its studies
    /// that are not made anew
    #[arg(long, value_name = "RECORD.json", help_heading = "Measuring")]
    pub from: Option<PathBuf>,
    /// Measure only the first SIZE bytes of each file in studies, as in 30k
    #[arg(long, value_name = "SIZE", value_parser = memory_size, help_heading = "Measuring")]
    pub first: Option<u64>,
    /// Measure llmzip alone
    #[arg(long, help_heading = "Measuring")]
    pub no_peers: bool,
    /// Measure also what else could be chosen: window, lanes, bits (of weights; --model names the files of a
    /// model), level, or model (--models names them); may be given several times
    #[arg(long, value_name = "WHAT", value_delimiter = ',', help_heading = "Measuring")]
    pub study: Vec<StudyOf>,
    /// For `--study model`: models to measure beside the builtin
    #[arg(long, value_name = "NAME|DIR|FILE", help_heading = "Measuring")]
    pub models: Vec<OsString>,
    /// Say in the record what disturbed its times, as in "other work ran beside"; reports of studies leave
    /// times out then
    #[arg(long, value_name = "TEXT", help_heading = "Measuring")]
    pub note: Option<String>,
    /// Print one JSON document, a record that --compare and --from read
    #[arg(long, help_heading = "Report", overrides_with = "csv")]
    pub json: bool,
    /// Print comma-separated values, one line per file and compressor
    #[arg(long, help_heading = "Report", overrides_with = "json")]
    pub csv: bool,
    /// Write a report with charts to OUT.html, one of words and tables to OUT.md, or the chart of kinds to OUT.svg
    #[arg(long, value_name = "OUT", help_heading = "Report")]
    pub report: Option<PathBuf>,
    /// Add the studies of this record; may be given several times
    #[arg(long, value_name = "RECORD.json", help_heading = "Report")]
    pub studies: Vec<PathBuf>,
    /// In the report, take times and memory from this record, which may be of fewer files
    #[arg(long, value_name = "RECORD.json", help_heading = "Report")]
    pub times: Option<PathBuf>,
    /// Say what became better or worse since this record, and exit with 1 past a limit
    #[arg(long, value_name = "OLD.json", help_heading = "Report")]
    pub compare: Option<PathBuf>,
    /// With --compare: a file may become so many per cent larger (default: 0)
    #[arg(
        long,
        value_name = "PERCENT",
        default_value_t = 0.0,
        hide_default_value = true,
        help_heading = "Report"
    )]
    pub size_limit: f64,
    /// With --compare: all files may take so many times the time, as in 1.5 (default: times are only shown)
    #[arg(long, value_name = "FACTOR", help_heading = "Report")]
    pub time_limit: Option<f64>,
}
