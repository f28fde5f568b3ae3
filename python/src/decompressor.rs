//! Decompressing a frame that comes piece by piece.

use std::sync::Mutex;

use llmzip::stream;
use pyo3::exceptions::PyEOFError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::PyBytes;

use crate::buffers::Bytes;
use crate::models::Known;
use crate::options::DecompressSettings;
use crate::pipe::{Pipe, Until};

/// The base of `LlmzipDecompressor`.
#[pyclass(frozen, subclass, module = "llmzip._native")]
pub struct Decompressor {
    settings: Py<DecompressSettings>,
    state: Mutex<State>,
}

enum State {
    /// Nothing was given.
    New,
    Begun(Pipe),
    /// The frame's end was reached; what was given beyond it.
    Over(Vec<u8>),
}

impl Decompressor {
    /// The state, without holding up others while it is another thread's.
    fn with<T>(&self, py: Python<'_>, act: impl FnOnce(&mut State) -> PyResult<T>) -> PyResult<T> {
        let state = self.state.lock_py_attached(py);
        act(&mut state.unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn begin(&self) -> PyResult<Pipe> {
        let settings = self.settings.get();
        let (model, options) = (settings.model.clone(), settings.options.clone());
        Pipe::new(move |reader, writer, watch| {
            let models = Known::new(model);
            let done = stream::decompress_frame(reader, writer, &models, &options, watch)?;
            models.check_unchanged()?;
            Ok(done.stored_bytes)
        })
    }

    /// Brings `data`, perhaps as the last there is, and fetches at most so many bytes.
    fn exchange<'py>(
        &self,
        py: Python<'py>,
        state: &mut State,
        data: &[u8],
        most: usize,
        is_last: bool,
    ) -> PyResult<Bound<'py, PyBytes>> {
        if let State::New = state {
            *state = State::Begun(self.begin()?);
        }
        let State::Begun(pipe) = state else {
            return Err(PyEOFError::new_err("the frame has ended already"));
        };
        if is_last {
            pipe.end_input();
        }
        let plain = pipe.exchange(py, data, Until::Fetched(most))?;
        if pipe.is_over() {
            *state = State::Over(pipe.unused());
        }
        Ok(PyBytes::new(py, &plain))
    }
}

#[pymethods]
impl Decompressor {
    #[new]
    fn new(settings: Py<DecompressSettings>) -> Self {
        Decompressor { settings, state: Mutex::new(State::New) }
    }

    /// Takes bytes of the file; gives what is known of the original, at most `max_length` bytes if that is not negative.
    #[pyo3(signature = (data, max_length = -1))]
    fn decompress<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        max_length: isize,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let data = Bytes::of(data)?;
        let most = usize::try_from(max_length).unwrap_or(usize::MAX);
        self.with(py, |state| self.exchange(py, state, data.as_slice(), most, false))
    }

    /// Says that nothing follows what was given; gives at most so many more bytes. A frame that is not whole then is an
    /// error, which says what is missing and comes behind the last byte that is right.
    fn _finish<'py>(&self, py: Python<'py>, max_length: usize) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, |state| self.exchange(py, state, &[], max_length, true))
    }

    /// Whether the end of the frame was reached.
    #[getter]
    fn eof(&self, py: Python<'_>) -> PyResult<bool> {
        self.with(py, |state| Ok(matches!(state, State::Over(_))))
    }

    /// Whether there is nothing to give before more is given.
    #[getter]
    fn needs_input(&self, py: Python<'_>) -> PyResult<bool> {
        self.with(py, |state| {
            Ok(match state {
                State::New => true,
                State::Begun(pipe) => pipe.is_hungry(),
                State::Over(_) => false,
            })
        })
    }

    /// What was given beyond the end of the frame.
    #[getter]
    fn unused_data<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.with(py, |state| {
            Ok(match state {
                State::New | State::Begun(_) => PyBytes::new(py, b""),
                State::Over(unused) => PyBytes::new(py, unused),
            })
        })
    }
}
