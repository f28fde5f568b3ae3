//! `cat`, ranges, and the groups that they are made of.

use serde_json::Value;

use crate::sandbox::{Sandbox, code, said, text};

/// A file of three groups.
fn sandbox() -> (Sandbox, Vec<u8>) {
    let sandbox = Sandbox::with("a", &text());
    sandbox.succeed("-1 --group 64K a");
    (sandbox, text())
}

#[test]
fn cat_gives_all_bytes_of_all_files() {
    let (sandbox, plain) = sandbox();
    sandbox.write("b", b"end");
    sandbox.succeed("-1 b");
    assert!(sandbox.succeed("cat a.llmz b.llmz") == [&plain[..], b"end"].concat());
    assert!(sandbox.pipe("cat", &sandbox.read("b.llmz")).stdout == b"end");
}

#[test]
fn a_range_is_the_bytes_that_it_names() {
    let (sandbox, plain) = sandbox();
    for (range, bytes) in [
        ("0..10", &plain[..10]),
        ("65530..65540", &plain[65530..65540]),
        ("65530+10", &plain[65530..65540]),
        ("64K..=64K", &plain[65536..65537]),
        ("140000..", &plain[140_000..]),
        ("..100", &plain[..100]),
        ("..", &plain[..]),
        ("7..7", b""),
    ] {
        assert!(sandbox.succeed(&format!("cat --range {range} a.llmz")) == bytes, "{range}");
    }
}

#[test]
fn only_the_groups_of_the_range_are_decoded() {
    let (sandbox, plain) = sandbox();
    let listed: Value = serde_json::from_slice(&sandbox.succeed("-l --json a.llmz")).unwrap();
    let group = &listed[0]["frames"][0]["groups"][0];
    assert_eq!(group["plain_bytes"], 65536);
    // What is wrong with the first group does not matter to the second.
    let mut packed = sandbox.read("a.llmz");
    packed[group["offset"].as_u64().unwrap() as usize + 200] ^= 1;
    sandbox.write("a.llmz", &packed);
    assert!(sandbox.succeed("cat --range 70000..70010 a.llmz") == plain[70_000..70_010]);
    assert_eq!(code(&sandbox.run("cat --range 100..110 a.llmz")), 1);
}

#[test]
fn a_range_that_is_not_there_is_an_error_and_writes_nothing() {
    let (sandbox, plain) = sandbox();
    for (range, reason) in [
        ("0..1G", format!("ends at byte 1073741824, and the original has {}", plain.len())),
        ("1G..", format!("begins at byte 1073741824, and the original has {}", plain.len())),
        ("5..3", "the range ends before it begins".into()),
        ("5", "a range is A..B".into()),
        ("a..b", "a size begins with digits".into()),
    ] {
        let output = sandbox.run(&format!("cat --range {range} a.llmz"));
        assert_eq!((code(&output), said(&output).lines().count()), (1, 1), "{range}");
        assert!(said(&output).contains(&reason), "{range}: {}", said(&output));
        assert!(output.stdout.is_empty(), "{range}");
    }
}

#[test]
fn a_range_of_a_pipe_or_of_two_files_is_refused() {
    let (sandbox, _) = sandbox();
    let output = sandbox.pipe("cat --range 0..10", &sandbox.read("a.llmz"));
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("--range needs a named file"), "{}", said(&output));
    let output = sandbox.run("cat --range 0..10 a.llmz a.llmz");
    assert!(code(&output) == 1 && said(&output).contains("--range takes one FILE"));
}

#[test]
fn groups_have_the_size_that_was_asked_for() {
    let sandbox = Sandbox::with("a", &text());
    for (size, groups) in [("64K", 3), ("65536", 3), ("128KiB", 2), ("1G", 1)] {
        sandbox.succeed(&format!("-1 -f --group {size} a"));
        let listed: Value = serde_json::from_slice(&sandbox.succeed("-l --json a.llmz")).unwrap();
        let found = listed[0]["frames"][0]["groups"].as_array().unwrap().len();
        assert_eq!(found, groups, "{size}");
    }
    let output = sandbox.run("-1 -f --group 3M a");
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("the nearest are 2M and 4M"), "{}", said(&output));
    for size in ["32K", "2G", "x", "0"] {
        assert_eq!(code(&sandbox.run(&format!("-1 -f --group {size} a"))), 1, "{size}");
    }
}
