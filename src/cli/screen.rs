//! Standard error as people see it: lines that stay, and below them one that is drawn over and over.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

/// Columns that the line drawn last takes.
static DRAWN: Mutex<usize> = Mutex::new(0);

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

/// Draws a line of so many columns over the one before.
pub fn draw(line: &str, columns: usize) {
    let mut drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    let blanks = drawn.saturating_sub(columns);
    // The cursor goes back to the end of the text, where a person expects it.
    put(&format!("\r{line}{:blanks$}{}", "", "\u{8}".repeat(blanks)));
    *drawn = columns;
}

/// Takes the drawn line away.
pub fn erase() {
    let mut drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    put(&erasing(&mut drawn));
}

/// Writes a line that stays, above the drawn one, which comes back when it is drawn next.
pub fn say(line: &str) {
    let mut drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    put(&format!("{}{line}\n", erasing(&mut drawn)));
}

fn erasing(drawn: &mut usize) -> String {
    match std::mem::take(drawn) {
        0 => String::new(),
        columns => format!("\r{:columns$}\r", ""),
    }
}

/// In one piece, so that lines of several programs do not mix; where it fails there is nobody left to tell.
fn put(text: &str) {
    if !text.is_empty() {
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}
