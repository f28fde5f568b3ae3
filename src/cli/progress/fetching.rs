//! How far a download is.

use std::io::IsTerminal;
use std::time::Instant;

use super::{PERIOD, fit};
use crate::cli::figures::bytes;
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
