//! Writes the seed corpus again: for each target of this build the sample that it lets in, and one
//! file of every form and method for the targets that take whole files. `cargo run --example seeds`.

#[path = "../../tests/common/mod.rs"]
mod common;

use common::samples::{packed_files, samples};
use std::fs;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let write = |folder: &str, name: &str, bytes: &[u8]| {
        fs::create_dir_all(seeds.join(folder))?;
        fs::write(seeds.join(folder).join(name), bytes)
    };
    for (name, _, sample) in samples() {
        // Whole files are the same for all that take them, and a resealed model is another's beginning.
        if !["ranges", "many", "recover", "inspect", "llmw_resealed"].contains(name) {
            write(name, "sample", sample)?;
        }
    }
    for (number, packed) in packed_files().iter().enumerate() {
        write("frames", &format!("{number:02}"), &packed.file)?;
    }
    Ok(())
}
