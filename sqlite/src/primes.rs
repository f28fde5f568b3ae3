//! Primes: texts that messages are like, each with a number in a table of the database.

use std::cell::Cell;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::functions::Context;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Result, params};

use llmzip::message::{Datagrams, Profile, Reference};

use super::entry::connection;
use super::{refused, wrong};

/// Numbers are never given twice, so that no message meets another prime than it was made with.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS main.llmzip_primes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 BLOB NOT NULL UNIQUE,
    reference BLOB NOT NULL
)";

/// Bytes of a prime where none are asked for.
const PRIME_BYTES: i64 = 64 << 10;
/// Bytes of samples that are looked at.
const SAMPLE_BYTES: usize = 16 << 20;
/// Bytes of SHA-256 behind each message: what is no text, or of another prime, is found with 255 of 256.
const CHECK_BYTES: u8 = 1;
/// Primes that are kept ready, with 10 MB and 60 bytes for each of their own.
const READY: usize = 4;

/// Primes that are ready, the newest last; shared by the connections of a process.
static KNOWN: Mutex<Vec<([u8; 32], Arc<Datagrams>)>> = Mutex::new(Vec::new());

thread_local! {
    static IS_LOOKING: Cell<bool> = const { Cell::new(false) };
}

/// Looks into the table, if that is not what we are called by: somebody's database may have a view in its place that asks
/// us again, and again.
fn looking<T>(look: impl FnOnce() -> Result<T>) -> Result<T> {
    struct Looking;
    impl Drop for Looking {
        fn drop(&mut self) {
            IS_LOOKING.set(false);
        }
    }
    if IS_LOOKING.replace(true) {
        return Err(wrong("llmzip_primes asks for itself"));
    }
    let _looking = Looking;
    look()
}

/// The prime of a number.
pub fn prime(connection: &Connection, number: u32) -> Result<Arc<Datagrams>> {
    looking(|| {
        let mut find = connection.prepare("SELECT sha256 FROM main.llmzip_primes WHERE id = ?1")?;
        let hash: Option<[u8; 32]> = find.query_row([number], |row| row.get(0)).optional()?;
        let Some(hash) = hash else { return Err(wrong(format!("there is no prime {number}"))) };
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = known.iter().position(|(of, _)| *of == hash) {
            // Used last, it goes last.
            known[at..].rotate_left(1);
            return Ok(known[known.len() - 1].1.clone());
        }
        let sql = "SELECT reference FROM main.llmzip_primes WHERE id = ?1";
        let text: Vec<u8> = connection.query_row(sql, [number], |row| row.get(0))?;
        let reference = Reference::new(text).map_err(refused)?;
        if *reference.id() != hash {
            return Err(wrong(format!("the prime {number} is not what it was")));
        }
        let profile = Profile {
            reference: Some(reference),
            check_bytes: CHECK_BYTES.into(),
            ..Profile::default()
        };
        let ready = Arc::new(Datagrams::new(&profile).map_err(refused)?);
        if known.len() == READY {
            known.remove(0);
        }
        known.push((hash, ready.clone()));
        Ok(ready)
    })
}

/// Makes a prime of what the first argument selects, of as many bytes as the second says; its number.
pub fn train(call: &Context<'_>) -> Result<i64> {
    let select: String = call.get(0)?;
    let bytes = if call.len() > 1 { call.get(1)? } else { PRIME_BYTES };
    let most = llmzip::message::MAX_REFERENCE_BYTES;
    let Some(bytes) = usize::try_from(bytes).ok().filter(|bytes| (1..=most).contains(bytes)) else {
        return Err(wrong(format!("a prime has 1 to {most} bytes")));
    };
    let connection = connection(call)?;
    let samples = samples(&connection, &select)?;
    if samples.is_empty() {
        return Err(wrong("nothing was selected to learn from"));
    }
    let built = llmzip::message::build_reference(&samples, bytes).map_err(refused)?;
    let reference = Reference::new(built).map_err(refused)?;
    connection.execute_batch(TABLE)?;
    let (hash, text) = (&reference.id()[..], reference.text());
    let add =
        "INSERT INTO main.llmzip_primes (sha256, reference) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    connection.execute(add, params![hash, text])?;
    let find = "SELECT id FROM main.llmzip_primes WHERE sha256 = ?1";
    let number: i64 = connection.query_row(find, [hash], |row| row.get(0))?;
    match u32::try_from(number) {
        Ok(_) => Ok(number),
        Err(_) => Err(wrong("there are too many primes")),
    }
}

/// The first column of what is selected, as far as it is looked at.
fn samples(connection: &Connection, select: &str) -> Result<Vec<Vec<u8>>> {
    let mut select = connection.prepare(select)?;
    if !select.readonly() {
        return Err(wrong("the first argument must only read"));
    }
    let (mut samples, mut held_bytes) = (Vec::new(), 0);
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        if let ValueRef::Text(bytes) | ValueRef::Blob(bytes) = row.get_ref(0)?
            && !bytes.is_empty()
        {
            held_bytes += bytes.len();
            samples.push(bytes.to_vec());
            if held_bytes > SAMPLE_BYTES {
                break;
            }
        }
    }
    Ok(samples)
}
