//! A client of HTTP/1.1 that can also behave badly.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// An answer that came whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Names in small letters.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The body of an answer that must be a good one.
    pub fn good(self) -> Vec<u8> {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self.body
    }

    /// The kind of a fault with this status.
    pub fn fault(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.json()["status"], status);
        self.json()["kind"].as_str().unwrap().to_owned()
    }
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// The head of a request with these lines, each with its end.
pub fn head(method: &str, path: &str, lines: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n")
}

/// Asks on a connection of its own; the error says how it was cut.
pub fn try_ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    lines: &str,
    body: &[u8],
) -> std::io::Result<Answer> {
    let mut stream = connect(address);
    let lines = format!("{lines}Content-Length: {}\r\nConnection: close\r\n", body.len());
    stream.write_all(head(method, path, &lines).as_bytes())?;
    // One that is refused early may be closed before all is sent.
    let sent = stream.write_all(body);
    let answer = read(&mut BufReader::new(stream));
    answer.or_else(|error| sent.and(Err(error)))
}

pub fn ask(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> Answer {
    try_ask(address, method, path, "", body).unwrap()
}

pub fn post(address: SocketAddr, path: &str, body: &[u8]) -> Answer {
    ask(address, "POST", path, body)
}

/// Reads one answer.
pub fn read(from: &mut impl BufRead) -> std::io::Result<Answer> {
    let cut = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let mut line = String::new();
    from.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(cut)?;
    let mut headers = Vec::new();
    loop {
        line.clear();
        from.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
            None if line == "\r\n" => break,
            None => return Err(cut()),
        }
    }
    let mut answer = Answer { status, headers, body: Vec::new() };
    if let Some(len) = answer.header("content-length") {
        answer.body = vec![0; len.parse().unwrap()];
        from.read_exact(&mut answer.body)?;
    } else if answer.header("transfer-encoding") == Some("chunked") {
        loop {
            line.clear();
            from.read_line(&mut line)?;
            let len = usize::from_str_radix(line.trim_end(), 16).map_err(|_| cut())?;
            let start = answer.body.len();
            answer.body.resize(start + len, 0);
            from.read_exact(&mut answer.body[start..])?;
            let mut end = [0; 2];
            from.read_exact(&mut end)?;
            if len == 0 {
                break;
            }
        }
    }
    Ok(answer)
}

/// A request whose body is sent in pieces of unknown number.
pub struct Pieces(pub TcpStream);

impl Pieces {
    pub fn begin(address: SocketAddr, path: &str) -> Pieces {
        let mut stream = connect(address);
        let lines = "Transfer-Encoding: chunked\r\nConnection: close\r\n";
        stream.write_all(head("POST", path, lines).as_bytes()).unwrap();
        Pieces(stream)
    }

    pub fn send(&mut self, piece: &[u8]) -> std::io::Result<()> {
        write!(self.0, "{:x}\r\n", piece.len())?;
        self.0.write_all(piece)?;
        self.0.write_all(b"\r\n")
    }

    pub fn end(mut self) -> std::io::Result<Answer> {
        self.0.write_all(b"0\r\n\r\n")?;
        read(&mut BufReader::new(self.0))
    }
}
