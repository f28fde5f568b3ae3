//! `cat --range`: some bytes of an original.

use std::io::BufReader;

use anyhow::{anyhow, bail};
use llmzip::stream;

use super::args::{Settings, Span};
use super::decompress::{open, options};
use super::files::Target;
use super::messages::{Failure, Messages};
use super::models::LocalModels;
use super::names::Name;
use super::progress::{Line, Operation};

/// Writes the bytes `span` of what one file holds to standard output, decoding only the groups that have them.
pub fn range(names: &[Name], span: Span, settings: &Settings, messages: &Messages) {
    let [name] = names else {
        return messages.error("usage", &anyhow!("--range takes one FILE"));
    };
    let models = match LocalModels::new(settings) {
        Ok(models) => models,
        Err(error) => return messages.error("model", &error),
    };
    write(name, span, &models, settings, messages)
        .unwrap_or_else(|failure| messages.failure(name, &failure));
}

fn write(
    name: &Name,
    span: Span,
    models: &LocalModels,
    settings: &Settings,
    messages: &Messages,
) -> Result<(), Failure> {
    let mut source = open(name, true)?;
    let Some(file) = source.seekable() else {
        let reason =
            "--range needs a named file; standard input and pipes have no way back and forth";
        Err(anyhow!(reason))?
    };
    // Asked first, so that nothing is written of a range that is not all there.
    let lengths = stream::lengths(BufReader::new(&mut *file))?;
    if lengths.foreign_bytes > 0 {
        Err(stream::foreign_bytes(lengths.foreign_bytes))?;
    }
    let end = bounds(span, lengths.plain_bytes)?;
    let mut target = Target::stdout(false)?;
    let form = messages.progress_beside(target.is_terminal());
    let line =
        Line::new(Operation::Decompress, name, None, form).telling_groups(messages.tells_groups());
    let options = options(settings);
    let range = span.start..end;
    let done = stream::decompress_range(file, &mut target, models, &options, range, &line)?;
    target.commit(None)?;
    let elapsed = line.elapsed();
    line.done(&done, elapsed);
    Ok(())
}

/// Where the range ends.
fn bounds(span: Span, plain_len: u64) -> anyhow::Result<u64> {
    let end = span.end.unwrap_or(plain_len);
    if span.start > plain_len || end > plain_len {
        let (what, at) = match span.start > plain_len {
            true => ("begins", span.start),
            false => ("ends", end),
        };
        bail!("the range {what} at byte {at}, and the original has {plain_len}");
    }
    Ok(end)
}
