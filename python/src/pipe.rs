//! The library's readers and writers turned round: bytes are brought and fetched, and a thread stands between.
//!
//! That thread reads what was brought and writes what can be fetched, and waits where there is nothing to read or no room to
//! write. So a stream of any length takes the memory of the groups in work, and gives what is known as early as the program does.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use llmzip::Result;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::errors::Failure;
use crate::threads::with_threads;
use crate::watch::Watch;
use crate::work::TICK;

/// What may lie on either side until it is taken.
const ROOM: usize = 1 << 20;

/// As much of what was read is kept as the library may have read too far.
const KEPT: usize = 64 << 10;

/// When an exchange is over, besides at the end of the work.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// All that was brought has found room.
    Brought,
    /// So many bytes were fetched, or more must be brought for the next one.
    Fetched(usize),
    /// The work is done and all is fetched.
    Over,
}

#[derive(Default)]
struct State {
    input: VecDeque<u8>,
    is_input_over: bool,
    /// The thread waits for input.
    is_hungry: bool,
    output: VecDeque<u8>,
    /// Nobody fetches any more.
    is_left: bool,
    /// Bytes that were read, and the last of them.
    read_bytes: u64,
    last_read: VecDeque<u8>,
    /// How it ended: what the work gave.
    done: Option<std::result::Result<u64, Failure>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    watch: Watch,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }
}

/// The caller's end. The thread ends when it is dropped.
pub struct Pipe {
    shared: Arc<Shared>,
    /// What was fetched while an exchange was broken off.
    fetched: Vec<u8>,
    /// The process that has the thread.
    process: u32,
}

