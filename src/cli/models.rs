//! Which codec a level or a file asks for.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use llmzip::codec::{BuiltinModels, Codec, Level};
use llmzip::import::{ImportOptions, import_directory};
use llmzip::model::{BUILTIN_NAME, Model, Storage, builtin};
use llmzip::stream::{GroupCodec, GroupParams, ModelSource};

use super::args::Settings;
use super::messages::Messages;

/// The large model of level 9.
const LARGE_NAME: &str = "qwen3-0.6b";

/// What compresses, and the parameters that are recorded with it.
pub struct Encoder {
    pub codec: Arc<dyn GroupCodec>,
    pub params: GroupParams,
    /// How the choice is called in reports.
    pub name: String,
    /// Length of the model's file; 0 without a model.
    pub model_bytes: u64,
}

/// The encoder for the level, model, lanes and window that were asked for.
pub fn encoder(settings: &Settings) -> anyhow::Result<Encoder> {
    let level = Level::from_number(settings.level)?;
    let params = GroupParams {
        lanes: settings.lanes.unwrap_or(0),
        window: settings.window.unwrap_or(0),
        ..level.params()
    };
    if !level.has_model() {
        if settings.model.is_some() {
            bail!("level {} uses no model; levels 5, 7 and 9 do", settings.level);
        }
        let codec = Arc::new(Codec::without_model());
        return Ok(Encoder {
            codec,
            params,
            name: format!("llmzip-{}", settings.level),
            model_bytes: 0,
        });
    }
    let model = match &settings.model {
        Some(model) => open(model)?,
        None if level == Level::Large => bail!(
            "level 9 needs the model {LARGE_NAME}, which is not here: make it from its Hugging Face \
             directory with `llmzip models import DIR -o FILE.llmw` and name it with --model"
        ),
        None => builtin(),
    };
    let model_bytes = model.stored_bytes() as u64;
    let name = match model.id() == builtin().id() {
        true => format!("llmzip-{}", settings.level),
        false => format!("llmzip-{} {}", settings.level, model.name()),
    };
    Ok(Encoder { codec: Arc::new(Codec::with_model(model)?), params, name, model_bytes })
}

/// The model that the user names: the builtin, a `.llmw` file or a Hugging Face directory.
fn open(model: &OsStr) -> anyhow::Result<Arc<Model>> {
    let path = Path::new(model);
    if model == BUILTIN_NAME {
        return Ok(builtin());
    }
    if path.is_dir() {
        let bytes = import_directory(path, &import_options(path))?;
        return Ok(Arc::new(Model::open(Storage::copy(&bytes))?));
    }
    if !path.exists() {
        bail!(
            "no model {:?} is here: name {BUILTIN_NAME}, a .llmw file, or a Hugging Face directory",
            path.display()
        );
    }
    let opened = Storage::from_file(path).and_then(Model::open);
    Ok(Arc::new(opened.with_context(|| path.display().to_string())?))
}

/// The models of this machine, found by the identity that a file records.
#[derive(Default)]
pub struct LocalModels {
    named: Option<Arc<Model>>,
}

impl LocalModels {
    /// The builtin, and the model that the user names.
    pub fn new(settings: &Settings) -> anyhow::Result<LocalModels> {
        Ok(LocalModels { named: settings.model.as_deref().map(open).transpose()? })
    }
}

impl ModelSource for LocalModels {
    fn by_prefix(&self, id_prefix: &[u8], name_hint: &str) -> llmzip::Result<Arc<dyn GroupCodec>> {
        match &self.named {
            Some(model) if model.id().0.starts_with(id_prefix) => {
                Ok(Arc::new(Codec::with_model(model.clone())?))
            }
            _ => BuiltinModels.by_prefix(id_prefix, name_hint),
        }
    }

    fn without_model(&self) -> Arc<dyn GroupCodec> {
        BuiltinModels.without_model()
    }
}

/// A list of the models that can be used here, for people or as JSON.
pub fn list(json: bool) -> anyhow::Result<String> {
    let model = builtin();
    let config = model.config();
    if json {
        let list = serde_json::json!([{
            "name": model.name(),
            "identity": model.id().to_string(),
            "bytes": model.stored_bytes(),
            "parameters": config.parameters(),
            "window": config.window,
        }]);
        return Ok(serde_json::to_string_pretty(&list)? + "\n");
    }
    let (parameters, megabytes) =
        (config.parameters() as f64 / 1e6, model.stored_bytes() as f64 / 1e6);
    Ok(format!(
        "{:<10}  {:>10}  {:>8}  {:>6}  {}\n{:<10}  {:>9.1}M  {:>5.1} MB  {:>6}  {}\n",
        "name",
        "parameters",
        "size",
        "window",
        "identity (SHA-256)",
        model.name(),
        parameters,
        megabytes,
        config.window,
        model.id(),
    ))
}

fn import_options(dir: &Path) -> ImportOptions {
    let name = dir.file_name().map_or("model".into(), |name| name.to_string_lossy().into_owned());
    ImportOptions { name, ..ImportOptions::builtin() }
}

/// Quantises the model in `dir` into one file; the text to print comes back.
pub fn import(
    dir: &Path,
    output: Option<&Path>,
    force: bool,
    messages: &Messages,
) -> anyhow::Result<String> {
    let options = import_options(dir);
    let target: PathBuf =
        output.map_or_else(|| PathBuf::from(format!("{}.llmw", options.name)), Path::to_owned);
    if target.exists() && !force {
        bail!("{} is already there; -f replaces it", target.display());
    }
    messages.note(&format!("importing {}", dir.display()));
    let bytes = import_directory(dir, &options)?;
    let model = Model::open(Storage::copy(&bytes))?;
    let beside = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(beside.unwrap_or(Path::new(".")))?;
    file.write_all(&bytes)?;
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|error| anyhow!(error.error))?;
    Ok(format!("{}: {} bytes, identity {}\n", target.display(), bytes.len(), model.id()))
}
