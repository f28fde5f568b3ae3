//! What can be asked, and that the answers are the program's.

use serde_json::Value;

use crate::client::{Pieces, ask, connect, head, post, read};
use crate::service::{PROGRAM, Service, program, text};

#[test]
fn short_and_long_bodies_become_what_the_program_makes_of_them() {
    let service = Service::start("");
    let address = service.address;
    for (n_bytes, level) in
        [(0, 5), (1, 5), (300, 5), (16_384, 5), (16_385, 5), (70_000, 5), (300, 1), (3_000_000, 1)]
    {
        let plain = text(n_bytes);
        let packed = post(address, &format!("/compress?level={level}"), &plain).good();
        assert_eq!(packed, program(&["-c", &format!("-{level}")], &plain), "{n_bytes} bytes");
        assert_eq!(post(address, "/decompress", &packed).good(), plain, "{n_bytes} bytes");
    }
}

#[test]
fn options_are_the_programs() {
    let service = Service::start("");
    let plain = text(100_000);
    let asked = "/compress?level=7&lanes=3&window=100&group_bytes=65536&full_hashes=true";
    let packed = post(service.address, asked, &plain).good();
    let flags = ["-c", "-7", "--lanes", "3", "--window", "100", "--group", "64K", "--full-hashes"];
    assert_eq!(packed, program(&flags, &plain));
    let wrong = "/compress?level=0 /compress?level=x /compress?lvl=1 /compress?group_bytes=1000 \
                 /compress?model=none /compress?level=1&model=builtin /compress?level=9 \
                 /tokens?model=none /compress?lanes=9999999";
    for asked in wrong.split_whitespace() {
        post(service.address, asked, b"x").fault(400);
    }
}

#[test]
fn bodies_come_in_pieces_and_answers_come_before_the_body_has_ended() {
    let service = Service::start("");
    let plain = text(3 << 20);
    let mut pieces = Pieces::begin(service.address, "/compress?level=1&group_bytes=65536");
    for piece in plain.chunks(10_007) {
        pieces.send(piece).unwrap();
    }
    // The groups that are complete are there though the body is not.
    let mut head = [0; 12];
    std::io::Read::read_exact(&mut pieces.0, &mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    pieces.0.set_nodelay(true).unwrap();
    let rest = {
        use std::io::{BufReader, Read, Write};
        pieces.0.write_all(b"0\r\n\r\n").unwrap();
        read(&mut BufReader::new(head.chain(pieces.0))).unwrap()
    };
    assert_eq!(post(service.address, "/decompress", &rest.good()).good(), plain);
}

#[test]
fn a_client_that_sends_all_before_it_reads_does_not_wait_for_ever() {
    // Of noise as much comes out as goes in: more than sockets and memory hold.
    let service = Service::start("");
    let mut state = 1u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    })
    .take(24 << 20)
    .collect();
    let packed = post(service.address, "/compress?level=1&group_bytes=65536", &noise).good();
    assert!(packed.len() > 23 << 20);
    assert!(post(service.address, "/decompress", &packed).good() == noise);
}

#[test]
fn several_questions_share_a_connection() {
    use std::io::{BufReader, Write};
    let service = Service::start("");
    let mut stream = connect(service.address);
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    for n in 1..20 {
        let plain = text(n * 40);
        let lines = format!("Content-Length: {}\r\n", plain.len());
        stream.write_all(head("POST", "/compress", &lines).as_bytes()).unwrap();
        stream.write_all(&plain).unwrap();
        let packed = read(&mut answers).unwrap().good();
        assert_eq!(llmzip::decompress(&packed).unwrap(), plain);
    }
}

