//! How the process ends.

use std::process::ExitCode;

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

/// Ends the process as other programs in a pipe end when nobody reads any more: without a word.
#[cfg(unix)]
pub fn closed_pipe() -> ! {
    // Rust ignores SIGPIPE, so that we came to here with an error; catch up on what it would do.
    let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGPIPE);
    std::process::exit(1)
}

/// Ends the process as other programs in a pipe end when nobody reads any more: without a word.
#[cfg(not(unix))]
pub fn closed_pipe() -> ! {
    std::process::exit(1)
}
