//! One call's work on a thread of its own, while the calling thread waits.
//!
//! The calling thread is the only one that may hear of signals, and the one that a caller's objects expect to be used on.
//! So it waits without Python's lock, looks up twenty times a second, and reads from file objects when it is asked to.

use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use llmzip::Result;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::Failure;
use crate::threads::with_threads;
use crate::watch::Watch;

/// How long a signal waits at most to be seen.
pub const TICK: Duration = Duration::from_millis(50);

/// What the working thread has to say.
enum Event {
    /// At most so many bytes of the file object are wanted.
    Read(usize, Sender<io::Result<Vec<u8>>>),
    /// Another position in it; the answer is where that is.
    Seek(SeekFrom, Sender<io::Result<u64>>),
    /// All is done.
    Over,
}

/// What the calling thread has to do with the work.
#[derive(Default)]
pub struct Caller<'a, 'py> {
    /// Called with what is done, in bytes of the original and of the file.
    pub progress: Option<&'a Bound<'py, PyAny>>,
    /// The object that [`Host::file`] reads from, and where its file begins.
    pub file: Option<(&'a Bound<'py, PyAny>, u64)>,
}

/// What the work sees of its caller.
pub struct Host {
    pub watch: Watch,
    events: Sender<Event>,
}

impl Host {
    /// The caller's file object.
    pub fn file(&self) -> HostFile {
        HostFile { events: self.events.clone() }
    }
}

/// Does `work`, and gives its result or the exception that came of it.
///
/// # Errors
/// What the library says, what a signal's handler or `progress` raises, what the file object raises.
pub fn run<T: Send>(
    py: Python<'_>,
    caller: Caller<'_, '_>,
    work: impl FnOnce(&Host) -> Result<T> + Send,
) -> PyResult<T> {
    let (events, mut heard) = channel();
    let host = Host { watch: Watch::default(), events };
    let mut raised = None;
    let done = thread::scope(|scope| {
        let host = &host;
        let worker = scope.spawn(move || {
            let done = catch_unwind(AssertUnwindSafe(|| with_threads(|| work(host))));
            let _ = host.events.send(Event::Over);
            done
        });
        let mut told = host.watch.done();
        loop {
            let heard = &mut heard;
            let outcome = match py.detach(move || heard.recv_timeout(TICK)) {
                Ok(Event::Over) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(Event::Read(most, reply)) => caller.read(most, &reply),
                Ok(Event::Seek(place, reply)) => caller.seek(place, &reply),
                Err(RecvTimeoutError::Timeout) => caller.look_up(py, &host.watch, &mut told),
            };
            if let Err(error) = outcome {
                host.watch.stop();
                raised.get_or_insert(error);
            }
        }
        worker.join()
    });
    if let Some(error) = raised {
        return Err(error);
    }
    match done {
        Ok(Ok(Ok(result))) => Ok(result),
        Ok(Ok(Err(error))) => Err(Failure::Library(error).as_exception(py)),
        Ok(Err(payload)) | Err(payload) => Err(Failure::of_panic(&*payload).as_exception(py)),
    }
}

impl Caller<'_, '_> {
    /// Lets handlers of signals run, and tells how far the work is.
    fn look_up(&self, py: Python<'_>, watch: &Watch, told: &mut (u64, u64)) -> PyResult<()> {
        if watch.is_stopped() {
            return Ok(());
        }
        py.check_signals()?;
        let done = watch.done();
        if let Some(progress) = self.progress
            && *told != done
        {
            *told = done;
            progress.call1(done)?;
        }
        Ok(())
    }

    /// The object and where its file begins.
    fn file(&self) -> PyResult<(&Bound<'_, PyAny>, u64)> {
        self.file.ok_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("there is no file"))
    }

    fn read(&self, most: usize, reply: &Sender<io::Result<Vec<u8>>>) -> PyResult<()> {
        let read = || {
            let (file, _) = self.file()?;
            let got = file.call_method1("read", (most,))?;
            Ok(got.cast::<PyBytes>()?.as_bytes().to_vec())
        };
        passed_on(read(), reply)
    }

    fn seek(&self, place: SeekFrom, reply: &Sender<io::Result<u64>>) -> PyResult<()> {
        let seek = || {
            let (file, begin) = self.file()?;
            let position: i128 = match place {
                SeekFrom::Start(at) => {
                    file.call_method1("seek", (begin.saturating_add(at),))?;
                    i128::from(at)
                }
                SeekFrom::End(by) => {
                    file.call_method1("seek", (by, 2))?.extract::<i128>()? - i128::from(begin)
                }
                SeekFrom::Current(by) => {
                    file.call_method1("seek", (by, 1))?.extract::<i128>()? - i128::from(begin)
                }
            };
            Ok(u64::try_from(position).unwrap_or(0))
        };
        passed_on(seek(), reply)
    }
}

/// Gives an answer to the working thread; what was raised it learns only as a failure.
fn passed_on<T>(answer: PyResult<T>, reply: &Sender<io::Result<T>>) -> PyResult<()> {
    let (answer, raised) = match answer {
        Ok(answer) => (Ok(answer), Ok(())),
        Err(error) => (Err(io::Error::other("the file object failed")), Err(error)),
    };
    // Who asked waits for it.
    let _ = reply.send(answer);
    raised
}

/// A file object of Python's, used from the thread that works.
pub struct HostFile {
    events: Sender<Event>,
}

/// The calling thread is there as long as there is work.
fn gone<E>(_: E) -> io::Error {
    io::Error::from(io::ErrorKind::BrokenPipe)
}

impl Read for HostFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (reply, answer) = channel();
        self.events.send(Event::Read(buffer.len(), reply)).map_err(gone)?;
        let bytes = answer.recv().map_err(gone)??;
        match buffer.get_mut(..bytes.len()) {
            Some(place) => place.copy_from_slice(&bytes),
            None => return Err(io::Error::other("the file object gave more than was asked for")),
        }
        Ok(bytes.len())
    }
}

impl Seek for HostFile {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        let (reply, answer) = channel();
        self.events.send(Event::Seek(place, reply)).map_err(gone)?;
        answer.recv().map_err(gone)?
    }
}
