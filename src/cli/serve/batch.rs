//! Short requests that come within a few milliseconds share the model.
//!
//! One batch is in work at a time; what comes meanwhile makes up the next one. So alone a request waits only for others to
//! join it, and under load batches grow until the queue is full.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use rayon::ThreadPool;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout_at;

use llmzip::Result;
use llmzip::stream::{self, DecompressOptions, NoProgress};

use super::fault::Fault;
use super::metrics::Metrics;
use super::models::Models;
use super::question::Coding;

/// Bytes of an original up to which the codec lets inputs share the model; longer ones have lanes of their own.
pub const SHARED_BYTES: usize = 16 << 10;

/// What a batch has at most, so that the first of it need not wait for seconds.
const BATCH_REQUESTS: usize = 96;
const BATCH_BYTES: usize = 64 << 10;

/// What is asked of some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Short {
    Compress(Coding),
    Decompress,
}

type Answer = Result<Bytes, Fault>;

struct Job {
    short: Short,
    bytes: Bytes,
    /// Bytes of the original.
    plain_bytes: usize,
    reply: oneshot::Sender<Answer>,
}

/// Takes short requests.
#[derive(Clone)]
pub struct Batcher {
    jobs: mpsc::Sender<Job>,
    pace: Arc<Pace>,
}

/// How long a request takes, as of late.
#[derive(Default)]
struct Pace {
    micros: AtomicU64,
}

impl Pace {
    fn note(&self, took: Duration, requests: usize) {
        let now = took.as_micros() as u64 / requests.max(1) as u64;
        let before = self.micros.load(Ordering::Relaxed);
        let next = if before == 0 { now } else { (7 * before + now) / 8 };
        self.micros.store(next, Ordering::Relaxed);
    }

    /// Whole seconds, at least one, until so many will be done.
    fn seconds(&self, requests: usize) -> u64 {
        (self.micros.load(Ordering::Relaxed) * requests as u64).div_ceil(1_000_000).clamp(1, 600)
    }
}

impl Batcher {
    /// Begins to work on `pool`, with room for `queue` requests that wait.
    pub fn start(
        models: Arc<Models>,
        metrics: Arc<Metrics>,
        pool: Arc<ThreadPool>,
        queue: usize,
        gather: Duration,
    ) -> Batcher {
        let (send, receive) = mpsc::channel(queue.max(1));
        let pace = Arc::new(Pace::default());
        let worker = Worker { models, metrics, pool, pace: pace.clone() };
        tokio::spawn(worker.run(receive, gather));
        Batcher { jobs: send, pace }
    }

    /// Waits for the answer to a short request.
    ///
    /// # Errors
    /// `busy` if too many wait already; what the library says of these bytes.
    pub async fn ask(&self, short: Short, bytes: Bytes, plain_bytes: usize) -> Answer {
        let (reply, answer) = oneshot::channel();
        let job = Job { short, bytes, plain_bytes, reply };
        if self.jobs.try_send(job).is_err() {
            return Err(Fault::busy(self.pace.seconds(self.waiting())));
        }
        answer.await.unwrap_or_else(|_| Err(Fault::internal()))
    }

    /// Requests that wait.
    pub fn waiting(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }
}

struct Worker {
    models: Arc<Models>,
    metrics: Arc<Metrics>,
    pool: Arc<ThreadPool>,
    pace: Arc<Pace>,
}

impl Worker {
    async fn run(self, mut jobs: mpsc::Receiver<Job>, gather: Duration) {
        let this = Arc::new(self);
        while let Some(first) = jobs.recv().await {
            let until = tokio::time::Instant::now() + gather;
            let mut bytes = first.plain_bytes;
            let mut batch = vec![first];
            while batch.len() < BATCH_REQUESTS && bytes < BATCH_BYTES {
                let Ok(Some(job)) = timeout_at(until, jobs.recv()).await else { break };
                bytes += job.plain_bytes;
                batch.push(job);
            }
            // Whoever has gone away is not worked for.
            batch.retain(|job| !job.reply.is_closed());
            let (worker, begun, n) = (this.clone(), Instant::now(), batch.len());
            // A panic leaves the batch without answers, which each of its requests is told.
            let _ = tokio::task::spawn_blocking(move || worker.work(batch)).await;
            if n > 0 {
                this.pace.note(begun.elapsed(), n);
                this.metrics.batch(n);
            }
        }
    }

    /// Answers all of them, those that ask for the same together.
    fn work(&self, mut batch: Vec<Job>) {
        while let Some(first) = batch.first() {
            let short = first.short.clone();
            let (same, others) = batch.into_iter().partition::<Vec<_>, _>(|job| job.short == short);
            batch = others;
            let bytes: Vec<&[u8]> = same.iter().map(|job| &job.bytes[..]).collect();
            let done = catch_unwind(AssertUnwindSafe(|| {
                self.pool.install(|| self.together(&short, &bytes))
            }));
            let Ok(answers) = done else { continue };
            let unchanged = self.models.check_unchanged().map_err(Fault::from);
            for (job, answer) in same.into_iter().zip(answers) {
                let answer = unchanged.clone().and_then(|()| answer.map_err(Fault::from));
                let _ = job.reply.send(answer);
            }
        }
    }

    fn together(&self, short: &Short, bytes: &[&[u8]]) -> Vec<Result<Bytes>> {
        let done = match short {
            Short::Compress(coding) => match coding.codec(&self.models) {
                Ok((codec, options)) => stream::compress_many(bytes, &codec, &options, &NoProgress),
                // The question was looked at before it came here.
                Err(error) => return vec![Err(error)],
            },
            Short::Decompress => {
                let options = DecompressOptions::default();
                stream::decompress_many(bytes, &*self.models, &options, &NoProgress)
            }
        };
        done.into_iter().map(|done| done.map(|(bytes, _)| bytes.into())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_in_whole_seconds() {
        let pace = Pace::default();
        assert_eq!(pace.seconds(1000), 1);
        pace.note(Duration::from_secs(1), 10);
        assert_eq!((pace.seconds(5), pace.seconds(256)), (1, 26));
    }
}
