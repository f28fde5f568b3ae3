//! Models by reference: the builtin, one of the program's cache by its name, or a file.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use llmzip::codec::{BuiltinModels, Codec};
use llmzip::container::hex;
use llmzip::import::{ModelCache, is_onnx, known_model};
use llmzip::model::{self, BUILTIN_NAME, Storage, builtin};
use llmzip::stream::{GroupCodec, ModelSource};
use llmzip::{Error, Result};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyType};

use crate::buffers::Bytes;
use crate::errors::{exception, invalid};
use crate::made;
use crate::work::{self, Caller};

/// A language model: `Model()` is the builtin.
///
/// A name is one of `llmzip models list`; a path is a .llmw, .gguf or .onnx file or a Hugging Face directory, of which a model
/// is made once and kept in the program's cache. A string that is both is a name; a `pathlib.Path` is always a path.
#[pyclass(frozen, module = "llmzip")]
pub struct Model {
    reference: String,
    pub model: Arc<model::Model>,
    pub codec: Arc<dyn GroupCodec>,
}

/// A way to name a model.
enum Reference {
    Name(String),
    Path(PathBuf),
}

impl Model {
    /// Opens what is referred to, and checks that this machine computes its numbers.
    fn open(reference: Reference) -> Result<Model> {
        let (reference, model) = match reference {
            Reference::Name(name) if name == BUILTIN_NAME => (name, builtin()),
            Reference::Name(name) => match in_cache(&name)? {
                Some(model) => (name, model),
                None if Path::new(&name).exists() => of_path(Path::new(&name))?,
                None => return Err(Error::Invalid { what: not_here(&name) }),
            },
            Reference::Path(path) => of_path(&path)?,
        };
        let codec = Arc::new(Codec::with_model(model.clone())?.scouted());
        Ok(Model { reference, model, codec })
    }

    /// The large model of level 9.
    pub fn large() -> Result<Model> {
        Model::open(Reference::Name("qwen3-0.6b".into()))
    }
}

/// The model of this name in the program's cache.
fn in_cache(name: &str) -> Result<Option<Arc<model::Model>>> {
    let is_file = Path::new(name).exists();
    let found = ModelCache::from_env().and_then(|cache| cache.find(name));
    match found {
        Ok(Some(cached)) => Ok(Some(Arc::new(cached.open()?))),
        // What is there as a file needs no cache.
        Ok(None) => Ok(None),
        Err(_) if is_file => Ok(None),
        Err(error) => Err(error),
    }
}

fn not_here(name: &str) -> String {
    match known_model(name) {
        Some(known) => format!(
            "the model {} is not here: `llmzip models pull {}` gets it",
            known.name, known.name
        ),
        None => format!("no model {name:?} is here: name one of `llmzip models list`, or a file"),
    }
}

/// The model of a file or directory, with its whole path.
fn of_path(path: &Path) -> Result<(String, Arc<model::Model>)> {
    let path = std::path::absolute(path)?;
    let is_gguf = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gguf"));
    let model = match path.is_dir() || is_gguf || is_onnx(&path) {
        true => made::open(&path)?,
        false => {
            let named = |error: std::io::Error| {
                std::io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            };
            std::fs::metadata(&path).map_err(named)?;
            model::Model::open(Storage::from_file(&path)?)?
        }
    };
    let reference = path.into_os_string().into_string();
    let reference =
        reference.map_err(|_| Error::Invalid { what: "the path is not UTF-8".into() })?;
    Ok((reference, Arc::new(model)))
}

#[pymethods]
impl Model {
    #[new]
    #[pyo3(signature = (reference = None))]
    fn new(py: Python<'_>, reference: Option<&Bound<'_, PyAny>>) -> PyResult<Model> {
        let reference = match reference {
            None => Reference::Name(BUILTIN_NAME.into()),
            Some(name) if name.is_instance_of::<PyString>() => Reference::Name(name.extract()?),
            Some(path) => Reference::Path(path.extract()?),
        };
        work::run(py, Caller::default(), |_| Model::open(reference))
    }

    /// The model of a reference, if its identity is `id`: what a pickle comes back as.
    #[classmethod]
    fn _same(_: &Bound<'_, PyType>, py: Python<'_>, reference: &str, id: &str) -> PyResult<Model> {
        let name = Path::new(reference).is_absolute();
        let reference = match name {
            true => Reference::Path(reference.into()),
            false => Reference::Name(reference.into()),
        };
        let model = work::run(py, Caller::default(), |_| Model::open(reference))?;
        match model.id() == id {
            true => Ok(model),
            false => {
                let hint = format!("{} is another one here", model.reference);
                let identity = id.chars().take(16).collect();
                Err(exception(py, &Error::MissingModel { identity, hint }))
            }
        }
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, (String, String))> {
        let model = slf.get();
        let same = slf.get_type().getattr("_same")?;
        Ok((same, (model.reference.clone(), model.id())))
    }

