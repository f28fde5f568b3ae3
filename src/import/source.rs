//! Opening files that others made: ordinary files only, and small ones no larger than they can be.

use crate::error::{Error, Result};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// A config.json; those that are published have some kilobytes.
pub(super) const MAX_CONFIG_BYTES: u64 = 2 << 20;
/// A tokenizer.json, or what stands for one; the largest that is published has 33 MB.
pub(super) const MAX_TOKENIZER_BYTES: u64 = 64 << 20;
/// An index of shards; those of models with a trillion weights have 10 MB.
pub(super) const MAX_INDEX_BYTES: u64 = 32 << 20;

/// Opens an ordinary file; anything else (a pipe would wait for ever) is refused.
///
/// # Errors
/// `Io` naming the file, or `Invalid`.
pub(super) fn open(path: &Path) -> Result<File> {
    let io = |e: std::io::Error| std::io::Error::new(e.kind(), format!("{}: {e}", path.display()));
    if !std::fs::metadata(path).map_err(io)?.is_file() {
        return Err(Error::invalid(format!("{}: not an ordinary file", path.display())));
    }
    Ok(File::open(path).map_err(io)?)
}

/// The whole of a file of at most `most` bytes, which are counted before anything is read.
///
/// # Errors
/// As [`open`], and `Invalid` for more bytes.
pub(super) fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    let file = open(path)?;
    let len = file.metadata()?.len();
    let mut bytes = Vec::new();
    if len <= most {
        bytes.reserve_exact(len as usize);
        file.take(most + 1).read_to_end(&mut bytes)?;
    }
    match len.max(bytes.len() as u64) {
        len if len > most => Err(Error::invalid(format!(
            "{}: {len} bytes; such a file has at most {most}",
            path.display()
        ))),
        _ => Ok(bytes),
    }
}

/// Says in which file it is, where an error does not say so itself.
pub(super) fn in_file(path: &Path, error: Error) -> Error {
    let name = path.display().to_string();
    let within = |what: String| match what.contains(&name) {
        true => what,
        false => format!("{name}: {what}"),
    };
    match error {
        Error::Unsupported { what } => Error::unsupported(within(what)),
        Error::Invalid { what } => Error::invalid(within(what)),
        Error::Damaged { what, group: None, bytes: None } => Error::damaged(within(what)),
        other => other,
    }
}
