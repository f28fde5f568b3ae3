//! Files that are cut short or changed: refused with a clear word, and nothing wrong is kept.

use crate::sandbox::{Sandbox, code, noise, said, text};

#[test]
fn every_cut_of_a_small_file_is_refused() {
    let sandbox = Sandbox::with("a", b"a small message");
    let whole = sandbox.succeed("-1 -c a");
    for len in 0..whole.len() {
        sandbox.write("cut.llmz", &whole[..len]);
        let output = sandbox.run("-d cut.llmz");
        assert_eq!(code(&output), 1, "{len} bytes");
        assert!(said(&output).starts_with("llmzip: cut.llmz: "), "{len} bytes: {}", said(&output));
        assert!(!sandbox.has("cut"), "{len} bytes");
    }
}

#[test]
fn changed_bytes_of_a_small_file_are_refused() {
    let sandbox = Sandbox::with("a", b"a small message");
    let whole = sandbox.succeed("-1 -c a");
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        sandbox.write("bad.llmz", &changed);
        let output = sandbox.run("-t bad.llmz");
        if code(&output) == 0 {
            // The last byte of coded data has bits to spare: what comes back must be the same.
            assert_eq!(sandbox.succeed("-d -c bad.llmz"), b"a small message", "byte {at}");
            continue;
        }
        assert_eq!(code(&output), 1, "byte {at}");
        assert_eq!(said(&output).lines().count(), 1, "byte {at}: {}", said(&output));
    }
}

#[test]
fn damage_names_the_group_and_its_bytes() {
    let content = noise(100_000);
    let sandbox = Sandbox::with("a", &content);
    sandbox.succeed("-1 a");
    let mut changed = sandbox.read("a.llmz");
    changed[50_000] ^= 1;
    sandbox.write("bad.llmz", &changed);
    let output = sandbox.run("-d bad.llmz");
    assert_eq!(code(&output), 1);
    assert!(
        said(&output).contains("group 0, bytes 0..100000 of the original"),
        "{}",
        said(&output)
    );
    assert_eq!(sandbox.files(), ["a", "a.llmz", "bad.llmz"]);
}

#[test]
fn what_follows_a_frame_and_is_none_is_an_error() {
    let sandbox = Sandbox::with("a", b"x");
    let mut bytes = sandbox.succeed("-1 -c a");
    bytes.extend(b"garbage");
    let output = sandbox.pipe("-t", &bytes);
    assert_eq!(code(&output), 1);
    assert!(said(&output).starts_with("llmzip: (stdin): "), "{}", said(&output));
}

#[test]
fn recovery_keeps_the_undamaged_frames_and_the_source() {
    let sandbox = Sandbox::with("a", &noise(70_000));
    sandbox.write("b", &text());
    let mut joined = sandbox.succeed("-1 -c a b");
    joined[35_000] ^= 1;
    sandbox.write("joined.llmz", &joined);
    assert_eq!(code(&sandbox.run("-d joined.llmz")), 1);
    assert!(!sandbox.has("joined"));
    let output = sandbox.run("-d --recover --rm joined.llmz");
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("bytes 0..70000 are lost"), "{}", said(&output));
    assert!(sandbox.read("joined") == text());
    assert!(sandbox.has("joined.llmz"));
}

#[test]
fn nothing_at_all_is_not_a_compressed_file() {
    let sandbox = Sandbox::with("empty.llmz", b"");
    for arguments in ["-d empty.llmz", "-t empty.llmz", "-l empty.llmz", "-d"] {
        assert_eq!(code(&sandbox.run(arguments)), 1, "{arguments}");
    }
    assert_eq!(sandbox.files(), ["empty.llmz"]);
}
