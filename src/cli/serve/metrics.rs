//! What a service counts, as Prometheus reads it.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicI64;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// Which requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    path: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Path {
    path: &'static str,
}

type Seconds = Family<Path, Histogram, fn() -> Histogram>;

/// All of it.
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: Family<Kind, Counter>,
    cut: Family<Path, Counter>,
    seconds: Seconds,
    received: Family<Path, Counter>,
    sent: Family<Path, Counter>,
    batches: Histogram,
    cached: Counter,
    /// Open connections.
    pub connections: Gauge,
    waiting: Gauge,
    memory: Gauge<i64, AtomicI64>,
}

/// A request and its answer.
#[derive(Debug, Clone, Copy)]
pub struct Done {
    pub path: &'static str,
    pub status: u16,
    /// Whether the answer went out whole.
    pub whole: bool,
    pub seconds: f64,
    pub received_bytes: u64,
    pub sent_bytes: u64,
}

impl Metrics {
    pub fn new() -> Metrics {
        // From 0.5 ms to 17 minutes.
        let seconds: Seconds =
            Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.0005, 2.0, 22)));
        let mut metrics = Metrics {
            registry: Mutex::default(),
            requests: Family::default(),
            cut: Family::default(),
            seconds,
            received: Family::default(),
            sent: Family::default(),
            batches: Histogram::new(exponential_buckets(1.0, 2.0, 8)),
            cached: Counter::default(),
            connections: Gauge::default(),
            waiting: Gauge::default(),
            memory: Gauge::default(),
        };
        let mut all = Registry::default();
        let m = &mut metrics;
        all.register("llmzip_requests", "Requests that were answered", m.requests.clone());
        all.register("llmzip_cut_answers", "Answers that did not go out whole", m.cut.clone());
        all.register("llmzip_request_seconds", "From head to end", m.seconds.clone());
        all.register("llmzip_received_bytes", "Bytes of bodies", m.received.clone());
        all.register("llmzip_sent_bytes", "Bytes of answers", m.sent.clone());
        let text = "Short requests that went through the model together";
        all.register("llmzip_batch_requests", text, m.batches.clone());
        all.register("llmzip_cache_hits", "Answers that were known", m.cached.clone());
        all.register("llmzip_connections", "Open connections", m.connections.clone());
        all.register("llmzip_waiting_requests", "Short requests in the queue", m.waiting.clone());
        let text = "Resident memory size in bytes";
        all.register("process_resident_memory_bytes", text, m.memory.clone());
        metrics.registry = Mutex::new(all);
        metrics
    }

    /// A request was answered, or not to its end.
    pub fn done(&self, done: &Done) {
        let path = Path { path: done.path };
        self.requests.get_or_create(&Kind { path: done.path, status: done.status }).inc();
        if !done.whole {
            self.cut.get_or_create(&path).inc();
        }
        self.seconds.get_or_create(&path).observe(done.seconds);
        self.received.get_or_create(&path).inc_by(done.received_bytes);
        self.sent.get_or_create(&path).inc_by(done.sent_bytes);
    }

    /// So many short requests went through the model together.
    pub fn batch(&self, requests: usize) {
        self.batches.observe(requests as f64);
    }

    /// An answer was known.
    pub fn hit(&self) {
        self.cached.inc();
    }

    /// All numbers in the text format of OpenMetrics.
    ///
    /// # Errors
    /// None that happens: strings take what is written to them.
    pub fn text(&self, waiting: usize) -> Result<String, std::fmt::Error> {
        self.waiting.set(waiting as i64);
        self.memory.set(resident_bytes().unwrap_or(0));
        let mut out = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        text::encode(&mut out, &registry)?;
        Ok(out)
    }
}

/// The memory that the process has now, where the system says so.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes << 10)
}
