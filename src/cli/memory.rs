//! Memory that runs out is an error like any other: one line, status 1, and no unfinished file.

use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator, where a refusal ends the process unless it is [welcome](llmzip::refusal).
///
/// Without this, Rust would abort: a core, a status that says nothing, and a file left behind.
pub struct OrEnd;

fn or_end(memory: *mut u8) -> *mut u8 {
    if memory.is_null() && !llmzip::refusal::is_welcome() {
        super::exit::at_once(&["not enough memory"]);
    }
    memory
}

// SAFETY: all calls go to the system's allocator with the arguments that the caller vouches for.
unsafe impl GlobalAlloc for OrEnd {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller's.
        or_end(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller's.
        or_end(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: as the caller's.
        or_end(unsafe { System.realloc(memory, layout, new_size) })
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller's.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn who_can_do_without_is_told_and_goes_on() {
        let ask = || Vec::<u8>::new().try_reserve_exact(isize::MAX as usize - 4096);
        assert!(llmzip::refusal::welcome(ask).is_err());
        assert!(!llmzip::refusal::is_welcome());
    }
}
