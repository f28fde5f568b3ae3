//! Exit statuses, full disks, closed pipes, signals.

use std::fs::{self, File};
use std::io::Read;

use std::time::{Duration, Instant};

use crate::sandbox::{Sandbox, code, noise, said, text};

#[test]
fn a_usage_error_exits_with_1() {
    let sandbox = Sandbox::with("a", b"x");
    for arguments in [
        "--nonsense",
        "-0 a",
        "--level 10 a",
        "-T x a",
        "-o b a a",
        "--rm -c a",
        "- -",
        "bench",
        "models",
        "--memory-limit 5X -d a",
        "-v compress a",
    ] {
        let output = sandbox.run(arguments);
        assert_eq!(code(&output), 1, "{arguments}: {}", said(&output));
        assert!(!said(&output).is_empty() && output.stdout.is_empty(), "{arguments}");
    }
    assert_eq!(sandbox.files(), ["a"]);
}

#[test]
fn what_takes_much_memory_is_made_only_where_that_is_allowed() {
    let sandbox = Sandbox::with("a", &text()[..60_000]);
    let large = "--lanes 300 --window 32768";
    // Its keys and values are no larger than its text needs.
    let packed =
        sandbox.pipe(&format!("-c {large}"), b"a short one, in as many lanes as it has bytes");
    assert_eq!((code(&packed), said(&packed)), (0, String::new()));
    let output = sandbox.run(&format!("{large} --memory-limit 20M a"));
    assert_eq!(code(&output), 1);
    let needs = said(&output);
    let (_, flag) = needs.trim_end().rsplit_once(" MiB are allowed: ").expect("what to do");
    let flag = flag.strip_suffix(" allows it").expect("a flag");
    assert!(needs.starts_with("llmzip: a: needs ") && sandbox.files() == ["a"], "{needs}");
    // With what it said, it goes both ways.
    sandbox.succeed(&format!("--rm {large} {flag} a"));
    let output = sandbox.run("-d --memory-limit 20M a.llmz");
    let says = said(&output);
    assert!(code(&output) == 1 && says.contains(" allows it"), "{says}");
    sandbox.succeed(&format!("-d {flag} a.llmz"));
    assert!(sandbox.read("a") == text()[..60_000]);
}

#[test]
fn small_files_of_long_texts_are_not_held_in_memory() {
    let sandbox = Sandbox::new();
    sandbox.write("a", &vec![0; 40 << 20]);
    sandbox.write("b", &vec![0; 40 << 20]);
    sandbox.succeed("-1 --rm a b");
    assert!(sandbox.read("a.llmz").len() < 1000);
    // Their runs need next to nothing, as often as not.
    let output = sandbox.run("-d --memory-limit 1M a.llmz b.llmz");
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(said(&output).lines().all(|line| line.ends_with("times its size")));
    assert!(sandbox.read("a").len() == 40 << 20 && sandbox.read("b").len() == 40 << 20);
}

#[test]
fn a_thousand_threads_are_as_good_as_two() {
    let sandbox = Sandbox::with("a", &text()[..30_000]);
    let began = Instant::now();
    let two = sandbox.succeed("-T 2 -c a");
    let quick = began.elapsed();
    let began = Instant::now();
    assert!(sandbox.succeed("-T 1000 -c a") == two);
    sandbox.write("b.llmz", &two);
    sandbox.succeed("-T 1000 -d b.llmz");
    // Some seconds for a machine that has other things to do.
    assert!(began.elapsed() < 10 * quick + Duration::from_secs(5));
    assert!(sandbox.read("b") == text()[..30_000]);
}

#[test]
fn help_and_version_go_to_standard_output() {
    let sandbox = Sandbox::new();
    let help = String::from_utf8(sandbox.succeed("--help")).unwrap();
    for word in ["compress", "--rm", "-9", "Exit status"] {
        assert!(help.contains(word), "{word}");
    }
    assert!(sandbox.succeed("-V").starts_with(b"llmzip "));
}

