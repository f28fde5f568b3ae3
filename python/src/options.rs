//! What a caller can choose, checked once and used for any number of calls.

use std::sync::Arc;

use llmzip::codec::{Codec, Level};
use llmzip::model;
use llmzip::stream::{CompressOptions, DEFAULT_MEMORY_LIMIT, DecompressOptions, GroupCodec};
use llmzip::{Error, Result};
use pyo3::prelude::*;

use crate::errors::{exception, invalid};
use crate::models::Model;
use crate::work::{self, Caller};

/// How to compress.
#[pyclass(frozen, module = "llmzip._native")]
pub struct CompressSettings {
    pub codec: Arc<dyn GroupCodec>,
    pub options: CompressOptions,
    /// To see that nobody writes to its file.
    pub model: Option<Arc<model::Model>>,
}

impl CompressSettings {
    /// Refuses results of a model whose file was written to since.
    pub fn check_unchanged(&self) -> Result<()> {
        self.model.as_ref().map_or(Ok(()), |model| model.check_unchanged())
    }
}

#[pymethods]
impl CompressSettings {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "they are the keywords of Python's functions")]
    fn new(
        py: Python<'_>,
        level: i64,
        model: Option<&Bound<'_, Model>>,
        lanes: i64,
        window: i64,
        group_bytes: Option<i64>,
        full_hashes: bool,
        verify: bool,
        memory_limit: Option<i64>,
    ) -> PyResult<Self> {
        let number = u8::try_from(level).unwrap_or(u8::MAX);
        let chosen = Level::from_number(number)
            .map_err(|_| invalid(py, format!("level {level}: the levels are 1 to 9")))?;
        let mut options = CompressOptions {
            params: chosen.params(),
            full_hashes,
            verify,
            memory_limit: count(py, "memory_limit", memory_limit)?.unwrap_or(DEFAULT_MEMORY_LIMIT),
            ..CompressOptions::default()
        };
        options.params.lanes = small(py, "lanes", lanes)?;
        options.params.window = small(py, "window", window)?;
        options.params.validate().map_err(|error| exception(py, &error))?;
        if let Some(bytes) = count(py, "group_bytes", group_bytes)? {
            options.group_bytes = bytes;
        }
        let (codec, model): (Arc<dyn GroupCodec>, _) = match model.map(Bound::get) {
            Some(_) if !chosen.has_model() => {
                let what = format!("level {level} uses no model; levels 4 to 9 do");
                return Err(invalid(py, what));
            }
            Some(model) => (model.codec.clone(), Some(model.model.clone())),
            None if !chosen.has_model() => (Arc::new(Codec::without_model()), None),
            None if chosen == Level::Large => {
                let large = work::run(py, Caller::default(), |_| Model::large())?;
                (large.codec, Some(large.model))
            }
            None => (work::run(py, Caller::default(), |_| Ok(Arc::new(Codec::builtin()?)))?, None),
        };
        let settings = CompressSettings { codec, options, model };
        // What no file can record is refused here, and not when the first bytes come.
        let log2 = settings.options.group_bytes;
        if !log2.is_power_of_two() || !(1 << 10..=1 << 30).contains(&log2) {
            let what =
                format!("group_bytes is a power of two from 1024 to {}, not {log2}", 1 << 30);
            return Err(exception(py, &Error::Invalid { what }));
        }
        Ok(settings)
    }
}

/// How to decompress.
#[pyclass(frozen, module = "llmzip._native")]
pub struct DecompressSettings {
    pub model: Option<Arc<model::Model>>,
    pub options: DecompressOptions,
}

#[pymethods]
impl DecompressSettings {
    #[new]
    fn new(
        py: Python<'_>,
        model: Option<&Bound<'_, Model>>,
        max_output: Option<i64>,
        memory_limit: Option<i64>,
    ) -> PyResult<Self> {
        let options = DecompressOptions {
            max_output: count(py, "max_output", max_output)?,
            memory_limit: count(py, "memory_limit", memory_limit)?.unwrap_or(DEFAULT_MEMORY_LIMIT),
            ..DecompressOptions::default()
        };
        Ok(DecompressSettings { model: model.map(|model| model.get().model.clone()), options })
    }
}

/// A number of bytes.
fn count(py: Python<'_>, name: &str, value: Option<i64>) -> PyResult<Option<u64>> {
    let checked = |value: i64| u64::try_from(value).map_err(|_| cannot_be(py, name, value));
    value.map(checked).transpose()
}

/// A number that a file records.
fn small(py: Python<'_>, name: &str, value: i64) -> PyResult<u32> {
    u32::try_from(value).map_err(|_| cannot_be(py, name, value))
}

fn cannot_be(py: Python<'_>, name: &str, value: i64) -> PyErr {
    invalid(py, format!("{name}: {value} cannot be"))
}
