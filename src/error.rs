//! What can go wrong, as a caller can act on it.

use std::ops::Range;

/// The result of everything in this library that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong; each kind names who can do something about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused to read or write.
    #[error("{0}")]
    Io(#[from] std::io::Error),

    /// The input does not begin like anything this program writes.
    #[error("not an llmzip file")]
    NotLlmzip,

    /// The input ends too early.
    #[error("the file is cut short: {what} is missing")]
    Truncated {
        /// What should have come next.
        what: String,
    },

    /// The input is ours, but some of its bytes are not the ones that were written.
    #[error("damaged: {what}{}", place(.group, .bytes))]
    Damaged {
        /// What does not fit.
        what: String,
        /// Number of the group, counted from 0 in its frame, where one is known.
        group: Option<u64>,
        /// The bytes of the original file that the group holds.
        bytes: Option<Range<u64>>,
    },

    /// Written by a later version, or with something this build does not have.
    #[error("{what}")]
    Unsupported {
        /// What is needed.
        what: String,
    },

    /// The model that made the file is not on this machine.
    #[error("needs the model {identity}, which is not here: {hint}")]
    MissingModel {
        /// The beginning of the model's SHA-256 identity, in hexadecimal digits.
        identity: String,
        /// How to get it.
        hint: String,
    },

    /// The reference that the file was made with was not given, or another one was.
    #[error("was made with the reference {identity}, which was not given (--prime FILE)")]
    MissingReference {
        /// The beginning of the reference's SHA-256, in hexadecimal digits.
        identity: String,
    },

    /// An option, a model or another input that the caller chose cannot be used.
    #[error("{what}")]
    Invalid {
        /// What is wrong with it, and where.
        what: String,
    },

    /// The file needs more memory than the caller allows.
    #[error("needs {needed_bytes} bytes of memory, more than the limit of {limit_bytes}")]
    Memory {
        /// What decoding would allocate.
        needed_bytes: u64,
        /// What was allowed.
        limit_bytes: u64,
    },

    /// The original is longer than the caller allows.
    #[error("the original has more than {limit_bytes} bytes, the most that was allowed")]
    TooLong {
        /// What was allowed.
        limit_bytes: u64,
    },

    /// This machine does not compute the numbers that the model was published with.
    #[error(
        "this machine computes other numbers than the model's known answer ({what}); nothing was read or written"
    )]
    Inexact {
        /// Which check failed.
        what: String,
    },
}

impl Error {
    /// Damage whose group is not known (headers, footers, model files).
    pub fn damaged(what: impl Into<String>) -> Self {
        Error::Damaged { what: what.into(), group: None, bytes: None }
    }

    /// A wrong choice of the caller.
    pub fn invalid(what: impl Into<String>) -> Self {
        Error::Invalid { what: what.into() }
    }

    /// Something that only another version or build understands.
    pub fn unsupported(what: impl Into<String>) -> Self {
        Error::Unsupported { what: what.into() }
    }

    /// An early end.
    pub fn truncated(what: impl Into<String>) -> Self {
        Error::Truncated { what: what.into() }
    }
}

/// A text of somebody else's making, fit for a line of a message: clipped where it is long, control
/// characters spelt out.
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 120;
    let mut line = String::new();
    for (i, c) in text.chars().enumerate() {
        if i == MOST {
            line.push_str("...");
            break;
        }
        match c.is_control() {
            true => line.extend(c.escape_default()),
            false => line.push(c),
        }
    }
    line
}

fn place(group: &Option<u64>, bytes: &Option<Range<u64>>) -> String {
    match (group, bytes) {
        (Some(group), Some(bytes)) => {
            format!(" (group {group}, bytes {}..{} of the original)", bytes.start, bytes.end)
        }
        (Some(group), None) => format!(" (group {group})"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn texts_of_others_stay_on_one_short_line() {
        assert_eq!(shown("a\n\u{1b}[31mb\u{e9}"), "a\\n\\u{1b}[31mb\u{e9}");
        assert_eq!(shown(&"x".repeat(1 << 20)).len(), 123);
    }
}
