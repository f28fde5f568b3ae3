//! The corpus that is shipped.

use std::process::Command;

#[test]
fn the_generated_files_are_what_the_generator_makes() {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut python = Command::new("python3");
    let output =
        match python.arg("scripts/make_corpus.py").arg("--check").current_dir(root).output() {
            Ok(output) => output,
            Err(error) => return eprintln!("skipped: python3 cannot be run: {error}"),
        };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
