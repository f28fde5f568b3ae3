//! Requests of any length: each has a thread that reads its body, works, and writes its answer as it comes.

use std::io::{self, BufWriter, Read, Write};
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes};
use axum::response::Response;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use llmzip::stream::Progress;

use super::body::Incoming;
use super::fault::Fault;
use super::spool::{Spool, SpoolWriter, Taken};

/// Small writes become pieces of this size for the network.
const PIECE_BYTES: usize = 32 << 10;

/// Places for requests in work, and a bounded queue for them.
pub struct Places {
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
}

/// A place, until it is dropped.
pub struct Place(#[expect(dead_code, reason = "held, not looked at")] OwnedSemaphorePermit);

impl Places {
    pub fn new(places: usize, most_waiting: usize) -> Places {
        let free = Arc::new(Semaphore::new(places.max(1)));
        Places { free, waiting: AtomicUsize::new(0), most_waiting }
    }

    /// Waits for a place until `deadline`.
    ///
    /// # Errors
    /// `busy` if as many wait as may.
    pub async fn take(&self, deadline: Instant) -> Result<Place, Fault> {
        if let Ok(free) = self.free.clone().try_acquire_owned() {
            return Ok(Place(free));
        }
        let _waits = Waits::begin(self)?;
        match timeout_at(deadline, self.free.clone().acquire_owned()).await {
            Ok(free) => free.map(Place).map_err(|_| Fault::stopping()),
            Err(_) => Err(Fault::out_of_time()),
        }
    }
}

/// One that waits, until it is dropped.
struct Waits<'a>(&'a Places);

impl<'a> Waits<'a> {
    fn begin(places: &'a Places) -> Result<Self, Fault> {
        let waiting = places.waiting.fetch_add(1, Ordering::AcqRel);
        let waits = Waits(places);
        if waiting < places.most_waiting { Ok(waits) } else { Err(Fault::busy(10)) }
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What a thread unwinds with when there is no more use in its work.
struct Stopped;

/// Ends work that nobody waits for any more, or that takes too long.
///
/// The library asks between groups whether to stop, and a group can take minutes; who is told of progress within one
/// unwinds from there. That is no panic: nothing is printed.
pub struct Watch {
    taken: Taken,
    deadline: Instant,
}

impl Watch {
    fn is_late(&self) -> bool {
        Instant::now() > self.deadline
    }

    /// Leaves the work if there is no more use in it.
    pub fn leave_if_stopped(&self) {
        if self.cancelled() {
            panic::resume_unwind(Box::new(Stopped));
        }
    }
}

impl Progress for Watch {
    fn plain(&self, _: u64) {
        self.leave_if_stopped();
    }

    fn cancelled(&self) -> bool {
        self.taken.is_left() || self.is_late()
    }
}

/// What is worked on.
pub struct Long {
    /// The beginning of the body.
    pub beginning: Bytes,
    /// What follows.
    pub rest: Option<Incoming>,
    pub deadline: Instant,
    pub unread_bytes: u64,
}

impl Long {
    /// Does `work` in a thread of its own; the answer is there as soon as the work has written something.
    ///
    /// The place is free again when the work is done, whoever has not read the answer yet.
    ///
    /// # Errors
    /// What the work ends with before it has written anything. Later it can only end the connection.
    pub async fn run<W>(self, place: Option<Place>, work: W) -> Result<Response, Fault>
    where
        W: FnOnce(&mut dyn Read, &mut dyn Write, &Watch) -> llmzip::Result<()> + Send + 'static,
    {
        let (writer, answer) = Spool::open(self.unread_bytes);
        let watch = Watch { taken: answer.taken(), deadline: self.deadline };
        let mut reader: Box<dyn Read + Send> = match self.rest {
            None => Box::new(io::Cursor::new(self.beginning)),
            Some(rest) => {
                let (pump, reader) = rest.for_thread(self.beginning);
                // Where the time is over, the reader has an error.
                tokio::spawn(timeout_at(self.deadline, pump.run()));
                Box::new(reader)
            }
        };
        tokio::task::spawn_blocking(move || {
            let _place = place;
            finish(writer, &watch, |writer| work(&mut *reader, writer, &watch));
        });
        answer.begun().await?;
        Ok(Response::new(Body::new(answer)))
    }
}

/// Works, and says how it ended.
fn finish(
    mut writer: SpoolWriter,
    watch: &Watch,
    work: impl FnOnce(&mut dyn Write) -> llmzip::Result<()>,
) {
    let mut buffered = BufWriter::with_capacity(PIECE_BYTES, &mut writer);
    let done =
        catch_unwind(AssertUnwindSafe(|| work(&mut buffered).and_then(|()| Ok(buffered.flush()?))));
    // After a fault, what is still held back is not written: where nothing else was, the fault is the answer.
    let _ = buffered.into_parts();
    writer.end(match done {
        Ok(Ok(())) => Ok(()),
        _ if watch.is_late() => Err(Fault::out_of_time()),
        Ok(Err(error)) => Err(error.into()),
        Err(payload) if payload.is::<Stopped>() => Err(Fault::gone()),
        Err(_) => Err(Fault::internal()),
    });
}
