//! Bytes that belong to Python, used where they lie.

use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::{PyBufferError, PyTypeError};
use pyo3::prelude::*;

/// The memory of any object that shows it in one piece: bytes, bytearray, memoryview, array, mmap, an array of numpy.
pub struct Bytes(PyUntypedBuffer);

impl Bytes {
    /// Asks an object for its memory.
    pub fn of(object: &Bound<'_, PyAny>) -> PyResult<Bytes> {
        let buffer = PyUntypedBuffer::get(object).map_err(|error| {
            match error.is_instance_of::<PyTypeError>(object.py()) {
                true => PyTypeError::new_err(format!(
                    "a bytes-like object is required, not {}",
                    object.get_type().name().map_or("this".into(), |name| name.to_string())
                )),
                false => error,
            }
        })?;
        match buffer.is_c_contiguous() {
            true => Ok(Bytes(buffer)),
            false => Err(PyBufferError::new_err("the memory must be in one piece (C-contiguous)")),
        }
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        match self.0.len_bytes() {
            0 => &[],
            // SAFETY: the exporter keeps so many bytes there until the buffer is released, which is when `self` is
            // dropped, and they are contiguous. As for all modules that let others run meanwhile, who writes to them
            // during a call gets what he deserves: what is read is taken for nothing but bytes.
            len => unsafe { std::slice::from_raw_parts(self.0.buf_ptr().cast(), len) },
        }
    }
}
