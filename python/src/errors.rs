//! Failures as the exceptions of the package.

use std::any::Any;
use std::io;

use llmzip::Error;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use crate::watch::Stopped;

/// Why work came to no result.
pub enum Failure {
    /// The library says so.
    Library(Error),
    /// It was told to stop.
    Stopped,
    /// A fault of the library: what the panic says.
    Panicked(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Library(error)
    }
}

impl Failure {
    /// What ended a thread.
    pub fn of_panic(payload: &(dyn Any + Send)) -> Failure {
        if payload.is::<Stopped>() {
            return Failure::Stopped;
        }
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        Failure::Panicked(text.unwrap_or("a panic").to_owned())
    }

    /// The exception.
    pub fn as_exception(&self, py: Python<'_>) -> PyErr {
        match self {
            Failure::Library(error) => exception(py, error),
            Failure::Stopped => made(py, "Internal", "the work was stopped", |_| Ok(())),
            Failure::Panicked(text) => made(py, "Internal", text, |_| Ok(())),
        }
    }
}

/// The exception for an error of the library, with its facts as attributes.
pub fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::Io(error) => match error.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code).into(),
            None => io::Error::new(error.kind(), message).into(),
        },
        Error::NotLlmzip => made(py, "NotLlmzip", &message, |_| Ok(())),
        Error::Truncated { what } => {
            made(py, "Truncated", &message, |facts| facts.set_item("what", what))
        }
        Error::Damaged { what, group, bytes } => made(py, "Damaged", &message, |facts| {
            facts.set_item("what", what)?;
            facts.set_item("group", group)?;
            facts.set_item("bytes", bytes.as_ref().map(|bytes| (bytes.start, bytes.end)))
        }),
        Error::Unsupported { what } => {
            made(py, "Unsupported", &message, |facts| facts.set_item("what", what))
        }
        Error::MissingModel { identity, hint } => made(py, "MissingModel", &message, |facts| {
            facts.set_item("identity", identity)?;
            facts.set_item("hint", hint)
        }),
        Error::Invalid { what } => {
            made(py, "Invalid", &message, |facts| facts.set_item("what", what))
        }
        Error::Memory { needed_bytes, limit_bytes } => made(py, "Memory", &message, |facts| {
            facts.set_item("needed_bytes", needed_bytes)?;
            facts.set_item("limit_bytes", limit_bytes)
        }),
        Error::TooLong { limit_bytes } => {
            made(py, "TooLong", &message, |facts| facts.set_item("limit_bytes", limit_bytes))
        }
        Error::Inexact { what } => {
            made(py, "Inexact", &message, |facts| facts.set_item("what", what))
        }
        _ => made(py, "Internal", &message, |_| Ok(())),
    }
}

/// The exception for a choice that cannot be.
pub fn invalid(py: Python<'_>, what: impl Into<String>) -> PyErr {
    exception(py, &Error::Invalid { what: what.into() })
}

/// Lets the package make an exception of a kind.
fn made(
    py: Python<'_>,
    kind: &str,
    message: &str,
    tell: impl FnOnce(&Bound<'_, PyDict>) -> PyResult<()>,
) -> PyErr {
    static ERROR_OF: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let make = || {
        let facts = PyDict::new(py);
        tell(&facts)?;
        let error_of = ERROR_OF.import(py, "llmzip._errors", "error_of")?;
        error_of.call1((kind, message, facts))
    };
    make().map_or_else(|error| error, PyErr::from_value)
}
