//! What `-v`, `info`, `bench` and `models` print.

use serde_json::Value;

use crate::sandbox::{Sandbox, code, said, text};

#[test]
fn verbose_sums_up_on_standard_error() {
    let sandbox = Sandbox::with("a", &text());
    for (arguments, beginning) in
        [("-1 -v a", "a: "), ("-t -v a.llmz", "a.llmz: ok, "), ("-d -v -c a.llmz", "a.llmz: ")]
    {
        let said = said(&sandbox.run(arguments));
        assert!(said.starts_with(beginning) && said.contains(" bits per byte), "), "{said}");
        assert_eq!(said.lines().count(), 1);
    }
}

#[test]
fn info_tells_sizes_without_decoding() {
    let sandbox = Sandbox::with("a", &text());
    sandbox.write("b", b"small");
    sandbox.succeed("-1 a b");
    let table = String::from_utf8(sandbox.succeed("info a.llmz b.llmz")).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    assert!(lines[0].trim_start().starts_with("frames") && lines[3].ends_with("2 files"));
    assert!(lines[1].contains(&text().len().to_string()) && lines[1].ends_with("a.llmz"));

    let json: Value = serde_json::from_slice(&sandbox.succeed("-l --json a.llmz b.llmz")).unwrap();
    assert_eq!(json[0]["file"], "a.llmz");
    assert_eq!(json[0]["plain_bytes"], text().len());
    assert_eq!(json[1]["frames"][0]["form"], "short");
}

#[test]
fn info_names_the_file_that_it_cannot_read() {
    let sandbox = Sandbox::with("a", b"something else");
    let output = sandbox.run("info a");
    assert_eq!((code(&output), said(&output).as_str()), (1, "llmzip: a: not an llmzip file\n"));
    assert!(output.stdout.is_empty());
}

#[test]
fn bench_measures_every_file_of_any_depth() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path("corpus/text/deep")).unwrap();
    sandbox.write("corpus/text/a", &text()[..5000]);
    sandbox.write("corpus/text/deep/b", b"small");
    sandbox.write("corpus/empty", b"");

    let json: Value = serde_json::from_slice(&sandbox.succeed("bench -1 --json corpus")).unwrap();
    assert_eq!(json["files"].as_array().unwrap().len(), 6);
    let kinds: Vec<&str> =
        json["kinds"].as_array().unwrap().iter().map(|k| k["name"].as_str().unwrap()).collect();
    assert_eq!(kinds, [".", ".", "text", "text", "text/deep", "text/deep"]);
    assert_eq!(json["all"][0]["plain_bytes"], 5005);
    assert_eq!(json["all"][1]["compressor"], "zstd-19");

    let csv = String::from_utf8(sandbox.succeed("bench -1 --csv --no-peers corpus")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 3 + 3 + 1, "{csv}");
    let table = String::from_utf8(sandbox.succeed("bench -1 corpus")).unwrap();
    assert!(table.contains("text/deep/b"), "{table}");
}

#[test]
fn an_unknown_model_is_an_error_of_one_line() {
    let sandbox = Sandbox::with("a", b"x");
    let output = sandbox.run("--model no-such-model a");
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("no-such-model"), "{}", said(&output));
    assert_eq!(said(&output).lines().count(), 1);
    assert_eq!(sandbox.files(), ["a"]);
}

#[test]
fn models_can_be_listed() {
    let sandbox = Sandbox::new();
    assert!(!sandbox.succeed("models list").is_empty());
    let json: Value = serde_json::from_slice(&sandbox.succeed("models list --json")).unwrap();
    assert!(json.is_array());
}
