//! Files and pipes on either side, in both directions.

use std::fs::File;

use crate::sandbox::{Sandbox, code, said, text};

/// Empty, tiny, short-form and long-form inputs.
fn inputs() -> [Vec<u8>; 5] {
    [vec![], vec![0xFF], b"a few words\n".to_vec(), text()[..40_000].to_vec(), text()]
}

#[test]
fn file_to_file_comes_back() {
    for input in inputs() {
        let sandbox = Sandbox::with("a", &input);
        sandbox.succeed("-1 a");
        std::fs::rename(sandbox.path("a"), sandbox.path("original")).unwrap();
        sandbox.succeed("-d a.llmz");
        assert!(sandbox.read("a") == input);
        assert_eq!(sandbox.files(), ["a", "a.llmz", "original"]);
    }
}

#[test]
fn files_together_are_as_alone() {
    let sandbox = Sandbox::new();
    let text = text();
    let mut names = Vec::new();
    for (i, len) in [0, 1, 40, 400, 3000, 60_000, 5, 900].into_iter().enumerate() {
        names.push(format!("f{i}"));
        sandbox.write(&names[i], &text[i * 100..i * 100 + len]);
    }
    sandbox.succeed(&format!("-5 -T2 {}", names.join(" ")));
    for name in &names {
        assert!(sandbox.succeed(&format!("-5 -c {name}")) == sandbox.read(&format!("{name}.llmz")));
        std::fs::rename(sandbox.path(name), sandbox.path(&format!("{name}.old"))).unwrap();
    }
    let packed: Vec<_> = names.iter().map(|name| format!("{name}.llmz")).collect();
    sandbox.succeed(&format!("-d {}", packed.join(" ")));
    for name in &names {
        assert!(sandbox.read(name) == sandbox.read(&format!("{name}.old")));
    }
    // A missing one does not keep the others from being done, and neither does one that is there already.
    std::fs::remove_file(sandbox.path("f3")).unwrap();
    let run = sandbox.command(&format!("-d {} missing.llmz", packed.join(" "))).output().unwrap();
    assert_eq!(code(&run), 1);
    assert!(said(&run).contains("missing.llmz") && sandbox.read("f3") == sandbox.read("f3.old"));
}

#[test]
fn file_to_pipe_comes_back() {
    for input in inputs() {
        let sandbox = Sandbox::with("a", &input);
        let compressed = sandbox.succeed("compress -1 -c a");
        sandbox.write("b.llmz", &compressed);
        assert!(sandbox.succeed("decompress -c b.llmz") == input);
        assert_eq!(sandbox.files(), ["a", "b.llmz"]);
    }
}

#[test]
fn pipe_to_pipe_comes_back() {
    for input in inputs() {
        let sandbox = Sandbox::new();
        let compressed = sandbox.pipe("-1", &input);
        assert_eq!((code(&compressed), said(&compressed).as_str()), (0, ""));
        let restored = sandbox.pipe("-d", &compressed.stdout);
        assert_eq!((code(&restored), said(&restored).as_str()), (0, ""));
        assert!(restored.stdout == input);
        assert!(sandbox.files().is_empty());
    }
}

#[test]
fn pipe_to_file_comes_back() {
    for input in inputs() {
        let sandbox = Sandbox::new();
        assert_eq!(code(&sandbox.pipe("compress -1 -o a.llmz", &input)), 0);
        let compressed = sandbox.read("a.llmz");
        assert_eq!(code(&sandbox.pipe("decompress - -o a", &compressed)), 0);
        assert!(sandbox.read("a") == input);
        assert_eq!(sandbox.files(), ["a", "a.llmz"]);
    }
}

#[test]
fn a_redirected_file_counts_as_standard_input() {
    let sandbox = Sandbox::with("a", &text());
    let run = |arguments: &str, from: &str, to: &str| {
        let mut command = sandbox.command(arguments);
        command.stdin(File::open(sandbox.path(from)).unwrap());
        command.stdout(File::create(sandbox.path(to)).unwrap());
        assert_eq!(code(&command.output().unwrap()), 0);
    };
    run("-1", "a", "b");
    run("-d", "b", "c");
    assert!(sandbox.read("c") == text());
}

#[test]
fn the_same_bytes_are_written_to_files_and_pipes_by_any_number_of_threads() {
    let sandbox = Sandbox::with("a", &text());
    let expected = sandbox.succeed("-1 -c a");
    sandbox.succeed("-1 -T3 a");
    assert!(sandbox.read("a.llmz") == expected);
    assert!(sandbox.pipe("-1 -T1", &text()).stdout == expected);
}

#[test]
fn several_files_join_on_standard_output() {
    let sandbox = Sandbox::with("a", b"one, ");
    sandbox.write("b", &text());
    let joined = sandbox.succeed("-1 -c a b");
    let restored = sandbox.pipe("-d", &joined);
    assert!(restored.stdout == [b"one, ".to_vec(), text()].concat());
}

#[test]
fn verification_does_not_change_what_is_written() {
    let sandbox = Sandbox::with("a", &text());
    let expected = sandbox.succeed("-1 -c a");
    assert!(sandbox.succeed("-1 -c --verify a") == expected);
    sandbox.succeed("-1 --verify a");
    assert!(sandbox.read("a.llmz") == expected);
    let short = sandbox.pipe("-1 --verify", b"short");
    assert_eq!(sandbox.pipe("-d", &short.stdout).stdout, b"short");
}

#[test]
fn full_hashes_give_small_files_a_sha256() {
    let sandbox = Sandbox::with("a", b"small");
    sandbox.succeed("-1 --full-hashes a");
    let listed = String::from_utf8(sandbox.succeed("info --json a.llmz")).unwrap();
    assert!(listed.contains("\"form\": \"long\""), "{listed}");
    assert_eq!(sandbox.succeed("-dc a.llmz"), b"small");
}
