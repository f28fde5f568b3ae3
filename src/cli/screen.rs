//! Standard error as people see it: lines that stay, and below them one that is drawn over and over.

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

/// What draws the line, while there is one.
static DRAWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Draws a second, many more than are asked for: nothing that is asked for is left out.
const MOST_DRAWS: u8 = 50;

/// Where nothing says how wide the terminal is.
const USUAL_COLUMNS: usize = 80;

/// Columns that a line may have, one less than there are: in the last one some terminals begin a new line.
pub fn columns() -> usize {
    let asked = || std::env::var("COLUMNS").ok()?.parse().ok();
    let all = match terminal_size::terminal_size_of(std::io::stderr()) {
        Some((width, _)) if width.0 > 0 => usize::from(width.0),
        _ => asked().unwrap_or(USUAL_COLUMNS),
    };
    all.saturating_sub(1).max(1)
}

/// Draws a line over the one before; it must not be wider than the terminal.
pub fn draw(line: &str) {
    let mut drawn = drawn();
    let bar = drawn.get_or_insert_with(|| {
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(StandardError), MOST_DRAWS);
        let style = ProgressStyle::with_template("{msg}");
        let bar = ProgressBar::with_draw_target(None, target);
        bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
    });
    bar.set_message(line.to_owned());
    bar.tick();
}

/// Takes the drawn line away.
pub fn erase() {
    if let Some(bar) = drawn().take() {
        bar.finish_and_clear();
    }
}

/// Writes a line that stays, above the drawn one.
pub fn say(line: &str) {
    let put = || _ = put(&format!("{line}\n"));
    match &*drawn() {
        Some(bar) => bar.suspend(put),
        None => put(),
    }
}

fn drawn() -> MutexGuard<'static, Option<ProgressBar>> {
    DRAWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// In one piece, so that lines of several programs do not mix.
fn put(text: &str) -> io::Result<()> {
    io::stderr().write_all(text.as_bytes())
}

/// Standard error for indicatif, which else draws nothing where it sees no terminal; whether to draw is decided by those who ask
/// for it.
#[derive(Debug)]
struct StandardError;

impl TermLike for StandardError {
    fn width(&self) -> u16 {
        columns().try_into().unwrap_or(u16::MAX)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        if n == 0 { Ok(()) } else { put(&format!("\x1b[{n}A")) }
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        if n == 0 { Ok(()) } else { put(&format!("\x1b[{n}B")) }
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        if n == 0 { Ok(()) } else { put(&format!("\x1b[{n}C")) }
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        if n == 0 { Ok(()) } else { put(&format!("\x1b[{n}D")) }
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        put(&format!("{line}\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        put(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        put("\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}
