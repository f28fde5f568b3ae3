//! The line that shows how far the work is, for people who wait in front of a terminal.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use llmzip::stream::Progress;

use super::figures::{bytes, clock, rate, ratio};

/// The line is drawn so many times a second.
const DRAWS_PER_SECOND: u8 = 4;
/// Work that is done sooner shows no line at all.
const PATIENCE: Duration = Duration::from_millis(400);

/// One line on standard error, drawn over and over while a file is in work.
#[derive(Debug)]
pub struct Line {
    bar: Option<ProgressBar>,
    /// What is done, and to which file.
    title: String,
    /// Length of the original, where it is known.
    plain_total: Option<u64>,
    begun: Instant,
    plain: AtomicU64,
    stored: AtomicU64,
    /// How much of the original was done when something was last written. Groups are written when
    /// they are whole, so only then do the two sizes belong together.
    plain_when_stored: AtomicU64,
    /// Both sizes of the whole file, original first, where decoding knows them from its footer.
    sizes: Option<(u64, u64)>,
    /// Tenths of seconds since the beginning when the line was last brought up to date.
    drawn: AtomicU64,
}

impl Line {
    /// A line that is only shown where somebody can see it and wants to.
    pub fn new(title: String, plain_total: Option<u64>, is_wanted: bool) -> Self {
        let bar = (is_wanted && std::io::stderr().is_terminal()).then(|| {
            let target = ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND);
            let bar = ProgressBar::with_draw_target(None, target);
            // Cut at the edge of the terminal, where a longer line would leave its halves behind.
            let style = ProgressStyle::with_template("{wide_msg}");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        });
        Line {
            bar,
            title,
            plain_total,
            begun: Instant::now(),
            plain: AtomicU64::new(0),
            stored: AtomicU64::new(0),
            plain_when_stored: AtomicU64::new(0),
            sizes: None,
            drawn: AtomicU64::new(0),
        }
    }

    /// Whether anybody sees it.
    pub fn is_shown(&self) -> bool {
        self.bar.is_some()
    }

    /// Both sizes of the file to decode, which became known.
    pub fn know(&mut self, plain_total: u64, stored_total: u64) {
        self.plain_total = Some(plain_total);
        self.sizes = Some((plain_total, stored_total));
    }

    /// Begins again with other work, of which `sizes` are known.
    pub fn restart(&mut self, title: String, sizes: (u64, u64)) {
        self.title = title;
        self.know(sizes.0, sizes.1);
        self.begun = Instant::now();
        self.plain = AtomicU64::new(0);
        self.stored = AtomicU64::new(0);
    }

    /// Time since the work began.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    fn draw(&self) {
        let Some(bar) = &self.bar else { return };
        let elapsed = self.begun.elapsed();
        let tick = elapsed.as_millis() as u64 * u64::from(DRAWS_PER_SECOND) / 1000;
        // Reports come for every few tokens; a new text is only made when it can be drawn.
        if elapsed < PATIENCE || self.drawn.swap(tick, Ordering::Relaxed) == tick {
            return;
        }
        let plain = self.plain.load(Ordering::Relaxed);
        let sizes = self.sizes.unwrap_or_else(|| {
            let plain = self.plain_when_stored.load(Ordering::Relaxed);
            (plain, self.stored.load(Ordering::Relaxed))
        });
        bar.set_message(text(&self.title, plain, self.plain_total, sizes, elapsed));
        bar.tick();
    }
}

impl Progress for Line {
    fn plain(&self, bytes: u64) {
        self.plain.fetch_add(bytes, Ordering::Relaxed);
        self.draw();
    }

    fn stored(&self, bytes: u64) {
        self.stored.fetch_add(bytes, Ordering::Relaxed);
        self.plain_when_stored.store(self.plain.load(Ordering::Relaxed), Ordering::Relaxed);
        self.draw();
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// `title   42.0 %   4.2 MB of 10 MB   1.1 MB   0.262   61 kB/s   0:05   0:07 left`
fn text(
    title: &str,
    plain: u64,
    plain_total: Option<u64>,
    sizes: (u64, u64),
    elapsed: Duration,
) -> String {
    let mut parts = vec![title.to_owned()];
    match plain_total {
        Some(total) if total > 0 => {
            let share = plain.min(total) as f64 / total as f64;
            parts.push(format!("{:5.1} %", 100.0 * share));
            parts.push(format!("{} of {}", bytes(plain), bytes(total)));
        }
        _ => parts.push(bytes(plain)),
    }
    if sizes.0 > 0 {
        parts.push(format!("{}, {}", bytes(sizes.1), ratio(sizes.0, sizes.1)));
    }
    parts.push(rate(plain, elapsed));
    parts.push(clock(elapsed));
    if let Some(total) = plain_total
        && plain > 0
        && plain < total
    {
        let left = elapsed.mul_f64((total - plain) as f64 / plain as f64);
        parts.push(format!("{} left", clock(left)));
    }
    parts.join("   ")
}

/// One line on standard error while a file is downloaded.
#[derive(Debug)]
pub struct Fetching {
    bar: Option<ProgressBar>,
}

impl Fetching {
    /// A line that is only shown where somebody can see it and wants to.
    pub fn new(is_wanted: bool) -> Self {
        let bar = (is_wanted && std::io::stderr().is_terminal()).then(|| {
            let target = ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND);
            let bar = ProgressBar::with_draw_target(None, target);
            let style = ProgressStyle::with_template("{wide_msg}");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        });
        Fetching { bar }
    }

    /// So many bytes of a file are here, of so many where that is known.
    pub fn show(&mut self, file: &str, done: u64, total: Option<u64>) {
        let Some(bar) = &self.bar else { return };
        let of = total.map_or(String::new(), |total| {
            format!(" of {}, {} %", bytes(total), done * 100 / total.max(1))
        });
        bar.set_message(format!("{file}: {}{of}", bytes(done)));
        bar.tick();
    }

    /// Prints lines of their own while the line is away.
    pub fn beside(&self, print: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

impl Drop for Fetching {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_how_far_how_fast_and_how_long() {
        let elapsed = Duration::from_secs(5);
        assert_eq!(
            text("a", 4_000_000, Some(10_000_000), (4_000_000, 1_000_000), elapsed),
            "a    40.0 %   4.0 MB of 10.0 MB   1.0 MB, 0.250   800 kB/s   0:05   0:07 left"
        );
        assert_eq!(text("a", 2000, None, (0, 0), elapsed), "a   2.0 kB   400 B/s   0:05");
    }

    #[test]
    fn more_bytes_than_expected_do_no_harm() {
        let text = text("a", 300, Some(100), (0, 0), Duration::from_secs(1));
        assert!(text.contains("100.0 %") && !text.contains("left"), "{text}");
    }
}
