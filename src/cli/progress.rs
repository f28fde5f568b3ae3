//! How far the work is: a line for people who wait in front of a terminal, or JSON for programs.

mod estimate;
mod fetching;
mod fit;

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use llmzip::stream::{Method, Progress, Summary};
use serde::Serialize;

use super::args::Show;
use super::figures::{bytes, clock, rate, ratio};
use super::names::Name;
use super::screen;
use estimate::{Estimate, Sample};
pub use fetching::Fetching;

/// The line is drawn so often.
const PERIOD: Duration = Duration::from_millis(250);
/// Work that is done sooner shows no line at all.
const PATIENCE: Duration = Duration::from_millis(400);
/// Reports of more than this at once are jumps: what a codec does step by step it reports in smaller ones.
const JUMP_BYTES: u64 = 256 << 10;

/// What is seen of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Nothing,
    Line,
    Json,
}

impl Form {
    /// What `show` means here; `may_disturb` says that nobody asked for silence and that no text goes to the screen.
    pub fn of(show: Show, may_disturb: bool) -> Form {
        match show {
            Show::Json => Form::Json,
            Show::Always => Form::Line,
            Show::Auto if may_disturb && std::io::stderr().is_terminal() => Form::Line,
            Show::Auto | Show::Never => Form::Nothing,
        }
    }
}

/// What is done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    Compress,
    Verify,
    Decompress,
    Test,
    Bench,
    Explain,
}

/// Tells how far the work on one file is, several times a second.
#[derive(Debug)]
pub struct Line {
    state: Arc<State>,
    ticker: Option<Ticker>,
}

#[derive(Debug)]
struct State {
    form: Form,
    /// Whether each group is told of.
    tells_groups: bool,
    work: Mutex<Work>,
    groups: AtomicU64,
    plain: AtomicU64,
    /// The part of it that did not come in a jump.
    steady: AtomicU64,
    stored: AtomicU64,
    /// How much of the original was done when something was last written. Groups are written when
    /// they are whole, so only then do the two sizes belong together.
    plain_when_stored: AtomicU64,
}

/// What is done, and what is known of it.
#[derive(Debug)]
struct Work {
    operation: Operation,
    file: String,
    title: String,
    /// Length of the original, where it is known.
    plain_total: Option<u64>,
    /// Length of the compressed file, where it is known.
    stored_total: Option<u64>,
    begun: Instant,
    estimate: Estimate,
}

/// One line of `--progress=json`.
#[derive(Debug, Serialize)]
struct Report<'a> {
    file: &'a str,
    operation: Operation,
    plain_bytes: u64,
    plain_total: Option<u64>,
    stored_bytes: u64,
    elapsed_s: f64,
    left_s: Option<f64>,
    done: bool,
}

impl Line {
    /// Begins with a file; the length of its original is told where it is known.
    pub fn new(operation: Operation, name: &Name, plain_total: Option<u64>, form: Form) -> Self {
        Line::with_title(operation, name.exact(), name.to_string(), plain_total, form)
    }

    /// Begins with work that has another title than the name of a file.
    pub fn with_title(
        operation: Operation,
        file: String,
        title: String,
        plain_total: Option<u64>,
        form: Form,
    ) -> Self {
        let work = Work {
            operation,
            file,
            title,
            plain_total,
            stored_total: None,
            begun: Instant::now(),
            estimate: Estimate::default(),
        };
        let state = Arc::new(State {
            form,
            tells_groups: false,
            work: Mutex::new(work),
            groups: AtomicU64::new(0),
            plain: AtomicU64::new(0),
            steady: AtomicU64::new(0),
            stored: AtomicU64::new(0),
            plain_when_stored: AtomicU64::new(0),
        });
        let ticker = if form == Form::Nothing { None } else { Ticker::start(&state) };
        Line { state, ticker }
    }

    /// Tells of each group from here on, where that is wanted.
    pub fn telling_groups(mut self, is_wanted: bool) -> Self {
        if is_wanted {
            // The ticker has the state, too; it is begun anew.
            self.ticker = None;
            if let Some(state) = Arc::get_mut(&mut self.state) {
                state.tells_groups = true;
                if state.form != Form::Nothing {
                    self.ticker = Ticker::start(&self.state);
                }
            }
        }
        self
    }

