//! Help, flags that would do nothing, words that were meant as commands, and what is copied unchanged.

use std::fs::File;

use crate::sandbox::{Sandbox, code, said, text};

#[test]
fn the_short_help_fits_a_screen_and_names_the_long_one() {
    let sandbox = Sandbox::new();
    let brief = String::from_utf8(sandbox.succeed("-h")).unwrap();
    assert!(brief.lines().count() <= 24 && brief.lines().all(|line| line.len() < 80), "{brief}");
    for word in ["-1 to -9", "-d ", "-r ", "--rm", "llmzip --help", "help COMMAND"] {
        assert!(brief.contains(word), "{word}");
    }
    let long = String::from_utf8(sandbox.succeed("--help")).unwrap();
    assert!(long.lines().count() > 60);
    for word in
        ["unllmz", "llmzcat", "--group", "--files-from", "LLMZIP_LEVEL", "left_s", "-8 is -7"]
    {
        assert!(long.contains(word), "{word}");
    }
    assert!(sandbox.succeed("help") == long.as_bytes());
    let compress = String::from_utf8(sandbox.succeed("help compress")).unwrap();
    assert!(compress.starts_with("Make FILE.llmz") && compress.contains("--group"));
    let pull = String::from_utf8(sandbox.succeed("help models pull")).unwrap();
    assert!(pull.contains("--revision"));
}

#[test]
fn text_that_cannot_be_printed_is_an_error() {
    if !std::fs::exists("/dev/full").unwrap_or(false) {
        eprintln!("skipped: this system has no /dev/full");
        return;
    }
    let sandbox = Sandbox::with("a", b"x");
    sandbox.succeed("-1 a");
    for arguments in [
        "--help",
        "-h",
        "--version",
        "help cat",
        "models list",
        "models --help",
        "-l a.llmz",
        "cat a.llmz",
    ] {
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
}

#[test]
fn flags_that_would_do_nothing_are_refused() {
    let sandbox = Sandbox::with("a", b"x");
    for (arguments, flag) in [
        ("--recover a", "--recover does nothing when compressing"),
        ("--json a", "--json does nothing when compressing"),
        ("-d --lanes 3 a", "--lanes does nothing when decompressing"),
        ("-d --group 1M a", "--group does nothing when decompressing"),
        ("-d --verify a", "--verify does nothing when decompressing"),
        ("-t --rm a", "--rm does nothing when testing"),
        ("-l -o b a", "--output does nothing when listing"),
    ] {
        let output = sandbox.run(arguments);
        assert_eq!((code(&output), said(&output)), (1, format!("llmzip: {flag}\n")), "{arguments}");
    }
    assert_eq!(sandbox.files(), ["a"]);
}

#[test]
fn words_that_were_meant_as_commands_are_not_taken_for_files() {
    let sandbox = Sandbox::with("a", b"x");
    for (arguments, near) in [
        ("comprss a", "llmzip compress is one"),
        ("tset a", "llmzip test is one"),
        ("list a", "llmzip info is one"),
        ("-l modles", "llmzip models is one"),
        ("models pul x", "a similar subcommand exists: 'pull'"),
    ] {
        let output = sandbox.run(arguments);
        assert_eq!((code(&output), said(&output).lines().count()), (1, 1), "{arguments}");
        assert!(said(&output).contains(near), "{arguments}: {}", said(&output));
    }
    assert_eq!(sandbox.files(), ["a"]);
    // A file of that name is a file.
    sandbox.write("tset", b"y");
    sandbox.succeed("-1 tset a");
    assert!(sandbox.has("tset.llmz") && sandbox.has("a.llmz"));
}

#[test]
fn forced_to_standard_output_what_is_no_llmzip_file_passes_unchanged() {
    let sandbox = Sandbox::with("a", &text());
    sandbox.write("b", b"");
    sandbox.succeed("-1 a b");
    let both = sandbox.succeed("-dcf a a.llmz b b.llmz");
    assert!(both == [text(), text()].concat());
    assert!(sandbox.pipe("-dcf", &text()).stdout == text());
    assert!(sandbox.pipe("-dcf", &sandbox.read("a.llmz")).stdout == text());
    assert_eq!(sandbox.pipe("-dcf", b"").stdout, b"");
    // Without -f it is an error, and so is what begins like an llmzip file and is none.
    assert_eq!(code(&sandbox.run("-dc a")), 1);
    for input in [&b"\xf5"[..], b"\xf5\x4c\x4c", b"\xf5\x7a and then", b"\xf5\x4c\x4c\x5a and then"]
    {
        let output = sandbox.pipe("-dcf", input);
        assert!(code(&output) == 1 && output.stdout.is_empty(), "{input:?}");
    }
}

#[test]
fn twice_verbose_tells_of_each_group() {
    let sandbox = Sandbox::with("a", &text());
    sandbox.write("b", b"small, small, small");
    sandbox.write("c", b"another, another, another");
    let groups = |arguments: &str| {
        let said = said(&sandbox.run(arguments));
        said.lines().filter(|line| line.contains(": group ")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(groups("-1 -v --group 64K a -c").len(), 0);
    let lines = groups("-1 -vv --group 64K a");
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[1].starts_with("a: group 1: mixer, 65.5 kB -> "), "{lines:?}");
    assert_eq!(groups("-tvv a.llmz").len(), 3);
    assert_eq!(groups("-dcvv a.llmz").len(), 3);
    assert_eq!(groups("-2vv b c").len(), 2);
    assert_eq!(groups("cat -vv --range 0..10 a.llmz").len(), 1);
}

#[test]
fn a_command_behind_options_is_named_and_nothing_is_done() {
    let sandbox = Sandbox::with("a", b"x");
    for command in ["compress", "decompress", "test", "info", "models"] {
        let output = sandbox.run(&format!("-v {command} a"));
        assert_eq!(code(&output), 1, "{command}");
        let expected = format!("llmzip: usage: the command {command} comes before all options\n");
        assert_eq!(said(&output), expected);
    }
    assert_eq!(sandbox.files(), ["a"]);
}
