//! Opening sources, writing results, and what goes with the bytes: modes, times, names.

mod metadata;
mod source;
mod target;

use std::path::Path;

use super::names::shown;

pub use source::Source;
pub use target::{Target, Written};

/// Refuses a target that is the very file being read, which no `-f` can mean.
pub fn refuse_same(source: &Source, target: &Path) -> anyhow::Result<()> {
    match std::fs::metadata(target) {
        Ok(there) if there.is_file() && source.is_same(&there) => {
            anyhow::bail!("{} is the file that is read", shown(target))
        }
        _ => Ok(()),
    }
}
