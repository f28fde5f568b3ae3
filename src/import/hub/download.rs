//! One file over HTTP: redirects, resuming, and to whom the token goes.

use super::patience::{Patience, Trouble, failed};
use super::talk::Talk;
use crate::error::{Error, Result, shown};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body, Timeout};

use super::date;

/// Redirects that are followed; the hub sends one or two.
const MAX_REDIRECTS: usize = 6;

/// What became of a file.
pub(super) enum Answer {
    /// There is none.
    Missing,
    /// It is whole; the hub's own SHA-256 comes with it for large files.
    Here { sha256: Option<String> },
}

/// Talks to one endpoint.
pub(super) struct Client {
    agent: Agent,
    patience: Patience,
    endpoint: String,
    token: Option<String>,
}

/// A reply, and what the hub itself said of the file before it sent us elsewhere.
struct Reply {
    response: Response<Body>,
    /// Who sent it.
    host: String,
    sha256: Option<String>,
    total: Option<u64>,
    commit: Option<String>,
}

/// A file that is wanted.
pub(super) struct Order<'a> {
    /// Where the hub has it.
    pub(super) path: &'a str,
    /// What to call it.
    pub(super) file: &'a str,
    /// Where its bytes go until it is whole.
    pub(super) part: &'a Path,
    /// Bytes that it may have, where something is known of that.
    pub(super) most_bytes: Option<u64>,
}

