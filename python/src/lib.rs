//! What the Python package `llmzip` calls; the package itself, with its documentation, is in `llmzip/`.
//!
//! No work is done while Python's lock is held: each call has a thread for it ([`work`]), and the calling one waits, looks
//! after signals, and does what only it may do, such as reading from a file object. A stream of bytes that comes piece by
//! piece has a thread as long as it lives ([`pipe`]).

mod buffers;
mod calls;
mod compressor;
mod decompressor;
mod dict;
mod errors;
mod input;
mod made;
mod models;
mod options;
mod pipe;
mod threads;
mod tokens;
mod watch;
mod work;

use pyo3::prelude::*;

/// Functions of the package.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<models::Model>()?;
    module.add_class::<options::CompressSettings>()?;
    module.add_class::<options::DecompressSettings>()?;
    module.add_class::<compressor::Compressor>()?;
    module.add_class::<decompressor::Decompressor>()?;
    module.add_class::<dict::Dict>()?;
    module.add_function(wrap_pyfunction!(calls::compress, module)?)?;
    module.add_function(wrap_pyfunction!(calls::decompress, module)?)?;
    module.add_function(wrap_pyfunction!(calls::compress_many, module)?)?;
    module.add_function(wrap_pyfunction!(calls::decompress_many, module)?)?;
    module.add_function(wrap_pyfunction!(calls::info, module)?)?;
    module.add_function(wrap_pyfunction!(dict::train, module)?)?;
    module.add_function(wrap_pyfunction!(calls::spans, module)?)?;
    module.add_function(wrap_pyfunction!(calls::read_range, module)?)?;
    module.add_function(wrap_pyfunction!(tokens::bits_per_token, module)?)?;
    module.add_function(wrap_pyfunction!(tokens::next_log_probs, module)?)?;
    module.add_function(wrap_pyfunction!(threads::set_threads, module)?)?;
    Ok(())
}
