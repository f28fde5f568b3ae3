//! Who may ask, and what is logged.

use crate::client::{Answer, ask, try_ask};
use crate::service::{PROGRAM, Service, text};

#[test]
fn with_a_token_nobody_is_let_in_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "a secret\n").unwrap();
    let by_file = Service::start(&format!("--token-file {}", file.display()));
    let by_variable = Service::with("", &[("LLMZIP_TOKEN", "a secret")]);
    for service in [by_file, by_variable] {
        let with = |token: &str| -> Answer {
            let line = format!("Authorization: {token}\r\n");
            try_ask(service.address, "POST", "/compress", &line, &text(100)).unwrap()
        };
        let stranger = ask(service.address, "POST", "/compress", &text(100));
        assert_eq!(stranger.fault(401), "Unauthorized");
        assert_eq!(stranger.header("www-authenticate"), Some("Bearer"));
        assert_eq!(with("Bearer another").fault(401), "Unauthorized");
        assert_eq!(with("Bearer a secret").status, 200);
        assert_eq!(ask(service.address, "GET", "/metrics", b"").status, 401);
        // Whoever watches over it has none.
        assert_eq!(ask(service.address, "GET", "/health", b"").status, 200);
        assert_eq!(ask(service.address, "GET", "/ready", b"").status, 200);
        assert!(!service.log().contains("secret"));
    }
    let empty = std::process::Command::new(PROGRAM)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("LLMZIP_TOKEN", " ")
        .output()
        .unwrap();
    assert_eq!(empty.status.code(), Some(1));
}

#[test]
fn each_request_is_one_line_of_json() {
    let service = Service::start("");
    ask(service.address, "POST", "/compress", &text(100)).good();
    ask(service.address, "POST", "/decompress", b"nonsense").fault(422);
    service.until("two lines", |service| service.log().lines().count() >= 2);
    let lines: Vec<serde_json::Value> =
        service.log().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["path"], &lines[0]["status"]), (&"/compress".into(), &200.into()));
    assert_eq!(lines[0]["received_bytes"], 100);
    assert_eq!(lines[0]["whole"], true);
    assert_eq!((&lines[1]["path"], &lines[1]["status"]), (&"/decompress".into(), &422.into()));
}
