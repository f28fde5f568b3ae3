//! A request's body: what comes of it, when, and how much of it.

use std::io::{self, Read};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::fault::Fault;

/// Pieces that wait between the network and the work.
const PIECES: usize = 8;

/// What is still to come of a body.
pub struct Incoming {
    body: Body,
    idle: Duration,
    limit_bytes: u64,
    left_bytes: u64,
}

/// The beginning of a body.
pub enum Beginning {
    /// All of it.
    Whole(Bytes),
    /// More than was asked for, and what follows.
    Part(Bytes, Incoming),
}

impl Incoming {
    /// A body of which each piece must come within `idle`, and no more than `limit_bytes`.
    ///
    /// # Errors
    /// A body that says it is longer.
    pub fn new(body: Body, idle: Duration, limit_bytes: Option<u64>) -> Result<Self, Fault> {
        let limit_bytes = limit_bytes.unwrap_or(u64::MAX);
        if body.size_hint().lower() > limit_bytes {
            return Err(Fault::too_large(limit_bytes));
        }
        Ok(Incoming { body, idle, limit_bytes, left_bytes: limit_bytes })
    }

    /// The next piece; `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            let frame =
                std::future::poll_fn(|cx| std::pin::Pin::new(&mut self.body).poll_frame(cx));
            let Ok(frame) = timeout(self.idle, frame).await else {
                return Err(Fault::silent_client());
            };
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|error| Fault::cut(format!("the body: {error}")))?;
            // Trailers say nothing to us.
            let Ok(piece) = frame.into_data() else { continue };
            if piece.is_empty() {
                continue;
            }
            let left = self.left_bytes.checked_sub(piece.len() as u64);
            self.left_bytes = left.ok_or_else(|| Fault::too_large(self.limit_bytes))?;
            return Ok(Some(piece));
        }
    }

    /// Waits for the whole of it, or for more than `most` bytes.
    ///
    /// # Errors
    /// A body that does not come, or is longer than it may be.
    pub async fn begin(mut self, most: usize) -> Result<Beginning, Fault> {
        let mut held = Vec::new();
        while let Some(piece) = self.next().await? {
            held.extend_from_slice(&piece);
            if held.len() > most {
                return Ok(Beginning::Part(held.into(), self));
            }
        }
        Ok(Beginning::Whole(held.into()))
    }

    /// The rest for a thread that may wait, with `beginning` before it.
    ///
    /// Where this is dropped before the body has ended, the reader has an error, never an early end.
    pub fn for_thread(mut self, beginning: Bytes) -> (Pump, BodyReader) {
        let (send, receive) = mpsc::channel(PIECES);
        let reader = BodyReader { pieces: receive, piece: beginning, ended: false };
        let pump = async move {
            loop {
                let next = self.next().await;
                let is_last = !matches!(next, Ok(Some(_)));
                // Whoever reads no more has ended for a reason of its own.
                if send.send(next).await.is_err() || is_last {
                    return;
                }
            }
        };
        (Pump(Box::pin(pump)), reader)
    }
}

/// Brings the body's pieces to its reader; to be run beside the work.
pub struct Pump(std::pin::Pin<Box<dyn Future<Output = ()> + Send>>);

impl Pump {
    /// Runs until the body has ended, or nobody reads it any more.
    pub async fn run(self) {
        self.0.await;
    }
}

/// A body, read by a thread that may wait.
pub struct BodyReader {
    pieces: mpsc::Receiver<Result<Option<Bytes>, Fault>>,
    piece: Bytes,
    ended: bool,
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            if self.ended {
                return Ok(0);
            }
            match self.pieces.blocking_recv().unwrap_or_else(|| Err(Fault::gone()))? {
                Some(piece) => self.piece = piece,
                None => self.ended = true,
            }
        }
        let n = buffer.len().min(self.piece.len());
        buffer[..n].copy_from_slice(&self.piece.split_to(n));
        Ok(n)
    }
}