impl Client {
    pub(super) fn new(endpoint: &str, token: Option<String>, patience: Patience) -> Result<Client> {
        check_scheme(endpoint)?;
        let agent = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_resolve(Some(patience.connect))
            .timeout_connect(Some(patience.connect))
            .timeout_recv_response(Some(patience.first_byte))
            .timeout_per_read(Some(patience.between_bytes))
            .timeout_per_write(Some(patience.between_bytes))
            .user_agent(concat!("llmzip/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Client { agent: agent.into(), patience, endpoint: endpoint.to_owned(), token })
    }

    /// The same, with other times.
    pub(super) fn with_patience(self, patience: Patience) -> Result<Client> {
        Client::new(&self.endpoint, self.token, patience)
    }

    pub(super) fn patience(&self) -> &Patience {
        &self.patience
    }

    /// The commit behind a branch or tag.
    pub(super) fn commit(&self, repository: &str, revision: &str, talk: &Talk) -> Result<String> {
        let branch = revision.replace('/', "%2F");
        let path = format!("{repository}/resolve/{branch}/config.json");
        let reply = self.patience.keep_trying(talk, || 0, || self.get(&path, 0, talk))?;
        talk.answered();
        if reply.response.status() == StatusCode::NOT_FOUND {
            return Err(Error::invalid(format!("the hub has no {repository} at {revision}")));
        }
        refuse(&reply.response, &path)?;
        reply
            .commit
            .filter(|commit| super::place::is_commit(commit))
            .ok_or_else(|| failed(format!("{path}: the hub does not say which commit it is")))
    }

    /// Downloads to the order's part, going on where an earlier try stopped.
    pub(super) fn download(&self, order: &Order<'_>, talk: &Talk) -> Result<Answer> {
        let bytes_here = || order.part.metadata().map_or(0, |metadata| metadata.len());
        let answer = self.patience.keep_trying(talk, bytes_here, || {
            let start = bytes_here();
            let reply = self.get(order.path, start, talk)?;
            let host = reply.host.clone();
            match self.take(reply, order, start, talk)? {
                Some(answer) => Ok(answer),
                // The server has no such range: what is here belongs to something else.
                None => {
                    std::fs::remove_file(order.part)?;
                    let why = "would not go on where it stopped".to_owned();
                    Err(Trouble::Passing { host, why, wait: None })
                }
            }
        });
        talk.answered();
        // What came was not what was wanted, and is nothing to go on from.
        if let Err(Error::Damaged { .. }) = &answer {
            drop(std::fs::remove_file(order.part));
        }
        answer
    }

    /// Appends a reply's body; `None` for a range that cannot be.
    fn take(
        &self,
        reply: Reply,
        order: &Order<'_>,
        start: u64,
        talk: &Talk,
    ) -> Result<Option<Answer>, Trouble> {
        let &Order { path, file, part, most_bytes } = order;
        let Reply { response, host, sha256, total, .. } = reply;
        let mut done = match response.status() {
            StatusCode::NOT_FOUND => return Ok(Some(Answer::Missing)),
            StatusCode::RANGE_NOT_SATISFIABLE if total == Some(start) && start > 0 => {
                return Ok(Some(Answer::Here { sha256 }));
            }
            StatusCode::RANGE_NOT_SATISFIABLE if start > 0 => return Ok(None),
            StatusCode::PARTIAL_CONTENT => match range_start(&response) {
                Some(from) if from == start => start,
                _ => return Ok(None),
            },
            // Asked for the rest, a server may send the whole.
            _ => {
                refuse(&response, path)?;
                0
            }
        };
        let content_len =
            header(&response, "content-length").and_then(|len| len.parse::<u64>().ok());
        let total = total.or(content_len.and_then(|len| done.checked_add(len)));
        let too_many = |bytes: u64| {
            let most = most_bytes.filter(|&most| bytes > most)?;
            Some(Error::damaged(format!("{file}: {bytes} bytes; such a file has at most {most}")))
        };
        if let Some(error) = too_many(total.unwrap_or(0)) {
            return Err(error.into());
        }
        let mut out = OpenOptions::new().create(true).write(true).truncate(false).open(part)?;
        out.set_len(done)?;
        out.seek(SeekFrom::Start(done))?;
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let len = body
                .read(&mut buffer)
                .map_err(|error| self.trouble(&host, ureq::Error::from(error)))?;
            if len == 0 {
                break;
            }
            out.write_all(&buffer[..len])?;
            done += len as u64;
            if total.is_some_and(|total| done > total) {
                return Err(
                    Error::damaged(format!("{file}: more came than the hub announced")).into()
                );
            }
            if let Some(error) = too_many(done) {
                return Err(error.into());
            }
            talk.bytes(file, done, total);
        }
        if total.is_some_and(|total| done < total) {
            let why = "the connection ended early".to_owned();
            return Err(Trouble::Passing { host, why, wait: None });
        }
        talk.answered();
        out.sync_all()?;
        Ok(Some(Answer::Here { sha256 }))
    }

    /// Asks for a file from byte `start` on, through all redirects.
    fn get(&self, path: &str, start: u64, talk: &Talk) -> Result<Reply, Trouble> {
        let mut url = format!("{}/{path}", self.endpoint);
        let (mut sha256, mut total, mut commit) = (None, None, None);
        for _ in 0..=MAX_REDIRECTS {
            check_scheme(&url)?;
            let host = host(&url).to_owned();
            let mut request = self.agent.get(&url).header("accept-encoding", "identity");
            if start > 0 {
                request = request.header("range", format!("bytes={start}-"));
            }
            // The servers that hold the files are others, and the token is none of their business.
            if let Some(token) =
                self.token.as_ref().filter(|_| origin(&url) == origin(&self.endpoint))
            {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            talk.asking(&host);
            let response = request.call().map_err(|error| self.trouble(&host, error))?;
            if is_passing(response.status()) {
                let why = format!("says {}", response.status());
                return Err(Trouble::Passing { host, why, wait: retry_after(&response) });
            }
            if origin(&url) == origin(&self.endpoint) {
                let etag = header(&response, "x-linked-etag").map(|etag| etag.trim_matches('"'));
                let is_hash =
                    |etag: &&str| etag.len() == 64 && etag.bytes().all(|b| b.is_ascii_hexdigit());
                sha256 = sha256.or(etag.filter(is_hash).map(str::to_owned));
                total =
                    total.or(header(&response, "x-linked-size").and_then(|size| size.parse().ok()));
                commit = commit.or(header(&response, "x-repo-commit").map(str::to_owned));
            }
            if !response.status().is_redirection() {
                return Ok(Reply { response, host, sha256, total, commit });
            }
            let to = header(&response, "location")
                .ok_or_else(|| failed(format!("{path}: a redirect to nowhere")))?;
            url = if to.starts_with('/') { format!("{}{to}", origin(&url)) } else { to.to_owned() };
        }
        Err(failed(format!("{path}: too many redirects")).into())
    }

    /// What an error of the transport means, and whether it may pass.
    fn trouble(&self, host: &str, error: ureq::Error) -> Trouble {
        let Patience { connect, first_byte, between_bytes, .. } = self.patience;
        let seconds = |time: Duration| format!("{} s", time.as_secs_f64());
        let why = match &error {
            ureq::Error::Timeout(Timeout::Resolve) => {
                format!("the name was not found within {}", seconds(connect))
            }
            ureq::Error::Timeout(Timeout::Connect) => {
                format!("no connection within {}", seconds(connect))
            }
            ureq::Error::Timeout(Timeout::RecvResponse) => {
                format!("did not answer within {}", seconds(first_byte))
            }
            ureq::Error::Timeout(_) => format!("sent nothing for {}", seconds(between_bytes)),
            ureq::Error::Io(error) => shown(&error.to_string()),
            other => shown(&other.to_string()),
        };
        // The system's number for it tells people nothing that its words do not.
        let why = why.split(" (os error").next().unwrap_or_default().to_owned();
        match error {
            // A certificate that is not trusted will not be trusted the next time.
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                Trouble::Final(failed(format!("{host}: {why}")))
            }
            ureq::Error::Io(_)
            | ureq::Error::Timeout(_)
            | ureq::Error::ConnectionFailed
            | ureq::Error::Protocol(_) => {
                Trouble::Passing { host: host.to_owned(), why, wait: None }
            }
            _ => Trouble::Final(failed(format!("{host}: {why}"))),
        }
    }
}

/// What a server says that has too much to do, or is being put right.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// How long a server asks to be left alone: seconds, or a date, which is taken by the server's own clock.
fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let text = header(response, "retry-after")?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let now = header(response, "date").and_then(date::seconds).or_else(|| {
        Some(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs())
    })?;
    Some(Duration::from_secs(date::seconds(text)?.saturating_sub(now)))
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// The first byte of a partial reply.
fn range_start(response: &Response<Body>) -> Option<u64> {
    header(response, "content-range")?.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}

/// An error for everything that is not a file.
fn refuse(response: &Response<Body>, path: &str) -> Result<()> {
    match response.status() {
        status if status.is_success() => Ok(()),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Error::invalid(format!(
            "{path}: the hub does not give it to this user; set HF_TOKEN, or accept the model's \
             conditions on its page"
        ))),
        status => Err(Error::invalid(format!("{path}: the server says {status}"))),
    }
}

