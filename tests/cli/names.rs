//! Suffixes, what is overwritten, what is removed, and what a new file inherits.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::sandbox::{Sandbox, code, said, text};

#[test]
fn a_file_that_looks_compressed_is_skipped_with_a_warning() {
    let sandbox = Sandbox::with("a.llmz", b"x");
    let output = sandbox.run("-1 a.llmz");
    assert_eq!(said(&output), "llmzip: a.llmz: already has the suffix .llmz, skipped\n");
    assert_eq!(code(&output), 2);
    assert_eq!(sandbox.files(), ["a.llmz"]);
    // To a named output it may go.
    sandbox.succeed("-1 a.llmz -o b");
    assert_eq!(sandbox.succeed("-dc b"), b"x");
}

#[test]
fn a_name_without_the_suffix_is_not_decompressed_beside_itself() {
    let sandbox = Sandbox::with("a", b"x");
    sandbox.succeed("-1 a -o b");
    let output = sandbox.run("-d b");
    assert_eq!(said(&output), "llmzip: b: does not have the suffix .llmz, skipped\n");
    assert_eq!(code(&output), 2);
    assert_eq!(sandbox.succeed("-d -c b"), b"x");
    sandbox.succeed("-d b -o c");
    assert_eq!(sandbox.read("c"), b"x");
}

#[test]
fn an_existing_file_is_only_overwritten_by_force() {
    let sandbox = Sandbox::with("a", b"new");
    sandbox.write("a.llmz", b"old");
    let output = sandbox.run("-1 a");
    assert_eq!(said(&output), "llmzip: a: a.llmz exists already; -f overwrites it\n");
    assert_eq!(code(&output), 1);
    assert_eq!(sandbox.read("a.llmz"), b"old");
    sandbox.succeed("-1 -f a");
    assert_eq!(sandbox.succeed("-dc a.llmz"), b"new");

    sandbox.write("a", b"precious");
    assert_eq!(code(&sandbox.run("-d a.llmz")), 1);
    assert_eq!(code(&sandbox.run("-d a.llmz -o a")), 1);
    assert_eq!(sandbox.read("a"), b"precious");
    sandbox.succeed("-df a.llmz");
    assert_eq!(sandbox.read("a"), b"new");
    assert_eq!(sandbox.files(), ["a", "a.llmz"]);
}

#[test]
fn the_source_itself_is_never_the_target() {
    let sandbox = Sandbox::with("a", b"x");
    let output = sandbox.run("-1 -f a -o ./a");
    assert_eq!(said(&output), "llmzip: a: ./a is the file that is read\n");
    assert_eq!(sandbox.read("a"), b"x");
}

#[test]
fn the_source_stays_unless_it_is_to_be_removed() {
    let sandbox = Sandbox::with("a", &text());
    sandbox.succeed("-1 -k a");
    sandbox.succeed("-1 -f --rm -k a");
    assert_eq!(sandbox.files(), ["a", "a.llmz"]);
    sandbox.succeed("-1 -f --rm a");
    assert_eq!(sandbox.files(), ["a.llmz"]);
    sandbox.succeed("-d --rm a.llmz");
    assert_eq!(sandbox.files(), ["a"]);
    assert!(sandbox.read("a") == text());
}

#[test]
fn a_source_is_not_removed_when_its_result_goes_elsewhere_or_fails() {
    let sandbox = Sandbox::with("a", b"x");
    assert_eq!(code(&sandbox.run("-1 --rm -c a")), 1);
    sandbox.write("a.llmz", b"in the way");
    assert_eq!(code(&sandbox.run("-1 --rm a")), 1);
    sandbox.succeed("-1 --rm a -o /dev/null");
    assert_eq!(sandbox.files(), ["a", "a.llmz"]);
    // Damaged: the compressed file is all there is.
    assert_eq!(code(&sandbox.run("-d -f --rm a.llmz")), 1);
    assert_eq!(sandbox.files(), ["a", "a.llmz"]);
}

