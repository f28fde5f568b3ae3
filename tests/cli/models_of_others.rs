//! Models that a user names by other people's files: made once, found again, and measured.

use std::fs;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::common::hostile::{directory, onnx_folder, sample};
use crate::sandbox::{Sandbox, code, said};

const TEXT: &[u8] = b"the bytes that go in are those that come out, \xff\xfe too\n";

/// With a tiny GGUF file and a text.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with("tiny.gguf", &sample("gguf"));
    sandbox.write("a", TEXT);
    sandbox
}

fn command(sandbox: &Sandbox, arguments: &str) -> Command {
    let mut command = sandbox.command(arguments);
    command.env("LLMZIP_CACHE", sandbox.path("cache"));
    command
}

fn run(sandbox: &Sandbox, arguments: &str) -> Output {
    command(sandbox, arguments).output().unwrap()
}

/// Names of the files in the cache, and below it.
fn cached(sandbox: &Sandbox) -> Vec<String> {
    let entries = fs::read_dir(sandbox.path("cache")).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != "made");
    names.sort();
    names
}

/// Compresses with the model; what was said.
fn packed(sandbox: &Sandbox, model: &str) -> String {
    let output = run(sandbox, &format!("--model {model} -f -o a.llmz a"));
    assert_eq!(code(&output), 0, "{}", said(&output));
    said(&output)
}

#[test]
fn a_gguf_file_or_a_directory_is_made_a_model_of_once_and_needs_no_flag_on_the_way_back() {
    let sandbox = sandbox();
    directory(&sandbox.path("dir"));
    for (model, name) in [("./tiny.gguf", "tiny"), ("dir", "dir")] {
        let said = packed(&sandbox, model);
        assert!(said.contains(&format!("{model}: made {name} of it, once: ")), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert_eq!(packed(&sandbox, model), "");
        // A result beside the files is no part of a model.
        fs::write(sandbox.path("dir/a.llmz"), "").unwrap();
        assert_eq!(packed(&sandbox, model), "");
        let path = sandbox.path(model);
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        assert_eq!(run(&sandbox, "-d -c a.llmz").stdout, TEXT);
    }
    assert_eq!(cached(&sandbox).len(), 2);
}

#[test]
fn files_that_changed_and_models_that_were_spoilt_or_removed_are_made_again() {
    let sandbox = sandbox();
    packed(&sandbox, "tiny.gguf");
    let model = sandbox.path("cache").join(&cached(&sandbox)[0]);
    let mut bytes = fs::read(&model).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&model, bytes).unwrap();
    assert!(packed(&sandbox, "tiny.gguf").contains("made tiny"));
    assert_eq!(packed(&sandbox, "tiny.gguf"), "");
    fs::remove_file(&model).unwrap();
    assert!(packed(&sandbox, "tiny.gguf").contains("made tiny"));
    assert_eq!(cached(&sandbox).len(), 1);
    // The same elsewhere is made once more, and kept once.
    fs::copy(sandbox.path("tiny.gguf"), sandbox.path("other.gguf")).unwrap();
    assert!(packed(&sandbox, "other.gguf").contains("made other"));
    assert_eq!(packed(&sandbox, "other.gguf"), "");
    assert_eq!(cached(&sandbox).len(), 1);
    // Of the same length, and with the same time.
    let file = sandbox.path("tiny.gguf");
    let then = fs::metadata(&file).unwrap().modified().unwrap();
    let mut bytes = fs::read(&file).unwrap();
    *bytes.iter_mut().rev().nth(70).unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(then).unwrap();
    assert!(packed(&sandbox, "tiny.gguf").contains("made tiny"));
    assert_eq!(cached(&sandbox).len(), 2);
}

