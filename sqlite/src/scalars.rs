//! Functions of one value.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Result};

use llmzip::Options;
use llmzip::codec::BuiltinModels;
use llmzip::stream::{DecompressOptions, NoProgress, decompress_bytes};

use super::entry::connection;
use super::primes;
use super::stored::Stored;
use super::{refused, wrong};

/// The most that SQLite holds in one value, as it is usually built: more is refused before it is decoded.
pub const MOST_BYTES: u64 = 1_000_000_000;

/// The same bytes give the same result for ever, and nothing is changed: these may stand in indices, views, generated columns
/// and triggers.
const PURE: FunctionFlags = FunctionFlags::SQLITE_UTF8
    .union(FunctionFlags::SQLITE_DETERMINISTIC)
    .union(FunctionFlags::SQLITE_INNOCUOUS);

/// It runs SQL that its caller wrote, so it is for callers only: no view or trigger of somebody's database may use it.
pub const DIRECT: FunctionFlags =
    FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_DIRECTONLY);

pub fn register(connection: &Connection) -> Result<()> {
    for n_arguments in [1, 2] {
        connection.create_scalar_function("llmzip_compress", n_arguments, PURE, |call| {
            let plain = bytes(call)?;
            plain.map_or(Ok(Value::Null), |plain| compress(call, plain).map(Value::Blob))
        })?;
        connection.create_scalar_function("llmzip_train", n_arguments, DIRECT, |call| {
            primes::train(call)
        })?;
    }
    connection.create_scalar_function("llmzip_decompress", 1, PURE, |call| {
        decompressed(call)?.map_or(Ok(Value::Null), text)
    })?;
    connection.create_scalar_function("llmzip_decompress_blob", 1, PURE, |call| {
        Ok(decompressed(call)?.map_or(Value::Null, Value::Blob))
    })?;
    connection.create_scalar_function("llmzip_version", 0, PURE, |_| Ok(env!("CARGO_PKG_VERSION")))
}

/// The bytes of a value; none of NULL. A number is refused, since as a number it would not come back.
pub fn bytes_of(value: ValueRef<'_>) -> Result<Option<&[u8]>> {
    match value {
        ValueRef::Null => Ok(None),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Ok(Some(bytes)),
        ValueRef::Integer(_) | ValueRef::Real(_) => {
            Err(wrong("a number: CAST it AS TEXT, as which it will come back"))
        }
    }
}

fn bytes<'a>(call: &'a Context<'_>) -> Result<Option<&'a [u8]>> {
    bytes_of(call.get_raw(0))
}

fn compress(call: &Context<'_>, plain: &[u8]) -> Result<Vec<u8>> {
    let prime: Option<u32> = if call.len() > 1 { call.get(1)? } else { None };
    let Some(prime) = prime else {
        return llmzip::compress(plain, &Options::default()).map_err(refused);
    };
    let ready = primes::prime(&*connection(call)?, prime)?;
    match plain.len() {
        // A longer one gains little by a prime.
        llmzip::message::MAX_MESSAGE_BYTES.. => {
            llmzip::compress(plain, &Options::default()).map_err(refused)
        }
        _ => Ok(Stored::message(prime, &ready.compress(plain).map_err(refused)?)),
    }
}

fn decompressed(call: &Context<'_>) -> Result<Option<Vec<u8>>> {
    let Some(packed) = bytes(call)? else { return Ok(None) };
    match Stored::read(packed).map_err(refused)? {
        Stored::Frame(frame) => {
            let options = DecompressOptions { max_output: Some(MOST_BYTES), ..Default::default() };
            let done = decompress_bytes(frame, &BuiltinModels, &options, &NoProgress);
            Ok(Some(done.map_err(refused)?.0))
        }
        Stored::Message { prime, message } => {
            let ready = primes::prime(&*connection(call)?, prime)?;
            Ok(Some(ready.decompress(message).map_err(refused)?))
        }
    }
}

/// A text; what is none would be one that SQLite's other functions cannot read.
pub fn text(bytes: Vec<u8>) -> Result<Value> {
    let text = String::from_utf8(bytes);
    text.map(Value::Text).map_err(|_| wrong("no text: llmzip_decompress_blob gives its bytes"))
}
