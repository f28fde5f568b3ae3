//! Clients that are slow, that go away, that send nonsense, and work that is too much.

use std::io::{BufReader, Read, Write};
use std::time::{Duration, Instant};

use crate::client::{Pieces, connect, head, post, read, try_ask};
use crate::service::{Service, text};

/// That a service still does what it is for.
fn is_well(service: &Service) {
    let plain = text(400);
    let packed = post(service.address, "/compress", &plain).good();
    assert_eq!(post(service.address, "/decompress", &packed).good(), plain);
}

#[test]
fn damaged_files_are_refused_with_the_librarys_reason() {
    let service = Service::start("");
    let packed = post(service.address, "/compress", &text(3000)).good();
    let kinds = ["NotLlmzip", "Truncated", "Damaged", "Unsupported", "MissingModel", "Memory"];
    for end in (0..20).chain((20..packed.len()).step_by(7)) {
        let answer = post(service.address, "/decompress", &packed[..end]);
        assert_eq!(answer.status, 422, "{end}");
        assert!(kinds.contains(&answer.fault(422).as_str()));
    }
    for at in 0..packed.len().min(40) {
        let mut wrong = packed.clone();
        wrong[at] ^= 0x10;
        let answer = post(service.address, "/decompress", &wrong);
        assert!([422, 413].contains(&answer.status), "{at}: {answer:?}");
        assert!(kinds.contains(&answer.json()["kind"].as_str().unwrap()), "{at}: {answer:?}");
    }
    let behind = [&packed[..], b"and more"].concat();
    assert_eq!(post(service.address, "/decompress", &behind).fault(422), "Damaged");
    // Frames behind each other are one file.
    let twice = post(service.address, "/decompress", &[&packed[..], &packed].concat()).good();
    assert_eq!(twice, text(3000).repeat(2));
    is_well(&service);
}

#[test]
fn damage_far_inside_a_long_file_cuts_the_answer_short() {
    let service = Service::start("");
    let plain = text(1 << 20);
    let mut packed = post(service.address, "/compress?level=1&group_bytes=65536", &plain).good();
    let at = packed.len() * 3 / 4;
    packed[at] ^= 1;
    // Much of it has gone out before: only a missing end can say that it is not whole.
    let cut = try_ask(service.address, "POST", "/decompress", "", &packed);
    assert!(cut.is_err(), "{:?}", cut.map(|answer| answer.status));
    assert!(service.metric("llmzip_cut_answers_total{path=\"/decompress\"} ") >= 1.0);
    is_well(&service);
}

