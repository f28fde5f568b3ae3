//! Directories, lists of names, a directory for results, and what is left out.

use std::fs;

use crate::sandbox::{Sandbox, code, said};

/// `tree/b`, `tree/sub/a`, and what no walk should take.
fn tree() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path("tree/sub")).unwrap();
    sandbox.write("tree/b", b"b");
    sandbox.write("tree/sub/a", b"a");
    sandbox
}

/// The names of all files below a folder, in order.
fn below(sandbox: &Sandbox, folder: &str) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(sandbox.path(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
        match entry.file_type().unwrap().is_dir() {
            true => names.extend(below(sandbox, &name)),
            false => names.push(name),
        }
    }
    names.sort();
    names
}

#[test]
fn a_directory_stands_for_all_files_in_it_both_ways() {
    let sandbox = tree();
    sandbox.succeed("-1 -r --rm tree");
    assert_eq!(below(&sandbox, "tree"), ["tree/b.llmz", "tree/sub/a.llmz"]);
    sandbox.succeed("-rt tree");
    sandbox.succeed("-dr tree");
    assert_eq!(sandbox.read("tree/sub/a"), b"a");
    // What is compressed already is passed over without a word.
    sandbox.succeed("-1 -rf tree");
    assert_eq!(below(&sandbox, "tree").len(), 4);
    let listed = String::from_utf8(sandbox.succeed("-rl tree")).unwrap();
    assert!(listed.ends_with("2 files\n") && listed.contains("tree/sub/a.llmz"), "{listed}");
}

#[test]
fn files_come_in_the_order_of_their_names() {
    let sandbox = tree();
    let said = said(&sandbox.run("-1 -rv tree"));
    let names: Vec<&str> = said.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(names, ["tree/b", "tree/sub/a"]);
}

#[test]
fn without_the_flag_a_directory_is_skipped_and_with_it_one_must_be_named() {
    let sandbox = tree();
    assert_eq!(code(&sandbox.run("-1 tree")), 2);
    let output = sandbox.run("-1 -r");
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("--recursive needs a directory"), "{}", said(&output));
    assert_eq!(code(&sandbox.run("-1 -r tree -o x")), 1);
}

#[cfg(unix)]
#[test]
fn a_walk_follows_no_links_and_opens_no_pipes() {
    let sandbox = tree();
    std::os::unix::fs::symlink("..", sandbox.path("tree/sub/loop")).unwrap();
    std::os::unix::fs::symlink("b", sandbox.path("tree/link")).unwrap();
    let pipe = sandbox.path("tree/pipe");
    assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    sandbox.succeed("-1 -r tree");
    let made: Vec<String> =
        below(&sandbox, "tree").into_iter().filter(|name| name.ends_with(".llmz")).collect();
    assert_eq!(made, ["tree/b.llmz", "tree/sub/a.llmz"]);
    // A link that is named is meant.
    std::os::unix::fs::symlink("tree", sandbox.path("named")).unwrap();
    sandbox.succeed("-1 -rf named");
    let said = said(&sandbox.run("-1 -rfv tree"));
    assert!(said.contains("tree/pipe: is no regular file, skipped"), "{said}");
}

#[test]
fn results_go_to_the_same_place_below_another_directory() {
    let sandbox = tree();
    sandbox.succeed("-1 -r ./tree --output-dir out/deep");
    assert_eq!(below(&sandbox, "out"), ["out/deep/tree/b.llmz", "out/deep/tree/sub/a.llmz"]);
    // The directory of results is no source, wherever it is.
    sandbox.succeed("-dr . --output-dir out");
    sandbox.write("back.llmz.llmz", &sandbox.read("out/deep/tree/b.llmz"));
    sandbox.succeed("-dr . --output-dir back");
    assert_eq!(
        below(&sandbox, "back"),
        ["back/back.llmz", "back/out/deep/tree/b", "back/out/deep/tree/sub/a"]
    );
    assert_eq!(sandbox.read("back/out/deep/tree/sub/a"), b"a");
}

