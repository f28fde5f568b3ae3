//! What is said on standard error: one line per event, `llmzip: FILE: reason`.

use std::cell::Cell;
use std::fmt::Display;

use llmzip::Error;

use super::args::Show;
use super::exit::Status;
use super::figures::memory_flag;
use super::names::Name;
use super::progress::Form;
use super::screen::say;

/// Why a file was not done.
#[derive(Debug)]
pub enum Failure {
    /// It is not a file that this should be done with; a warning.
    Skipped(String),
    /// Something went wrong.
    Failed(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Failed(error.into())
    }
}

/// Speaks as loudly as asked, and remembers the worst that it had to say.
#[derive(Debug)]
pub struct Messages {
    verbosity: i32,
    show: Show,
    status: Cell<Status>,
}

impl Messages {
    /// Both as in [`Settings`](super::args::Settings).
    pub fn new(verbosity: i32, show: Show) -> Self {
        Messages { verbosity, show, status: Cell::new(Status::Fine) }
    }

    pub fn status(&self) -> Status {
        self.status.get()
    }

    /// Whether a summary of each file is wanted.
    pub fn is_verbose(&self) -> bool {
        self.verbosity > 0
    }

    /// Whether each group is told of.
    pub fn tells_groups(&self) -> bool {
        self.verbosity > 1
    }

    /// How progress is shown.
    pub fn progress(&self) -> Form {
        Form::of(self.show, !self.is_quiet())
    }

    /// How progress is shown while a result is written that may appear on the same screen, where the two would
    /// overwrite each other.
    pub fn progress_beside(&self, is_on_screen: bool) -> Form {
        Form::of(self.show, !self.is_quiet() && !is_on_screen)
    }

    /// Whether warnings are hidden.
    pub fn is_quiet(&self) -> bool {
        self.verbosity < 0
    }

    /// Something failed.
    pub fn error(&self, subject: impl Display, error: &anyhow::Error) {
        self.raise(Status::Error);
        if self.verbosity > -2 {
            say(&format!("llmzip: {subject}: {}", reason(error)));
        }
    }

    /// Something was left out, or is not as it should be, but nothing failed.
    pub fn warning(&self, subject: impl Display, text: &str) {
        self.raise(Status::Warning);
        if self.verbosity > -1 {
            say(&format!("llmzip: {subject}: {text}"));
        }
    }

    /// Something worth knowing before it begins.
    pub fn tell(&self, subject: impl Display, text: &str) {
        if !self.is_quiet() {
            say(&format!("llmzip: {subject}: {text}"));
        }
    }

    /// Something that was asked for with `-v`.
    pub fn note(&self, text: &str) {
        if self.is_verbose() {
            say(text);
        }
    }

    /// Something of several lines that was asked for.
    pub fn table(&self, text: &str) {
        text.lines().for_each(say);
    }

    /// Says why a file was not done; ends the process if nobody reads our output any more.
    pub fn failure(&self, name: &Name, failure: &Failure) {
        match failure {
            Failure::Skipped(reason) => self.warning(name, reason),
            Failure::Failed(error) => {
                if is_closed_pipe(error) {
                    super::exit::closed_pipe();
                }
                self.error(name, error);
            }
        }
    }

    fn raise(&self, status: Status) {
        self.status.set(self.status.get().max(status));
    }
}

/// The error and its causes on one line, each said once.
pub fn reason(error: &anyhow::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = match cause.downcast_ref() {
            Some(Error::Memory { needed_bytes, limit_bytes }) => format!(
                "needs {} MiB of memory, and {} MiB are allowed: {} allows it",
                needed_bytes.div_ceil(1 << 20),
                limit_bytes >> 20,
                memory_flag(*needed_bytes)
            ),
            _ => cause.to_string(),
        };
        // The number tells people nothing that the words do not.
        let text = text.find(" (os error").map_or(text.as_str(), |at| &text[..at]);
        let text = text.replace(|c: char| c.is_control(), " ");
        if parts.last() != Some(&text) {
            parts.push(text);
        }
    }
    parts.join(": ")
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let kind = error.chain().find_map(|cause| match cause.downcast_ref::<Error>() {
        Some(Error::Io(io)) => Some(io.kind()),
        _ => cause.downcast_ref::<std::io::Error>().map(|io| io.kind()),
    });
    kind == Some(std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_without_repetition() {
        let io = || std::io::Error::from_raw_os_error(2);
        let error = anyhow::Error::from(Error::Io(io())).context("cannot open\nx");
        assert_eq!(reason(&error), "cannot open x: No such file or directory");
    }

    #[test]
    fn an_error_is_worse_than_a_warning() {
        let messages = Messages::new(-2, Show::Auto);
        messages.warning("a", "skipped");
        assert_eq!(messages.status(), Status::Warning);
        messages.error("a", &anyhow::anyhow!("bad"));
        messages.warning("b", "skipped");
        assert_eq!(messages.status(), Status::Error);
    }

    #[test]
    fn closed_pipes_are_recognised_through_contexts() {
        let pipe = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert!(is_closed_pipe(&anyhow::Error::from(Error::Io(pipe())).context("writing")));
        assert!(is_closed_pipe(&anyhow::Error::from(pipe())));
        assert!(!is_closed_pipe(&anyhow::Error::from(Error::NotLlmzip)));
    }
}
