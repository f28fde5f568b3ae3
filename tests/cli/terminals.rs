//! What happens in front of a screen; `script` from util-linux plays the screen.

use std::process::{Command, Stdio};

use crate::sandbox::{PROGRAM, Sandbox, text};

/// Runs a shell command on a terminal; what appeared, and the exit status. `None` without `script`.
fn on_terminal(sandbox: &Sandbox, command: &str) -> Option<(String, i32)> {
    let mut script = Command::new("script");
    script.args(["-qec", command, "/dev/null"]).current_dir(sandbox.path(""));
    let output = script.env("LLMZIP", PROGRAM).stdin(Stdio::null()).output();
    match output {
        Ok(output) if cfg!(target_os = "linux") => {
            let shown = String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n");
            Some((shown, output.status.code().unwrap_or(-1)))
        }
        _ => {
            eprintln!("skipped: the program `script` of util-linux is not here");
            None
        }
    }
}

#[test]
fn refuses_to_write_to_a_terminal() {
    let sandbox = Sandbox::with("a", &text());
    for arguments in ["-1 -c a", "-1 < a", "compress -1 --verify -c a"] {
        let Some((shown, code)) = on_terminal(&sandbox, &format!("$LLMZIP {arguments}")) else {
            return;
        };
        assert!(shown.contains("is not written to a terminal"), "{arguments}: {shown}");
        assert_eq!((code, shown.lines().count()), (1, 1), "{arguments}: {shown}");
    }
    let (shown, code) = on_terminal(&sandbox, "$LLMZIP -1 -f -c a | cat").unwrap();
    assert!(code == 0 && shown.len() > 100);
}

#[test]
fn force_writes_to_a_terminal() {
    let sandbox = Sandbox::with("a", b"hello");
    let Some((shown, code)) = on_terminal(&sandbox, "$LLMZIP -1 -fc a") else { return };
    assert!(code == 0 && !shown.contains("terminal"), "{shown}");
}

#[test]
fn refuses_to_read_compressed_data_from_a_terminal() {
    let sandbox = Sandbox::new();
    for arguments in ["-d", "-t", "-l", "decompress -"] {
        let Some((shown, code)) = on_terminal(&sandbox, &format!("$LLMZIP {arguments}")) else {
            return;
        };
        assert!(shown.contains("is not read from a terminal"), "{arguments}: {shown}");
        assert_eq!(code, 1, "{arguments}");
    }
}

#[test]
fn decompressed_text_may_appear_on_a_terminal() {
    let sandbox = Sandbox::with("a", b"hello\n");
    sandbox.succeed("-1 a");
    let Some((shown, code)) = on_terminal(&sandbox, "$LLMZIP -dc a.llmz") else { return };
    assert_eq!((shown.as_str(), code), ("hello\n", 0));
}

#[test]
fn short_work_shows_no_progress() {
    let sandbox = Sandbox::with("a", b"hello\n");
    let Some((shown, code)) = on_terminal(&sandbox, "$LLMZIP -1 a") else { return };
    assert_eq!((shown.as_str(), code), ("", 0));
}
