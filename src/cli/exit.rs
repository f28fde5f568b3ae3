//! How the process ends.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use super::leftover;

/// The worst that happened so far; what the process ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Fine,
    /// Some file was skipped, nothing failed.
    Warning,
    Error,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        // As gzip and xz: a warning must not look like a failure to scripts that ask for 1.
        ExitCode::from(match status {
            Status::Fine => 0,
            Status::Error => 1,
            Status::Warning => 2,
        })
    }
}

/// Whether not even errors are said (`-qq`).
static IS_SILENT: AtomicBool = AtomicBool::new(false);

/// From now on, errors that end the process at once are not said either.
pub fn be_silent() {
    IS_SILENT.store(true, Ordering::Relaxed);
}

/// Whether the process is being ended.
static IS_ENDING: AtomicBool = AtomicBool::new(false);

/// Ends the process with an error, wherever it stands: in a signal handler, or without memory.
///
/// The unfinished file is removed; nothing is allocated, no lock is taken, nothing is flushed.
pub fn at_once(words: &[&str]) -> ! {
    // Several threads may meet the same trouble, which is said once.
    while IS_ENDING.swap(true, Ordering::AcqRel) {
        wait();
    }
    leftover::remove();
    if !IS_SILENT.load(Ordering::Relaxed) {
        clear_line();
        say("llmzip: ");
        words.iter().for_each(|words| say(words));
        say("\n");
    }
    #[cfg(unix)]
    // SAFETY: the call takes a number and does not return.
    unsafe {
        libc::_exit(1)
    }
    #[cfg(not(unix))]
    std::process::exit(1)
}

/// Leaves the end to another thread.
#[cfg(unix)]
fn wait() {
    // SAFETY: the call waits and does nothing else.
    unsafe { libc::pause() };
}

#[cfg(not(unix))]
fn wait() {
    std::thread::park();
}

/// On a screen, how far the work is may stand there.
#[cfg(unix)]
fn clear_line() {
    // SAFETY: the call takes a number.
    if unsafe { libc::isatty(2) } == 1 {
        say("\r\x1b[K");
    }
}

#[cfg(not(unix))]
fn clear_line() {}

/// Writes to standard error without a buffer or a lock.
#[cfg(unix)]
fn say(words: &str) {
    // SAFETY: the pointer and the length are those of a slice.
    unsafe { libc::write(2, words.as_ptr().cast(), words.len()) };
}

#[cfg(not(unix))]
fn say(words: &str) {
    use std::io::Write;
    let _ = std::io::stderr().write_all(words.as_bytes());
}

/// From now on, a panic on whatever thread ends the process with one line and status 1.
pub fn on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let reason = payload.downcast_ref::<&str>().copied();
        let reason = reason.or(payload.downcast_ref::<String>().map(String::as_str));
        let reason = reason.unwrap_or("for an unknown reason");
        let reason: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let place = panic.location().map(|place| format!(" ({place})")).unwrap_or_default();
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|wanted| wanted != "0") {
            say(&std::backtrace::Backtrace::force_capture().to_string());
        }
        at_once(&["cannot go on: ", &reason, &place]);
    }));
}

/// Ends the process as other programs in a pipe end when nobody reads any more: without a word.
///
/// Comes back where the parent wants to see an error instead.
#[cfg(unix)]
pub fn closed_pipe() {
    if !super::inherited::ignores_pipes() {
        leftover::remove_for_good();
        // Rust ignores SIGPIPE, so that we came to here with an error; catch up on what it would do.
        super::signals::die_of(libc::SIGPIPE);
    }
}

/// Ends the process as other programs in a pipe end when nobody reads any more: without a word.
#[cfg(not(unix))]
pub fn closed_pipe() {
    leftover::remove_for_good();
    std::process::exit(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs itself again, as a panic ends the process.
    #[test]
    fn a_panic_is_one_line_and_status_1_and_leaves_no_file() {
        const FILE: &str = "LLMZIP_TEST_UNFINISHED";
        if let Some(path) = std::env::var_os(FILE) {
            on_panic();
            leftover::hold().note(path.as_ref()).unwrap();
            std::thread::spawn(|| panic!("no\nreason")).join().unwrap();
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again.args(["--nocapture", "a_panic_is_one_line"]).env(FILE, file.path());
        let output = again.env_remove("RUST_BACKTRACE").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("llmzip: cannot go on: no reason (src"), "{said}");
        assert_eq!((said.lines().count(), output.status.code()), (1, Some(1)), "{said}");
        assert!(!file.path().exists());
    }
}