    /// What the model was opened by: a name, or a whole path.
    #[getter]
    fn reference(&self) -> &str {
        &self.reference
    }

    /// The SHA-256 of all that determines what it predicts, in hexadecimal digits.
    #[getter]
    fn id(&self) -> String {
        self.model.id().to_string()
    }

    /// What it is called.
    #[getter]
    fn name(&self) -> &str {
        self.model.name()
    }

    /// How many tokens its vocabulary has.
    #[getter]
    fn vocabulary_size(&self) -> usize {
        self.model.config().coded
    }

    /// Tokens that it sees at most.
    #[getter]
    fn window(&self) -> usize {
        self.model.config().window
    }

    /// Bytes of its file.
    #[getter]
    fn stored_bytes(&self) -> usize {
        self.model.stored_bytes()
    }

    /// Its shape.
    #[getter]
    fn config<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let json = serde_json::to_string(self.model.config());
        let json = json.map_err(|error| invalid(py, error.to_string()))?;
        py.import("json")?.call_method1("loads", (json,))
    }

    /// The numbers of the tokens that any bytes consist of.
    fn encode(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Vec<u32>> {
        let bytes = Bytes::of(data)?;
        work::run(py, Caller::default(), |_| self.model.tokenizer().encode(bytes.as_slice()))
    }

    /// The bytes of tokens, one behind the other.
    fn decode<'py>(&self, py: Python<'py>, tokens: Vec<u32>) -> PyResult<Bound<'py, PyBytes>> {
        let size = self.model.config().coded;
        if let Some(token) = tokens.iter().find(|&&token| token as usize >= size) {
            return Err(invalid(py, format!("token {token} of a vocabulary of {size}")));
        }
        Ok(PyBytes::new(py, &self.model.tokenizer().decode(&tokens)))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Model>().is_ok_and(|other| other.get().model.id() == self.model.id())
    }

    fn __hash__(&self) -> u64 {
        let id = &self.model.id().0;
        id.iter().take(8).fold(0, |hash, &byte| hash << 8 | u64::from(byte))
    }

    fn __repr__(&self) -> String {
        format!("<llmzip.Model {:?} {}>", self.reference, &self.id()[..12])
    }
}

/// Where files find their models: the one that is given, the builtin, those of the program's cache.
pub struct Known {
    named: Option<Arc<model::Model>>,
    /// Those of the cache that were given out.
    given: Mutex<Vec<Arc<model::Model>>>,
}

impl Known {
    pub fn new(named: Option<Arc<model::Model>>) -> Known {
        Known { named, given: Mutex::default() }
    }

    /// Refuses results of a model whose file was written to since; to be asked before they are given.
    pub fn check_unchanged(&self) -> Result<()> {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        self.named.iter().chain(given.iter()).try_for_each(|model| model.check_unchanged())
    }
}

impl ModelSource for Known {
    fn by_prefix(&self, prefix: &[u8], nth: usize, name_hint: &str) -> Result<Arc<dyn GroupCodec>> {
        let fits = |model: &Arc<model::Model>| model.id().0.starts_with(prefix);
        let mut at_hand: Vec<_> = self.named.iter().filter(|model| fits(model)).cloned().collect();
        let builtin = builtin();
        if fits(&builtin) && at_hand.iter().all(|named| named.id() != builtin.id()) {
            at_hand.push(builtin);
        }
        if let Some(model) = at_hand.get(nth) {
            return Ok(Arc::new(Codec::with_model(model.clone())?));
        }
        // Where there is no cache nothing is in it.
        let mut cached = match ModelCache::from_env() {
            Ok(cache) => cache.by_prefix(prefix)?,
            Err(_) => Vec::new(),
        };
        cached.retain(|cached| at_hand.iter().all(|model| *model.id() != cached.summary.id));
        if let Some(cached) = cached.get(nth - at_hand.len()) {
            let model = Arc::new(cached.open()?);
            self.given.lock().unwrap_or_else(PoisonError::into_inner).push(model.clone());
            return Ok(Arc::new(Codec::with_model(model)?));
        }
        let hint = match name_hint {
            "" => "it is neither the builtin nor one of the cache".to_owned(),
            name => format!("the file calls it {name:?}"),
        };
        Err(Error::MissingModel { identity: hex(&prefix[..prefix.len().min(8)]), hint })
    }

    fn without_model(&self) -> Arc<dyn GroupCodec> {
        BuiltinModels.without_model()
    }
}
