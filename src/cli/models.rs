//! Which model a level, a flag or a file asks for.

mod check;
mod defaults;
mod export;
mod graph;
mod learned;
mod made;
mod make;
mod manage;
mod named;

use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use llmzip::codec::{BuiltinModels, Codec, Level};
use llmzip::import::{CachedModel, ModelCache, is_onnx, known_model};
use llmzip::model::{BUILTIN_NAME, Model, Storage, builtin};
use llmzip::stream::{GroupCodec, GroupParams, ModelSource};

use super::args::{Models, Settings, Show};
use super::messages::Messages;
pub use defaults::Defaults;
use named::Named;

/// Models with more bytes than this take minutes for what the builtin does in seconds.
const SLOW_BYTES: u64 = 50 << 20;
/// The large model of level 9.
pub const LARGE_NAME: &str = "qwen3-0.6b";

/// What compresses, and the parameters that are recorded with it.
pub struct Encoder {
    pub codec: Arc<dyn GroupCodec>,
    /// The same, known to be ours.
    pub concrete: Arc<Codec>,
    pub params: GroupParams,
    model: Option<Arc<Model>>,
    /// The codec again if its model is so large that people should know how long it takes.
    pub slow: Option<Arc<Codec>>,
    /// How the choice is called in reports.
    pub name: String,
    /// Length of the model's file; 0 without a model.
    pub model_bytes: u64,
}

impl Encoder {
    /// Refuses a model whose file was written to since; to be asked before a result is kept.
    pub fn check_unchanged(&self) -> llmzip::Result<()> {
        self.model.as_ref().map_or(Ok(()), |model| model.check_unchanged())
    }
}

/// The encoder for the level, model, lanes and window that were asked for.
pub fn encoder(settings: &Settings) -> anyhow::Result<Encoder> {
    let level = Level::from_number(settings.level())?;
    let params = GroupParams {
        lanes: settings.lanes.unwrap_or(0),
        window: settings.window.unwrap_or(0),
        ..level.params()
    };
    if !level.has_model() {
        if settings.model.is_some() {
            bail!("level {} uses no model; levels 4 to 9 do", settings.level());
        }
        let codec = Arc::new(profiled(Codec::without_model(), settings));
        return Ok(Encoder {
            codec: codec.clone(),
            concrete: codec,
            params,
            model: None,
            slow: None,
            name: format!("llmzip -{}", settings.level()),
            model_bytes: 0,
        });
    }
    let messages = &Messages::new(settings.verbosity, Show::Auto);
    let model = match (&settings.model, &settings.default_model) {
        (Some(model), _) => open(model, messages)?,
        (None, _) if level == Level::Large => open(OsStr::new(LARGE_NAME), messages)?,
        (None, Some(model)) => {
            open(model, messages).context("the default model (LLMZIP_MODEL or config.toml)")?
        }
        (None, None) => builtin(),
    };
    let model_bytes = model.stored_bytes() as u64;
    let name = match model.id() == builtin().id() {
        true => format!("llmzip -{}", settings.level()),
        false => format!("llmzip -{} {}", settings.level(), model.name()),
    };
    let codec = Arc::new(profiled(Codec::with_model(model.clone())?.scouted(), settings));
    let slow = (model_bytes > SLOW_BYTES).then(|| codec.clone());
    Ok(Encoder {
        codec: codec.clone(),
        concrete: codec,
        params,
        model: Some(model),
        slow,
        name,
        model_bytes,
    })
}

/// The codec, noting where the time goes if that was asked for.
fn profiled(codec: Codec, settings: &Settings) -> Codec {
    match &settings.profile {
        Some(profile) => codec.profiled(profile.clone()),
        None => codec,
    }
}

/// The model that messages are coded with, on either side.
pub fn for_messages(settings: &Settings) -> anyhow::Result<Option<Arc<Model>>> {
    let messages = &Messages::new(settings.verbosity, Show::Auto);
    let named = settings.model.as_ref().or(settings.default_model.as_ref());
    let model = named.map(|model| open(model, messages)).transpose()?;
    Ok(model.filter(|model| model.id() != builtin().id()))
}

/// The model that the user names: the builtin, a model of the cache by its name or identity, a
/// `.llmw`, `.gguf` or `.onnx` file, a Hugging Face directory, or a repository of the hub whose files are here.
pub fn open(model: &OsStr, messages: &Messages) -> anyhow::Result<Arc<Model>> {
    let path = Path::new(model);
    if model == BUILTIN_NAME {
        return Ok(builtin());
    }
    // A name of the cache goes before a file that happens to be called the same; `./NAME` is a file.
    if let Some(name) = model.to_str()
        && let Some(cached) = in_cache(name, path.exists())?
    {
        let opened = cached.open().with_context(|| {
            format!("{} (`llmzip models remove {name}` deletes it)", cached.path.display())
        });
        return Ok(Arc::new(opened?));
    }
    if is_of_others(path) {
        return made::open(path, &name_of(path), messages);
    }
    if path.is_file() {
        let opened = Storage::from_file(path).and_then(Model::open);
        return Ok(Arc::new(opened.with_context(|| path.display().to_string())?));
    }
    let name = model.to_str().unwrap_or_default();
    if let Some(named) = Named::of(name)
        && let Some(model) = named.open(messages)?
    {
        return Ok(model);
    }
    match (known_model(name), Named::of(name)) {
        (Some(known), _) => bail!(
            "the model {name} is not here: `llmzip models pull {name}` gets it, `llmzip models \
             import DIR --name {name}` makes it from the files of {repository}",
            name = known.name,
            repository = known.repository
        ),
        (None, Some(_)) => bail!(
            "no model {name:?} is here: `llmzip models pull {name}` gets it if it is one of the hub's"
        ),
        (None, None) => bail!(
            "no model {:?} is here: name one of `llmzip models list`, a .llmw, .gguf or .onnx file, \
             or a Hugging Face directory",
            path.display()
        ),
    }
}

