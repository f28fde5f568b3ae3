//! A stand-in for the hub, and for the store that has its large files.

use llmzip::import::KnownFile;
use llmzip::import::hub::{Hub, Patience, Wanted};
use serde_json::json;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// How a server behaves beyond what it should.
#[derive(Clone, Copy, Default)]
pub struct Manners {
    /// Cut the first replies with a body after so many bytes.
    pub cut_after: Option<usize>,
    /// How many replies are cut.
    pub cuts: usize,
    /// Answer a range with the whole.
    pub ignores_ranges: bool,
    /// Flip a bit of this file.
    pub lies_of: &'static str,
    /// Announce the configuration with so many bytes more.
    pub announces_more: usize,
    /// Tell of this commit.
    pub commit: Option<&'static str>,
    /// Send whoever asks for the repository to its new name.
    pub renamed: bool,
    /// Answer the store's first requests in these ways.
    pub first: &'static [Mood],
    /// Answer the hub's first requests in these ways.
    pub hub_first: &'static [Mood],
}

/// How a server answers when it is not well.
#[derive(Clone, Copy)]
pub enum Mood {
    /// Takes the connection and says nothing.
    Silent,
    /// Says how much it will send, sends so many bytes, and no more.
    Stalls(usize),
    /// A status, and further lines of the header.
    Says(&'static str),
    /// Sends without end what it did not announce.
    Floods,
}

/// Times that a test can wait for.
pub fn hurry() -> Patience {
    Patience {
        connect: Duration::from_secs(5),
        first_byte: Duration::from_millis(300),
        between_bytes: Duration::from_millis(300),
        note_after: Duration::from_millis(60),
        first_pause: Duration::from_millis(4),
        longest_pause: Duration::from_secs(2),
        tries: 4,
    }
}

/// Times for servers that are well, on a machine that has much else to do.
pub fn calm() -> Patience {
    let seconds = Duration::from_secs(20);
    Patience { first_byte: seconds, between_bytes: seconds, ..hurry() }
}

/// One request as it came.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub path: String,
    pub range: Option<String>,
    pub token: Option<String>,
    pub store: bool,
}

/// Two servers: the hub, which knows names and hashes, and the store, which has the large files.
pub struct Stage {
    pub hub: u16,
    pub seen: Arc<Mutex<Vec<Seen>>>,
    pub files: HashMap<&'static str, Vec<u8>>,
}

impl Stage {
    pub fn new(manners: Manners) -> Stage {
        let files = HashMap::from([
            ("config.json", b"{\"model_type\":\"none\"}".to_vec()),
            ("tokenizer.json", b"{}".to_vec()),
            ("model.safetensors", weights()),
        ]);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (hub, store) = (listen(), listen());
        let (hub_port, store_port) = (port(&hub), port(&store));
        for (listener, is_store) in [(hub, false), (store, true)] {
            let (files, seen) = (files.clone(), seen.clone());
            let cuts = Arc::new(Mutex::new(manners.cuts));
            std::thread::spawn(move || {
                let mut moods = if is_store { manners.first } else { manners.hub_first }.iter();
                for stream in listener.incoming() {
                    let Ok(stream) = stream else { return };
                    if let Some(mood) = moods.next() {
                        seen.lock().unwrap().push(Seen { store: is_store, ..Seen::default() });
                        std::thread::spawn(|| moody(stream, *mood));
                        continue;
                    }
                    answer(stream, &files, &seen, manners, &cuts, is_store, store_port);
                }
            });
        }
        Stage { hub: hub_port, seen, files }
    }

