//! Unfinished files: what they are called, and that they are gone however the program ends.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use crate::sandbox::{PROGRAM, Sandbox, code, noise, said, text};
use crate::signals;

/// The program in the middle of its work: as long as the pipe stays open, it waits for the rest.
fn at_work(sandbox: &Sandbox, mut command: Command) -> (Child, ChildStdin) {
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&text()).unwrap();
    sandbox.unfinished();
    (child, stdin)
}

fn kill(signal: &str, child: &Child) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success(), "{signal}");
}

#[test]
fn no_signal_leaves_a_half_file() {
    let mut sent = vec![
        ("HUP", 1),
        ("INT", 2),
        ("QUIT", 3),
        ("ILL", 4),
        ("TRAP", 5),
        ("ABRT", 6),
        ("FPE", 8),
        ("SEGV", 11),
        ("ALRM", 14),
        ("TERM", 15),
    ];
    if cfg!(target_os = "linux") {
        sent.extend([("BUS", 7), ("USR1", 10), ("USR2", 12), ("XCPU", 24), ("VTALRM", 26)]);
        sent.extend([("PROF", 27), ("IO", 29), ("PWR", 30), ("SYS", 31), ("RTMIN", 34)]);
        sent.push(("RTMAX", 64));
    }
    for (name, number) in sent {
        let sandbox = Sandbox::new();
        let mut command = sandbox.command("-1 -o a.llmz");
        signals::by_default(&mut command);
        let (child, stdin) = at_work(&sandbox, command);
        assert!(!sandbox.has("a.llmz"), "a half file under the final name");
        // Not every `kill` knows every name.
        kill(&number.to_string(), &child);
        let output = child.wait_with_output().unwrap();
        drop(stdin);
        // A shell makes 128 more of it.
        assert_eq!(output.status.signal(), Some(number), "{name}");
        assert!(sandbox.files().is_empty(), "{name}: {:?}", sandbox.files());
    }
}

#[test]
fn signals_that_the_parent_had_us_ignore_stay_ignored() {
    let sandbox = Sandbox::new();
    let mut command = Command::new("sh");
    let line = format!("trap '' HUP INT QUIT USR1 ALRM ABRT; exec {PROGRAM} -1 -o a.llmz");
    command.args(["-c", &line]).current_dir(sandbox.path(""));
    let (child, stdin) = at_work(&sandbox, command);
    for name in ["HUP", "INT", "QUIT", "USR1", "ALRM", "ABRT"] {
        kill(name, &child);
    }
    std::thread::sleep(Duration::from_millis(50));
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), said(&output).as_str()), (0, ""));
    assert_eq!(sandbox.files(), ["a.llmz"]);
}

#[test]
fn an_unfinished_file_shows_what_it_will_be() {
    for (name, shown) in [("a.txt.llmz".to_owned(), ".a.txt.llmz.tmp-"), ("n".repeat(255), ".nnn")]
    {
        let sandbox = Sandbox::new();
        let (mut child, stdin) = at_work(&sandbox, sandbox.command(&format!("-1 -o {name}")));
        let unfinished = sandbox.unfinished();
        assert!(unfinished.starts_with(shown) && unfinished.len() <= 143, "{unfinished}");
        drop(stdin);
        assert!(child.wait().unwrap().success());
        assert_eq!(sandbox.files(), [name]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn too_little_memory_is_an_error_of_one_line() {
    let sandbox = Sandbox::with("a", &text());
    let mut errors = 0;
    // Less than the program's own length, and the system ends it before it begins.
    let program = std::fs::metadata(env!("CARGO_BIN_EXE_llmzip")).unwrap().len() as usize / 1000;
    for kilobytes in (program + 4_000..=program + 110_000).step_by(12_000) {
        let output = sandbox.shell(&format!("ulimit -v {kilobytes}; exec $LLMZIP -5 -f a"));
        if said(&output).contains("shared libraries") {
            continue;
        }
        if code(&output) == 0 {
            std::fs::remove_file(sandbox.path("a.llmz")).unwrap();
            break;
        }
        assert_eq!(code(&output), 1, "{kilobytes}: {}", said(&output));
        assert_eq!(said(&output).lines().count(), 1, "{kilobytes}: {}", said(&output));
        assert!(said(&output).starts_with("llmzip: "), "{kilobytes}: {}", said(&output));
        errors += 1;
        assert_eq!(sandbox.files(), ["a"], "{kilobytes}");
    }
    assert!(errors > 1);
}

#[test]
fn a_file_that_may_not_grow_so_far_is_an_error_of_writing() {
    let sandbox = Sandbox::with("a", &noise(300_000));
    sandbox.succeed("-1 a");
    for arguments in ["-1 a -o b", "-d a.llmz -o b", "-dc a.llmz > c"] {
        let output = sandbox.shell(&format!("ulimit -f 100; exec $LLMZIP {arguments}"));
        assert_eq!(code(&output), 1, "{arguments}: {}", said(&output));
        assert!(said(&output).contains("File too large"), "{}", said(&output));
        assert!(!sandbox.has("b"));
    }
}

#[test]
fn a_time_that_is_over_leaves_nothing() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("-1 -o a.llmz");
    signals::by_default(&mut command);
    let (child, stdin) = at_work(&sandbox, command);
    kill("XCPU", &child);
    let began = Instant::now();
    assert!(child.wait_with_output().unwrap().status.signal().is_some());
    assert!(began.elapsed() < Duration::from_secs(5));
    drop(stdin);
    assert!(sandbox.files().is_empty());
}

#[test]
fn where_the_parent_ignores_closed_pipes_they_are_errors() {
    let sandbox = Sandbox::with("a", &noise(300_000));
    sandbox.succeed("-1 a");
    let line = "trap '' PIPE; { $LLMZIP -dc a.llmz; echo $? > status; } | head -c 1 > first";
    let output = sandbox.shell(line);
    assert_eq!(said(&output), "llmzip: a.llmz: Broken pipe\n");
    assert_eq!(sandbox.read("status"), b"1\n");
}
