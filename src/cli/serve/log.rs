//! What a service says of itself on standard error.

use std::io::IsTerminal;

use anyhow::anyhow;
use clap::ValueEnum;
use tracing_subscriber::filter::LevelFilter;

/// How lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// One JSON object a line.
    #[default]
    Json,
    /// For people.
    Text,
}

/// Begins to log. `-q` leaves requests out, `-v` tells of connections.
///
/// From here on a panic, which ends one request, is a line like others and ends no process.
pub fn begin(form: Form, verbosity: i32) -> anyhow::Result<()> {
    let level = match verbosity {
        ..=-2 => LevelFilter::OFF,
        -1 => LevelFilter::WARN,
        0 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let lines = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr);
    let begun = match form {
        Form::Json => lines.json().flatten_event(true).with_current_span(false).try_init(),
        Form::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
    };
    begun.map_err(|error| anyhow!("log: {error}"))?;
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "panic")));
    Ok(())
}