    pub fn hub(&self, home: &Path, more: &[(&str, &str)]) -> Hub {
        let mut variables: HashMap<String, OsString> = HashMap::new();
        variables.insert("HF_ENDPOINT".into(), format!("http://127.0.0.1:{}", self.hub).into());
        variables.insert("HF_HOME".into(), home.into());
        variables.extend(more.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        Hub::new(|name| variables.get(name).cloned()).unwrap().with_patience(calm())
    }

    pub fn sha256(&self, file: &str) -> String {
        llmzip::container::hex(&Sha256::digest(&self.files[file]))
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

pub fn weights() -> Vec<u8> {
    (0..300_000u32).map(|i| (i * 7 + i / 256) as u8).collect()
}

pub fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

pub fn port(listener: &TcpListener) -> u16 {
    listener.local_addr().unwrap().port()
}

pub fn answer(
    mut stream: TcpStream,
    files: &HashMap<&'static str, Vec<u8>>,
    seen: &Mutex<Vec<Seen>>,
    manners: Manners,
    cuts: &Mutex<usize>,
    is_store: bool,
    store_port: u16,
) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else { return };
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = HashMap::new();
    for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    let (range, token) = (headers.get("range").cloned(), headers.get("authorization").cloned());
    let seen_now = Seen { path: path.clone(), range: range.clone(), token, store: is_store };
    seen.lock().unwrap().push(seen_now);
    let mut says = |head: &str| {
        let _ = write!(stream, "HTTP/1.1 {head}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    };
    if manners.renamed && path.contains("/Owner/Model/") {
        let to = path.replace("/Owner/Model/", "/New/Name/");
        return says(&format!("307 Temporary Redirect\r\nlocation: {to}"));
    }
    if path.starts_with("/api/models/") && path.ends_with("?blobs=true") && !files.is_empty() {
        let json = listing(files, manners);
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{json}",
            json.len()
        );
        return;
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some(file) = files.get(name) else { return says("404 Not Found") };
    if !is_store && name == "model.safetensors" {
        return says(&format!("302 Found\r\nlocation: http://localhost:{store_port}/blob/{name}"));
    }
    let mut file = file.clone();
    if manners.lies_of == name {
        file[1] ^= 4;
    }
    let start = range
        .filter(|_| !manners.ignores_ranges)
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    let from = start.unwrap_or(0);
    if from >= file.len() {
        let _ = stream.write_all(
            b"HTTP/1.1 416 Range Not Satisfiable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        );
        return;
    }
    let status = match start {
        Some(from) => format!(
            "206 Partial Content\r\ncontent-range: bytes {from}-{}/{}",
            file.len() - 1,
            file.len()
        ),
        None => "200 OK".to_owned(),
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nx-repo-commit: {COMMIT}\r\nconnection: close\r\n\r\n",
        file.len() - from
    );
    let mut body = &file[from..];
    let mut cuts = cuts.lock().unwrap();
    if let Some(len) = manners.cut_after
        && is_store
        && *cuts > 0
    {
        *cuts -= 1;
        body = &body[..len.min(body.len())];
    }
    let _ = stream.write_all(body);
}

/// What the hub says of the repository.
pub fn listing(files: &HashMap<&'static str, Vec<u8>>, manners: Manners) -> String {
    let sibling = |(name, bytes): (&&str, &Vec<u8>)| {
        let more = if *name == "config.json" { manners.announces_more } else { 0 };
        let size = bytes.len() + more;
        let mut sibling = json!({"rfilename": name, "size": size, "blobId": git_hash(bytes)});
        if *name == "model.safetensors" {
            let sha256 = llmzip::container::hex(&Sha256::digest(bytes));
            sibling["lfs"] = json!({"sha256": sha256, "size": size, "pointerSize": 134});
        }
        sibling
    };
    let siblings: Vec<_> = files.iter().map(sibling).collect();
    let commit = manners.commit.unwrap_or(COMMIT);
    json!({"id": "Owner/Model", "sha": commit, "siblings": siblings, "tags": []}).to_string()
}

/// As git names the content of a file.
pub fn git_hash(bytes: &[u8]) -> String {
    let head = format!("blob {}\0", bytes.len());
    llmzip::container::hex(&Sha1::digest([head.as_bytes(), bytes].concat()))
}

/// Reads a request and answers it badly.
pub fn moody(mut stream: TcpStream, mood: Mood) {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
    lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
    let patience = hurry().between_bytes * 3;
    match mood {
        Mood::Silent => std::thread::sleep(patience),
        Mood::Stalls(bytes) => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n");
            let _ = stream.write_all(&weights()[..bytes]);
            std::thread::sleep(patience);
        }
        Mood::Says(what) => {
            let _ =
                write!(stream, "HTTP/1.1 {what}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
        Mood::Floods => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
            while stream.write_all(&[0; 1 << 16]).is_ok() {}
        }
    }
}

pub fn wanted<'a>(files: &'a [KnownFile], revision: &'a str) -> Wanted<'a> {
    Wanted { repository: "Owner/Model", revision, files }
}