/// The model of this name in the cache. What is there as a file needs no cache, which may be unreadable then, or nowhere.
fn in_cache(name: &str, is_file: bool) -> llmzip::Result<Option<CachedModel>> {
    let cache = match ModelCache::from_env() {
        Err(_) if is_file => return Ok(None),
        cache => cache?,
    };
    match cache.find(name) {
        Err(llmzip::Error::Io(_)) if is_file => Ok(None),
        found => found,
    }
}

/// Whether this is what models are made of, and no model of ours.
fn is_of_others(path: &Path) -> bool {
    let is_gguf =
        || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"));
    path.is_dir() || is_gguf() || is_onnx(path)
}

/// What a model made of these files is called, unless the user says otherwise.
pub fn name_of(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = if path.is_dir() { path.file_name() } else { path.file_stem() };
    let name = name.map_or("model".into(), OsStr::to_string_lossy);
    // Files that name a model have 64 bytes for it.
    name.chars().filter(|c| !c.is_control()).take(15).collect()
}

/// The models of this machine, found by the identity that a file records.
#[derive(Default)]
pub struct LocalModels {
    named: Option<Arc<Model>>,
    /// Those of the cache that were given out since the last check.
    given: Mutex<Vec<Arc<Model>>>,
}

impl LocalModels {
    /// The builtin, the cache, and the model that the user names.
    pub fn new(settings: &Settings) -> anyhow::Result<LocalModels> {
        let open = |model| open(model, &Messages::new(settings.verbosity, Show::Auto));
        let named = settings.model.as_deref().map(open).transpose()?;
        Ok(LocalModels { named, ..LocalModels::default() })
    }

    /// Refuses results of a model whose file was written to since; to be asked before they are kept.
    pub fn check_unchanged(&self) -> llmzip::Result<()> {
        let given = std::mem::take(&mut *self.given.lock().unwrap_or_else(PoisonError::into_inner));
        self.named.iter().chain(&given).try_for_each(|model| model.check_unchanged())
    }
}

impl ModelSource for LocalModels {
    /// First the model that the user names, then the builtin, then those of the cache.
    fn by_prefix(
        &self,
        id_prefix: &[u8],
        nth: usize,
        name_hint: &str,
    ) -> llmzip::Result<Arc<dyn GroupCodec>> {
        let fits = |model: &Arc<Model>| model.id().0.starts_with(id_prefix);
        let builtin = builtin();
        let mut at_hand: Vec<_> = self.named.iter().filter(|model| fits(model)).cloned().collect();
        if fits(&builtin) && at_hand.iter().all(|named| named.id() != builtin.id()) {
            at_hand.push(builtin);
        }
        if let Some(model) = at_hand.get(nth) {
            return Ok(Arc::new(Codec::with_model(model.clone())?));
        }
        let mut cached = ModelCache::from_env()?.by_prefix(id_prefix)?;
        cached.retain(|cached| at_hand.iter().all(|model| *model.id() != cached.summary.id));
        if let Some(cached) = cached.get(nth - at_hand.len()) {
            let model = Arc::new(cached.open()?);
            self.given.lock().unwrap_or_else(PoisonError::into_inner).push(model.clone());
            return Ok(Arc::new(Codec::with_model(model)?));
        }
        Err(llmzip::Error::MissingModel {
            identity: llmzip::container::hex(&id_prefix[..id_prefix.len().min(8)]),
            hint: make::how_to_get(name_hint),
        })
    }

    fn without_model(&self) -> Arc<dyn GroupCodec> {
        BuiltinModels.without_model()
    }
}

/// Does what `llmzip models ...` asks; the text to print comes back.
pub fn run(models: &Models, messages: &Messages) -> anyhow::Result<String> {
    match models {
        Models::List { json, .. } => manage::list(*json),
        Models::Info { model, .. } => manage::info(model),
        Models::Remove { model, .. } => manage::remove(model),
        Models::Verify { model, .. } => manage::verify(model.as_deref()),
        Models::Import { source, name, output, making, .. } => {
            let name = name.clone().unwrap_or_else(|| {
                name_of(source) + if making.bits == 4 { make::FOUR_BITS } else { "" }
            });
            make::import(source, &name, output.as_deref(), making, messages)
        }
        Models::Pull { name, revision, making, .. } => {
            make::pull(name, revision.as_deref(), making, messages)
        }
        Models::Export { model, dir, force, .. } => export::export(model, dir, *force),
        Models::Check { model, text, dir, json, .. } => {
            check::check(model, text.as_deref(), dir.as_deref(), *json, messages)
        }
    }
}
