//! Manual pages and completions.

use crate::sandbox::Sandbox;

#[test]
fn every_command_has_a_page_and_no_hidden_one() {
    let sandbox = Sandbox::new();
    sandbox.succeed("generate man man");
    let names = std::fs::read_dir(sandbox.path("man")).unwrap();
    let names: Vec<String> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    for command in ["", "-compress", "-explain", "-bench", "-models", "-models-pull", "-cat"] {
        assert!(names.contains(&format!("llmzip{command}.1")), "{command}: {names:?}");
    }
    assert!(names.iter().all(|name| !name.contains("measure") && !name.contains("generate")));
    let page = String::from_utf8(sandbox.read("man/llmzip-explain.1")).unwrap();
    assert!(page.contains(".TH LLMZIP-EXPLAIN 1") && page.contains("likeliest"), "{page}");
}

#[test]
fn shells_get_their_completions() {
    let sandbox = Sandbox::new();
    let written = String::from_utf8(sandbox.succeed("generate completions shells")).unwrap();
    assert_eq!(written.lines().count(), 5);
    for file in ["llmzip.bash", "_llmzip", "llmzip.fish"] {
        let text = String::from_utf8(sandbox.read(&format!("shells/{file}"))).unwrap();
        assert!(text.contains("explain") && text.contains("memory-limit"), "{file}");
    }
}
