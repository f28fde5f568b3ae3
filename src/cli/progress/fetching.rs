//! How far other work is than that on a file: a download, an import, a comparison.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use super::{PERIOD, fit};
use crate::cli::figures::{bytes, clock};
use crate::cli::screen;

/// One line on standard error while a file is downloaded.
#[derive(Debug)]
pub struct Fetching {
    is_shown: bool,
    drawn: Option<Instant>,
}

impl Fetching {
    /// A line that is only shown where somebody can see it and wants to.
    pub fn new(is_wanted: bool) -> Self {
        Fetching { is_shown: is_wanted && std::io::stderr().is_terminal(), drawn: None }
    }

    /// What is being done, where nothing is known of how far it is.
    pub fn tell(&mut self, what: &str) {
        if self.is_shown {
            screen::draw(&fit::line(what, Vec::new(), screen::columns()));
        }
    }

    /// So many parts of some work are done.
    pub fn count(&mut self, what: &str, done: usize, total: usize, elapsed: Duration) {
        if self.is_shown && self.drawn.is_none_or(|drawn| drawn.elapsed() >= PERIOD) {
            self.drawn = Some(Instant::now());
            let part = format!("{} %", done.saturating_mul(100) / total.max(1));
            let figures = vec![(1, part), (0, clock(elapsed))];
            screen::draw(&fit::line(what, figures, screen::columns()));
        }
    }

    /// So many bytes of a file are here, of so many where that is known.
    pub fn show(&mut self, file: &str, done: u64, total: Option<u64>) {
        let is_due = self.drawn.is_none_or(|drawn| drawn.elapsed() >= PERIOD);
        if !self.is_shown || !is_due {
            return;
        }
        self.drawn = Some(Instant::now());
        let mut figures = vec![(1, bytes(done))];
        if let Some(total) = total {
            figures[0].1 += &format!(" of {}", bytes(total));
            figures.push((0, format!("{} %", done.saturating_mul(100) / total.max(1))));
        }
        screen::draw(&fit::line(file, figures, screen::columns()));
    }
}

impl Drop for Fetching {
    fn drop(&mut self) {
        if self.is_shown {
            screen::erase();
        }
    }
}
