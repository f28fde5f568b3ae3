//! Progress and cancellation, which JavaScript gives as functions.

use llmzip::stream::Progress;

#[link(wasm_import_module = "llmzip")]
unsafe extern "C" {
    /// So many more bytes of the original are done, and of the compressed file written or read.
    safe fn progress(plain_bytes: f64, stored_bytes: f64);
    /// Not 0 to stop.
    safe fn cancelled() -> i32;
    /// The text of a panic, which ends the module.
    safe fn panicked(at: *const u8, len: usize);
}

/// Tells JavaScript.
pub struct Watch;

impl Progress for Watch {
    fn plain(&self, bytes: u64) {
        progress(bytes as f64, 0.0);
    }

    fn stored(&self, bytes: u64) {
        progress(0.0, bytes as f64);
    }

    fn cancelled(&self) -> bool {
        cancelled() != 0
    }
}

/// Lets JavaScript know what a panic says; to be called before anything else.
#[unsafe(no_mangle)]
pub extern "C" fn llmzip_begin() {
    std::panic::set_hook(Box::new(|info| {
        let text = info.to_string();
        panicked(text.as_ptr(), text.len());
    }));
}
