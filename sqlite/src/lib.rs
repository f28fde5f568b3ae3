//! What SQLite calls of llmzip: README.md says what there is.

mod entry;
mod primes;
mod rows;
mod scalars;
mod stored;

use rusqlite::{Connection, Error, Result};

/// Makes the functions known to a connection.
fn register(connection: &Connection) -> Result<()> {
    scalars::register(connection)?;
    rows::register(connection)
}

/// What SQLite says where the library refuses something.
fn refused(error: llmzip::Error) -> Error {
    Error::UserFunctionError(error.into())
}

/// A fault of the call.
fn wrong(text: impl Into<String>) -> Error {
    refused(llmzip::Error::invalid(text))
}
