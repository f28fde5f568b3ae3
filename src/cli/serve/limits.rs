//! What one request may take, and all of them together.

use std::time::Duration;

/// The limits of a service; none of them changes what is compressed.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open connections; more of them wait in the system's queue.
    pub connections: usize,
    /// Short requests that wait for the model; one more is told to come back later (429).
    pub queue: usize,
    /// How long a short request waits for others to share the model with, where nothing is being done.
    pub gather: Duration,
    /// Long requests in work at the same time; as many as [`queue`](Self::queue) wait for their turn.
    pub streams: usize,
    /// The most bytes of a request's body.
    pub body_bytes: Option<u64>,
    /// The most bytes of an original that decompression gives.
    pub output_bytes: Option<u64>,
    /// The most bytes of a text whose tokens are asked for: they are all looked at before the first is shown.
    pub text_bytes: u64,
    /// Bytes of memory that the groups of one long request may take.
    pub memory_bytes: u64,
    /// Bytes of an answer that its reader has not taken yet, beyond which the work for it waits. Beyond a megabyte they are on disk.
    pub unread_bytes: u64,
    /// From a request's head to the end of the work for it.
    pub work: Duration,
    /// How long the other side may give nothing and take nothing, while there is something to give or take.
    pub idle: Duration,
    /// How long requests in work may go on after the service was told to stop.
    pub grace: Duration,
    /// Bytes of answers that are kept for the same question.
    pub cache_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 1024,
            queue: 256,
            gather: Duration::from_millis(2),
            streams: 2,
            body_bytes: Some(1 << 30),
            output_bytes: Some(16 << 30),
            text_bytes: 1 << 20,
            memory_bytes: 1 << 30,
            unread_bytes: 1 << 30,
            work: Duration::from_secs(600),
            idle: Duration::from_secs(30),
            grace: Duration::from_secs(30),
            cache_bytes: 64 << 20,
        }
    }
}
