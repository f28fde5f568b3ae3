//! The model inside the program.

use super::{Model, Storage};
use std::sync::{Arc, OnceLock};

/// What the command line calls it.
pub const BUILTIN_NAME: &str = "builtin";

/// `include_bytes!` promises no alignment; the wrapper does.
#[repr(C, align(64))]
struct Aligned<T: ?Sized>(T);

static BYTES: &Aligned<[u8]> = &Aligned(*include_bytes!("builtin/builtin.llmw"));

/// The bytes of the builtin's `.llmw`.
pub fn builtin_bytes() -> &'static [u8] {
    &BYTES.0
}

/// The builtin, opened at the first call.
///
/// Its hashes are checked by the tests, not at every start of the program.
pub fn builtin() -> Arc<Model> {
    static MODEL: OnceLock<Arc<Model>> = OnceLock::new();
    let open = || Model::open_trusted(Storage::Static(builtin_bytes()));
    MODEL.get_or_init(|| Arc::new(open().expect("the builtin is checked by the tests"))).clone()
}
