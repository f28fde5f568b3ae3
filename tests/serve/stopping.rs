//! The end, with work in hand.

use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::client::{Pieces, ask, post, try_ask};
use crate::service::{Service, text};

#[test]
fn told_to_end_it_finishes_what_it_has_begun() {
    for name in ["TERM", "INT"] {
        let mut service = Service::start("");
        let plain = text(2 << 20);
        let mut half = Pieces::begin(service.address, "/compress?level=1&group_bytes=65536");
        half.send(&plain[..1 << 20]).unwrap();
        service.until("the beginning", |s| s.metric("llmzip_connections ") >= 2.0);
        service.signal(name);
        std::thread::sleep(Duration::from_millis(300));
        // The other half comes when nobody new is let in.
        half.send(&plain[1 << 20..]).unwrap();
        let packed = half.end().unwrap().good();
        assert_eq!(llmzip::decompress(&packed).unwrap(), plain);
        assert_eq!(service.end().code(), Some(0), "{}", service.log());
        assert!(service.log().contains("\"stopped\""));
    }
}

#[test]
fn under_load_every_request_that_was_taken_is_answered() {
    let mut service = Service::start("--cache 0");
    let (answered, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for n in 0..16 {
            let (address, answered, refused) = (service.address, &answered, &refused);
            scope.spawn(move || {
                for k in 0.. {
                    let plain = text(300 + 16 * k + n);
                    match try_ask_if_open(address, &plain) {
                        Some(Ok(answer)) => {
                            assert_eq!(llmzip::decompress(&answer).unwrap(), plain);
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                        Some(Err(_)) => {
                            refused.fetch_add(1, Ordering::Relaxed);
                            break;
                        }
                        None => break,
                    }
                }
            });
        }
        service.until("some answers", |_| answered.load(Ordering::Relaxed) > 50);
        service.signal("TERM");
    });
    assert_eq!(service.end().code(), Some(0));
    let log = service.log();
    let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let taken: Vec<_> = lines.filter(|line| line["path"] == "/compress").collect();
    assert!(taken.iter().all(|line| line["whole"] == true && line["status"] == 200), "{log}");
    assert_eq!(taken.len(), answered.into_inner());
}

/// `None` where nobody listens any more.
fn try_ask_if_open(
    address: std::net::SocketAddr,
    plain: &[u8],
) -> Option<Result<Vec<u8>, std::io::Error>> {
    let asked = std::panic::catch_unwind(|| try_ask(address, "POST", "/compress", "", plain));
    asked.ok().map(|answer| answer.map(|answer| answer.good()))
}

#[test]
fn after_the_grace_and_at_a_second_signal_it_ends_at_once() {
    let mut service = Service::start("--grace 1");
    let mut half = Pieces::begin(service.address, "/compress?level=1");
    half.send(&text(1 << 20)).unwrap();
    service.until("the beginning", |s| s.metric("llmzip_connections ") >= 2.0);
    let begun = Instant::now();
    service.signal("TERM");
    assert_eq!(service.end().code(), Some(0));
    assert!(begun.elapsed() >= Duration::from_secs(1) && half.end().is_err());

    let mut service = Service::start("--grace 600");
    let mut half = Pieces::begin(service.address, "/compress?level=1");
    half.send(&text(1 << 20)).unwrap();
    service.until("the beginning", |s| s.metric("llmzip_connections ") >= 2.0);
    service.signal("TERM");
    service.until("the end of listening", |s| std::net::TcpStream::connect(s.address).is_err());
    service.signal("TERM");
    assert_eq!(service.end().signal(), Some(15));
}

#[test]
fn an_address_that_is_taken_is_an_error_of_one_line() {
    let service = Service::start("");
    let again = std::process::Command::new(crate::service::PROGRAM)
        .args(["serve", "--listen", &service.address.to_string()])
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(1));
    let said = String::from_utf8(again.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("in use"), "{said}");
    assert_eq!(ask(service.address, "GET", "/health", b"").status, 200);
    post(service.address, "/compress", b"x").good();
}
