//! Messages by themselves, coded with a text that they are like.

use std::sync::Arc;

use llmzip::message::{Datagrams, MAX_REFERENCE_BYTES, Profile, Reference};
use llmzip::{Error, Result};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::buffers::Bytes;
use crate::calls::all;
use crate::models::Model;
use crate::work::{self, Caller};

/// A reference that was run through once, for messages that are coded alone.
#[pyclass(frozen, module = "llmzip")]
pub struct Dict {
    datagrams: Arc<Datagrams>,
    reference: Reference,
}

#[pymethods]
impl Dict {
    #[new]
    fn new(
        py: Python<'_>,
        content: &Bound<'_, PyAny>,
        model: Option<&Bound<'_, Model>>,
        check_bytes: u8,
    ) -> PyResult<Dict> {
        let content = Bytes::of(content)?;
        let model = model.map(|model| model.get().model.clone());
        work::run(py, Caller::default(), |_| {
            let reference = Reference::new(content.as_slice())?;
            let profile = Profile {
                model,
                reference: Some(reference.clone()),
                check_bytes: check_bytes.into(),
                ..Profile::default()
            };
            Ok(Dict { datagrams: Arc::new(Datagrams::new(&profile)?), reference })
        })
    }

    #[getter]
    fn content<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.reference.text())
    }

    #[getter]
    fn sha256<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.reference.id())
    }

    fn compress_many<'py>(
        &self,
        py: Python<'py>,
        many: Vec<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let plains = all(&many)?;
        let packed = work::run(py, Caller::default(), |_| {
            let plains: Vec<&[u8]> = plains.iter().map(Bytes::as_slice).collect();
            self.datagrams.compress_many(&plains)
        })?;
        PyList::new(py, packed.iter().map(|bytes| PyBytes::new(py, bytes)))
    }

    fn decompress_many<'py>(
        &self,
        py: Python<'py>,
        many: Vec<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let packed = all(&many)?;
        let plains = work::run(py, Caller::default(), |_| {
            let packed: Vec<&[u8]> = packed.iter().map(Bytes::as_slice).collect();
            self.datagrams.decompress_many(&packed).into_iter().collect::<Result<Vec<Vec<u8>>>>()
        })?;
        PyList::new(py, plains.iter().map(|bytes| PyBytes::new(py, bytes)))
    }
}

/// A reference of at most so many bytes that stands for some samples.
#[pyfunction]
pub fn train<'py>(
    py: Python<'py>,
    samples: Vec<Bound<'py, PyAny>>,
    most_bytes: usize,
) -> PyResult<Bound<'py, PyBytes>> {
    let samples = all(&samples)?;
    let built = work::run(py, Caller::default(), |_| {
        if most_bytes > MAX_REFERENCE_BYTES {
            let what = format!("a dictionary has at most {MAX_REFERENCE_BYTES} bytes");
            return Err(Error::Invalid { what });
        }
        let samples: Vec<&[u8]> = samples.iter().map(Bytes::as_slice).collect();
        llmzip::message::build_reference(&samples, most_bytes)
    })?;
    Ok(PyBytes::new(py, &built))
}
