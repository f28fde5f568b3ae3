//! `llmzip serve`: the library over HTTP.
//!
//! Short requests share the model ([`batch`]), long ones stream ([`long`]); neither waits for a slow client ([`spool`]).
//! What is compressed depends on the question and the bytes, and is what the program writes.
//!
//! It is a feature of its own, and no default one: see README.md beside this file for what it adds to the program.

mod access;
mod batch;
mod body;
mod cache;
mod fault;
mod limits;
mod listen;
mod log;
mod long;
mod metrics;
mod models;
mod question;
mod routes;
mod spool;

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use access::Token;
use batch::Batcher;
use cache::Answers;
use limits::Limits;
pub use log::Form;
use long::Places;
use metrics::Metrics;
use models::Models;

use super::args::{Serve, Settings, Show};
use super::messages::Messages;
use super::models::{name_of, open};

/// Where the token can be given beside a file; on a command line everybody could read it.
const TOKEN_VARIABLE: &str = "LLMZIP_TOKEN";

/// What all requests share.
struct Shared {
    limits: Limits,
    models: Arc<Models>,
    token: Option<Token>,
    batcher: Batcher,
    places: Places,
    answers: Answers,
    metrics: Arc<Metrics>,
    stopping: AtomicBool,
}

/// Serves until the process is told to end.
pub fn serve(asked: &Serve, settings: &Settings) -> anyhow::Result<()> {
    log::begin(asked.log, settings.verbosity)?;
    let limits = limits(asked, settings);
    let models = Arc::new(Models::new(named(&asked.models, settings)?)?);
    let token = token(asked)?;
    let threads = settings.n_threads();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads.clamp(1, 4))
        .max_blocking_threads(limits.streams + limits.connections + 8)
        .thread_name("serve")
        .enable_all()
        .build()
        .context("threads")?;
    let done = runtime.block_on(run(asked.listen, limits, models, token, threads));
    end(runtime);
    done
}

async fn run(
    address: SocketAddr,
    limits: Limits,
    models: Arc<Models>,
    token: Option<Token>,
    threads: usize,
) -> anyhow::Result<()> {
    let stop = told_to_stop().context("signals")?;
    let listener = TcpListener::bind(address).await.with_context(|| address.to_string())?;
    let address = listener.local_addr()?;
    if token.is_none() && !address.ip().is_loopback() {
        tracing::warn!("everybody who reaches {address} can use this service: it has no token");
    }
    // Threads of their own, so that a long group does not keep a message waiting.
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|n| format!("batch-{n}"))
        .start_handler(|_| drop(super::signals::own_stack()))
        .build()
        .context("threads")?;
    let metrics = Arc::new(Metrics::new());
    let names: Vec<_> = models.all().iter().map(|known| known.name.clone()).collect();
    let batcher = Batcher::start(
        models.clone(),
        metrics.clone(),
        Arc::new(pool),
        limits.queue,
        limits.gather,
    );
    let shared = Arc::new(Shared {
        places: Places::new(limits.streams, limits.queue),
        answers: Answers::new(limits.cache_bytes),
        stopping: AtomicBool::new(false),
        limits,
        models,
        token,
        batcher,
        metrics,
    });
    let router = routes::router(shared.clone());
    tracing::info!(address = %format!("http://{address}"), models = names.join(","), "listening");
    listen::serve(listener, router, shared, stop).await;
    tracing::info!("stopped");
    Ok(())
}

/// Work that nobody waits for any more ends at its next report; a process need not wait for it.
fn end(runtime: Runtime) {
    runtime.shutdown_timeout(Duration::from_millis(200));
}

/// Ends with the first signal that asks the process to end; the second ends it at once.
#[cfg(unix)]
fn told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut next = async move || {
        tokio::select! {
            _ = term.recv() => libc::SIGTERM,
            _ = interrupt.recv() => libc::SIGINT,
        }
    };
    Ok(async move {
        next().await;
        tracing::info!("stopping");
        tokio::spawn(async move { super::signals::die_of(next().await) });
    })
}

#[cfg(not(unix))]
fn told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
        tracing::info!("stopping");
    })
}

fn limits(asked: &Serve, settings: &Settings) -> Limits {
    let unless_0 = |bytes: u64| Some(bytes).filter(|&bytes| bytes > 0);
    let seconds = Duration::from_secs;
    Limits {
        connections: asked.connections as usize,
        queue: asked.queue as usize,
        gather: Duration::from_millis(asked.gather_ms.into()),
        streams: asked.streams as usize,
        body_bytes: unless_0(asked.max_body),
        output_bytes: unless_0(asked.max_output),
        text_bytes: asked.max_text,
        memory_bytes: settings.memory_limit(),
        unread_bytes: asked.max_unread.max(1),
        work: seconds(asked.time_limit),
        idle: seconds(asked.idle),
        grace: seconds(asked.grace),
        cache_bytes: asked.cache,
    }
}

/// The models of `NAME=MODEL` or `MODEL`, opened.
fn named(
    asked: &[std::ffi::OsString],
    settings: &Settings,
) -> anyhow::Result<Vec<(String, Arc<llmzip::model::Model>)>> {
    let messages = Messages::new(settings.verbosity, Show::Never);
    let one = |asked: &std::ffi::OsString| {
        let pair = asked.to_str().and_then(|text| text.split_once('='));
        let (name, model) = match pair {
            Some((name, model)) => (Some(name.to_owned()), OsStr::new(model)),
            None => (None, asked.as_os_str()),
        };
        let opened = open(model, &messages)?;
        let file = std::path::Path::new(model);
        let name = name.unwrap_or_else(|| match file.exists() {
            true => name_of(file),
            false => model.to_string_lossy().into_owned(),
        });
        Ok((name, opened))
    };
    asked.iter().map(one).collect()
}

fn token(asked: &Serve) -> anyhow::Result<Option<Token>> {
    let text = match &asked.token_file {
        Some(path) => std::fs::read_to_string(path).with_context(|| path.display().to_string())?,
        None => match std::env::var(TOKEN_VARIABLE) {
            Ok(text) => text,
            Err(std::env::VarError::NotPresent) => return Ok(None),
            Err(error) => bail!("{TOKEN_VARIABLE}: {error}"),
        },
    };
    match text.trim() {
        "" => bail!("the token is empty: whoever wants none must not name one"),
        token => Ok(Some(Token::new(token))),
    }
}
