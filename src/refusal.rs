//! Memory that may be refused.
//!
//! An allocator cannot see whether its caller can do without what it asks for (`try_reserve`) or not. A program that
//! ends where memory runs out needs to know; here the caller says so.

use std::cell::Cell;

thread_local! {
    static IS_WELCOME: Cell<bool> = const { Cell::new(false) };
}

/// Runs `ask`, which can do without the memory that it asks for.
pub fn welcome<R>(ask: impl FnOnce() -> R) -> R {
    /// Back to what was before, after a panic too.
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            IS_WELCOME.set(self.0);
        }
    }
    let _before = Before(IS_WELCOME.replace(true));
    ask()
}

/// Whether this thread can do without what it asks for right now.
pub fn is_welcome() -> bool {
    IS_WELCOME.try_with(Cell::get).unwrap_or(false)
}
