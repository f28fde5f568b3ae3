//! Memory that JavaScript fills and reads.

use std::cell::RefCell;

thread_local! {
    /// What the last call answered.
    static ANSWER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Makes room for `len` bytes, all zero, which JavaScript fills and hands back by [`llmzip_free`].
#[unsafe(no_mangle)]
pub extern "C" fn llmzip_alloc(len: usize) -> *mut u8 {
    Box::into_raw(vec![0u8; len].into_boxed_slice()).cast()
}

/// Gives back what [`llmzip_alloc`] made.
///
/// # Safety
/// `at` and `len` are those of a call of `llmzip_alloc`, and were not given back before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llmzip_free(at: *mut u8, len: usize) {
    // SAFETY: the caller's promise; this is the box that was made there.
    drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(at, len)) });
}

/// Where the answer of the last call is.
#[unsafe(no_mangle)]
pub extern "C" fn llmzip_answer() -> *const u8 {
    ANSWER.with_borrow(|answer| answer.as_ptr())
}

/// Bytes of the answer.
#[unsafe(no_mangle)]
pub extern "C" fn llmzip_answer_len() -> usize {
    ANSWER.with_borrow(Vec::len)
}

/// Lets the answer go.
#[unsafe(no_mangle)]
pub extern "C" fn llmzip_answer_free() {
    answer(Vec::new());
}

/// Keeps an answer until the next one.
pub fn answer(bytes: Vec<u8>) {
    ANSWER.set(bytes);
}

/// The bytes that JavaScript has put at `at`.
///
/// # Safety
/// They are of a call of [`llmzip_alloc`], not given back while the result is used, and nobody writes to them.
pub unsafe fn given<'a>(at: *const u8, len: usize) -> &'a [u8] {
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(at, len) }
}
