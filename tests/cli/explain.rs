//! `explain`: its three forms say the same, of the file that `compress` would write, and nothing of a stranger's file is obeyed.

use serde_json::Value;

use crate::sandbox::{Sandbox, code, said, text};

fn json(sandbox: &Sandbox, arguments: &str) -> Vec<Value> {
    let lines = String::from_utf8(sandbox.succeed(&format!("explain --json {arguments}"))).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of_type<'a>(lines: &'a [Value], wanted: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["type"] == wanted).collect()
}

/// What a token says that it stands for.
fn bytes(token: &Value) -> Vec<u8> {
    if let Some(text) = token["text"].as_str() {
        return text.bytes().collect();
    }
    let digit = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
    token["hex"].as_str().unwrap().as_bytes().chunks(2).map(|pair| digit(pair).unwrap()).collect()
}

const LETTER: &str = "Dear Sir,\n\tthank you for the letter of 3 March, 中文 and all.\nYours\n";

#[test]
fn the_bits_of_all_tokens_and_the_frame_are_those_of_the_file() {
    let sandbox = Sandbox::with("letter", LETTER.as_bytes());
    sandbox.write("long", &text()[..90_000]);
    sandbox.write("noise", &crate::sandbox::noise(3000));
    sandbox.write("run", &[7; 100_000]);
    sandbox.write("twice", &[&text()[..3000], b"!", &text()[..3000]].concat());
    sandbox.write("empty", b"");
    for (name, level) in [
        ("letter", 5),
        ("letter", 2),
        ("long", 1),
        ("noise", 5),
        ("run", 5),
        ("twice", 5),
        ("empty", 5),
    ] {
        let packed = sandbox.succeed(&format!("-{level} -c {name}")).len();
        let lines = json(&sandbox, &format!("-{level} {name}"));
        let [end] = of_type(&lines, "end")[..] else { panic!("{name}") };
        assert_eq!(end["stored_bytes"], packed, "{name}");
        let tokens = of_type(&lines, "token");
        let mut plain = Vec::new();
        let mut bits = 0.0;
        for token in &tokens {
            assert_eq!(token["at"], plain.len(), "{name}");
            bits += token["bits"].as_f64().unwrap();
            plain.extend(bytes(token));
        }
        assert!(plain == sandbox.read(name), "{name}");
        let all = bits + end["frame_bits"].as_f64().unwrap();
        assert!((all - 8.0 * packed as f64).abs() < 1e-3 * all + 0.1, "{name}: {all} {packed}");
    }
}

#[test]
fn tokens_have_what_the_model_expected() {
    let sandbox = Sandbox::with("letter", LETTER.as_bytes());
    let lines = json(&sandbox, "letter");
    let tokens = of_type(&lines, "token");
    assert_eq!(tokens[0]["likeliest"].as_array().unwrap().len(), 5);
    let (token, likely) = tokens
        .iter()
        .find_map(|token| {
            let likeliest = token["likeliest"].as_array().unwrap();
            Some((token, likeliest.iter().find(|likely| likely["text"] == token["text"])?))
        })
        .expect("a token that was among the likeliest");
    let bits = -likely["probability"].as_f64().unwrap().log2();
    assert!((bits - token["model_bits"].as_f64().unwrap()).abs() < 1e-3);
    assert_eq!(token["method"], "model");
}

#[test]
fn lines_have_their_sums_and_no_colours_in_a_pipe() {
    let sandbox = Sandbox::with("letter", LETTER.as_bytes());
    let shown = String::from_utf8(sandbox.succeed("explain letter")).unwrap();
    assert!(!shown.contains('\x1b'));
    assert!(shown.contains("│ Dear Sir,↵\n") && shown.contains("→   thank you"), "{shown}");
    let bits: f64 = shown
        .lines()
        .filter(|line| line.contains('│'))
        .map(|line| line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap())
        .sum();
    let lines = json(&sandbox, "letter");
    let sum = of_type(&lines, "sum")[0]["bits"].as_f64().unwrap();
    assert!((bits - sum).abs() < 0.2, "{bits} {sum}");
    let coloured = String::from_utf8(sandbox.succeed("explain --color=always letter")).unwrap();
    for line in coloured.lines().filter(|line| line.contains("\x1b[")) {
        assert!(line.rfind("\x1b[0m") > line.rfind("\x1b[38"), "colours go on behind {line:?}");
    }
    let mut plain = sandbox.command("explain letter");
    let plain = plain.env("NO_COLOR", "1").env("TERM", "xterm-256color").output().unwrap();
    assert_eq!(String::from_utf8(plain.stdout).unwrap(), shown);
}

