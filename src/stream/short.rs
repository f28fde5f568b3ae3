//! A short frame, whose model is named by two bytes.

use std::io::Read;

use super::decode::{Early, Pending, Plain};
use super::models::Models;
use super::progress::Progress;
use crate::container::{Method, ShortHead, Source};
use crate::error::{Error, Result};

/// Reads what follows the magic of a short frame whose original begins `base` bytes into the output.
///
/// Two bytes name its model; of several that fit, any that satisfies the check is the right one.
pub(super) fn read_short<R: Read>(
    source: &mut Source<R>,
    base: u64,
    models: &mut Models,
    memory_limit: u64,
    progress: &dyn Progress,
) -> Result<(Method, Plain)> {
    let head = ShortHead::read(source)?;
    let group = Pending::of_short(&head, base, models, 0)?;
    group.require_memory(memory_limit)?;
    let job = group.take_short_payload(source)?;
    job.require_memory(memory_limit)?;
    let early: &Early = &|_| Ok(());
    let Some(prefix) = head.model_prefix else {
        return Ok((head.method, job.decode(progress, early)?));
    };
    let first = match job.clone().decode(progress, early) {
        Err(error @ Error::Damaged { .. }) => error,
        decoded => return Ok((head.method, decoded?)),
    };
    for nth in 1.. {
        let group = match Pending::of_short(&head, base, models, nth) {
            Err(Error::MissingModel { .. }) => break,
            group => group?,
        };
        let job = job.of(group);
        if job.require_memory(memory_limit).is_err() {
            continue;
        }
        match job.decode(progress, early) {
            Err(Error::Damaged { .. }) => {}
            decoded => {
                models.was_right(prefix, nth);
                return Ok((head.method, decoded?));
            }
        }
    }
    Err(first)
}