/// Scheme, host and port.
fn origin(url: &str) -> &str {
    let host_at = url.find("://").map_or(0, |at| at + 3);
    let end = url[host_at..].find(['/', '?', '#']).map_or(url.len(), |at| host_at + at);
    &url[..end]
}

/// Host and port.
fn host(url: &str) -> &str {
    origin(url).rsplit(['/', '@']).next().unwrap_or_default()
}

/// Only this machine may be spoken to without encryption.
fn check_scheme(url: &str) -> Result<()> {
    let Some(rest) = origin(url).strip_prefix("http://") else {
        return match url.starts_with("https://") {
            true => Ok(()),
            false => Err(Error::invalid(format!("{url}: not an https address"))),
        };
    };
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    match matches!(name, "localhost" | "::1")
        || name.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
    {
        true => Ok(()),
        false => Err(Error::invalid(format!(
            "{url}: plain http is refused, because a token or a model could be read or changed on \
             the way"
        ))),
    }
}

/// SHA-256 of a file in hexadecimal digits.
pub(super) fn sha256(path: &Path) -> Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        let len = file.read(&mut buffer)?;
        if len == 0 {
            break;
        }
        hash.update(&buffer[..len]);
    }
    Ok(crate::container::hex(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_may_be_reached_without_encryption() {
        for url in [
            "https://huggingface.co",
            "http://127.0.0.1:80",
            "http://localhost/x",
            "http://[::1]:9",
        ] {
            assert!(check_scheme(url).is_ok(), "{url}");
        }
        for url in [
            "http://huggingface.co",
            "http://localhost.evil.org",
            "http://127.0.0.1@evil.org/",
            "ftp://localhost",
            "huggingface.co",
        ] {
            assert!(check_scheme(url).is_err(), "{url}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(origin("https://a.b:1/c/d?e"), "https://a.b:1");
        assert_eq!(host("http://user:secret@a.b:1/c/d"), "a.b:1");
        assert_ne!(origin("https://huggingface.co.evil.org/x"), origin("https://huggingface.co"));
    }
}