#[test]
fn nothing_of_a_file_is_obeyed() {
    let hostile =
        "a\x1b]0;title\x07\x1b[2J<script>alert(1)</script>\"'&\u{202e}\u{9b}31m\r\n</i></code>";
    let sandbox = Sandbox::with("hostile", hostile.as_bytes());
    sandbox.write("binary", b"\0\x1b[31m\xff\xfe<b>");
    for name in ["hostile", "binary"] {
        let shown = String::from_utf8(sandbox.succeed(&format!("explain {name}"))).unwrap();
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
        assert!(!shown.contains('\u{202e}'));
        let page = String::from_utf8(sandbox.succeed(&format!("explain --html {name}"))).unwrap();
        assert!(page.chars().all(|c| c == '\n' || !c.is_control() || c == '\t'));
        let body = page.split_once("<body>").unwrap().1;
        assert!(!body.contains("<script") && !body.contains("<b>"), "{body}");
        assert!(page.contains("script-src 'sha256-"));
    }
}

#[test]
fn a_page_has_the_tokens_their_costs_and_the_sums() {
    let sandbox = Sandbox::with("letter", LETTER.as_bytes());
    let page = String::from_utf8(sandbox.succeed("explain --html letter")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert!(page.contains("“ you” ") && page.contains(" % “ you”"), "{page}");
    let packed = sandbox.succeed("-c letter").len();
    assert!(page.contains(&format!("{} bytes -&gt; {packed} ", LETTER.len())));
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn a_range_is_shown_with_the_numbers_of_the_file() {
    let sandbox = Sandbox::with("a", &text()[..5000]);
    let all = String::from_utf8(sandbox.succeed("explain a")).unwrap();
    let part = String::from_utf8(sandbox.succeed("explain --range 2000..2100 a")).unwrap();
    let rows = |shown: &str| shown.lines().filter(|line| line.contains('│')).count();
    assert!((2..6).contains(&rows(&part)), "{part}");
    // A line in its midst is as in the whole.
    let middle = part.lines().filter(|line| line.contains('│')).nth(1).unwrap();
    assert!(all.contains(middle), "{middle}");
    let output = sandbox.run("explain --range 9000..9010 a");
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("behind the end"), "{}", said(&output));
}

#[test]
fn groups_are_explained_one_after_the_other() {
    let sandbox = Sandbox::with("a", &text()[..150_000]);
    let lines = json(&sandbox, "-1 --group 64K a");
    let packed = sandbox.succeed("-1 --group 64K -c a").len();
    assert_eq!(of_type(&lines, "end")[0]["stored_bytes"], packed);
    // A page ends early, and so does the reading.
    let page = String::from_utf8(sandbox.succeed("explain --html -1 --group 64K --range ..1000 a"))
        .unwrap();
    assert!(page.contains("65536 bytes -&gt;") && page.contains("was not read"), "{page}");
}

#[test]
fn a_missing_file_is_one_line() {
    let sandbox = Sandbox::new();
    let output = sandbox.run("explain absent");
    assert_eq!((code(&output), said(&output).lines().count()), (1, 1), "{}", said(&output));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_profile_names_every_stage_and_changes_no_byte() {
    let sandbox = Sandbox::with("a", &text()[..60_000]);
    for level in [1, 5] {
        let usual = sandbox.succeed(&format!("-{level} -c a"));
        let output = sandbox.run(&format!("-{level} --profile -c a"));
        assert!(output.status.success() && output.stdout == usual);
        let table = said(&output);
        for stage in ["read", "transform", "tokenise", "model", "mixer", "coder", "write", "sum"] {
            assert!(table.lines().any(|line| line.starts_with(stage)), "{stage}: {table}");
        }
        let seconds = |stage: &str| {
            let line = table.lines().find(|line| line.starts_with(stage)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap()
        };
        assert_eq!(level == 1, seconds("model") == 0.0, "{table}");
        assert!(seconds("mixer") > 0.0);
    }
    assert_eq!(code(&sandbox.run("-d --profile a")), 1);
}

#[test]
fn json_has_numbers_for_what_a_terminal_would_obey() {
    let nasty = "a\u{9b}31m \u{202e}b\u{7f} \u{e0041}\u{1b}[0m 中文\n";
    let sandbox = Sandbox::with("nasty", nasty.as_bytes());
    let lines = String::from_utf8(sandbox.succeed("explain --json nasty")).unwrap();
    assert!(lines.chars().all(|c| c == '\n' || !c.is_control()), "{lines}");
    assert!(!lines.contains(['\u{202e}', '\u{e0041}']) && lines.contains("\\u007f"), "{lines}");
    // A character may be of several tokens, whose bytes are no text.
    let bytes: Vec<u8> =
        of_type(&json(&sandbox, "nasty"), "token").iter().flat_map(|t| bytes(t)).collect();
    assert_eq!(String::from_utf8(bytes).unwrap(), nasty);
}
