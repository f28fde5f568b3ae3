//! A model of other people's files: made once, kept where the program keeps its own.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use llmzip::Result;
use llmzip::import::{
    CachedModel, ImportOptions, ModelCache, Origin, import_model, import_to_file,
};
use llmzip::model::{Model, Storage, inspect_llmw};

/// The model of a GGUF or ONNX file or a Hugging Face directory.
pub fn open(path: &Path) -> Result<Model> {
    let name = name_of(path);
    let origin = Origin::of(path)?;
    let cache = ModelCache::from_env();
    if let Ok(cache) = &cache {
        // What does not open any more is made again.
        if let Ok(Some(cached)) = cache.made_of(&origin)
            && let Ok(model) = cached.open()
        {
            return Ok(model);
        }
        if fs::create_dir_all(cache.dir()).is_ok() {
            let cached = make(path, &name, cache)?;
            // Files that changed meanwhile may have given anything; what is not noted is made again.
            if Origin::of(path).is_ok_and(|now| now == origin) {
                let _ = note(&origin, &cached, cache);
            }
            return cached.open();
        }
    }
    // Where nothing can be kept it is made each time.
    Model::open(Storage::copy(&import_model(path, &ImportOptions::large(&name))?))
}

/// What the program calls a model of these files.
fn name_of(path: &Path) -> String {
    let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
    let name = name.map_or("model".into(), OsStr::to_string_lossy);
    name.chars().filter(|c| !c.is_control()).take(15).collect()
}

/// Makes it under a name that nobody else uses, and then gives it its place.
fn make(path: &Path, name: &str, cache: &ModelCache) -> Result<CachedModel> {
    let unfinished = Unfinished::new(cache.dir(), name);
    let id = import_to_file(path, &ImportOptions::large(name), &unfinished.0)?;
    // The same weights under another name take no second place.
    let same = cache.by_prefix(&id.0).unwrap_or_default().pop();
    if let Some(same) = same.filter(|same| same.open().is_ok()) {
        return Ok(same);
    }
    let place = cache.place(name, &id);
    fs::rename(&unfinished.0, &place)?;
    let summary = inspect_llmw(&place)?;
    Ok(CachedModel { path: place, summary })
}

fn note(origin: &Origin, made: &CachedModel, cache: &ModelCache) -> std::io::Result<()> {
    let place = origin.note(cache);
    let Some(folder) = place.parent() else { return Ok(()) };
    fs::create_dir_all(folder)?;
    let unfinished = Unfinished::new(folder, "note");
    fs::write(&unfinished.0, ModelCache::note_of(&made.summary.id))?;
    fs::rename(&unfinished.0, place)
}

/// The path of a file that is not finished; nothing is left of it unless it was renamed.
struct Unfinished(PathBuf);

impl Unfinished {
    fn new(folder: &Path, name: &str) -> Unfinished {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = name.replace('/', "_");
        Unfinished(folder.join(format!(".{name}.tmp-{}-{number}", std::process::id())))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
