//! A folder to work in, and the program to run there.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_llmzip");

/// A text that is worth compressing, and long enough for the long form of a frame.
pub fn text() -> Vec<u8> {
    let mut text = Vec::new();
    for n in 0..3000 {
        text.extend(format!("{n}: the bytes that go in are those that come out\n").bytes());
    }
    text
}

/// Bytes that nothing compresses (xorshift64).
pub fn noise(n_bytes: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(n_bytes).collect()
}

pub struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    pub fn new() -> Self {
        Sandbox { folder: tempfile::tempdir().unwrap() }
    }

    /// A sandbox with one file.
    pub fn with(name: &str, content: &[u8]) -> Self {
        let sandbox = Sandbox::new();
        sandbox.write(name, content);
        sandbox
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn has(&self, name: &str) -> bool {
        fs::symlink_metadata(self.path(name)).is_ok()
    }

    /// The names of all files, hidden ones too, in order.
    pub fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into()).collect();
        names.sort();
        names
    }

    /// The program with these arguments (separated by blanks), in this folder. Level 1 is asked
    /// for: what is tested here is the same for all levels, and this one is quick.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments.split_whitespace()).current_dir(self.folder.path());
        // What somebody downloaded is none of a test's business.
        command.env("HF_HOME", self.path("hf")).env_remove("HF_HUB_CACHE");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program with nothing on standard input.
    pub fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs the program with these bytes coming through a pipe.
    pub fn pipe(&self, arguments: &str, input: &[u8]) -> Output {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        std::thread::scope(|scope| {
            // A program that stops reading early is none of the writer's business.
            scope.spawn(move || stdin.write_all(input));
            child.wait_with_output().unwrap()
        })
    }

    /// Runs a line of shell, where `$LLMZIP` is the program, with nothing on standard input.
    #[cfg(unix)]
    pub fn shell(&self, line: &str) -> Output {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(self.folder.path()).env("LLMZIP", PROGRAM);
        shell.stdin(Stdio::null()).output().unwrap()
    }

    /// Waits until the program has made its unfinished file; what that is called.
    pub fn unfinished(&self) -> String {
        let patience = Instant::now();
        loop {
            if let Some(name) = self.files().into_iter().find(|name| name.contains(".tmp-")) {
                return name;
            }
            assert!(patience.elapsed() < Duration::from_secs(30), "no temporary file came");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Runs the program, which must succeed without a word.
    pub fn succeed(&self, arguments: &str) -> Vec<u8> {
        let output = self.run(arguments);
        assert_eq!(said(&output), "", "llmzip {arguments}");
        assert_eq!(code(&output), 0, "llmzip {arguments}");
        output.stdout
    }
}

/// What the program said on standard error.
pub fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The exit status; -1 for an end by a signal.
pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}
