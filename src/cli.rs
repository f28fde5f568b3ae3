//! The program: from arguments to an exit status.

mod args;
mod bench;
mod cat;
mod commands;
mod compress;
mod datagrams;
mod decompress;
mod each;
mod exit;
mod explain;
mod figures;
mod files;
mod generate;
mod inherited;
mod leftover;
mod list;
mod memory;
mod messages;
mod models;
mod names;
mod near;
mod packed;
mod places;
mod profile;
mod progress;
mod screen;
#[cfg(feature = "serve")]
mod serve;
mod signals;
mod sources;
mod summary;
mod together;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::error::ErrorKind;

use args::{Action, Settings, Show};
use exit::Status;
pub use memory::OrEnd as MemoryOrEnd;
use messages::{Failure, Messages};
use names::Name;
use places::Places;
use sources::Sources;

/// Does what the command line says; what the process exits with comes back.
pub fn run() -> ExitCode {
    exit::on_panic();
    if let Err(error) = commands::refuse_ambiguous(std::env::args_os().skip(1)) {
        let messages = Messages::new(0, Show::Auto);
        messages.error("usage", &error);
        return messages.status().into();
    }
    let (action, mut settings, files) = match args::parse(std::env::args_os()) {
        Ok(parts) => parts,
        Err(error) => return usage(&error),
    };
    let messages = Messages::new(settings.verbosity, settings.progress);
    if settings.verbosity < -1 {
        exit::be_silent();
    }
    match models::Defaults::load() {
        Ok(defaults) => {
            settings.default_level(defaults.level);
            settings.default_model = defaults.model;
            settings.threads = settings.threads.or(defaults.threads);
        }
        Err(error) => {
            messages.error("settings", &error);
            return messages.status().into();
        }
    }
    if let Err(error) = prepare(&settings, &action) {
        messages.error("cannot start", &error);
        return messages.status().into();
    }
    match action {
        Action::Compress | Action::Decompress if settings.sending.is_asked() => {
            datagrams::each_file(&action, &settings, files, &messages);
        }
        Action::Compress | Action::Decompress | Action::Test => {
            each::each_file(&action, &settings, files, &messages);
        }
        Action::Cat { range: None } => {
            each::each_file(&Action::Decompress, &settings, files, &messages);
        }
        Action::Cat { range: Some(span) } => {
            cat::range(&Name::all(files), span, &settings, &messages);
        }
        Action::Info { json } => {
            let places = Places::new(&settings);
            let sources = Sources::new(files, &action, &settings, &places, &messages);
            if let Some(sources) = sources {
                list::list(sources.map(|found| found.name).collect(), json, &messages);
            }
        }
        Action::Explain { how } => {
            for name in Name::all(files) {
                explain::explain(&name, how, &settings, &messages);
            }
        }
        Action::Bench(benching) => bench::bench(&benching, &settings, &messages),
        Action::Measure { contender, first, file } => {
            let measured = bench::measure_one(&contender, first, &file, &settings);
            say_or_tell(measured, &Name::Path(file), &messages);
        }
        Action::Generate(what) => {
            let done = generate::generate(&what);
            say_or_tell(done, &Name::Path("generate".into()), &messages);
        }
        #[cfg(feature = "serve")]
        Action::Serve(asked) => {
            if let Err(error) = serve::serve(&asked, &settings) {
                messages.error("serve", &error);
            }
        }
        Action::Prime(args::Prime::Build { samples, output, size, .. }) => {
            let built = datagrams::build(&samples, &output, size, &settings, &messages);
            say_or_tell(built.map(|()| String::new()), &Name::Path(output), &messages);
        }
        Action::Models(models) => {
            let done = models::run(&models, &messages);
            say_or_tell(done, &Name::Path("models".into()), &messages);
        }
    }
    messages.status().into()
}

/// Help, version, or a usage error, which clap would let look like a warning.
fn usage(error: &clap::Error) -> ExitCode {
    let messages = Messages::new(0, Show::Auto);
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let text = error.render();
            let is_plain = std::env::var_os("NO_COLOR").is_some_and(|set| !set.is_empty())
                || std::env::var_os("TERM").is_none_or(|term| term == "dumb")
                || !std::io::stdout().is_terminal();
            let text = if is_plain { text.to_string() } else { text.ansi().to_string() };
            say_or_tell(Ok(text), &Name::Path("help".into()), &messages);
            messages.status().into()
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            screen::say(error.to_string().trim_end());
            Status::Error.into()
        }
        _ => {
            screen::say(&format!("llmzip: {}", args::one_line(error)));
            Status::Error.into()
        }
    }
}

fn prepare(settings: &Settings, action: &Action) -> anyhow::Result<()> {
    // A setting that cannot be followed is said as such, before any model is asked for.
    llmzip::kernels::Isa::choose()?;
    // A service finishes what it has begun, and has no unfinished files.
    if !action.ends_in_its_own_way() {
        signals::install().context("signals")?;
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(settings.n_threads());
    // A thread that gets none has the one of the runtime.
    let pool = pool.start_handler(|_| drop(signals::own_stack()));
    pool.build_global().context("threads")
}

/// Prints a result that is text, or says why there is none.
fn say_or_tell(result: anyhow::Result<String>, subject: &Name, messages: &Messages) {
    let printed = result.and_then(|text| print(&text));
    if let Err(error) = printed {
        messages.failure(subject, &Failure::Failed(error));
    }
}

/// Writes to standard output, and sees it if that fails.
fn print(text: &str) -> anyhow::Result<()> {
    files::standard::output()
        .and_then(|mut out| out.write_all(text.as_bytes()))
        .context("standard output")
}
