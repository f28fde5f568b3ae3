//! Downloads from a stand-in for the hub on this machine, with everything that goes wrong.

#![cfg(feature = "cli")]

use llmzip::import::KnownFile;
use llmzip::import::hub::{Hub, News, Patience, Wanted};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// How a server behaves beyond what it should.
#[derive(Clone, Copy, Default)]
struct Manners {
    /// Cut the first replies with a body after so many bytes.
    cut_after: Option<usize>,
    /// How many replies are cut.
    cuts: usize,
    /// Answer a range with the whole.
    ignores_ranges: bool,
    /// Flip a bit of the weights.
    lies: bool,
    /// Answer the store's first requests in these ways.
    first: &'static [Mood],
}

/// How a server answers when it is not well.
#[derive(Clone, Copy)]
enum Mood {
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
fn hurry() -> Patience {
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

/// One request as it came.
#[derive(Clone, Debug)]
struct Seen {
    range: Option<String>,
    token: Option<String>,
    store: bool,
}

/// Two servers: the hub, which knows names and hashes, and the store, which has the large files.
struct Stage {
    hub: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    files: HashMap<&'static str, Vec<u8>>,
}

impl Stage {
    fn new(manners: Manners) -> Stage {
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
                let mut moods = manners.first.iter();
                for stream in listener.incoming() {
                    let Ok(stream) = stream else { return };
                    if is_store && let Some(mood) = moods.next() {
                        seen.lock().unwrap().push(Seen { range: None, token: None, store: true });
                        std::thread::spawn(|| moody(stream, *mood));
                        continue;
                    }
                    answer(stream, &files, &seen, manners, &cuts, is_store, store_port);
                }
            });
        }
        Stage { hub: hub_port, seen, files }
    }

    fn hub(&self, home: &Path, more: &[(&str, &str)]) -> Hub {
        let mut variables: HashMap<String, OsString> = HashMap::new();
        variables.insert("HF_ENDPOINT".into(), format!("http://127.0.0.1:{}", self.hub).into());
        variables.insert("HF_HOME".into(), home.into());
        variables.extend(more.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        Hub::new(|name| variables.get(name).cloned()).unwrap().with_patience(hurry()).unwrap()
    }

    fn sha256(&self, file: &str) -> String {
        llmzip::container::hex(&Sha256::digest(&self.files[file]))
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn weights() -> Vec<u8> {
    (0..300_000u32).map(|i| (i * 7 + i / 256) as u8).collect()
}

fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

fn port(listener: &TcpListener) -> u16 {
    listener.local_addr().unwrap().port()
}

fn answer(
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
    seen.lock().unwrap().push(Seen { range: range.clone(), token, store: is_store });
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some(file) = files.get(name) else {
        let _ = stream
            .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        return;
    };
    let hash = llmzip::container::hex(&Sha256::digest(file));
    if !is_store && name == "model.safetensors" {
        let _ = write!(
            stream,
            "HTTP/1.1 302 Found\r\nlocation: http://localhost:{store_port}/blob/{name}\r\n\
             x-linked-etag: \"{hash}\"\r\nx-linked-size: {}\r\nx-repo-commit: {COMMIT}\r\n\
             content-length: 0\r\nconnection: close\r\n\r\n",
            file.len()
        );
        return;
    }
    let mut file = file.clone();
    if manners.lies && is_store {
        file[1000] ^= 4;
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

/// Reads a request and answers it badly.
fn moody(mut stream: TcpStream, mood: Mood) {
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

/// What a fetch from a store of these moods gives, the news of it, and how often the store was asked.
fn fetch_from(first: &'static [Mood]) -> (Result<Vec<u8>, String>, Vec<String>, usize) {
    let stage = Stage::new(Manners { first, ..Manners::default() });
    let home = tempfile::tempdir().unwrap();
    let mut news = Vec::new();
    let fetched =
        stage.hub(home.path(), &[]).fetch(&wanted(&[], COMMIT), &mut |event| match event {
            News::Waiting { host, .. } => news.push(format!("waiting for {host}")),
            News::Pausing { why, .. } => news.push(why.to_owned()),
            _ => {}
        });
    let weights = fetched
        .map(|fetched| std::fs::read(fetched.dir.join("model.safetensors")).unwrap())
        .map_err(|error| error.to_string());
    (weights, news, stage.seen().iter().filter(|seen| seen.store).count())
}

#[test]
fn a_server_that_takes_the_connection_and_says_nothing_is_given_up() {
    let start = Instant::now();
    let (result, news, asked) = fetch_from(&[Mood::Silent; 9]);
    let error = result.unwrap_err();
    assert!(error.contains("localhost:") && error.contains("0.3 s"), "{error}");
    assert!(error.contains("given up after 4 tries"), "{error}");
    assert_eq!(asked, 4);
    // Each silence is told once, each new try as well.
    let waits = news.iter().filter(|news| news.starts_with("waiting for localhost:")).count();
    assert_eq!((waits, news.len()), (4, 7), "{news:?}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn a_body_that_stalls_is_taken_up_where_it_stopped() {
    let (result, news, asked) = fetch_from(&[Mood::Stalls(70_000)]);
    assert!(result.unwrap() == weights());
    assert_eq!(asked, 2);
    assert!(news.iter().any(|news| news == "sent nothing for 0.3 s"), "{news:?}");
    // One that brings a little each time is given up all the same.
    let (result, _, asked) = fetch_from(&[Mood::Stalls(10); 9]);
    let error = result.unwrap_err();
    assert!(error.contains("sent nothing for 0.3 s") && asked == 4, "{asked}: {error}");
}

#[test]
fn a_busy_server_is_asked_again_and_not_for_ever() {
    let (result, news, asked) = fetch_from(&[Mood::Says("429 Too Many Requests")]);
    assert!(result.unwrap() == weights());
    assert_eq!((asked, &*news), (2, &["says 429 Too Many Requests".to_owned()][..]));
    let (result, _, asked) = fetch_from(&[Mood::Says("503 Service Unavailable"); 3]);
    assert!(result.unwrap() == weights());
    assert_eq!(asked, 4);
    for status in ["500 Internal Server Error", "502 Bad Gateway", "504 Gateway Timeout"] {
        let first: &'static [Mood] = vec![Mood::Says(status); 5].leak();
        let (result, _, asked) = fetch_from(first);
        let error = result.unwrap_err();
        assert!(error.contains(&status[..3]) && asked == 4, "{error}");
    }
    // What will not pass is not asked again.
    let (result, _, asked) = fetch_from(&[Mood::Says("410 Gone"); 5]);
    assert!(result.unwrap_err().contains("410") && asked == 1);
}

#[test]
fn a_server_is_left_alone_as_long_as_it_asks_and_no_longer_than_makes_sense() {
    let start = Instant::now();
    let (result, _, asked) = fetch_from(&[Mood::Says("429 Too Many Requests\r\nretry-after: 1")]);
    assert!(result.is_ok() && asked == 2);
    assert!(start.elapsed() >= Duration::from_secs(1));
    let date = "503 Busy\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
                retry-after: Sun, 06 Nov 1994 09:49:37 GMT";
    for (says, seconds) in [
        ("429 Too Many Requests\r\nretry-after: 86400", "86400 s"),
        ("429 Too Many Requests\r\nretry-after: 18446744073709551615", "18446744073709551615 s"),
        (date, "3600 s"),
    ] {
        let (result, _, asked) = fetch_from(vec![Mood::Says(says)].leak());
        let error = result.unwrap_err();
        assert!(error.contains(seconds) && error.contains("try again later"), "{error}");
        assert_eq!(asked, 1);
    }
    // A date that means nothing is no reason to wait or to give up.
    let (result, _, asked) = fetch_from(&[Mood::Says("503 Busy\r\nretry-after: soon")]);
    assert!(result.is_ok() && asked == 2);
}

#[test]
fn more_bytes_than_the_hub_announced_are_not_taken() {
    let (result, _, asked) = fetch_from(&[Mood::Floods; 5]);
    let error = result.unwrap_err();
    assert!(error.contains("more came than the hub announced") && asked == 1, "{error}");
}

#[test]
fn a_configuration_without_end_is_not_written_to_the_disk() {
    let listener = listen();
    let endpoint = format!("http://127.0.0.1:{}", port(&listener));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(|| moody(stream, Mood::Floods));
        }
    });
    let stage = Stage::new(Manners::default());
    let home = tempfile::tempdir().unwrap();
    let hub = stage.hub(home.path(), &[("HF_ENDPOINT", &endpoint)]);
    let error = hub.fetch(&wanted(&[], COMMIT), &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("config.json") && error.contains("at most"), "{error}");
    let dir = home.path().join("hub/models--Owner--Model/snapshots").join(COMMIT);
    assert!(!dir.join("config.json.llmzip-part").exists());
}

fn wanted<'a>(files: &'a [KnownFile], revision: &'a str) -> Wanted<'a> {
    Wanted { repository: "Owner/Model", revision, files }
}

#[test]
fn a_branch_becomes_a_commit_and_its_files() {
    let stage = Stage::new(Manners::default());
    let home = tempfile::tempdir().unwrap();
    let mut shown = 0;
    let fetched = stage
        .hub(home.path(), &[])
        .fetch(&wanted(&[], "main"), &mut |news| {
            if let News::Bytes { file: "model.safetensors", done, total } = news {
                (shown, _) = (done, assert_eq!(total, Some(300_000)));
            }
        })
        .unwrap();
    assert_eq!((fetched.commit.as_str(), shown), (COMMIT, 300_000));
    for (name, bytes) in &stage.files {
        assert!(std::fs::read(fetched.dir.join(name)).unwrap() == *bytes, "{name}");
    }
    assert!(fetched.dir.ends_with(format!("hub/models--Owner--Model/snapshots/{COMMIT}")));
    // What is here is not asked for again, and offline the branch is still known.
    let requests = stage.seen().len();
    let offline = stage.hub(home.path(), &[("HF_HUB_OFFLINE", "1")]);
    assert_eq!(offline.fetch(&wanted(&[], "main"), &mut |_| ()).unwrap().commit, COMMIT);
    assert_eq!(stage.seen().len(), requests);
}

#[test]
fn a_cut_connection_is_taken_up_again() {
    for ignores_ranges in [false, true] {
        let manners =
            Manners { cut_after: Some(100_000), cuts: 2, ignores_ranges, ..Manners::default() };
        let stage = Stage::new(manners);
        let home = tempfile::tempdir().unwrap();
        let fetched = stage.hub(home.path(), &[]).fetch(&wanted(&[], COMMIT), &mut |_| ()).unwrap();
        let weights = std::fs::read(fetched.dir.join("model.safetensors")).unwrap();
        assert!(weights == stage.files["model.safetensors"]);
        let ranges: Vec<_> =
            stage.seen().into_iter().filter(|seen| seen.store).map(|seen| seen.range).collect();
        assert_eq!(ranges[0], None);
        assert_eq!(ranges[1].as_deref(), Some("bytes=100000-"));
        if !ignores_ranges {
            assert_eq!(ranges[2].as_deref(), Some("bytes=200000-"));
        }
    }
}

#[test]
fn another_process_goes_on_where_one_stopped() {
    let stage = Stage::new(Manners::default());
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("hub/models--Owner--Model/snapshots").join(COMMIT);
    std::fs::create_dir_all(&dir).unwrap();
    let part = dir.join("model.safetensors.llmzip-part");
    let weights = &stage.files["model.safetensors"];
    std::fs::write(&part, &weights[..123_456]).unwrap();
    let hub = stage.hub(home.path(), &[]);
    hub.fetch(&wanted(&[], COMMIT), &mut |_| ()).unwrap();
    assert!(std::fs::read(dir.join("model.safetensors")).unwrap() == *weights);
    assert!(stage.seen().iter().any(|seen| seen.range.as_deref() == Some("bytes=123456-")));

    // A whole file that was not renamed yet, and one that is too long to be a part of this one.
    for stale in [weights.clone(), [&weights[..], b"more"].concat()] {
        std::fs::remove_file(dir.join("model.safetensors")).unwrap();
        std::fs::write(&part, stale).unwrap();
        hub.fetch(&wanted(&[], COMMIT), &mut |_| ()).unwrap();
        assert!(std::fs::read(dir.join("model.safetensors")).unwrap() == *weights);
    }
}

#[test]
fn a_wrong_hash_is_refused_and_not_kept() {
    let lying = Stage::new(Manners { lies: true, ..Manners::default() });
    let honest = Stage::new(Manners::default());
    let pinned = [KnownFile {
        name: "model.safetensors",
        sha256: "f47f71177f32bcd101b7573ec9171e6a57f4f4d31148d38e382306f42996874b",
    }];
    for (stage, files) in [(&lying, &[][..]), (&honest, &pinned[..])] {
        let home = tempfile::tempdir().unwrap();
        let hub = stage.hub(home.path(), &[]);
        let error = hub.fetch(&wanted(files, COMMIT), &mut |_| ()).unwrap_err();
        assert!(error.to_string().contains("not kept"), "{error}");
        let dir = home.path().join("hub/models--Owner--Model/snapshots").join(COMMIT);
        assert!(!dir.join("model.safetensors").exists());
        assert!(!dir.join("model.safetensors.llmzip-part").exists());
    }
    let right: &'static str = honest.sha256("model.safetensors").leak();
    let files = [KnownFile { name: "model.safetensors", sha256: right }];
    let home = tempfile::tempdir().unwrap();
    let hub = honest.hub(home.path(), &[]);
    let fetched = hub.fetch(&wanted(&files, COMMIT), &mut |_| ()).unwrap();
    // A file that was damaged since is put right.
    std::fs::write(fetched.dir.join("model.safetensors"), b"damaged").unwrap();
    hub.fetch(&wanted(&files, COMMIT), &mut |_| ()).unwrap();
    let again = std::fs::read(fetched.dir.join("model.safetensors")).unwrap();
    assert!(again == honest.files["model.safetensors"]);
}

#[test]
fn offline_says_what_is_missing() {
    let stage = Stage::new(Manners::default());
    let home = tempfile::tempdir().unwrap();
    let hub = stage.hub(home.path(), &[("HF_HUB_OFFLINE", "1")]);
    for revision in ["main", COMMIT] {
        let error = hub.fetch(&wanted(&[], revision), &mut |_| ()).unwrap_err();
        assert!(error.to_string().contains("HF_HUB_OFFLINE"), "{error}");
    }
    assert!(stage.seen().is_empty());
}

#[test]
fn the_token_goes_to_the_hub_and_nowhere_else() {
    let stage = Stage::new(Manners::default());
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("token"), "from-file\n").unwrap();
    stage.hub(home.path(), &[]).fetch(&wanted(&[], "main"), &mut |_| ()).unwrap();
    let other = tempfile::tempdir().unwrap();
    let named = stage.hub(other.path(), &[("HF_TOKEN", "from-variable")]);
    named.fetch(&wanted(&[], "main"), &mut |_| ()).unwrap();
    let seen = stage.seen();
    let tokens = |store: bool| {
        seen.iter().filter(move |seen| seen.store == store).map(|s| s.token.as_deref())
    };
    assert!(tokens(true).all(|token| token.is_none()));
    let first =
        seen.iter().position(|s| s.token.as_deref() == Some("Bearer from-variable")).unwrap();
    assert!(
        first > 0
            && seen[..first]
                .iter()
                .all(|s| s.store || s.token.as_deref() == Some("Bearer from-file"))
    );
    assert!(tokens(false).all(|token| token.is_some()));
}

#[test]
fn what_would_lead_elsewhere_is_refused() {
    let plain = Hub::new(|name| match name {
        "HF_ENDPOINT" => Some("http://hub.example.org".into()),
        _ => Some("/nowhere".into()),
    });
    assert!(plain.is_err_and(|error| error.to_string().contains("plain http")));
    let stage = Stage::new(Manners::default());
    let home = tempfile::tempdir().unwrap();
    let hub = stage.hub(home.path(), &[]);
    for repository in ["Model", "a/../b", "../x", "a/b/c", "a/b?c", "", "/b"] {
        let wanted = Wanted { repository, revision: "main", files: &[] };
        assert!(hub.fetch(&wanted, &mut |_| ()).is_err(), "{repository}");
    }
    for revision in ["..", "a/../b", "", "x?y"] {
        let wanted = Wanted { repository: "Owner/Model", revision, files: &[] };
        assert!(hub.fetch(&wanted, &mut |_| ()).is_err(), "{revision}");
    }
    assert!(stage.seen().is_empty());
}

#[test]
fn a_missing_file_is_an_error_that_names_it() {
    let stage = Stage::new(Manners::default());
    let home = tempfile::tempdir().unwrap();
    let wanted = Wanted { repository: "Owner/Model", revision: COMMIT, files: &[] };
    let empty = listen();
    let port = port(&empty);
    std::thread::spawn(move || {
        for stream in empty.incoming().map_while(Result::ok) {
            answer(
                stream,
                &HashMap::new(),
                &Mutex::default(),
                Manners::default(),
                &Mutex::default(),
                false,
                0,
            );
        }
    });
    let endpoint = format!("http://127.0.0.1:{port}");
    let hub = stage.hub(home.path(), &[("HF_ENDPOINT", &endpoint)]);
    let error = hub.fetch(&wanted, &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("no config.json"), "{error}");
}