    /// Both sizes of the file to decode, which became known.
    pub fn know(&mut self, plain_total: u64, stored_total: u64) {
        let mut work = self.state.work();
        (work.plain_total, work.stored_total) = (Some(plain_total), Some(stored_total));
    }

    /// Begins again, to verify what was written; its sizes are known.
    pub fn verify(&mut self, (plain_total, stored_total): (u64, u64)) {
        let mut work = self.state.work();
        work.operation = Operation::Verify;
        work.title.push_str(" (verifying)");
        (work.plain_total, work.stored_total) = (Some(plain_total), Some(stored_total));
        (work.begun, work.estimate) = (Instant::now(), Estimate::default());
        for counter in [&self.state.plain, &self.state.steady, &self.state.stored] {
            counter.store(0, Ordering::Relaxed);
        }
    }

    /// Time since the work began.
    pub fn elapsed(&self) -> Duration {
        self.state.work().begun.elapsed()
    }

    /// Tells of the one group that a file has which was done together with others.
    pub fn only_group(&self, summary: &Summary) {
        let count = |method: &Method| summary.groups_by_method[usize::from(method.code())];
        if let Some(method) = Method::ALL.into_iter().find(|method| count(method) > 0) {
            self.group(method, summary.plain_bytes, summary.stored_bytes);
        }
    }

    /// All went well, in so much time: programs get their last line, and the one for people goes.
    pub fn done(mut self, summary: &Summary, elapsed: Duration) {
        self.ticker = None;
        if self.state.form == Form::Json {
            let work = self.state.work();
            screen::say(&json(&Report {
                file: &work.file,
                operation: work.operation,
                plain_bytes: summary.plain_bytes,
                plain_total: Some(summary.plain_bytes),
                stored_bytes: summary.stored_bytes,
                elapsed_s: seconds(elapsed),
                left_s: Some(0.0),
                done: true,
            }));
        }
    }
}

impl State {
    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a sample, and tells where the work is if that is due.
    fn tick(&self) {
        let mut work = self.work();
        let elapsed = work.begun.elapsed();
        let plain = self.plain.load(Ordering::Relaxed);
        let steady = self.steady.load(Ordering::Relaxed).min(plain);
        work.estimate.note(Sample { at: elapsed, plain, steady });
        let left = work.plain_total.and_then(|total| work.estimate.left(total));
        let stored = self.stored.load(Ordering::Relaxed);
        match self.form {
            Form::Json => screen::say(&json(&Report {
                file: &work.file,
                operation: work.operation,
                plain_bytes: plain,
                plain_total: work.plain_total,
                stored_bytes: stored,
                elapsed_s: seconds(elapsed),
                left_s: left.map(seconds),
                done: false,
            })),
            Form::Line if elapsed >= PATIENCE => {
                let sizes = match (work.plain_total, work.stored_total) {
                    (Some(plain), Some(stored)) => (plain, stored),
                    _ => (self.plain_when_stored.load(Ordering::Relaxed), stored),
                };
                let figures = figures(plain, work.plain_total, sizes, elapsed, left);
                let line = fit::line(&work.title, figures, screen::columns());
                screen::draw(&line);
            }
            _ => {}
        }
    }
}