#[test]
fn info_says_what_is_inside_and_tokens_what_they_cost() {
    let service = Service::start("");
    let plain = text(100_000);
    let packed = post(service.address, "/compress?group_bytes=65536", &plain).good();
    let info = post(service.address, "/info", &packed).json();
    assert_eq!(info["plain_bytes"], 100_000);
    assert_eq!(info["stored_bytes"], packed.len());
    assert_eq!(info["frames"][0]["groups"].as_array().unwrap().len(), 2);
    assert_eq!(post(service.address, "/info", b"no file").fault(422), "NotLlmzip");

    let costs = post(service.address, "/tokens", "The cat sat on the m\u{e4}t".as_bytes()).json();
    assert_eq!(costs["model"], "builtin");
    let tokens = costs["tokens"].as_array().unwrap();
    let hex: String = tokens.iter().map(|token| token["hex"].as_str().unwrap()).collect();
    let bytes = "The cat sat on the m\u{e4}t".bytes();
    assert_eq!(hex, bytes.map(|byte| format!("{byte:02x}")).collect::<String>());
    let sum: f64 = tokens.iter().map(|token| token["bits"].as_f64().unwrap()).sum();
    assert!((sum - costs["bits"].as_f64().unwrap()).abs() < 1e-6 && sum > 10.0);
    let empty = post(service.address, "/tokens", b"").json();
    assert_eq!((empty["tokens"].as_array().unwrap().len(), &empty["bits"]), (0, &Value::from(0.0)));
}

#[test]
fn models_are_loaded_once_and_asked_for_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other.llmw");
    std::fs::write(&file, llmzip::model::builtin_bytes()).unwrap();
    let service = Service::start(&format!("--model second={}", file.display()));
    let models = ask(service.address, "GET", "/models", b"").json();
    let names: Vec<_> = models["models"].as_array().unwrap().iter().map(|m| &m["name"]).collect();
    assert_eq!(names, ["builtin", "second"]);
    let plain = text(500);
    let packed = post(service.address, "/compress?model=second", &plain).good();
    assert_eq!(packed, post(service.address, "/compress", &plain).good());
    let again = std::process::Command::new(PROGRAM)
        .args(["serve", "--listen", "127.0.0.1:0", "--model", "builtin"])
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(1));
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(said.contains("two models are called \"builtin\""), "{said}");
}

#[test]
fn the_description_names_every_path_and_no_other() {
    let service = Service::start("");
    let described = ask(service.address, "GET", "/openapi.json", b"").json();
    assert_eq!(described["openapi"], "3.1.0");
    for (path, methods) in described["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let answer = ask(service.address, &method.to_uppercase(), path, b"");
            assert!(![404, 405].contains(&answer.status), "{method} {path}");
        }
    }
    assert_eq!(ask(service.address, "GET", "/compress", b"").status, 405);
    assert_eq!(ask(service.address, "GET", "/nothing", b"").status, 404);
    // References lead somewhere.
    let text = described.to_string();
    for part in text.split("\"$ref\":\"#/").skip(1) {
        let pointer = format!("/{}", part.split('"').next().unwrap());
        assert!(described.pointer(&pointer).is_some(), "{pointer}");
    }
}

#[test]
fn what_was_asked_before_is_known() {
    let service = Service::start("");
    let plain = text(2000);
    let first = post(service.address, "/compress", &plain).good();
    assert_eq!(service.metric("llmzip_cache_hits_total "), 0.0);
    assert_eq!(post(service.address, "/compress", &plain).good(), first);
    assert_eq!(service.metric("llmzip_cache_hits_total "), 1.0);
    // Another level is another question.
    assert_ne!(post(service.address, "/compress?level=2", &plain).good(), first);
    assert_eq!(service.metric("llmzip_cache_hits_total "), 1.0);
    assert!(service.metric("process_resident_memory_bytes ") > 1e6 || !cfg!(target_os = "linux"));
    let counted = "llmzip_requests_total{path=\"/compress\",status=\"200\"} ";
    assert_eq!(service.metric(counted), 3.0);
    let none = Service::start("--cache 0");
    for _ in 0..2 {
        assert_eq!(post(none.address, "/compress", &plain).good(), first);
    }
    assert_eq!(none.metric("llmzip_cache_hits_total "), 0.0);
}
