//! Models by their names on the hub, with a pin and without, from files that are here already.

use std::fs;
use std::net::TcpListener;
use std::process::Output;

use crate::common::hostile::directory;
use crate::sandbox::{Sandbox, code, said};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const TEXT: &[u8] = b"the bytes that go in are those that come out, \xff\xfe too\n";

/// The hub's cache as another program left it, and a hub that nobody should ask.
struct Stage {
    sandbox: Sandbox,
    hub: TcpListener,
}

impl Stage {
    fn new() -> Stage {
        let sandbox = Sandbox::with("a", TEXT);
        let repository = sandbox.path("hf/hub/models--Some--Tiny");
        directory(&repository.join("snapshots").join(COMMIT));
        fs::create_dir_all(repository.join("refs")).unwrap();
        fs::write(repository.join("refs/main"), COMMIT).unwrap();
        let hub = TcpListener::bind("127.0.0.1:0").unwrap();
        hub.set_nonblocking(true).unwrap();
        Stage { sandbox, hub }
    }

    fn run(&self, arguments: &str) -> Output {
        let mut command = self.sandbox.command(arguments);
        command.env("LLMZIP_CACHE", self.sandbox.path("cache"));
        let port = self.hub.local_addr().unwrap().port();
        command.env("HF_ENDPOINT", format!("http://127.0.0.1:{port}"));
        command.output().unwrap()
    }

    /// What is said by a command that works.
    fn says(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        assert_eq!(code(&output), 0, "{arguments}: {}", said(&output));
        said(&output)
    }

    fn nobody_asked(&self) {
        assert!(self.hub.accept().is_err());
    }
}

#[test]
fn a_name_with_a_pin_is_made_of_files_that_are_here_once_and_without_a_question() {
    let stage = Stage::new();
    let pin = format!("Some/Tiny@{COMMIT}");
    let said = stage.says(&format!("--model {pin} -o a.llmz a"));
    assert!(said.contains("made tiny@0123456789ab of it, once: "), "{said}");
    assert_eq!(stage.says(&format!("--model {pin} -f -o a.llmz a")), "");
    // The branch is at the same commit, and the model the same.
    assert_eq!(stage.says("--model Some/Tiny -o b.llmz a"), "");
    assert_eq!(stage.sandbox.read("a.llmz"), stage.sandbox.read("b.llmz"));
    // Neither the files nor the flag are needed any more.
    fs::remove_dir_all(stage.sandbox.path("hf")).unwrap();
    assert_eq!(stage.says(&format!("--model {pin} -f -o a.llmz a")), "");
    assert_eq!(stage.run("-d -c a.llmz").stdout, TEXT);
    assert_eq!(stage.run(&format!("-d -c --model {pin} a.llmz")).stdout, TEXT);
    stage.nobody_asked();
}

#[test]
fn a_pin_whose_files_are_here_is_pulled_without_a_question() {
    let stage = Stage::new();
    let pin = format!("Some/Tiny@{COMMIT}");
    let output = stage.run(&format!("models pull {pin}"));
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert!(output.stdout.starts_with(b"tiny@0123456789ab: "), "{output:?}");
    assert!(!said(&output).contains("not pinned"), "{}", said(&output));
    let again = stage.run(&format!("models pull Some/Tiny --revision {COMMIT}"));
    assert!(said(&again).contains("tiny@0123456789ab is already here"), "{}", said(&again));
    let both = stage.run(&format!("models pull {pin} --revision main"));
    assert!(said(&both).contains("in the name"), "{}", said(&both));
    assert_eq!(stage.says(&format!("--model {pin} -o a.llmz a")), "");
    stage.nobody_asked();
}

#[test]
fn a_name_of_which_nothing_or_not_all_is_here_says_how_to_get_it() {
    let stage = Stage::new();
    let other = COMMIT.replace('0', "f");
    for name in [format!("Some/Tiny@{other}"), "Some/Other".to_owned(), "Some/Tiny@v1".to_owned()] {
        let output = stage.run(&format!("--model {name} -o a.llmz a"));
        assert_eq!(code(&output), 1);
        let said = said(&output);
        assert!(said.contains(&format!("`llmzip models pull {name}` gets it")), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    for name in ["Some/../Tiny@main", "Some/Tiny@../../x", "Some/Tiny@"] {
        assert_eq!(code(&stage.run(&format!("--model {name} -o a.llmz a"))), 1, "{name}");
    }
    let snapshot = stage.sandbox.path("hf/hub/models--Some--Tiny/snapshots").join(COMMIT);
    fs::remove_file(snapshot.join("tokenizer.json")).unwrap();
    let output = stage.run(&format!("--model Some/Tiny@{COMMIT} -o a.llmz a"));
    assert!(said(&output).contains("models pull"), "{}", said(&output));
    assert!(!stage.sandbox.has("a.llmz"));
    stage.nobody_asked();
}
