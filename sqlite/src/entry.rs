//! Where SQLite and we meet: all that is unsafe, since the other side is C.

use std::os::raw::{c_char, c_int};

use rusqlite::functions::{ConnectionRef, Context};
use rusqlite::{Connection, Result, ffi};

/// Called by `load_extension` and by `.load`, once for each connection.
///
/// # Safety
/// The three pointers are those that SQLite gives to the entry point of an extension.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sqlite3_extension_init(
    db: *mut ffi::sqlite3,
    error: *mut *mut c_char,
    api: *mut ffi::sqlite3_api_routines,
) -> c_int {
    // Functions are gone with their connection, and so is what they need: nothing keeps the library loaded for ever.
    let register = |connection: Connection| super::register(&connection).map(|()| false);
    // SAFETY: the caller says what the pointers are, and rusqlite checks the version behind the last.
    unsafe { Connection::extension_init2(db, error, api, register) }
}

/// The connection that calls us, for as long as the call lasts.
pub fn connection<'a>(call: &'a Context<'_>) -> Result<ConnectionRef<'a>> {
    // SAFETY: what is borrowed from the call cannot outlive it, and nobody closes a connection in the middle of a call.
    unsafe { call.get_connection() }
}
