//! Memory that runs out is an error like any other: one line, status 1, and no unfinished file.

use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator, where a refusal ends the process.
///
/// Without this, Rust would abort: two lines, a core, and a file left behind. What can be refused with more words is
/// refused by its size before it is asked for.
pub struct OrEnd;

fn or_end(memory: *mut u8) -> *mut u8 {
    if memory.is_null() {
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