#[test]
fn malformed_requests_are_refused() {
    let service = Service::start("--idle 2");
    for (sent, status) in [
        ("nonsense\r\n\r\n", 400),
        ("POST /compress HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400),
        ("POST /compress HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        ("POST /compress HTTP/9.9\r\nHost: x\r\n\r\n", 505),
    ] {
        let mut stream = connect(service.address);
        stream.write_all(sent.as_bytes()).unwrap();
        let answered = read(&mut BufReader::new(stream)).map(|answer| answer.status);
        // Where it cannot be told, the connection is closed.
        assert!(
            matches!(answered, Ok(known) if known == status || known == 400) || answered.is_err()
        );
    }
    let mut stream = connect(service.address);
    let long = format!("X: {}\r\n", "x".repeat(4 << 20));
    let _ = stream.write_all(head("GET", "/health", &long).as_bytes());
    assert!(read(&mut BufReader::new(stream)).map_or(true, |answer| answer.status == 431));
    is_well(&service);
}

#[test]
fn a_client_that_stops_sending_is_given_up() {
    let service = Service::start("--idle 1 --streams 1");
    // A head that does not end.
    let mut silent = connect(service.address);
    silent.write_all(b"POST /compress HTTP/1.1\r\nHos").unwrap();
    // A short body, and a long one, which has the only place there is.
    let mut short = connect(service.address);
    short.write_all(head("POST", "/compress", "Content-Length: 100\r\n").as_bytes()).unwrap();
    let mut long = Pieces::begin(service.address, "/compress?level=1");
    long.send(&text(50_000)).unwrap();
    let begun = Instant::now();
    let refused = read(&mut BufReader::new(&mut short)).unwrap();
    assert_eq!(refused.fault(408), "Idle");
    assert_eq!(read(&mut BufReader::new(&mut long.0)).unwrap().fault(408), "Idle");
    let mut rest = Vec::new();
    let _ = silent.read_to_end(&mut rest);
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert!(post(service.address, "/compress?level=1", &text(50_000)).status == 200);
}

#[test]
fn a_client_that_takes_nothing_keeps_no_place() {
    let service = Service::start("--idle 5 --streams 1");
    let zeros = post(service.address, "/compress?level=1", &vec![0; 64 << 20]).good();
    let mut lazy = connect(service.address);
    let lines = format!("Content-Length: {}\r\n", zeros.len());
    lazy.write_all(head("POST", "/decompress", &lines).as_bytes()).unwrap();
    lazy.write_all(&zeros).unwrap();
    // Its 64 MB are made and wait on disk; the place is free for others.
    let plain = text(100_000);
    let packed = post(service.address, "/compress?level=1", &plain).good();
    assert_eq!(post(service.address, "/decompress", &packed).good(), plain);
    // Once it has waited too long, it is cut.
    service.until("the end of the lazy connection", |service| {
        service.metric("llmzip_cut_answers_total{path=\"/decompress\"} ") == 1.0
    });
    drop(lazy);
}

#[test]
fn a_client_that_goes_away_is_not_worked_for() {
    let service = Service::start("--streams 1");
    for _ in 0..3 {
        // Some minutes of work at this level, if anybody did it.
        let mut gone = connect(service.address);
        let body = text(8 << 20);
        let lines = format!("Content-Length: {}\r\n", body.len());
        gone.write_all(head("POST", "/compress?level=5", &lines).as_bytes()).unwrap();
        gone.write_all(&body).unwrap();
        drop(gone);
        let mut cut = Pieces::begin(service.address, "/compress?level=1");
        cut.send(&text(100_000)).unwrap();
        drop(cut);
    }
    // The only place is free again.
    let begun = Instant::now();
    assert_eq!(post(service.address, "/compress?level=1", &text(100_000)).status, 200);
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    let many: Vec<_> = (0..50)
        .map(|_| {
            let mut short = connect(service.address);
            let lines = "Content-Length: 1000\r\n";
            short.write_all(head("POST", "/compress", lines).as_bytes()).unwrap();
            short.write_all(&text(999)).unwrap();
            short
        })
        .collect();
    drop(many);
    is_well(&service);
}

#[test]
fn limits_of_size_memory_and_time_are_kept() {
    let service = Service::start(
        "--max-body 1M --max-output 2M --max-text 1000 --memory-limit 60M --time-limit 2",
    );
    let address = service.address;
    assert_eq!(post(address, "/compress", &vec![0; (1 << 20) + 1]).fault(413), "TooLarge");
    let mut endless = Pieces::begin(address, "/compress?level=1");
    let piece = text(100_000);
    while endless.send(&piece).is_ok() {}
    assert_eq!(post(address, "/tokens", &text(1001)).fault(413), "TooLarge");
    let bomb = llmzip::compress(&vec![0; 3 << 20], &llmzip::Options::default()).unwrap();
    assert!(bomb.len() < 200);
    assert_eq!(post(address, "/decompress", &bomb).fault(413), "TooLong");
    assert_eq!(post(address, "/compress?level=5", &text(300_000)).fault(413), "Memory");
    let slow = Service::start("--time-limit 1");
    assert_eq!(post(slow.address, "/compress?level=7", &text(4 << 20)).fault(503), "Time");
    is_well(&service);
    is_well(&slow);
}
