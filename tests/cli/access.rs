//! Access lists: nobody reads a result who could not read its source.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::sandbox::{Sandbox, code, said};

/// Changes an access list; `false` where that cannot be done.
fn setfacl(sandbox: &Sandbox, arguments: &str) -> bool {
    let mut command = Command::new("setfacl");
    let done = command.args(arguments.split(' ')).current_dir(sandbox.path("")).output();
    let is_done = done.is_ok_and(|done| done.status.success());
    if !is_done {
        eprintln!("skipped: there is no setfacl, or no access lists here");
    }
    is_done
}

fn list(sandbox: &Sandbox, name: &str) -> String {
    let mut command = Command::new("getfacl");
    let output = command.args(["-cn", name]).current_dir(sandbox.path("")).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_access_list_comes_along_both_ways() {
    for entries in ["u:1:r", "u:1:---,g:1:rw,m::r", "u:1:rwx,o::---"] {
        let sandbox = Sandbox::with("a", b"x");
        if !setfacl(&sandbox, &format!("-m {entries} a")) {
            return;
        }
        let before = list(&sandbox, "a");
        assert!(before.contains("user:1:"), "{before}");
        sandbox.succeed("-1 --rm a");
        assert_eq!(list(&sandbox, "a.llmz"), before);
        sandbox.succeed("-d a.llmz");
        assert_eq!(list(&sandbox, "a"), before);
    }
}

#[test]
fn a_folders_list_adds_nobody_whom_the_source_does_not_know() {
    let sandbox = Sandbox::with("a", b"x");
    fs::set_permissions(sandbox.path("a"), fs::Permissions::from_mode(0o660)).unwrap();
    if !setfacl(&sandbox, "-d -m u:1:rw .") {
        return;
    }
    sandbox.succeed("-1 a");
    assert_eq!(list(&sandbox, "a.llmz"), "user::rw-\ngroup::rw-\nother::---\n\n");
}

#[test]
fn where_the_group_cannot_be_kept_only_what_everybody_may_remains() {
    let sandbox = Sandbox::with("a", b"x");
    let may_give_away = std::os::unix::fs::chown(sandbox.path("a"), Some(0), Some(1)).is_ok();
    let as_nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups";
    let is_there = code(&sandbox.shell(&format!("{as_nobody} true"))) == 0;
    if !may_give_away || !is_there {
        eprintln!("skipped: only the administrator can become somebody else");
        return;
    }
    fs::set_permissions(sandbox.path(""), fs::Permissions::from_mode(0o777)).unwrap();
    let mode = |name| fs::metadata(sandbox.path(name)).unwrap().permissions().mode() & 0o777;
    // The list is written after the mode, whose bits for the group are then those of the mask.
    for (entries, expected) in [("u:1:r", 0o644), ("u:1:---", 0o600), ("g:1:---,o::r", 0o600)] {
        fs::set_permissions(sandbox.path("a"), fs::Permissions::from_mode(0o644)).unwrap();
        if !setfacl(&sandbox, &format!("-b -m {entries} a")) {
            return;
        }
        let output = sandbox.shell(&format!("{as_nobody} $LLMZIP -1 a"));
        if said(&output).contains("setpriv") {
            eprintln!("skipped: the program is where nobody else can run it");
            return;
        }
        assert_eq!((code(&output), said(&output).as_str()), (0, ""), "{entries}");
        assert_eq!(mode("a.llmz"), expected, "{entries}");
        fs::remove_file(sandbox.path("a.llmz")).unwrap();
    }
}