impl Pipe {
    /// Begins the work.
    ///
    /// # Errors
    /// `OSError` if the system gives no thread.
    pub fn new(
        work: impl FnOnce(Reader, Writer, &Watch) -> Result<u64> + Send + 'static,
    ) -> PyResult<Pipe> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            watch: Watch::default(),
        });
        let theirs = shared.clone();
        thread::Builder::new().name("llmzip".into()).spawn(move || {
            let (reader, writer) = (Reader(theirs.clone()), Writer(theirs.clone()));
            let work = || with_threads(|| work(reader, writer, &theirs.watch));
            let done = match catch_unwind(AssertUnwindSafe(work)) {
                Ok(done) => done.map_err(Failure::Library),
                Err(payload) => Err(Failure::of_panic(&*payload)),
            };
            theirs.state().done = Some(done);
            theirs.changed.notify_all();
        })?;
        Ok(Pipe { shared, fetched: Vec::new(), process: std::process::id() })
    }

    /// Brings all of `bytes`, and fetches what there is until the time has come.
    ///
    /// # Errors
    /// What ended the work (where bytes are fetched for their own sake, after the last of them), and what a signal's handler
    /// raises: what was fetched until then comes with the next exchange.
    pub fn exchange(&mut self, py: Python<'_>, bytes: &[u8], until: Until) -> PyResult<Vec<u8>> {
        if self.process != std::process::id() {
            return Err(PyRuntimeError::new_err("a stream stays with the process that began it"));
        }
        let mut left = bytes;
        while !py.detach(|| self.go_on(&mut left, until)) {
            if let Err(error) = py.check_signals() {
                // Half of what was given would be lost without anybody's knowing.
                if !left.is_empty() {
                    self.leave();
                }
                return Err(error);
            }
        }
        let gives_first = matches!(until, Until::Fetched(_)) && !self.fetched.is_empty();
        match &self.shared.state().done {
            Some(Err(failure)) if !gives_first => Err(failure.as_exception(py)),
            _ => Ok(std::mem::take(&mut self.fetched)),
        }
    }

    /// Says that nothing more will be brought.
    pub fn end_input(&self) {
        self.shared.state().is_input_over = true;
        self.shared.changed.notify_all();
    }

    /// Ends the work as soon as it looks up.
    fn leave(&self) {
        self.shared.watch.stop();
        self.shared.state().is_left = true;
        self.shared.changed.notify_all();
    }

    /// Brings and fetches for the time of a tick; whether that was enough.
    fn go_on(&mut self, left: &mut &[u8], until: Until) -> bool {
        let begun = Instant::now();
        let most = match until {
            Until::Fetched(most) => most,
            Until::Brought | Until::Over => usize::MAX,
        };
        let mut state = self.shared.state();
        loop {
            let room = match until {
                // What is fetched is what matters, and who brings more than can be read has it in memory already.
                Until::Fetched(_) => left.len(),
                Until::Brought | Until::Over => ROOM.saturating_sub(state.input.len()),
            };
            let (now, later) = left.split_at(room.min(left.len()));
            *left = later;
            state.input.extend(now);
            state.is_input_over |= until == Until::Over && left.is_empty();
            let n = state.output.len().min(most - self.fetched.len().min(most));
            self.fetched.extend(state.output.drain(..n));
            if !now.is_empty() || n > 0 || until == Until::Over {
                self.shared.changed.notify_all();
            }
            let is_over = state.done.is_some() && state.output.is_empty();
            let is_empty = state.input.is_empty() && state.output.is_empty();
            let starves = state.is_hungry && !state.is_input_over && is_empty;
            let is_enough = match until {
                Until::Brought => left.is_empty(),
                Until::Fetched(_) => self.fetched.len() == most || starves,
                Until::Over => false,
            };
            if is_over || is_enough {
                return true;
            }
            let Some(rest) = TICK.checked_sub(begun.elapsed()) else { return false };
            let waited = self.shared.changed.wait_timeout(state, rest);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether the work is done and all is fetched.
    pub fn is_over(&self) -> bool {
        let state = self.shared.state();
        self.fetched.is_empty() && state.output.is_empty() && matches!(state.done, Some(Ok(_)))
    }

    /// Whether nothing more can be fetched before more is brought.
    pub fn is_hungry(&self) -> bool {
        let state = self.shared.state();
        let is_empty = state.input.is_empty() && state.output.is_empty();
        self.fetched.is_empty() && is_empty && state.is_hungry && state.done.is_none()
    }

    /// What was brought and is not part of what the work says that it has used.
    pub fn unused(&self) -> Vec<u8> {
        let state = self.shared.state();
        let Some(Ok(used_bytes)) = state.done else { return Vec::new() };
        let read_too_far = state.read_bytes.saturating_sub(used_bytes) as usize;
        let from = state.last_read.len().saturating_sub(read_too_far);
        state.last_read.range(from..).chain(&state.input).copied().collect()
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // After a fork there is no thread, and its lock may be held for ever.
        if self.process == std::process::id() {
            self.leave();
        }
    }
}

fn left() -> io::Error {
    io::Error::from(io::ErrorKind::BrokenPipe)
}

/// What was brought.
pub struct Reader(Arc<Shared>);

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.0.state();
        while state.input.is_empty() && !state.is_input_over && !state.is_left {
            state.is_hungry = true;
            self.0.changed.notify_all();
            state = self.0.wait(state);
        }
        state.is_hungry = false;
        if state.is_left {
            return Err(left());
        }
        let n = state.input.read(buffer)?;
        state.read_bytes += n as u64;
        let kept = &buffer[n.saturating_sub(KEPT)..n];
        let too_many = (state.last_read.len() + kept.len()).saturating_sub(KEPT);
        state.last_read.drain(..too_many);
        state.last_read.extend(kept);
        self.0.changed.notify_all();
        Ok(n)
    }
}

/// What can be fetched.
pub struct Writer(Arc<Shared>);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.0.state();
        while state.output.len() >= ROOM && !state.is_left {
            state = self.0.wait(state);
        }
        if state.is_left {
            return Err(left());
        }
        let n = bytes.len().min(ROOM - state.output.len());
        state.output.extend(&bytes[..n]);
        self.0.changed.notify_all();
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