impl Progress for Line {
    fn plain(&self, bytes: u64) {
        self.state.plain.fetch_add(bytes, Ordering::Relaxed);
        if bytes <= JUMP_BYTES {
            self.state.steady.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    fn stored(&self, bytes: u64) {
        let state = &self.state;
        state.stored.fetch_add(bytes, Ordering::Relaxed);
        let plain = state.plain.load(Ordering::Relaxed);
        state.plain_when_stored.store(plain, Ordering::Relaxed);
    }

    fn group(&self, method: Method, plain_bytes: u64, payload_bytes: u64) {
        if !self.state.tells_groups {
            return;
        }
        let number = self.state.groups.fetch_add(1, Ordering::Relaxed);
        let work = self.state.work();
        if work.operation == Operation::Verify {
            return;
        }
        let (plain, payload) = (bytes(plain_bytes), bytes(payload_bytes));
        let sizes = match work.operation {
            Operation::Compress => format!("{plain} -> {payload}"),
            _ => format!("{payload} -> {plain}"),
        };
        let ratio = ratio(plain_bytes, payload_bytes);
        screen::say(&format!(
            "{}: group {number}: {}, {sizes} ({ratio})",
            work.title,
            method.name()
        ));
    }
}

/// The thread that draws, until it is dropped.
#[derive(Debug)]
struct Ticker {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
    is_line: bool,
}

impl Ticker {
    /// `None` where no thread can be had; the work goes on without.
    fn start(state: &Arc<State>) -> Option<Ticker> {
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let (state, heard) = (state.clone(), stop.clone());
        let is_line = state.form == Form::Line;
        let draw = move || {
            let (stopped, changed) = &*heard;
            let mut stopped = stopped.lock().unwrap_or_else(PoisonError::into_inner);
            while !*stopped {
                let waited = changed.wait_timeout(stopped, PERIOD);
                let (now, wait) = waited.unwrap_or_else(PoisonError::into_inner);
                stopped = now;
                if !*stopped && wait.timed_out() {
                    state.tick();
                }
            }
        };
        let thread = std::thread::Builder::new().name("progress".into()).spawn(draw).ok();
        thread.map(|thread| Ticker { stop, thread: Some(thread), is_line })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        *self.stop.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.1.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        if self.is_line {
            screen::erase();
        }
    }
}

fn json(report: &Report) -> String {
    serde_json::to_string(report).unwrap_or_default()
}

/// Milliseconds are exact enough.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

/// `42.0 %   4.2 MB of 10 MB   1.1 MB, 0.262   61 kB/s   0:05   0:07 left`, each with the rank in which it is needed.
fn figures(
    plain: u64,
    plain_total: Option<u64>,
    sizes: (u64, u64),
    elapsed: Duration,
    left: Option<Duration>,
) -> Vec<(u8, String)> {
    let mut figures = Vec::new();
    match plain_total {
        Some(total) if total > 0 => {
            let share = plain.min(total) as f64 / total as f64;
            figures.push((0, format!("{:.1} %", 100.0 * share)));
            figures.push((3, format!("{} of {}", bytes(plain), bytes(total))));
        }
        _ => figures.push((0, bytes(plain))),
    }
    if sizes.0 > 0 {
        figures.push((5, format!("{}, {}", bytes(sizes.1), ratio(sizes.0, sizes.1))));
    }
    figures.push((2, rate(plain, elapsed)));
    figures.push((4, clock(elapsed)));
    if let Some(left) = left {
        figures.push((1, format!("{} left", clock(left))));
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(plain: u64, plain_total: Option<u64>, sizes: (u64, u64), left: Option<u64>) -> String {
        let left = left.map(Duration::from_secs);
        fit::line("a", figures(plain, plain_total, sizes, Duration::from_secs(5), left), 200)
    }

    #[test]
    fn the_line_tells_how_far_how_fast_and_how_long() {
        assert_eq!(
            text(4_000_000, Some(10_000_000), (4_000_000, 1_000_000), Some(7)),
            "a   40.0 %   4.0 MB of 10.0 MB   1.0 MB, 0.250   800 kB/s   0:05   0:07 left"
        );
        assert_eq!(text(2000, None, (0, 0), None), "a   2.0 kB   400 B/s   0:05");
    }

    #[test]
    fn more_bytes_than_expected_do_no_harm() {
        let text = text(300, Some(100), (0, 0), None);
        assert!(text.contains("100.0 %") && !text.contains("left"), "{text}");
    }

    #[test]
    fn silence_hides_what_nobody_asked_for() {
        assert_eq!(Form::of(Show::Auto, false), Form::Nothing);
        assert_eq!(Form::of(Show::Never, true), Form::Nothing);
        assert_eq!(
            (Form::of(Show::Always, false), Form::of(Show::Json, false)),
            (Form::Line, Form::Json)
        );
    }
}
