//! The end by a signal, which must leave no half file.
//!
//! Only one output is being written at a time. Its temporary file is registered here, under a lock
//! that is also held while the file gets its final name, so that a signal finds either a file to
//! remove or a finished one.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

static TEMPORARY: Mutex<Option<PathBuf>> = Mutex::new(None);

/// The file to remove if a signal ends the process; hold the lock while that changes.
pub fn temporary() -> MutexGuard<'static, Option<PathBuf>> {
    TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the registered file; the lock is kept for ever, so that no new one is made.
fn clean_up() {
    let registered = temporary();
    if let Some(path) = registered.as_ref() {
        let _ = std::fs::remove_file(path);
    }
    std::mem::forget(registered);
}

/// From now on, signals that end the process clean up first.
///
/// The process then dies of the signal itself, so that a shell sees 130 for SIGINT and 143 for
/// SIGTERM, and stops a loop that it runs us in. Signals that the parent had us ignore (`nohup`)
/// stay ignored.
#[cfg(unix)]
pub fn install() -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::low_level::emulate_default_handler;

    let ignored = ignored_signals();
    let wanted: Vec<i32> = [SIGHUP, SIGINT, SIGTERM]
        .into_iter()
        .filter(|signal| ignored & (1 << (signal - 1)) == 0)
        .collect();
    let mut signals = signal_hook::iterator::Signals::new(wanted)?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            clean_up();
            let _ = emulate_default_handler(signal);
            std::process::exit(128 + signal);
        }
    })?;
    Ok(())
}

/// From now on, an interrupt cleans up before it ends the process.
#[cfg(not(unix))]
pub fn install() -> std::io::Result<()> {
    let handler = || {
        clean_up();
        std::process::exit(130);
    };
    ctrlc::set_handler(handler).map_err(std::io::Error::other)
}

/// One bit for each signal that was ignored when we were started; 0 where that cannot be read.
#[cfg(unix)]
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
