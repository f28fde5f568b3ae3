//! A model of other people's files, named as it lies there: made once, kept in the cache.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use llmzip::import::{
    CachedModel, ImportOptions, ModelCache, Origin, import_model, import_to_file,
};
use llmzip::model::{Model, ModelId, Storage, inspect_llmw};

use crate::cli::files::Temporary;
use crate::cli::messages::{Messages, reason};
use crate::cli::progress::Fetching;

/// Why a model is not in the cache.
enum Unkept {
    /// It cannot be written there; a model can be made all the same.
    Cache(anyhow::Error),
    /// It cannot be made of these files.
    Files(anyhow::Error),
}

/// The model of a Hugging Face directory, a GGUF file or an ONNX file, called so if it has to be made.
pub fn open(path: &Path, name: &str, messages: &Messages) -> anyhow::Result<Arc<Model>> {
    let kept = match ModelCache::from_env() {
        Ok(cache) => keep(path, name, &cache, messages),
        Err(error) => Err(Unkept::Cache(error.into())),
    };
    match kept {
        Ok(model) => Ok(Arc::new(model)),
        Err(Unkept::Files(error)) => Err(error),
        Err(Unkept::Cache(error)) => {
            let reason = reason(&error);
            let text =
                format!("making {name} of it, now and each time, for it cannot be kept: {reason}");
            messages.tell(path.display(), &text);
            let bytes = import_model(path, &ImportOptions::large(name))?;
            Ok(Arc::new(Model::open(Storage::copy(&bytes))?))
        }
    }
}

fn keep(path: &Path, name: &str, cache: &ModelCache, messages: &Messages) -> Result<Model, Unkept> {
    let files = |error: llmzip::Error| Unkept::Files(error.into());
    let origin = Origin::of(path).map_err(files)?;
    // What does not open any more is made again.
    if let Ok(Some(cached)) = cache.made_of(&origin)
        && let Ok(model) = cached.open()
    {
        return Ok(model);
    }
    let begun = Instant::now();
    let mut line = Fetching::new(!messages.is_quiet());
    line.tell(&format!("making {name} of {}, once", path.display()));
    let cached = make(path, name, cache)?;
    drop(line);
    let text = format!("made {name} of it, once: {:.1} s", begun.elapsed().as_secs_f64());
    messages.tell(path.display(), &text);
    // Files that changed meanwhile may have given anything; what is not noted is made again.
    if Origin::of(path).is_ok_and(|now| now == origin) {
        let _ = note(&origin, &cached.summary.id, cache);
    }
    cached.open().map_err(files)
}

/// Makes the model under a name of its own and then gives it its place, which other processes may do at the same time
/// with the same bytes.
fn make(path: &Path, name: &str, cache: &ModelCache) -> Result<CachedModel, Unkept> {
    let in_cache = |error: std::io::Error| {
        Unkept::Cache(anyhow::Error::new(error).context(cache.dir().display().to_string()))
    };
    fs::create_dir_all(cache.dir()).map_err(in_cache)?;
    let wanted = cache.dir().join(format!("{}.llmw", name.replace('/', "_")));
    let file = Temporary::beside(&wanted, false).map_err(in_cache)?;
    let options = ImportOptions::large(name);
    let id = import_to_file(path, &options, file.path()).map_err(|error| match error {
        llmzip::Error::Io(io) if lacks_room(&io) => in_cache(io),
        error => Unkept::Files(error.into()),
    })?;
    // The same weights under another name take no second place.
    let same = cache.by_prefix(&id.0).unwrap_or_default().pop();
    if let Some(same) = same.filter(|same| same.open().is_ok()) {
        return Ok(same);
    }
    let place = cache.place(name, &id);
    file.persist(&place, true).map_err(in_cache)?;
    let summary =
        inspect_llmw(&place).with_context(|| place.display().to_string()).map_err(Unkept::Cache)?;
    Ok(CachedModel { path: place, summary })
}

/// Whether it is the place for the model that fails, and not the files that it is made of.
fn lacks_room(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{
        FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull, WriteZero,
    };
    matches!(
        error.kind(),
        StorageFull | QuotaExceeded | FileTooLarge | ReadOnlyFilesystem | WriteZero
    )
}

fn note(origin: &Origin, id: &ModelId, cache: &ModelCache) -> std::io::Result<()> {
    let place = origin.note(cache);
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = Temporary::beside(&place, false)?;
    file.as_file().write_all(ModelCache::note_of(id).as_bytes())?;
    file.persist(&place, true)
}
