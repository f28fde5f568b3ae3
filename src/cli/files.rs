//! Opening sources, writing results, and what goes with the bytes: modes, times, names.

#[cfg(unix)]
mod access;
mod metadata;
mod source;
mod sparse;
pub mod standard;
mod target;
mod temporary;

use std::path::Path;

use anyhow::bail;

use super::args::{Destination, Settings};
use super::names::shown;

pub use source::Source;
pub use target::{Target, Written, refuse_replacing};
pub use temporary::Temporary;

/// Where the result of `source` goes: to `path`, or without one to standard output.
///
/// The very file that is read is refused: no `-f` can mean that.
pub fn target_of(
    source: &Source,
    path: Option<&Path>,
    settings: &Settings,
    spooled: bool,
) -> anyhow::Result<Target> {
    let private = source.inherited().is_some();
    let target = match path {
        Some(path) => {
            let there = std::fs::metadata(path);
            if there.is_ok_and(|there| there.is_file() && source.is_same(&there)) {
                bail!("{} is the file that is read", shown(path));
            }
            match settings.destination {
                Destination::File(_) => Target::named(path, settings.force, spooled, private)?,
                _ => Target::beside(path, settings.force, private)?,
            }
        }
        None => Target::stdout(spooled)?,
    };
    // What is added to it would be read again, without an end.
    if let Some(there) = target.there_before().map(|file| file.metadata()).transpose()?
        && there.is_file()
        && source.is_same(&there)
    {
        bail!("standard output is the file that is read");
    }
    Ok(target)
}
