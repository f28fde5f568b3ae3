//! Compressed files to look into: bytes in memory, a path, or a file object.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::PathBuf;

use llmzip::Result;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::buffers::Bytes;
use crate::work::{self, Caller, Host};

/// Where a file is.
pub enum Input<'py> {
    Bytes(Bytes),
    Path(PathBuf),
    /// An object with `read` and `seek`, and where its file begins.
    Object(Bound<'py, PyAny>, u64),
}

/// A reader that can go anywhere.
pub trait Anywhere: Read + Seek {}

impl<T: Read + Seek> Anywhere for T {}

impl<'py> Input<'py> {
    /// What an argument says; a file object's file begins at `begin`.
    pub fn of(source: &Bound<'py, PyAny>, begin: u64) -> PyResult<Input<'py>> {
        if source.hasattr("read")? && source.hasattr("seek")? {
            return Ok(Input::Object(source.clone(), begin));
        }
        if source.is_instance_of::<PyString>() || source.hasattr("__fspath__")? {
            return Ok(Input::Path(source.extract()?));
        }
        Ok(Input::Bytes(Bytes::of(source)?))
    }

    /// Does `work` with the file. A file object stands afterwards where it stood before.
    pub fn run<T: Send>(
        &self,
        py: Python<'py>,
        progress: Option<&Bound<'py, PyAny>>,
        work: impl FnOnce(&mut dyn Anywhere, &Host) -> Result<T> + Send,
    ) -> PyResult<T> {
        match self {
            Input::Bytes(bytes) => {
                let bytes = bytes.as_slice();
                let caller = Caller { progress, file: None };
                work::run(py, caller, |host| work(&mut Cursor::new(bytes), host))
            }
            Input::Path(path) => {
                let caller = Caller { progress, file: None };
                work::run(py, caller, |host| {
                    let named = |error: io::Error| {
                        io::Error::new(error.kind(), format!("{}: {error}", path.display()))
                    };
                    work(&mut File::open(path).map_err(named)?, host)
                })
            }
            Input::Object(object, begin) => {
                let before = object.call_method0("tell")?;
                let caller = Caller { progress, file: Some((object, *begin)) };
                let done = work::run(py, caller, |host| {
                    let mut file = host.file();
                    file.seek(SeekFrom::Start(0))?;
                    work(&mut file, host)
                });
                object.call_method1("seek", (before,))?;
                done
            }
        }
    }
}
