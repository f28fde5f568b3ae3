//! What is seen through is said where it is asked for, and is not where it is not wanted.

use crate::sandbox::{Sandbox, said, text};

/// UTF-16 with a mark of the byte order, as some programs write text.
fn wide() -> Vec<u8> {
    let text = String::from_utf8(text()[..4000].to_vec()).unwrap();
    [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

#[test]
fn what_is_seen_through_is_said_and_comes_back() {
    let sandbox = Sandbox::with("a", &wide());
    let output = sandbox.run("-v a");
    assert!(said(&output).contains("through UTF-16LE, 4.0 kB"), "{}", said(&output));
    let listed = String::from_utf8(sandbox.succeed("-l -v a.llmz")).unwrap();
    assert!(listed.contains("through UTF-16LE, 4.0 kB"), "{listed}");
    assert!(sandbox.succeed("-dc a.llmz") == wide());
    // Without -v a compressor says nothing.
    assert_eq!(said(&sandbox.run("-kf a")), "");
}

#[test]
fn no_transform_sees_through_nothing() {
    let sandbox = Sandbox::with("a", &wide());
    let output = sandbox.run("-v --no-transform a");
    assert!(!said(&output).contains("through"), "{}", said(&output));
    let listed = String::from_utf8(sandbox.succeed("-l -v a.llmz")).unwrap();
    assert!(!listed.contains("through"), "{listed}");
    assert!(sandbox.succeed("-dc a.llmz") == wide());
    assert!(sandbox.read("a.llmz").len() > sandbox.succeed("-c a").len());
}

#[test]
fn what_wears_nothing_is_the_same_either_way() {
    let sandbox = Sandbox::with("a", &text());
    for level in ["-1", "-2", "-5"] {
        let made = |flags: &str| sandbox.succeed(&format!("{level} {flags} -c a"));
        assert!(made("") == made("--no-transform"), "{level}");
    }
}

#[test]
fn a_pipe_and_many_files_see_through_the_same() {
    let sandbox = Sandbox::with("a", &wide());
    sandbox.write("b", &wide());
    let alone = sandbox.succeed("-c a");
    sandbox.succeed("a b");
    assert!(sandbox.read("a.llmz") == alone && sandbox.read("b.llmz") == alone);
    assert!(sandbox.pipe("-c", &wide()).stdout == alone);
}
