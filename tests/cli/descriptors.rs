//! Standard descriptors that are closed, or open the other way round, and paths that name descriptors.

use std::fs;

use crate::sandbox::{Sandbox, code, said, text};

/// Two files, one of them compressed.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with("a", &text());
    sandbox.succeed("-1 a");
    sandbox
}

#[test]
fn a_closed_standard_output_is_an_error() {
    let sandbox = sandbox();
    for arguments in [
        "-1 -c a",
        "-1 --verify -c a",
        "-1 < a",
        "-dc a.llmz",
        "-d < a.llmz",
        "-l a.llmz",
        "-l --json a.llmz",
        "models list",
        "models info builtin",
        "--help",
        "compress --help",
        "--version",
        "-1 -o /dev/stdout a",
        "-d -o /dev/fd/1 a.llmz",
    ] {
        // Open for reading only is as good as closed.
        for how in [">&-", "1< a", ">&- 2>&-", ">&- <&-"] {
            let output = sandbox.shell(&format!("$LLMZIP {arguments} {how}"));
            assert_eq!(code(&output), 1, "{arguments} {how}: {}", said(&output));
            let n_lines = if how.contains("2>&-") { 0 } else { 1 };
            assert_eq!(said(&output).lines().count(), n_lines, "{arguments}: {}", said(&output));
        }
    }
    assert_eq!(sandbox.files(), ["a", "a.llmz"]);
}

#[test]
fn a_closed_standard_input_is_an_error() {
    let sandbox = sandbox();
    for arguments in
        ["-1", "-1 -", "-1 -o b", "-d", "-d -o b", "-t", "-l", "-1 -c /dev/stdin", "-dc /dev/fd/0"]
    {
        for how in ["<&-", "0> out"] {
            if how != "<&-" && arguments.contains("/dev/") {
                continue;
            }
            let output = sandbox.shell(&format!("$LLMZIP {arguments} {how}"));
            assert_eq!(code(&output), 1, "{arguments} {how}");
            assert!(
                said(&output).contains("Bad file descriptor"),
                "{arguments}: {}",
                said(&output)
            );
            assert!(output.stdout.is_empty());
        }
    }
    assert!(!sandbox.has("b"));
}

#[test]
fn what_is_not_needed_may_be_closed() {
    let sandbox = sandbox();
    for (arguments, status) in [
        ("-1 -f a", 0),
        ("-1 -v -f a", 0),
        ("-t a.llmz", 0),
        ("-d -f a.llmz", 0),
        ("-1 -o b -f a", 0),
        ("-1 absent", 1),
        ("-1 a.llmz", 2),
        ("--nonsense", 1),
    ] {
        let output = sandbox.shell(&format!("$LLMZIP {arguments} <&- >&- 2>&-"));
        assert_eq!(code(&output), status, "{arguments}");
    }
    assert!(sandbox.read("a") == text());
    assert_eq!(sandbox.files(), ["a", "a.llmz", "b"]);
}

#[test]
fn no_message_gets_into_a_file_when_standard_error_is_closed() {
    let sandbox = sandbox();
    let whole = sandbox.read("a.llmz");
    let output = sandbox.shell("$LLMZIP -1 -v -f a absent 2>&-");
    assert_eq!(code(&output), 1);
    assert!(sandbox.read("a.llmz") == whole && sandbox.read("a") == text());
    let output = sandbox.shell("$LLMZIP -1 -v -c a absent <&- 2>&-");
    assert!(code(&output) == 1 && output.stdout == whole);
}

#[test]
fn a_path_that_names_a_descriptor_is_written_where_it_stands() {
    let sandbox = sandbox();
    std::os::unix::fs::symlink("/dev/stdout", sandbox.path("link")).unwrap();
    let expected = [b"before".to_vec(), text(), b"after".to_vec()].concat();
    for path in ["/dev/stdout", "/dev/fd/1", "/dev/stderr", "/proc/self/fd/1", "/dev/fd/7", "link"]
    {
        if path.starts_with("/proc") && !fs::exists("/proc/self/fd").unwrap() {
            continue;
        }
        for (force, to) in [("", ">> f"), ("-f", ">> f"), ("", "1<> f"), ("-f", "> f")] {
            sandbox.write("f", if to == "1<> f" { b"" } else { b"before" });
            let begin = if to == ">> f" { ":" } else { "printf before" };
            let line = format!(
                "{{ {begin}; $LLMZIP -d {force} a.llmz -o {path} 2>&1 7>&1; printf after; }} {to}"
            );
            let output = sandbox.shell(&line);
            assert_eq!(code(&output), 0, "{line}");
            assert!(sandbox.read("f") == expected, "{line}");
        }
    }
    for path in ["/dev/stdout", "/dev/stderr"] {
        assert!(fs::symlink_metadata(path).unwrap().is_symlink(), "{path}");
    }
    assert!(fs::symlink_metadata(sandbox.path("link")).unwrap().is_symlink());
}

#[test]
fn descriptors_of_the_program_itself_are_nobodys_target() {
    let sandbox = sandbox();
    for number in 3..12 {
        let output = sandbox.shell(&format!("$LLMZIP -d a.llmz -o /dev/fd/{number}"));
        assert_eq!(code(&output), 1, "{number}");
    }
}

#[test]
fn a_file_is_not_added_to_itself() {
    let sandbox = sandbox();
    for line in ["$LLMZIP -1 -c a >> a", "$LLMZIP -1 < a >> a", "$LLMZIP -1 a -o /dev/stdout >> a"]
    {
        let output = sandbox.shell(line);
        assert_eq!(code(&output), 1, "{line}");
        assert!(said(&output).contains("is the file that is read"), "{}", said(&output));
    }
    assert!(sandbox.read("a") == text());
}
