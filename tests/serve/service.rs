//! A service of its own for a test, gone when the test ends.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::client::{PATIENCE, ask};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_llmzip");

pub struct Service {
    pub address: SocketAddr,
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Service {
    /// With these arguments, separated by blanks.
    pub fn start(arguments: &str) -> Service {
        Service::with(arguments, &[])
    }

    /// And these variables.
    pub fn with(arguments: &str, variables: &[(&str, &str)]) -> Service {
        let mut command = Command::new(PROGRAM);
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments.split_whitespace());
        command.env_remove("LLMZIP_TOKEN").envs(variables.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        while !first.contains("listening") {
            first.clear();
            assert!(stderr.read_line(&mut first).unwrap() > 0, "it did not begin: {first}");
        }
        let line: serde_json::Value = serde_json::from_str(&first).unwrap();
        let address = line["address"].as_str().unwrap().strip_prefix("http://").unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let lines = log.clone();
        let reader = std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let mut log = lines.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        Service { address: address.parse().unwrap(), child, log, reader: Some(reader) }
    }

    /// What it has said since it began.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    #[cfg(unix)]
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits for its end.
    pub fn end(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.reader.take().unwrap().join().unwrap();
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The value of a line of its metrics that begins so.
    pub fn metric(&self, name: &str) -> f64 {
        let text = String::from_utf8(ask(self.address, "GET", "/metrics", b"").good()).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.map_or(0.0, |value| value.trim().parse().unwrap())
    }

    /// Waits until this holds.
    pub fn until(&self, what: &str, holds: impl Fn(&Service) -> bool) {
        let begun = Instant::now();
        while !holds(self) {
            assert!(begun.elapsed() < PATIENCE, "{what} did not come to be");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the program makes of these bytes.
pub fn program(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut child = Command::new(PROGRAM)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut output = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).unwrap());
        child.stdout.take().unwrap().read_to_end(&mut output).unwrap();
    });
    assert!(child.wait().unwrap().success());
    output
}

/// A text of so many bytes, no two lines of it alike.
pub fn text(n_bytes: usize) -> Vec<u8> {
    let mut text = Vec::new();
    for n in 0u64.. {
        let more =
            format!("Order {n} of {} pieces was sent on day {}.\n", n * n % 97, n * 31 % 365);
        text.extend_from_slice(more.as_bytes());
        if text.len() >= n_bytes {
            break;
        }
    }
    text.truncate(n_bytes);
    text
}
