//! Words that are commands, and files that are called like them.

use std::fs;

use crate::sandbox::{Sandbox, code, said};

#[test]
fn a_file_called_like_a_command_is_not_left_out_without_a_word() {
    for command in [
        "compress",
        "decompress",
        "test",
        "info",
        "explain",
        "bench",
        "models",
        "measure",
        "generate",
    ] {
        let sandbox = Sandbox::with(command, b"x");
        sandbox.write("z1", b"y");
        // What a shell makes of `llmzip *`.
        let output = sandbox.run(&format!("{command} z1"));
        assert_eq!(code(&output), 1, "{command}");
        let said = said(&output);
        assert!(said.contains("is a command and also a file here"), "{said}");
        assert!(said.contains(&format!("./{command} is the file")), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert_eq!(sandbox.files(), [command, "z1"]);
    }
}

#[test]
fn what_the_error_names_does_what_it_says() {
    let sandbox = Sandbox::with("compress", b"x");
    sandbox.write("test", b"y");
    sandbox.succeed("-1 ./compress");
    sandbox.succeed("-1 -- test");
    sandbox.succeed("-t compress.llmz test.llmz");
    sandbox.succeed("-l test.llmz");
    sandbox.succeed("-z -1 -f compress test");
    sandbox.succeed("-d -f compress.llmz");
    assert_eq!(sandbox.files(), ["compress", "compress.llmz", "test", "test.llmz"]);
}

#[cfg(unix)]
#[test]
fn a_link_or_a_pipe_called_like_a_command_is_a_file_too() {
    let sandbox = Sandbox::with("a", b"x");
    std::os::unix::fs::symlink("nowhere", sandbox.path("compress")).unwrap();
    assert_eq!(code(&sandbox.run("compress a")), 1);
    assert_eq!(sandbox.files(), ["a", "compress"]);
}

#[test]
fn a_folder_called_like_a_command_is_in_nobodys_way() {
    let sandbox = Sandbox::with("a", b"x");
    fs::create_dir(sandbox.path("test")).unwrap();
    fs::create_dir(sandbox.path("compress")).unwrap();
    sandbox.succeed("compress -1 a");
    sandbox.succeed("test a.llmz");
}

#[test]
fn bench_runs_beside_a_file_called_like_its_inner_command() {
    let sandbox = Sandbox::with("measure", b"x");
    fs::create_dir(sandbox.path("corpus")).unwrap();
    sandbox.write("corpus/a", b"hello");
    sandbox.succeed("bench -1 --no-peers --csv corpus");
}
