//! Compressing what comes piece by piece.

use std::sync::Mutex;

use llmzip::stream;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::PyBytes;

use crate::buffers::Bytes;
use crate::errors::invalid;
use crate::options::CompressSettings;
use crate::pipe::{Pipe, Until};

/// Nothing is to be ended.
const CONTINUE: i64 = 0;
/// What was given so far becomes a whole frame.
const FLUSH_FRAME: i64 = 2;

/// The base of `LlmzipCompressor`.
#[pyclass(frozen, subclass, module = "llmzip._native")]
pub struct Compressor {
    settings: Py<CompressSettings>,
    state: Mutex<State>,
}

struct State {
    /// The frame that is begun.
    frame: Option<Pipe>,
    last_mode: i64,
    /// Frames that were ended.
    frames: u64,
}

impl State {
    /// Keeps a frame that has not come to its end, be it because of a failure: that is told again then.
    fn keep(&mut self, frame: Pipe, mode: i64, is_ok: bool) {
        match mode == FLUSH_FRAME && is_ok {
            true => self.frames += 1,
            false => self.frame = Some(frame),
        }
    }
}

impl Compressor {
    /// The state, without holding up others while it is another thread's.
    fn with<T>(&self, py: Python<'_>, act: impl FnOnce(&mut State) -> PyResult<T>) -> PyResult<T> {
        let state = self.state.lock_py_attached(py);
        act(&mut state.unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// The frame that is begun, or a new one.
    fn begin(&self, py: Python<'_>) -> PyResult<Pipe> {
        let settings = self.settings.clone_ref(py);
        let (codec, model) = {
            let settings = settings.get();
            (settings.codec.clone(), settings.model.clone())
        };
        let options = settings.get().options.clone();
        Pipe::new(move |reader, writer, watch| {
            let done = stream::compress(reader, writer, &codec, &options, watch)?;
            model.map_or(Ok(()), |model| model.check_unchanged())?;
            Ok(done.plain_bytes)
        })
    }
}

#[pymethods]
impl Compressor {
    #[new]
    fn new(settings: Py<CompressSettings>) -> Self {
        let state = State { frame: None, last_mode: FLUSH_FRAME, frames: 0 };
        Compressor { settings, state: Mutex::new(state) }
    }

    /// Takes bytes of the original; gives bytes of the file, if there are some already.
    #[pyo3(signature = (data, mode = CONTINUE))]
    fn compress<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
        mode: i64,
    ) -> PyResult<Bound<'py, PyBytes>> {
        if ![CONTINUE, FLUSH_FRAME].contains(&mode) {
            return Err(invalid(py, format!("mode {mode}: CONTINUE and FLUSH_FRAME are there")));
        }
        let data = Bytes::of(data)?;
        self.with(py, |state| {
            let mut frame = match state.frame.take() {
                Some(frame) => frame,
                None => self.begin(py)?,
            };
            let until = if mode == FLUSH_FRAME { Until::Over } else { Until::Brought };
            let packed = frame.exchange(py, data.as_slice(), until);
            state.last_mode = mode;
            state.keep(frame, mode, packed.is_ok());
            Ok(PyBytes::new(py, &packed?))
        })
    }

    /// Ends the frame, and gives the rest of it. What comes afterwards becomes another one.
    #[pyo3(signature = (mode = FLUSH_FRAME))]
    fn flush<'py>(&self, py: Python<'py>, mode: i64) -> PyResult<Bound<'py, PyBytes>> {
        if mode != FLUSH_FRAME {
            return Err(invalid(py, format!("mode {mode}: what is flushed is a whole frame")));
        }
        self.with(py, |state| {
            let mut frame = match state.frame.take() {
                Some(frame) => frame,
                // Nothing at all becomes an empty file; nothing behind a frame becomes nothing.
                None if state.frames == 0 => self.begin(py)?,
                None => return Ok(PyBytes::new(py, b"")),
            };
            let packed = frame.exchange(py, &[], Until::Over);
            state.last_mode = FLUSH_FRAME;
            state.keep(frame, FLUSH_FRAME, packed.is_ok());
            Ok(PyBytes::new(py, &packed?))
        })
    }

    /// The mode of the last call; FLUSH_FRAME before the first.
    #[getter]
    fn last_mode(&self, py: Python<'_>) -> PyResult<i64> {
        self.with(py, |state| Ok(state.last_mode))
    }
}
