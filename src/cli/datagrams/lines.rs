//! A line in, a line out: each is a message, each a datagram as text.

use std::io::{BufRead, BufReader, Write};

use anyhow::Context;
use llmzip::armor::{self, Armor};
use llmzip::message::{Datagrams, MAX_MESSAGE_BYTES};

use crate::cli::args::{Action, Destination, Settings};
use crate::cli::files::{Source, Target};
use crate::cli::messages::{Failure, Messages};
use crate::cli::names::Name;

/// Lines that are taken together, if they are there: enough for all lanes to be busy, little to hold.
const TOGETHER: usize = 1 << 10;
/// A line of text is at most so much longer than the message: three bytes for fifteen bits, and an end.
const MOST_LINE: u64 = 2 * MAX_MESSAGE_BYTES as u64 + 1024;

/// Makes a datagram of each line, or a line of each datagram.
pub fn each_line(
    action: &Action,
    name: &Name,
    datagrams: &Datagrams,
    settings: &Settings,
    messages: &Messages,
) -> Result<(), Failure> {
    let kind = settings.sending.armor.as_deref().map(Armor::from_name).transpose()?;
    let source = Source::open(name, true)?;
    let mut target = match &settings.destination {
        Destination::File(path) => Target::named(path, settings.force, false, false)?,
        _ => Target::stdout(false)?,
    };
    let mut lines = BufReader::with_capacity(1 << 16, source);
    let mut number = 0;
    let packs = matches!(action, Action::Compress);
    loop {
        let together = take(&mut lines)?;
        if together.is_empty() {
            break;
        }
        let done = match packs {
            true => pack(&together, datagrams, kind.unwrap_or(Armor::Base64))?,
            false => unpack(&together, number, datagrams, kind, (name, messages)),
        };
        target.write_all(&done)?;
        // Whoever waits for a line gets it.
        target.flush()?;
        number += together.len();
    }
    target.commit(None)?;
    Ok(())
}

/// The next lines without their ends: one, and as many more as are there already.
fn take(lines: &mut BufReader<Source>) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut together = Vec::new();
    while together.len() < TOGETHER {
        let mut line = Vec::new();
        let n = std::io::Read::take(&mut *lines, MOST_LINE)
            .read_until(b'\n', &mut line)
            .context("cannot be read")?;
        if n == 0 {
            break;
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if n as u64 == MOST_LINE {
            anyhow::bail!("a line of more than {MAX_MESSAGE_BYTES} bytes");
        }
        together.push(line);
        if !lines.buffer().contains(&b'\n') {
            break;
        }
    }
    Ok(together)
}

fn pack(lines: &[Vec<u8>], datagrams: &Datagrams, kind: Armor) -> anyhow::Result<Vec<u8>> {
    let packed = datagrams.compress_many(lines)?;
    let mut text = String::new();
    for packed in packed {
        text.push_str(&kind.encode(&packed));
        text.push('\n');
    }
    Ok(text.into_bytes())
}

/// Lines that are no datagrams are told of, and stand empty in the result, so that all others keep their numbers.
fn unpack(
    lines: &[Vec<u8>],
    before: usize,
    datagrams: &Datagrams,
    kind: Option<Armor>,
    (name, messages): (&Name, &Messages),
) -> Vec<u8> {
    let bytes = |line: &Vec<u8>| -> anyhow::Result<Vec<u8>> {
        match kind {
            Some(kind) => Ok(kind.decode(std::str::from_utf8(line).context("no text")?)?),
            None => Ok(armor::find(line).context("this is no armored datagram")?.1),
        }
    };
    let opened: Vec<_> = lines.iter().map(bytes).collect();
    let held: Vec<&[u8]> = opened.iter().map(|o| o.as_deref().unwrap_or_default()).collect();
    let plains = datagrams.decompress_many(&held);
    let mut text = Vec::new();
    for (i, (opened, plain)) in opened.into_iter().zip(plains).enumerate() {
        match opened.and_then(|_| Ok(plain?)) {
            Ok(plain) => text.extend(plain),
            Err(error) => messages.error(format!("{name}, line {}", before + i + 1), &error),
        }
        text.push(b'\n');
    }
    text
}