#[test]
fn names_that_would_leave_the_directory_of_results_are_refused() {
    let sandbox = tree();
    sandbox.write("x", b"x");
    for arguments in ["-1 tree/../x --output-dir out", "-1 -r tree/../tree --output-dir out"] {
        let output = sandbox.run(arguments);
        assert_eq!((code(&output), said(&output).lines().count()), (1, 1), "{arguments}");
        assert!(said(&output).contains("a name with .. has no place"), "{}", said(&output));
    }
    assert_eq!(sandbox.files(), ["tree", "x"]);
    let absolute = sandbox.path("x");
    sandbox.succeed(&format!("-1 {} --output-dir out", absolute.display()));
    assert!(sandbox.has(&format!("out{}.llmz", absolute.display())));
}

#[test]
fn no_result_replaces_one_that_was_made_just_now() {
    let sandbox = Sandbox::with("a", b"a");
    let output = sandbox.run("-1 -f --output-dir out a ./a");
    assert_eq!(code(&output), 1);
    assert_eq!(said(&output), "llmzip: ./a: out/a.llmz was made of another file just now\n");
    assert_eq!(sandbox.succeed("cat out/a.llmz"), b"a");
}

#[test]
fn names_come_from_a_file_or_a_pipe() {
    let sandbox = tree();
    sandbox.write("c d", b"c");
    sandbox.write("list", b"tree/b\n\nc d\n");
    sandbox.succeed("-1 --files-from list tree/sub/a");
    assert!(
        sandbox.has("tree/b.llmz") && sandbox.has("c d.llmz") && sandbox.has("tree/sub/a.llmz")
    );
    let output = sandbox.pipe("-df --files0-from -", b"tree/b.llmz\0c d.llmz");
    assert_eq!((code(&output), said(&output).as_str()), (0, ""));
    assert!(sandbox.pipe("-dc --files-from -", b"c d.llmz\n").stdout == b"c");
}

#[test]
fn a_list_may_be_empty_and_must_be_one() {
    let sandbox = Sandbox::with("a", b"a");
    let output = sandbox.pipe("-1 --files-from -", b"");
    assert_eq!((code(&output), output.stdout.len(), said(&output).as_str()), (0, 0, ""));
    let output = sandbox.run("-1 --files-from absent");
    assert_eq!(said(&output), "llmzip: absent: No such file or directory\n");
    assert_eq!(code(&output), 1);
    let output = sandbox.pipe("-1 --files-from -", b"a\nabsent\0b\n");
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("--files0-from"), "{}", said(&output));
    let output = sandbox.pipe("-1f --files0-from -", &[b'x'; 200_000]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("is no list of names"), "{}", said(&output));
    assert_eq!(code(&sandbox.run("-1 --files-from - -")), 1);
    // In a list, a dash is the name of a file.
    sandbox.write("-", b"dash");
    assert_eq!(code(&sandbox.pipe("-1 --files-from -", b"-\n")), 0);
    assert!(sandbox.has("-.llmz"));
}

#[test]
fn what_is_compressed_already_can_be_left_out() {
    let sandbox = tree();
    sandbox.write("tree/photo.JPG", b"not looked into");
    sandbox.write("tree/unnamed", b"\x1f\x8b\x08\0 and so on");
    sandbox.succeed("-1 -r --exclude-compressed tree");
    assert!(!sandbox.has("tree/photo.JPG.llmz") && !sandbox.has("tree/unnamed.llmz"));
    assert!(sandbox.has("tree/b.llmz"));
    let output = sandbox.run("-1 -v --exclude-compressed tree/unnamed");
    assert_eq!(said(&output), "tree/unnamed: is compressed already (gzip), skipped\n");
    assert_eq!(code(&output), 0);
    // Without the flag all is compressed, as ever.
    sandbox.succeed("-1 tree/unnamed");
}
