//! What the process was started with, asked before Rust's runtime changes it.
//!
//! Before `main`, the runtime opens /dev/null in place of each standard descriptor that is closed, and ignores SIGPIPE.
//! Bytes written to a descriptor that was closed would then be gone without an error, and a pipe that nobody reads
//! could not be told from one whose parent wants no signal.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// One bit for each of the descriptors 0, 1 and 2 that was closed.
static CLOSED: AtomicU8 = AtomicU8::new(0);
static IGNORES_PIPES: AtomicBool = AtomicBool::new(false);

/// Whether descriptor `number` was closed when we were started; only for 0, 1 and 2.
pub fn was_closed(number: u32) -> bool {
    number < 3 && CLOSED.load(Ordering::Relaxed) & (1 << number) != 0
}

/// Whether the parent had us ignore SIGPIPE, and so wants to see an error where a pipe is closed.
#[cfg_attr(not(unix), expect(dead_code, reason = "there is no such signal"))]
pub fn ignores_pipes() -> bool {
    IGNORES_PIPES.load(Ordering::Relaxed)
}

/// The loader calls what stands in this section before the runtime begins.
#[cfg(unix)]
#[used]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func,mod_init_funcs"))]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
static ASK: extern "C" fn() = ask;

#[cfg(unix)]
extern "C" fn ask() {
    let mut closed = 0;
    for number in 0..3 {
        // SAFETY: the call takes numbers and changes nothing.
        if unsafe { libc::fcntl(number, libc::F_GETFD) } == -1 {
            closed |= 1 << number;
        }
    }
    CLOSED.store(closed, Ordering::Relaxed);
    IGNORES_PIPES.store(super::signals::is_ignored(libc::SIGPIPE), Ordering::Relaxed);
}
