//! Zeros that take no place on disk.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;

use crate::sandbox::{Sandbox, code, noise};

const ZEROS: usize = 12_000_000;

/// Zeros with something before, between and behind them.
fn content() -> Vec<u8> {
    let mut content = vec![0; ZEROS];
    content[..3].fill(7);
    content[ZEROS / 2..ZEROS / 2 + 5000].copy_from_slice(&noise(5000));
    content
}

/// Bytes that a file takes on disk.
fn disk_bytes(sandbox: &Sandbox, name: &str) -> u64 {
    fs::metadata(sandbox.path(name)).unwrap().blocks() * 512
}

/// Whether the file system has holes at all.
fn has_holes(sandbox: &Sandbox) -> bool {
    let file = File::create(sandbox.path("hole")).unwrap();
    file.set_len(ZEROS as u64).unwrap();
    let has_holes = disk_bytes(sandbox, "hole") < 1 << 20;
    fs::remove_file(sandbox.path("hole")).unwrap();
    if !has_holes {
        eprintln!("skipped: this file system has no holes");
    }
    has_holes
}

#[test]
fn zeros_come_back_as_holes() {
    let sandbox = Sandbox::with("a", &content());
    sandbox.write("all", &vec![0; ZEROS]);
    sandbox.succeed("-1 --rm a all");
    if !has_holes(&sandbox) {
        return;
    }
    sandbox.succeed("-d a.llmz all.llmz");
    assert!(sandbox.read("a") == content() && sandbox.read("all") == vec![0; ZEROS]);
    assert!(disk_bytes(&sandbox, "a") < 100_000, "{}", disk_bytes(&sandbox, "a"));
    assert!(disk_bytes(&sandbox, "all") < 100_000);

    sandbox.succeed("-df --no-sparse a.llmz");
    assert!(sandbox.read("a") == content());
    assert!(disk_bytes(&sandbox, "a") >= ZEROS as u64);
}

#[test]
fn a_redirected_file_gets_holes_only_at_its_end() {
    let sandbox = Sandbox::with("a", &content());
    sandbox.succeed("-1 a");
    if !has_holes(&sandbox) {
        return;
    }
    let run = |line: &str, expected: &[&[u8]], has_holes: bool| {
        assert_eq!(code(&sandbox.shell(line)), 0, "{line}");
        assert!(sandbox.read("b") == expected.concat(), "{line}");
        assert_eq!(disk_bytes(&sandbox, "b") < 1 << 20, has_holes, "{line}");
    };
    let content = content();
    run("$LLMZIP -dc a.llmz > b", &[&content], true);
    run("{ echo 1; $LLMZIP -dc a.llmz; echo 2; } > b", &[b"1\n", &content, b"2\n"], true);
    run("$LLMZIP -dc a.llmz a.llmz > b", &[&content, &content], true);
    run("$LLMZIP -dc a.llmz | cat > b", &[&content], false);
    run("echo 1 > b; $LLMZIP -dc a.llmz >> b", &[b"1\n", &content], false);
    // In the middle of a file, what was there before must not show through.
    let old = noise(ZEROS + 10);
    sandbox.write("b", &old);
    run("$LLMZIP -dc a.llmz 1<> b", &[&content, &old[ZEROS..]], false);
}
