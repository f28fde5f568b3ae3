//! `llmzip serve ...`

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::values::memory_size;
use super::{General, Limits};
use crate::cli::serve::Form;

#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Listen at this address; only this machine reaches the default. Port 0 is any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8970")]
    pub listen: SocketAddr,
    /// Load this model too, for requests that ask for NAME; once for each
    #[arg(long = "model", value_name = "[NAME=]MODEL")]
    pub models: Vec<OsString>,
    /// Let in only requests with the bearer token that this file holds (or LLMZIP_TOKEN)
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// How the log on standard error looks
    #[arg(long, value_name = "FORM", default_value = "json")]
    pub log: Form,
    /// Have at most N connections open; more of them wait
    #[arg(long, value_name = "N", default_value_t = 1024, help_heading = "Limits",
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub connections: u32,
    /// Let at most N requests wait, of up to 16 KiB and of longer ones each; others are told to come back (429)
    #[arg(long, value_name = "N", default_value_t = 256, help_heading = "Limits",
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub queue: u32,
    /// Let a short request wait so many milliseconds for others to share the model with
    #[arg(long, value_name = "MS", default_value_t = 2, help_heading = "Limits",
          value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub gather_ms: u32,
    /// Work on at most N longer requests at a time, each within the memory limit
    #[arg(long, value_name = "N", default_value_t = 2, help_heading = "Limits",
          value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub streams: u32,
    /// Refuse bodies of more than SIZE; 0 takes any length
    #[arg(long, value_name = "SIZE", default_value = "1G", help_heading = "Limits", value_parser = memory_size)]
    pub max_body: u64,
    /// Refuse originals of more than SIZE; 0 gives any length
    #[arg(long, value_name = "SIZE", default_value = "16G", help_heading = "Limits", value_parser = memory_size)]
    pub max_output: u64,
    /// Refuse texts of more than SIZE whose tokens are asked for
    #[arg(long, value_name = "SIZE", default_value = "1M", help_heading = "Limits", value_parser = memory_size)]
    pub max_text: u64,
    /// Hold at most SIZE of an answer for a client that is slow to take it; beyond 1M it is on disk
    #[arg(long, value_name = "SIZE", default_value = "1G", help_heading = "Limits", value_parser = memory_size)]
    pub max_unread: u64,
    /// Give up a request after so many seconds of work
    #[arg(long, value_name = "SECONDS", default_value_t = 600, help_heading = "Limits",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub time_limit: u64,
    /// Give up a client that sends nothing and takes nothing for so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, help_heading = "Limits",
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub idle: u64,
    /// Let requests in work go on for so many seconds after SIGTERM or SIGINT
    #[arg(long, value_name = "SECONDS", default_value_t = 30, help_heading = "Limits",
          value_parser = clap::value_parser!(u64).range(0..=86_400))]
    pub grace: u64,
    /// Keep SIZE of answers to short requests, for the same ones; 0 keeps none
    #[arg(long, value_name = "SIZE", default_value = "64M", help_heading = "Limits", value_parser = memory_size)]
    pub cache: u64,
    #[command(flatten)]
    pub limits: Limits,
    #[command(flatten)]
    pub general: General,
}
