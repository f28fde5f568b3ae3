//! Many rows at a time: the model runs them together, which takes a fraction of the time that one after the other takes.

use std::collections::BTreeMap;

use rusqlite::functions::Context;
use rusqlite::types::Value;
use rusqlite::{Connection, Result, params_from_iter};

use llmzip::codec::BuiltinModels;
use llmzip::message::MAX_MESSAGE_BYTES;
use llmzip::stream::{DecompressOptions, NoProgress};
use llmzip::{Options, compress_many};

use super::entry::connection;
use super::primes::prime;
use super::scalars::{DIRECT, MOST_BYTES, bytes_of, text};
use super::stored::Stored;
use super::{refused, wrong};

/// Rows that are held at a time, before they are worked on.
const ROWS: usize = 4096;
/// Bytes of them after which no more are taken.
const BYTES: usize = 16 << 20;

pub fn register(connection: &Connection) -> Result<()> {
    for n_arguments in [2, 3] {
        connection.create_scalar_function("llmzip_compress_rows", n_arguments, DIRECT, |call| {
            let number: Option<u32> = if call.len() > 2 { call.get(2)? } else { None };
            each(call, |connection, values| compress(connection, values, number))
        })?;
    }
    connection
        .create_scalar_function("llmzip_decompress_rows", 2, DIRECT, |call| each(call, decompress))
}

fn compress(
    connection: &Connection,
    values: &[Vec<u8>],
    number: Option<u32>,
) -> Result<Vec<Value>> {
    let frames = |values: &[&[u8]]| compress_many(values, &Options::default()).map_err(refused);
    let values: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
    let Some(number) = number else {
        return Ok(frames(&values)?.into_iter().map(Value::Blob).collect());
    };
    let ready = prime(connection, number)?;
    let is_short = |value: &&[u8]| value.len() < MAX_MESSAGE_BYTES;
    let (short, long): (Vec<&[u8]>, Vec<&[u8]>) = values.iter().copied().partition(is_short);
    let mut short = ready.compress_many(&short).map_err(refused)?.into_iter();
    let mut long = frames(&long)?.into_iter();
    let next = |value| match is_short(value) {
        true => short.next().map(|message| Stored::message(number, &message)),
        false => long.next(),
    };
    Ok(values.iter().filter_map(next).map(Value::Blob).collect())
}

fn decompress(connection: &Connection, values: &[Vec<u8>]) -> Result<Vec<Value>> {
    let mut plains: Vec<Option<Vec<u8>>> = values.iter().map(|_| None).collect();
    let (mut frames, mut messages) = (Vec::new(), BTreeMap::<u32, Vec<(usize, &[u8])>>::new());
    for (at, value) in values.iter().enumerate() {
        match Stored::read(value).map_err(refused)? {
            Stored::Frame(frame) => frames.push((at, frame)),
            Stored::Message { prime, message } => {
                messages.entry(prime).or_default().push((at, message));
            }
        }
    }
    let (places, frames): (Vec<usize>, Vec<&[u8]>) = frames.into_iter().unzip();
    let options = DecompressOptions { max_output: Some(MOST_BYTES), ..Default::default() };
    let done = llmzip::stream::decompress_many(&frames, &BuiltinModels, &options, &NoProgress);
    for (at, done) in places.into_iter().zip(done) {
        plains[at] = Some(done.map_err(refused)?.0);
    }
    for (number, its) in messages {
        let (places, its): (Vec<usize>, Vec<&[u8]>) = its.into_iter().unzip();
        let done = prime(connection, number)?.decompress_many(&its);
        for (at, done) in places.into_iter().zip(done) {
            plains[at] = Some(done.map_err(refused)?);
        }
    }
    plains.into_iter().flatten().map(text).collect()
}

/// Takes the last column of each row that the first argument selects, and runs the second for each row with the others and
/// the result; how many rows there were.
///
/// All rows are read before the first is changed, so that a table can be changed by what is read of it. Results are held
/// until then; a NULL stays one and is not passed on.
fn each(
    call: &Context<'_>,
    work: impl Fn(&Connection, &[Vec<u8>]) -> Result<Vec<Value>>,
) -> Result<i64> {
    let (select, change): (String, String) = (call.get(0)?, call.get(1)?);
    let connection = connection(call)?;
    let mut select = connection.prepare(&select)?;
    if !select.readonly() {
        return Err(wrong("the first argument must only read"));
    }
    let Some(n_keys) = select.column_count().checked_sub(1) else {
        return Err(wrong("the first argument selects nothing"));
    };
    let mut done: Vec<Vec<Value>> = Vec::new();
    let (mut keys, mut values, mut held_bytes) = (Vec::new(), Vec::new(), 0);
    let mut finish = |keys: &mut Vec<Vec<Value>>, values: &mut Vec<Vec<u8>>| -> Result<()> {
        for (mut key, value) in keys.drain(..).zip(work(&connection, values)?) {
            key.push(value);
            done.push(key);
        }
        values.clear();
        Ok(())
    };
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let Some(value) = bytes_of(row.get_ref(n_keys)?)? else { continue };
        let value = value.to_vec();
        keys.push((0..n_keys).map(|i| row.get(i)).collect::<Result<Vec<Value>>>()?);
        held_bytes += value.len();
        values.push(value);
        if values.len() == ROWS || held_bytes >= BYTES {
            finish(&mut keys, &mut values)?;
            held_bytes = 0;
        }
    }
    finish(&mut keys, &mut values)?;
    drop(rows);
    let mut change = connection.prepare(&change)?;
    let n_rows = done.len() as i64;
    for row in done {
        change.execute(params_from_iter(row))?;
    }
    Ok(n_rows)
}
