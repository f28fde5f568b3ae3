//! The program: from arguments to an exit status.

mod args;
mod bench;
mod commands;
mod compress;
mod decompress;
mod exit;
mod figures;
mod files;
mod inherited;
mod leftover;
mod list;
mod memory;
mod messages;
mod models;
mod names;
mod progress;
mod signals;
mod summary;
mod together;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use llmzip::stream::Recover;

use args::{Action, Cli, Destination, Settings};
use exit::Status;
pub use memory::OrEnd as MemoryOrEnd;
use messages::{Failure, Messages};
use names::Name;

/// Does what the command line says; what the process exits with comes back.
pub fn run() -> ExitCode {
    exit::on_panic();
    if let Err(error) = commands::refuse_ambiguous(std::env::args_os().skip(1)) {
        let messages = Messages::new(0);
        messages.error("usage", &error);
        return messages.status().into();
    }
    let (action, mut settings, files) = match Cli::try_parse().and_then(Cli::into_parts) {
        Ok(parts) => called_by_name(parts),
        Err(error) => return usage(&error),
    };
    let messages = Messages::new(settings.verbosity);
    if settings.verbosity < -1 {
        exit::be_silent();
    }
    match models::Defaults::load() {
        Ok(defaults) => {
            settings.default_model = defaults.model;
            settings.threads = settings.threads.or(defaults.threads);
        }
        Err(error) => {
            messages.error("settings", &error);
            return messages.status().into();
        }
    }
    if let Err(error) = prepare(&settings) {
        messages.error("cannot start", &error);
        return messages.status().into();
    }
    match action {
        Action::Compress | Action::Decompress | Action::Test => {
            each_file(&action, &settings, Name::all(files), &messages);
        }
        Action::Info { json } => list::list(Name::all(files), json, &messages),
        Action::Bench { dir, json, csv, peers } => {
            bench::bench(&dir, bench::Form::new(json, csv), peers, &settings, &messages);
        }
        Action::Measure { contender, file } => {
            let measured = bench::measure_one(&contender, &file, &settings);
            say_or_tell(measured, &file, &messages);
        }
        Action::Models(models) => {
            say_or_tell(models::run(&models, &messages), Path::new("models"), &messages);
        }
    }
    messages.status().into()
}

/// Help, version, or a usage error, which clap would let look like a warning.
fn usage(error: &clap::Error) -> ExitCode {
    let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if is_help && let Err(error) = files::standard::output() {
        let messages = Messages::new(0);
        messages.error("standard output", &error.into());
        return messages.status().into();
    }
    match error.print() {
        Ok(()) if is_help => Status::Fine.into(),
        _ => Status::Error.into(),
    }
}

/// `unllmz` decompresses and `llmzcat` does so to standard output, as `unxz` and `xzcat` do.
fn called_by_name(
    (action, mut settings, files): (Action, Settings, Vec<std::path::PathBuf>),
) -> (Action, Settings, Vec<std::path::PathBuf>) {
    let program = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&program).file_stem().unwrap_or_default().to_owned();
    match action {
        Action::Compress if name == "unllmz" => (Action::Decompress, settings, files),
        Action::Compress if name == "llmzcat" => {
            settings.destination = Destination::Stdout;
            (Action::Decompress, settings, files)
        }
        action => (action, settings, files),
    }
}

fn prepare(settings: &Settings) -> anyhow::Result<()> {
    // A setting that cannot be followed is said as such, before any model is asked for.
    llmzip::kernels::Isa::choose()?;
    signals::install().context("signals")?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(settings.n_threads());
    pool.build_global().context("threads")
}

/// One file after the other; what fails for one does not keep the next from being done.
fn each_file(action: &Action, settings: &Settings, names: Vec<Name>, messages: &Messages) {
    if let Err(error) = contradictions(settings, &names) {
        return messages.error("usage", &error);
    }
    if !matches!(action, Action::Compress) {
        let models = match models::LocalModels::new(settings) {
            Ok(models) => models,
            Err(error) => return messages.error("model", &error),
        };
        let mut left = &names[..];
        while !left.is_empty() {
            let ready = match action {
                Action::Decompress if settings.recover == Recover::Off => {
                    together::decompress(left, &models, settings)
                }
                _ => vec![None],
            };
            let (now, later) = left.split_at(ready.len());
            left = later;
            for (name, ready) in now.iter().zip(ready) {
                let done = match action {
                    Action::Test => decompress::test(name, &models, settings, messages),
                    _ => decompress::decompress(name, ready, &models, settings, messages),
                };
                done.unwrap_or_else(|failure| messages.failure(name, &failure));
            }
        }
        return;
    }
    let encoder = match models::encoder(settings) {
        Ok(encoder) => encoder,
        Err(error) => return messages.error("model", &error),
    };
    let mut left = &names[..];
    while !left.is_empty() {
        let options = compress::options(&encoder, settings);
        let ready = together::compress(left, &encoder, &options, settings);
        let (now, later) = left.split_at(ready.len());
        left = later;
        for (name, ready) in now.iter().zip(ready) {
            compress::compress(name, ready, &encoder, settings, messages)
                .unwrap_or_else(|failure| messages.failure(name, &failure));
        }
    }
}

/// What cannot be meant, said before anything is touched.
fn contradictions(settings: &Settings, names: &[Name]) -> anyhow::Result<()> {
    if matches!(settings.destination, Destination::File(_)) && names.len() > 1 {
        return Err(anyhow!("--output takes one FILE; --stdout joins several"));
    }
    if settings.remove_source && settings.destination == Destination::Stdout {
        // What becomes of the bytes behind standard output cannot be checked.
        return Err(anyhow!("--rm does not go together with --stdout"));
    }
    if let Some(Name::Path(path)) = names.first()
        && Cli::command().get_subcommands().any(|command| path.as_os_str() == command.get_name())
        && !path.exists()
    {
        return Err(anyhow!("the command {} comes before all options", path.display()));
    }
    if names.iter().filter(|name| **name == Name::Stdin).count() > 1 {
        return Err(anyhow!("standard input can be read only once"));
    }
    Ok(())
}

/// Prints a result that is text, or says why there is none.
fn say_or_tell(result: anyhow::Result<String>, subject: &Path, messages: &Messages) {
    let printed = result.and_then(|text| print(&text));
    if let Err(error) = printed {
        let name = Name::Path(subject.to_owned());
        messages.failure(&name, &Failure::Failed(error));
    }
}

/// Writes to standard output, and sees it if that fails.
fn print(text: &str) -> anyhow::Result<()> {
    files::standard::output()
        .and_then(|mut out| out.write_all(text.as_bytes()))
        .context("standard output")
}
