//! What stands where a result should go, and is no file.

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::os::unix::net::UnixListener;
use std::process::Command;

use crate::sandbox::{Sandbox, code, said, text};

fn make_pipe(sandbox: &Sandbox, name: &str) {
    assert!(Command::new("mkfifo").arg(sandbox.path(name)).status().unwrap().success());
}

#[test]
fn nothing_is_written_into_what_stands_where_a_file_should_come() {
    let sandbox = Sandbox::with("a", &text());
    sandbox.succeed("-1 a -o b.llmz");
    let _socket = UnixListener::bind(sandbox.path("b")).unwrap();
    make_pipe(&sandbox, "a.llmz");
    for (arguments, name) in [("-1 a", "a.llmz"), ("-d b.llmz", "b")] {
        for force in ["", "-f", "-f --rm"] {
            let output = sandbox.run(&format!("{arguments} {force}"));
            assert_eq!(code(&output), 1, "{arguments} {force}");
            let expected = format!("{name} exists already and is not a regular file\n");
            assert!(said(&output).ends_with(&expected), "{}", said(&output));
        }
        assert!(!fs::symlink_metadata(sandbox.path(name)).unwrap().is_file());
    }
    assert_eq!(sandbox.files(), ["a", "a.llmz", "b", "b.llmz"]);
}

#[test]
fn a_folder_where_a_file_should_come_is_named() {
    let sandbox = Sandbox::with("a", b"x");
    fs::create_dir(sandbox.path("a.llmz")).unwrap();
    let output = sandbox.run("-1 -f a");
    assert_eq!(said(&output), "llmzip: a: a.llmz is a directory\n");
    assert_eq!(code(&output), 1);
}

#[test]
fn a_link_where_a_file_should_come_is_replaced_by_force_and_never_written_through() {
    let sandbox = Sandbox::with("a", &text());
    sandbox.write("precious", b"precious");
    make_pipe(&sandbox, "pipe");
    fs::create_dir(sandbox.path("folder")).unwrap();
    for to in ["precious", "pipe", "folder", "/dev/null", "nowhere"] {
        symlink(to, sandbox.path("a.llmz")).unwrap();
        let output = sandbox.run("-1 a");
        assert_eq!(said(&output), "llmzip: a: a.llmz exists already; -f overwrites it\n", "{to}");
        assert_eq!(code(&output), 1);
        sandbox.succeed("-1 -f a");
        assert!(fs::symlink_metadata(sandbox.path("a.llmz")).unwrap().is_file(), "{to}");
        fs::remove_file(sandbox.path("a.llmz")).unwrap();
    }
    assert_eq!(sandbox.read("precious"), b"precious");
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    assert_eq!(sandbox.files(), ["a", "folder", "pipe", "precious"]);
}

#[test]
fn a_pipe_that_is_named_is_written_to() {
    let sandbox = Sandbox::with("a", &text());
    make_pipe(&sandbox, "pipe");
    let output = sandbox.shell("cat pipe > b & $LLMZIP -1 a -o pipe; wait");
    assert_eq!((code(&output), said(&output).as_str()), (0, ""));
    assert!(sandbox.succeed("-dc b") == text());
    assert!(fs::symlink_metadata(sandbox.path("pipe")).unwrap().file_type().is_fifo());
}

#[test]
fn a_model_takes_the_place_of_files_only() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("source")).unwrap();
    make_pipe(&sandbox, "pipe");
    for target in ["pipe", "/dev/null", "/dev/stdout", "source"] {
        let output = sandbox.run(&format!("models import source -f -o {target}"));
        assert_eq!(code(&output), 1, "{target}");
    }
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    assert_eq!(sandbox.files(), ["pipe", "source"]);
}
