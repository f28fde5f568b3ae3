//! What is told while the work goes on.

use std::process::Stdio;

use serde_json::Value;

use crate::sandbox::{Sandbox, code, said, text};

/// The lines of JSON that came, of which the last may be told by `done`.
fn reports(sandbox: &Sandbox, arguments: &str) -> Vec<Value> {
    let output = sandbox.run(arguments);
    assert_eq!(code(&output), 0, "{arguments}: {}", said(&output));
    said(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn programs_get_one_object_a_line_and_a_last_one_for_each_file() {
    let sandbox = Sandbox::with("a", &text());
    sandbox.write("b\n", b"small, small");
    sandbox.write("c", b"also small, small");
    for (arguments, operation) in [
        ("-1 --progress=json a", "compress"),
        ("-t --progress=json a.llmz", "test"),
        ("-df --progress=json a.llmz", "decompress"),
    ] {
        let reports = reports(&sandbox, arguments);
        let last = reports.last().unwrap();
        assert!(last["file"].as_str().unwrap().starts_with('a'), "{last}");
        assert_eq!(last["operation"], operation);
        assert_eq!(last["plain_bytes"], text().len());
        assert_eq!(last["plain_total"], text().len());
        assert_eq!(last["stored_bytes"], sandbox.read("a.llmz").len());
        assert_eq!((&last["left_s"], &last["done"]), (&Value::from(0.0), &Value::from(true)));
        assert!(last["elapsed_s"].is_f64());
        assert_eq!(last.as_object().unwrap().len(), 8, "{last}");
        assert!(reports[..reports.len() - 1].iter().all(|report| report["done"] == false));
    }
    let mut command = sandbox.command("-2 -q --progress=json");
    let output = command.args(["b\n", "c"]).output().unwrap();
    let said = said(&output);
    let files: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((files[0]["file"].as_str(), files[1]["file"].as_str()), (Some("b\n"), Some("c")));
}

#[test]
fn a_pipe_has_no_total_and_work_that_lasts_is_told_of_meanwhile() {
    use std::io::Write;

    let sandbox = Sandbox::new();
    let mut child = sandbox.command("-1 --progress=json -c").stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&text()).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(900));
    drop(stdin);
    let said = said(&child.wait_with_output().unwrap());
    let reports: Vec<Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(reports.len() >= 3, "{said}");
    assert_eq!(reports[0]["file"], "(stdin)");
    assert!(reports[0]["plain_total"].is_null() && reports[0]["left_s"].is_null());
    assert_eq!(reports.last().unwrap()["done"], true);
}

#[test]
fn a_file_that_fails_has_no_last_line() {
    let sandbox = Sandbox::with("a", &text());
    sandbox.succeed("-1 a");
    let mut packed = sandbox.read("a.llmz");
    let middle = packed.len() / 2;
    packed[middle] ^= 1;
    sandbox.write("a.llmz", &packed);
    let output = sandbox.run("-t --progress=json a.llmz");
    assert_eq!(code(&output), 1);
    assert!(!said(&output).contains("\"done\":true"), "{}", said(&output));
}

#[test]
fn progress_is_shown_where_it_was_asked_for() {
    let sandbox = Sandbox::with("a", &text());
    // Not on a terminal, unless always.
    assert_eq!(said(&sandbox.run("-2 -c --lanes 1 a")), "");
    assert_eq!(said(&sandbox.run("-2 -c --progress=always --no-progress a")), "");
    assert_eq!(code(&sandbox.run("-1 -c --progress=often a")), 1);
}

#[test]
fn small_files_that_were_done_together_say_so() {
    let sandbox = Sandbox::with("a", &text()[..4000]);
    sandbox.write("b", &text()[..1000]);
    sandbox.write("c", &text()[..1000]);
    let output = sandbox.run("-2v a b c");
    let together = ", together with 2 other files";
    assert!(said(&output).lines().all(|line| line.ends_with(together)), "{}", said(&output));
    let output = sandbox.run("-dfv a.llmz b.llmz c.llmz");
    assert!(said(&output).lines().all(|line| line.ends_with(together)), "{}", said(&output));
    let output = sandbox.run("-2fv a");
    assert!(!said(&output).contains("together"), "{}", said(&output));
}

/// `script` from util-linux plays the terminal, and `stty` makes it narrow.
#[cfg(target_os = "linux")]
#[test]
fn the_line_fits_the_terminal_whatever_the_name() {
    let sandbox = Sandbox::new();
    let long = "n".repeat(200);
    let wide = "数据文件".repeat(15);
    for name in [&long, &wide] {
        // A pipe that stays open for a second.
        let mut script = std::process::Command::new("script");
        let command = format!(
            "stty cols 40 rows 24; (printf hello; sleep 1) > pipe & $LLMZIP -1 --progress=always -c {name} > out"
        );
        std::process::Command::new("mkfifo").arg(sandbox.path(name)).status().unwrap();
        let command = command.replace("> pipe", &format!("> {name}"));
        script.args(["-qec", &command, "/dev/null"]).current_dir(sandbox.path(""));
        let output = script.env("LLMZIP", crate::sandbox::PROGRAM).stdin(Stdio::null()).output();
        let Ok(output) = output else {
            eprintln!("skipped: the program `script` of util-linux is not here");
            return;
        };
        // Without what clears the line before it is drawn again.
        let shown = String::from_utf8(output.stdout).unwrap().replace("\u{1b}[2K", "");
        let lines: Vec<&str> = shown.split('\r').filter(|line| line.contains("B/s")).collect();
        assert!(!lines.is_empty(), "{shown:?}");
        let columns = |line: &str| -> usize {
            line.chars()
                .filter(|c| !c.is_control())
                .map(|c| if c as u32 > 0x2fff { 2 } else { 1 })
                .sum()
        };
        for line in lines {
            assert!(columns(line) < 40 && line.contains("..."), "{line:?}");
        }
    }
}
