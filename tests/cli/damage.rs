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

#[test]
fn a_source_that_grows_becomes_a_good_file() {
    use std::io::Write;
    let sandbox = Sandbox::with("log", &text());
    let mut log = std::fs::OpenOptions::new().append(true).open(sandbox.path("log")).unwrap();
    for arguments in ["-1 -f log", "-1 -f --full-hashes log", "-2 -f log"] {
        let child = sandbox.command(arguments).spawn().unwrap();
        for line in 0..40 {
            writeln!(log, "one more line, number {line}").unwrap();
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(child.wait_with_output().unwrap().status.success(), "{arguments}");
        let plain = sandbox.succeed("-d -c log.llmz");
        assert!(sandbox.read("log").starts_with(&plain), "{arguments}");
    }
}

#[test]
fn zeros_behind_the_last_frame_are_a_warning() {
    let sandbox = Sandbox::with("a", &text());
    let mut bytes = sandbox.succeed("-1 -c a");
    bytes.extend([0; 1000]);
    sandbox.write("tape.llmz", &bytes);
    for arguments in ["-d tape.llmz", "-t tape.llmz", "-l tape.llmz"] {
        let output = sandbox.run(arguments);
        assert_eq!(code(&output), 2, "{arguments}");
        assert!(said(&output).contains("1000 zero bytes behind"), "{}", said(&output));
    }
    assert!(sandbox.read("tape") == text());
}

#[test]
fn what_was_decoded_before_foreign_bytes_is_kept() {
    let sandbox = Sandbox::with("a", &text());
    let mut bytes = sandbox.succeed("-1 -c a");
    bytes.extend(b"-----END-----\n");
    sandbox.write("mail.llmz", &bytes);
    let output = sandbox.run("-d --rm mail.llmz");
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("14 bytes behind the last frame"), "{}", said(&output));
    assert_eq!(said(&output).lines().count(), 1);
    assert!(sandbox.read("mail") == text() && sandbox.has("mail.llmz"));
}

#[test]
fn damage_within_a_group_costs_little() {
    // Letters of which nothing is known, so that they take three quarters of their bytes.
    let letters: Vec<u8> = noise(400_000).iter().map(|byte| b'0' + byte % 64).collect();
    let sandbox = Sandbox::with("a", &letters);
    sandbox.succeed("-1 a");
    let mut bytes = sandbox.read("a.llmz");
    let at = bytes.len() * 3 / 4;
    bytes[at..at + 4].copy_from_slice(b"oops");
    sandbox.write("bad.llmz", &bytes);
    let output = sandbox.run("-d --recover bad.llmz");
    assert_eq!(code(&output), 1);
    let kept = sandbox.read("bad");
    assert!(letters.starts_with(&kept) && kept.len() > 250_000, "{}", kept.len());
    assert!(said(&output).contains(&format!("bytes {}..400000 are lost", kept.len())));
    sandbox.run("-d -f --recover=fill bad.llmz");
    let filled = sandbox.read("bad");
    assert!(filled.len() == 400_000 && filled.starts_with(&kept));
    assert!(filled[kept.len()..].iter().all(|&byte| byte == 0));
    // Cut short, it keeps as much.
    sandbox.write("cut.llmz", &bytes[..at]);
    sandbox.run("-d --recover cut.llmz");
    assert!(sandbox.read("cut") == kept);
}

#[test]
fn where_nothing_can_be_recovered_there_is_no_file() {
    let sandbox = Sandbox::with("a", b"a small message");
    let whole = sandbox.succeed("-1 -c a");
    sandbox.write("cut.llmz", &whole[..whole.len() - 3]);
    let output = sandbox.run("-d --recover cut.llmz");
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("cut short"), "{}", said(&output));
    assert!(!said(&output).contains("not an llmzip file"), "{}", said(&output));
    assert!(!sandbox.has("cut"));
}

#[test]
fn more_than_was_allowed_is_refused() {
    let sandbox = Sandbox::with("zeros", &vec![0; 20 << 20]);
    sandbox.succeed("-1 zeros");
    let output = sandbox.run("-d -c --max-output 1M zeros.llmz");
    assert_eq!(code(&output), 1);
    assert!(output.stdout.is_empty() && said(&output).contains("1048576"), "{}", said(&output));
    // What a file claims is said before it is decoded, where it is beyond all measure.
    let output = sandbox.run("-t zeros.llmz");
    assert_eq!(code(&output), 0);
    assert!(said(&output).contains("times its size"), "{}", said(&output));
}

#[test]
fn a_list_that_breaks_off_is_json_all_the_same() {
    let sandbox = Sandbox::with("a", &text());
    sandbox.succeed("-1 a");
    let bytes = sandbox.read("a.llmz");
    for len in (0..bytes.len()).step_by(bytes.len() / 50 + 1) {
        sandbox.write("cut.llmz", &[&bytes[..], &bytes[..len]].concat());
        let output = sandbox.run("-l --json cut.llmz a.llmz");
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json[1]["frames"][0]["plain_bytes"], text().len());
        assert_eq!(json[0]["error"].is_string(), len > 0, "{len}");
    }
}