#[test]
fn several_processes_make_one_model_at_the_same_time() {
    let sandbox = sandbox();
    let children: Vec<_> = (0..4)
        .map(|n| {
            let mut command = command(&sandbox, &format!("--model tiny.gguf -o {n}.llmz a"));
            command.stdin(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!(code(&output), 0, "{}", said(&output));
    }
    assert_eq!(cached(&sandbox).len(), 1);
    assert_eq!(fs::read_dir(sandbox.path("cache/made")).unwrap().count(), 1);
    for n in 0..4 {
        assert_eq!(run(&sandbox, &format!("-d -c {n}.llmz")).stdout, TEXT);
    }
}

#[test]
fn without_a_cache_the_model_is_made_in_memory() {
    let sandbox = sandbox();
    sandbox.write("file", b"");
    let unwritable = |arguments: &str| {
        let mut command = sandbox.command(arguments);
        command.env("LLMZIP_CACHE", sandbox.path("file/cache")).output().unwrap()
    };
    let nowhere = |arguments: &str| {
        let mut command = sandbox.command(arguments);
        for name in ["LLMZIP_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"] {
            command.env_remove(name);
        }
        command.output().unwrap()
    };
    for run in [&unwritable as &dyn Fn(&str) -> Output, &nowhere] {
        let packed = run("--model tiny.gguf -c a");
        assert_eq!(code(&packed), 0, "{}", said(&packed));
        assert!(said(&packed).contains("cannot be kept"), "{}", said(&packed));
        assert!(!said(&packed).contains("os error"), "{}", said(&packed));
        assert_eq!(said(&packed).lines().count(), 1, "{}", said(&packed));
        sandbox.write("a.llmz", &packed.stdout);
        let back = run("--model tiny.gguf -d -c a.llmz");
        assert_eq!(back.stdout, TEXT, "{}", said(&back));
        assert_eq!(run("-q --model tiny.gguf -c a").stderr, b"");
    }
}

#[test]
fn what_is_no_model_is_refused_and_leaves_nothing_behind() {
    let sandbox = sandbox();
    sandbox.write("broken.gguf", &sample("gguf")[..3000]);
    fs::create_dir(sandbox.path("empty")).unwrap();
    for model in ["broken.gguf", "empty"] {
        let output = run(&sandbox, &format!("--model {model} -o out a"));
        assert_eq!(code(&output), 1);
        assert!(said(&output).contains(model), "{}", said(&output));
        assert_eq!(said(&output).lines().count(), 1, "{}", said(&output));
        assert!(!sandbox.has("out"));
    }
    assert!(!sandbox.has("cache") || cached(&sandbox).is_empty());
}

#[test]
fn a_check_takes_other_peoples_files_and_ours() {
    let sandbox = sandbox();
    directory(&sandbox.path("dir"));
    let json = |arguments: &str| -> Value {
        let output = run(&sandbox, &format!("models check --json -q {arguments}"));
        assert_eq!(code(&output), 0, "{arguments}: {}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    for (model, name) in [("tiny.gguf", "tiny"), ("dir", "dir")] {
        let of_files = json(&format!("{model} a"));
        assert_eq!(of_files["bytes"], TEXT.len());
        let bits = |field: &str| of_files[field].as_f64().unwrap();
        let loss = bits("bits_per_byte") / bits("float_bits_per_byte") - 1.0;
        assert!(loss.abs() < 0.01, "{of_files}");
        assert!(bits("tokens_per_s") > 0.0 && bits("memory_bytes") > 0.0, "{of_files}");
        assert!(bits("codec_bits_per_byte") > 0.0, "{of_files}");
        let expected = bits("divergence_bits_per_byte") / bits("float_bits_per_byte");
        assert!((0.0..0.01).contains(&expected), "{of_files}");
        let errors = of_files["errors"].as_array().unwrap();
        assert_eq!(errors.len(), of_files["error_limits_nats"].as_array().unwrap().len() + 1);
        assert!(errors[..3].iter().any(|count| count.as_u64() > Some(0)), "{of_files}");
        let made = cached(&sandbox).into_iter().find(|made| made.starts_with(name)).unwrap();
        let ours = json(&format!("cache/{made} a"));
        assert_eq!(ours["bits_per_byte"], of_files["bits_per_byte"]);
        assert!(ours["float_bits_per_byte"].is_null() && ours["errors"].is_null(), "{ours}");
        assert_eq!(ours["codec_bits_per_byte"], of_files["codec_bits_per_byte"]);
        let beside = json(&format!("{name} a --dir {model}"));
        assert_eq!(beside["float_bits_per_byte"], of_files["float_bits_per_byte"]);
    }
    let output = run(&sandbox, "models check tiny.gguf");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(text.contains("float model") && text.contains("tokens/s"), "{text}");
    assert!(text.contains("expected loss") && text.contains("errors of the logits"), "{text}");
    assert_eq!(code(&run(&sandbox, "models check dir a --dir tiny.gguf")), 1);
}

#[test]
fn a_gguf_file_is_compared_with_the_hash_that_was_asked_for() {
    let sandbox = sandbox();
    let right = format!("{:x}", Sha256::digest(sample("gguf")));
    let import =
        |hash: &str| run(&sandbox, &format!("models import tiny.gguf --verify-sha {hash}"));
    let wrong = import(&right.replace(|c: char| c.is_ascii_digit(), "0"));
    assert_eq!(code(&wrong), 1);
    assert!(said(&wrong).contains(&right), "{}", said(&wrong));
    assert!(!sandbox.has("cache") || cached(&sandbox).is_empty());
    assert_eq!(code(&import(&right)), 0);
    assert_eq!(cached(&sandbox).len(), 1);
}

#[test]
fn a_mixer_learns_what_it_begins_with_from_the_users_text() {
    let sandbox = sandbox();
    let row = |i: usize| format!("{i:05};ready;{};{}\n", i * 7919 % 1000, i * i % 89);
    let table: String = (0..2500).map(row).collect();
    sandbox.write("table", table.as_bytes());
    let identity = |arguments: &str| {
        let output = run(&sandbox, &format!("models import tiny.gguf -f -o made {arguments}"));
        assert_eq!(code(&output), 0, "{}", said(&output));
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        (text.split_whitespace().nth(4).unwrap().to_owned(), said(&output))
    };
    let (usual, _) = identity("");
    let (learned, said_then) = identity("--learn table");
    assert!(usual != learned && said_then.contains("held back"), "{said_then}");
    let packed = run(&sandbox, "--model made -c table");
    assert_eq!(code(&packed), 0, "{}", said(&packed));
    sandbox.write("packed", &packed.stdout);
    let output = run(&sandbox, "--model made -d -c packed");
    assert!(output.stdout == table.as_bytes(), "{}", said(&output));

    let output = run(&sandbox, "models import tiny.gguf -o none --learn a");
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("too few to learn from"), "{}", said(&output));
    let left: Vec<_> = fs::read_dir(sandbox.path("")).unwrap().collect();
    assert!(!sandbox.has("none") && left.len() == 5, "{left:?}");
}

#[test]
fn an_onnx_file_is_a_model_like_any_other() {
    let sandbox = sandbox();
    onnx_folder(&sandbox.path("hub"), &sample("onnx"));
    let said_of_it = packed(&sandbox, "hub/x.onnx");
    assert!(said_of_it.contains("hub/x.onnx: made x of it, once: "), "{said_of_it}");
    assert_eq!(packed(&sandbox, "./hub/x.onnx"), "");
    assert_eq!(run(&sandbox, "-d -c a.llmz").stdout, TEXT);
    // Each of the files that it consists of counts.
    for file in ["hub/config.json", "hub/tokenizer.json", "hub/x.onnx_data"] {
        let path = sandbox.path(file);
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let output = run(&sandbox, "--model hub/x.onnx -f -o b.llmz a");
        assert_eq!(code(&output), 1, "{file}");
        assert!(said(&output).contains(file.rsplit('/').next().unwrap()), "{}", said(&output));
        assert_eq!(said(&output).lines().count(), 1, "{}", said(&output));
        fs::write(&path, bytes).unwrap();
        assert!(packed(&sandbox, "hub/x.onnx").contains("made x"), "{file}");
    }
    assert_eq!(cached(&sandbox).len(), 1);
    let output = run(&sandbox, "models check --json -q hub/x.onnx a");
    assert_eq!(code(&output), 0, "{}", said(&output));
    let figures: Value = serde_json::from_slice(&output.stdout).unwrap();
    let bits = |field: &str| figures[field].as_f64().unwrap();
    let loss = bits("bits_per_byte") / bits("float_bits_per_byte") - 1.0;
    assert!(loss.abs() < 0.01, "{figures}");
}

#[test]
fn every_file_of_an_onnx_model_has_the_hash_that_was_asked_for() {
    let sandbox = sandbox();
    onnx_folder(&sandbox.path("hub"), &sample("onnx"));
    let [graph, data] = ["hub/x.onnx", "hub/x.onnx_data"]
        .map(|file| format!("{:x}", Sha256::digest(fs::read(sandbox.path(file)).unwrap())));
    let import = |hashes: &str| run(&sandbox, &format!("models import hub/x.onnx {hashes}"));
    let only_one = import(&format!("--verify-sha {graph}"));
    assert_eq!(code(&only_one), 1);
    assert!(said(&only_one).contains(&data), "{}", said(&only_one));
    let wrong = import(&format!("--verify-sha {graph} --verify-sha {}", "0".repeat(64)));
    assert_eq!(code(&wrong), 1);
    assert!(!sandbox.has("cache") || cached(&sandbox).is_empty());
    let right = import(&format!("--verify-sha {data} --verify-sha {graph}"));
    assert_eq!(code(&right), 0, "{}", said(&right));
    assert_eq!(cached(&sandbox).len(), 1);
}

#[test]
fn the_inputs_and_outputs_of_a_graph_are_told() {
    let sandbox = sandbox();
    onnx_folder(&sandbox.path("hub"), &sample("onnx"));
    let output = run(&sandbox, "models info hub/x.onnx");
    assert_eq!(code(&output), 0, "{}", said(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    for line in [
        "input       input_ids int64 [batch_size, sequence_length]",
        "input       past_key_values.0.key float16 [batch_size, 1, past_sequence_length, 64]",
        "output      logits float32 [batch_size, sequence_length, 260]",
        "dynamic     batch_size, past_sequence_length, sequence_length, total_sequence_length",
    ] {
        assert!(text.lines().any(|found| found == line), "{line:?} is not in {text}");
    }
    assert!(text.contains("hub/x.onnx_data, 4096 bytes"), "{text}");
    assert!(text.contains("com.microsoft:MatMulNBits 7"), "{text}");
    sandbox.write("no.onnx", b"no graph");
    let output = run(&sandbox, "models info no.onnx");
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("no.onnx: "), "{}", said(&output));
    assert_eq!(code(&run(&sandbox, "models info nowhere.onnx")), 1);
}

#[test]
fn a_model_is_written_as_a_directory_and_made_of_it_again() {
    let sandbox = sandbox();
    let output = run(&sandbox, "models export builtin out/dir");
    assert_eq!(code(&output), 0, "{}", said(&output));
    let again = run(&sandbox, "models export builtin out/dir");
    assert_eq!(code(&again), 1);
    assert_eq!(
        said(&again),
        "llmzip: models: there are files in out/dir; -f replaces those of a model\n"
    );
    sandbox.write("out/dir/notes", b"mine");
    sandbox.write("out/dir/config.json", b"old");
    assert_eq!(code(&run(&sandbox, "models export builtin out/dir -f")), 0);
    let entries = fs::read_dir(sandbox.path("out/dir")).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let wanted = ["config.json", "model.safetensors", "notes", "tokenizer.json"];
    assert_eq!(names, wanted, "and no temporary ones");

    let output = run(&sandbox, "models import out/dir --like-builtin --name again -o again.llmw");
    assert_eq!(code(&output), 0, "{}", said(&output));
    let identity = llmzip::model::builtin().id().to_string();
    assert!(String::from_utf8(output.stdout).unwrap().contains(&identity));
    assert_eq!(code(&run(&sandbox, "models export again.llmw twice")), 0);
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        let paths = ["out/dir", "twice"].map(|dir| format!("{dir}/{file}"));
        assert!(sandbox.read(&paths[0]) == sandbox.read(&paths[1]), "{file}");
    }

    let missing = run(&sandbox, "models export nobody new");
    assert_eq!(code(&missing), 1);
    assert!(said(&missing).contains("no model \"nobody\" is here"), "{}", said(&missing));
    sandbox.write("file", b"x");
    assert!(said(&run(&sandbox, "models export builtin file")).contains("file is no directory"));
    assert!(!sandbox.has("new") && sandbox.read("file") == b"x");
}