#[test]
fn one_bad_file_does_not_keep_the_others_from_being_done() {
    let sandbox = Sandbox::with("a", b"x");
    sandbox.write("b", b"y");
    let output = sandbox.run("-1 a absent b");
    assert_eq!(said(&output), "llmzip: absent: No such file or directory\n");
    assert_eq!(code(&output), 1);
    assert_eq!(sandbox.files(), ["a", "a.llmz", "b", "b.llmz"]);
    sandbox.write("bad.llmz", b"this is something else");
    let output = sandbox.run("-t a.llmz bad.llmz b.llmz");
    assert_eq!(said(&output), "llmzip: bad.llmz: not an llmzip file\n");
    assert_eq!(code(&output), 1);
}

#[test]
fn an_error_outweighs_a_warning() {
    let sandbox = Sandbox::with("a.llmz", b"x");
    assert_eq!(code(&sandbox.run("-1 a.llmz")), 2);
    assert_eq!(code(&sandbox.run("-1 absent a.llmz")), 1);
    assert_eq!(code(&sandbox.run("-1 a.llmz absent")), 1);
}

#[test]
fn quiet_hides_warnings_and_twice_errors_but_not_the_status() {
    let sandbox = Sandbox::with("a.llmz", b"x");
    let output = sandbox.run("-1 -q a.llmz");
    assert_eq!((code(&output), said(&output).as_str()), (2, ""));
    let output = sandbox.run("-1 -q absent");
    assert_eq!((code(&output), said(&output).is_empty()), (1, false));
    let output = sandbox.run("-1 -qq absent");
    assert_eq!((code(&output), said(&output).as_str()), (1, ""));
}

#[test]
fn a_full_disk_is_noticed_on_every_way_out() {
    if !fs::exists("/dev/full").unwrap_or(false) {
        eprintln!("skipped: this system has no /dev/full");
        return;
    }
    let sandbox = Sandbox::with("a", b"x");
    sandbox.succeed("-1 a");
    for arguments in ["-1 -c a", "-1 --verify -c a", "-dc a.llmz", "-l a.llmz", "-l --json a.llmz"]
    {
        let mut command = sandbox.command(arguments);
        command.stdout(File::options().write(true).open("/dev/full").unwrap());
        let output = command.output().unwrap();
        assert_eq!(code(&output), 1, "{arguments}");
        assert!(
            said(&output).contains("No space left on device"),
            "{arguments}: {}",
            said(&output)
        );
    }
    let output = sandbox.run("-1 a -o /dev/full");
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("No space left on device"));
    assert_eq!(sandbox.files(), ["a", "a.llmz"]);
}

#[test]
fn a_closed_pipe_ends_it_without_a_word() {
    let sandbox = Sandbox::with("a", &noise(300_000));
    sandbox.succeed("-1 a");
    let mut child = sandbox.command("-dc a.llmz").spawn().unwrap();
    let mut first = [0];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!(said(&output), "");
    assert_ne!(code(&output), 0);
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_named() {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = Sandbox::with("a", b"x");
    fs::set_permissions(sandbox.path("a"), fs::Permissions::from_mode(0o000)).unwrap();
    if File::open(sandbox.path("a")).is_ok() {
        eprintln!("skipped: this user may read everything");
        return;
    }
    let output = sandbox.run("-1 a");
    assert_eq!(said(&output), "llmzip: a: Permission denied\n");
    assert_eq!(code(&output), 1);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let sandbox = Sandbox::with("a", b"x");
    let output = sandbox.run("-1 a -o absent/b");
    assert_eq!(said(&output), "llmzip: a: cannot write absent/b: No such file or directory\n");
    assert_eq!(code(&output), 1);
}

#[test]
fn an_instruction_set_that_cannot_be_had_is_named_as_such() {
    let sandbox = Sandbox::with("a", b"x");
    let output = sandbox.command("a").env("LLMZIP_ISA", "abacus").output().unwrap();
    assert_eq!(code(&output), 1);
    let said = said(&output);
    assert!(said.starts_with("llmzip: cannot start: LLMZIP_ISA=abacus: no such"), "{said}");
    assert_eq!(said.lines().count(), 1);
    assert_eq!(sandbox.files(), ["a"]);
}