#[cfg(unix)]
#[test]
fn mode_and_times_come_along_both_ways() {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = Sandbox::with("a", &text());
    let then = SystemTime::UNIX_EPOCH + Duration::new(981_173_106, 123_000_000);
    fs::set_permissions(sandbox.path("a"), fs::Permissions::from_mode(0o4750)).unwrap();
    fs::File::options().write(true).open(sandbox.path("a")).unwrap().set_modified(then).unwrap();
    sandbox.succeed("-1 --rm a");
    sandbox.succeed("-d a.llmz");
    for name in ["a.llmz", "a"] {
        let metadata = fs::metadata(sandbox.path(name)).unwrap();
        assert_eq!(metadata.modified().unwrap(), then, "{name}");
        // Without the bit that would let it run as somebody else.
        assert_eq!(metadata.permissions().mode() & 0o7777, 0o750, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn what_comes_from_a_pipe_gets_the_mode_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = Sandbox::new();
    sandbox.write("other", b"");
    assert_eq!(code(&sandbox.pipe("-1 -o a.llmz", b"x")), 0);
    let mode = |name| fs::metadata(sandbox.path(name)).unwrap().permissions().mode();
    assert_eq!(mode("a.llmz"), mode("other"));
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_but_never_removed() {
    let sandbox = Sandbox::with("a", b"x");
    std::os::unix::fs::symlink("a", sandbox.path("link")).unwrap();
    let output = sandbox.run("-1 --rm link");
    assert_eq!(said(&output), "llmzip: link: is a symbolic link, not removed\n");
    assert_eq!(code(&output), 2);
    assert_eq!(sandbox.files(), ["a", "link", "link.llmz"]);
    assert_eq!(sandbox.succeed("-dc link.llmz"), b"x");
}

#[test]
fn folders_and_special_files_are_skipped_with_a_warning() {
    let sandbox = Sandbox::with("a", b"x");
    fs::create_dir(sandbox.path("folder")).unwrap();
    let output = sandbox.run("-1 folder a");
    assert_eq!(said(&output), "llmzip: folder: is a directory, skipped\n");
    assert_eq!(code(&output), 2);
    assert_eq!(sandbox.files(), ["a", "a.llmz", "folder"]);
    if cfg!(unix) {
        let output = sandbox.run("-1 /dev/null");
        assert_eq!(said(&output), "llmzip: /dev/null: is not a regular file, skipped\n");
        assert_eq!(code(&output), 2);
        assert_eq!(sandbox.pipe("-d", &sandbox.succeed("-1 -c /dev/null")).stdout, b"");
    }
}

#[test]
fn names_may_be_as_long_as_the_system_allows() {
    let name = "n".repeat(250);
    let sandbox = Sandbox::with(&name, b"x");
    sandbox.succeed(&format!("-1 --rm {name}"));
    sandbox.succeed(&format!("-d {name}.llmz"));
    assert_eq!(sandbox.read(&name), b"x");
}

#[test]
fn a_name_that_begins_with_a_dash_follows_two_dashes() {
    let sandbox = Sandbox::with("-d", b"x");
    sandbox.succeed("-1 -- -d");
    assert_eq!(sandbox.files(), ["-d", "-d.llmz"]);
}

#[test]
fn an_empty_name_is_an_error_of_its_own() {
    let sandbox = Sandbox::with("a", b"x");
    for (arguments, made) in [(["-1", "", "a"], "a.llmz"), (["-df", "", "a.llmz"], "a")] {
        let output = sandbox.command("").args(arguments).output().unwrap();
        assert_eq!(said(&output), "llmzip: \"\": No such file or directory\n");
        assert_eq!(code(&output), 1);
        assert!(sandbox.has(made));
        std::fs::remove_file(sandbox.path(arguments[2])).unwrap();
    }
    let output = sandbox.command("-t").arg("").output().unwrap();
    assert_eq!((code(&output), said(&output).lines().count()), (1, 1));
}
