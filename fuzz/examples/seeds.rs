//! Writes the seed corpus: for each target of this build the sample that it lets in, and for whole
//! files one of every form and method. `cargo run --example seeds FOLDER`.

#[path = "../../tests/common/mod.rs"]
mod common;

use common::samples::{packed_files, samples};
use std::fs;
use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| "corpus".into()));
    for (name, _, sample) in samples() {
        let folder = folder.join(name);
        fs::create_dir_all(&folder)?;
        match *name {
            "ranges" | "many" | "recover" | "inspect" => {
                for (number, packed) in packed_files().iter().enumerate() {
                    fs::write(folder.join(format!("seed-{number}")), &packed.file)?;
                }
            }
            _ => fs::write(folder.join("seed"), sample)?,
        }
    }
    Ok(())
}
