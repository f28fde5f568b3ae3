//! Model files that somebody changes while they are in use.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::common::tiny_llmw;
use crate::sandbox::{Sandbox, code, said, text};

/// A model whose file is mapped, because it is larger than what is read.
fn large() -> &'static [u8] {
    static MODEL: OnceLock<Vec<u8>> = OnceLock::new();
    let model = MODEL.get_or_init(|| {
        tiny_llmw(5, |config| {
            (config.layers, config.block_windows, config.feed_forward) = (3, Vec::new(), 65_536);
        })
    });
    assert!(model.len() > 64 << 20);
    model
}

/// Runs the program with `input`, of which it gets the end only after `change` was done to the model's file.
fn change_while_running(
    arguments: &str,
    input: &[u8],
    change: impl Fn(&std::path::Path),
) -> (Sandbox, std::process::Output) {
    let sandbox = Sandbox::with("large.llmw", large());
    let arguments = format!("--model large.llmw {arguments}");
    let mut command = sandbox.command(&arguments);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Where something is unpacked, its beginning says whether it is armored.
    let mut input = input;
    if arguments.contains("-d") {
        let (beginning, rest) = input.split_at(input.len() / 2);
        stdin.write_all(beginning).unwrap();
        input = rest;
    }
    if arguments.contains("-o") {
        sandbox.unfinished();
    } else {
        let (maps, patience) = (format!("/proc/{}/maps", child.id()), Instant::now());
        while !fs::read_to_string(&maps).unwrap().contains("large.llmw") {
            assert!(patience.elapsed() < Duration::from_secs(30), "the model is not mapped");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    change(&sandbox.path("large.llmw"));
    // A program that stops reading early is none of the writer's business.
    let _ = stdin.write_all(input);
    drop(stdin);
    (sandbox, child.wait_with_output().unwrap())
}

fn write_to(path: &std::path::Path) -> File {
    OpenOptions::new().write(true).open(path).unwrap()
}

fn overwrite(path: &std::path::Path) {
    let file = write_to(path);
    for at in (1 << 20..60 << 20).step_by(4096) {
        file.write_all_at(&[1; 64], at).unwrap();
    }
}

/// As `cp -p` over a file: the time says nothing of it.
fn overwrite_unseen(path: &std::path::Path) {
    let then = fs::metadata(path).unwrap().modified().unwrap();
    overwrite(path);
    write_to(path).set_modified(then).unwrap();
}

fn cut_short(path: &std::path::Path) {
    write_to(path).set_len(1 << 20).unwrap();
}

#[test]
fn nothing_is_kept_that_was_made_with_a_model_that_changed() {
    let input = &text()[..300];
    let whole = Sandbox::with("large.llmw", large());
    let packed = whole.pipe("--model large.llmw", input).stdout;
    assert!(!packed.is_empty());
    for change in [overwrite, overwrite_unseen, cut_short] {
        for (arguments, input) in [("-o out", input), ("-d -o out", &packed), ("-t", &packed)] {
            let (sandbox, output) = change_while_running(arguments, input, change);
            assert_eq!(code(&output), 1, "{arguments}: {}", said(&output));
            let said = said(&output);
            assert!(said.starts_with("llmzip: ") && said.contains("model"), "{arguments}: {said}");
            assert_eq!(said.lines().count(), 1, "{said}");
            assert_eq!(sandbox.files(), ["large.llmw"], "{arguments}");
        }
    }
}

#[test]
fn a_model_that_is_replaced_or_renamed_may_be_used_to_the_end() {
    let replace = |path: &std::path::Path| {
        fs::write(path.with_extension("new"), b"another model").unwrap();
        fs::rename(path.with_extension("new"), path).unwrap();
    };
    let (sandbox, output) = change_while_running("-o out", b"some words", replace);
    assert_eq!((code(&output), said(&output).as_str()), (0, ""));
    sandbox.write("large.llmw", large());
    assert_eq!(sandbox.succeed("--model large.llmw -d -c out"), b"some words");
}
