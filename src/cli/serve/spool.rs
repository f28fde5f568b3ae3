//! An answer between the work that makes it and the client that takes it.
//!
//! Neither waits for the other: many clients send all of a body before they read the first byte of the answer, and would
//! wait for ever if the work waited for them; and a slow reader must not keep a place that others wait for. What is not
//! taken yet is held in memory, and beyond a megabyte in a file without a name.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use axum::body::{Bytes, HttpBody};
use hyper::body::Frame;

use super::fault::Fault;

/// Bytes of an answer that are held in memory.
const IN_MEMORY: u64 = 1 << 20;

/// Bytes that go to the network at a time.
const PIECE: u64 = 64 << 10;

#[derive(Default)]
struct State {
    /// What was written first.
    memory: VecDeque<Bytes>,
    memory_bytes: u64,
    /// What was written behind it, between two places in a file.
    file: Option<File>,
    taken_to: u64,
    written_to: u64,
    end: Option<Result<(), Fault>>,
    /// Nobody takes anything any more.
    left: bool,
    waker: Option<Waker>,
}

impl State {
    fn unread_bytes(&self) -> u64 {
        self.memory_bytes + self.in_file()
    }

    fn in_file(&self) -> u64 {
        self.written_to - self.taken_to
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.in_file() == 0 && self.memory_bytes + bytes.len() as u64 <= IN_MEMORY {
            self.memory.push_back(Bytes::copy_from_slice(bytes));
            self.memory_bytes += bytes.len() as u64;
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.seek(SeekFrom::Start(self.written_to))?;
        file.write_all(bytes)?;
        self.written_to += bytes.len() as u64;
        Ok(())
    }

    fn take(&mut self) -> io::Result<Option<Bytes>> {
        if let Some(piece) = self.memory.pop_front() {
            self.memory_bytes -= piece.len() as u64;
            return Ok(Some(piece));
        }
        let (Some(file), 1..) = (&mut self.file, self.written_to - self.taken_to) else {
            return Ok(None);
        };
        let n = (self.written_to - self.taken_to).min(PIECE);
        let mut piece = vec![0; n as usize];
        file.seek(SeekFrom::Start(self.taken_to))?;
        file.read_exact(&mut piece)?;
        self.taken_to += n;
        if self.taken_to == self.written_to {
            // An endless stream whose reader keeps up takes no more of the disk.
            (self.taken_to, self.written_to) = (0, 0);
            file.set_len(0)?;
        }
        Ok(Some(piece.into()))
    }
}

/// What both sides share.
pub struct Spool {
    state: Mutex<State>,
    room: Condvar,
    limit_bytes: u64,
}

impl Spool {
    /// A spool in which the writer waits while more than `limit_bytes` are unread.
    pub fn open(limit_bytes: u64) -> (SpoolWriter, SpoolReader) {
        let state = Mutex::default();
        let spool = Arc::new(Spool { state, room: Condvar::new(), limit_bytes });
        (SpoolWriter { spool: spool.clone() }, SpoolReader { spool })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The side of the work. Dropped without [`end`](Self::end), it has failed.
pub struct SpoolWriter {
    spool: Arc<Spool>,
}

impl SpoolWriter {
    /// Says that all was written, or why not.
    pub fn end(self, end: Result<(), Fault>) {
        let mut state = self.spool.state();
        state.end = Some(end);
        state.wake();
    }
}

impl Drop for SpoolWriter {
    fn drop(&mut self) {
        let mut state = self.spool.state();
        if state.end.is_none() {
            state.end = Some(Err(Fault::internal()));
            state.wake();
        }
    }
}

impl Write for SpoolWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.spool.state();
        while !state.left && state.unread_bytes() >= self.spool.limit_bytes {
            state = self.spool.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.left {
            return Err(Fault::gone().into());
        }
        let n = bytes.len().min(PIECE as usize);
        state.append(&bytes[..n])?;
        state.wake();
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The side of the client: a body whose end without an end is an error, so that the connection is cut.
pub struct SpoolReader {
    spool: Arc<Spool>,
}

/// Says whether the client is still there.
pub struct Taken(Arc<Spool>);

impl Taken {
    /// Whether nobody takes anything any more.
    pub fn is_left(&self) -> bool {
        self.0.state().left
    }
}

impl SpoolReader {
    /// Says whether this is still there.
    pub fn taken(&self) -> Taken {
        Taken(self.spool.clone())
    }

    /// Waits until something is there; the fault if that is all there will be.
    ///
    /// # Errors
    /// What the work ended with before it had written anything.
    pub async fn begun(&self) -> Result<(), Fault> {
        std::future::poll_fn(|cx| {
            let mut state = self.spool.state();
            if state.unread_bytes() > 0 {
                return Poll::Ready(Ok(()));
            }
            match state.end.clone() {
                Some(end) => Poll::Ready(end),
                None => {
                    state.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

impl Drop for SpoolReader {
    fn drop(&mut self) {
        self.spool.state().left = true;
        self.spool.room.notify_all();
    }
}

impl HttpBody for SpoolReader {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        let mut state = self.spool.state();
        // Pages that were just written are in the system's memory: this hardly ever waits for a disk.
        match state.take() {
            Ok(Some(piece)) => {
                self.spool.room.notify_all();
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            Ok(None) => {}
            Err(error) => return Poll::Ready(Some(Err(error.into()))),
        }
        match &state.end {
            Some(Ok(())) => Poll::Ready(None),
            Some(Err(fault)) => Poll::Ready(Some(Err(fault.clone()))),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        let state = self.spool.state();
        match &state.end {
            // All is there, so that the answer can say how long it is.
            Some(Ok(())) => hyper::body::SizeHint::with_exact(state.unread_bytes()),
            _ => hyper::body::SizeHint::default(),
        }
    }
}
