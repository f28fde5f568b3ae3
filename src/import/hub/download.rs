//! One file over HTTP: redirects, resuming, and to whom the token goes.

use super::Watch;
use crate::error::{Error, Result};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

/// Redirects that are followed; the hub sends one or two.
const MAX_REDIRECTS: usize = 6;
/// How often a download is begun again where it broke off without getting any further.
const MAX_IDLE_TRIES: usize = 4;

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
    endpoint: String,
    token: Option<String>,
}

/// A reply, and what the hub itself said of the file before it sent us elsewhere.
struct Reply {
    response: Response<Body>,
    sha256: Option<String>,
    total: Option<u64>,
    commit: Option<String>,
}

impl Client {
    pub(super) fn new(endpoint: &str, token: Option<String>) -> Result<Client> {
        check_scheme(endpoint)?;
        let agent = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(30)))
            .timeout_recv_response(Some(Duration::from_secs(60)))
            .user_agent(concat!("llmzip/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Client { agent: agent.into(), endpoint: endpoint.to_owned(), token })
    }

    /// The commit behind a branch or tag.
    pub(super) fn commit(&self, repository: &str, revision: &str) -> Result<String> {
        let revision = revision.replace('/', "%2F");
        let path = format!("{repository}/resolve/{revision}/config.json");
        let reply = self.get(&path, 0)?;
        if reply.response.status() == StatusCode::NOT_FOUND {
            return Err(Error::invalid(format!("the hub has no {repository} at {revision}")));
        }
        refuse(&reply.response, &path)?;
        reply
            .commit
            .filter(|commit| super::place::is_commit(commit))
            .ok_or_else(|| failed(&path, "the hub does not say which commit it is"))
    }

    /// Downloads to `part`, going on where an earlier try stopped.
    pub(super) fn download(
        &self,
        path: &str,
        file: &str,
        part: &Path,
        watch: &mut Watch<'_>,
    ) -> Result<Answer> {
        let mut idle_tries = 0;
        loop {
            let start = part.metadata().map_or(0, |metadata| metadata.len());
            let sent = self
                .get(path, start)
                .and_then(|reply| self.take(reply, path, file, part, start, watch));
            let broken = match sent {
                Ok(Some(answer)) => return Ok(answer),
                // The server has no such range: what is here belongs to something else.
                Ok(None) => {
                    std::fs::remove_file(part)?;
                    failed(path, "the server would not go on where it stopped")
                }
                Err(error @ Error::Io(_)) => error,
                Err(error) => return Err(error),
            };
            let now = part.metadata().map_or(0, |metadata| metadata.len());
            idle_tries = if now > start { 0 } else { idle_tries + 1 };
            if idle_tries == MAX_IDLE_TRIES {
                return Err(broken);
            }
            std::thread::sleep(Duration::from_millis(100 << (2 * idle_tries)));
        }
    }

    /// Appends a reply's body; `None` for a range that cannot be.
    fn take(
        &self,
        reply: Reply,
        path: &str,
        file: &str,
        part: &Path,
        start: u64,
        watch: &mut Watch<'_>,
    ) -> Result<Option<Answer>> {
        let Reply { response, sha256, total, .. } = reply;
        let mut done = match response.status() {
            StatusCode::NOT_FOUND => return Ok(Some(Answer::Missing)),
            StatusCode::RANGE_NOT_SATISFIABLE if total == Some(start) && start > 0 => {
                return Ok(Some(Answer::Here { sha256 }));
            }
            StatusCode::RANGE_NOT_SATISFIABLE => return Ok(None),
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
        let mut out = OpenOptions::new().create(true).write(true).truncate(false).open(part)?;
        out.set_len(done)?;
        std::io::Seek::seek(&mut out, std::io::SeekFrom::Start(done))?;
        let content_len =
            header(&response, "content-length").and_then(|len| len.parse::<u64>().ok());
        let total = total.or(content_len.map(|len| done + len));
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let len = body.read(&mut buffer).map_err(|e| failed(path, &e.to_string()))?;
            if len == 0 {
                break;
            }
            out.write_all(&buffer[..len])?;
            done += len as u64;
            if total.is_some_and(|total| done > total) {
                return Err(Error::damaged(format!("{file}: more came than the hub announced")));
            }
            watch(file, done, total);
        }
        if total.is_some_and(|total| done < total) {
            return Err(failed(path, "the connection ended early"));
        }
        out.sync_all()?;
        Ok(Some(Answer::Here { sha256 }))
    }

    /// Asks for a file from byte `start` on, through all redirects.
    fn get(&self, path: &str, start: u64) -> Result<Reply> {
        let mut url = format!("{}/{path}", self.endpoint);
        let (mut sha256, mut total, mut commit) = (None, None, None);
        for _ in 0..=MAX_REDIRECTS {
            check_scheme(&url)?;
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
            let response = request.call().map_err(|e| failed(path, &e.to_string()))?;
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
                return Ok(Reply { response, sha256, total, commit });
            }
            let to = header(&response, "location")
                .ok_or_else(|| failed(path, "a redirect to nowhere"))?;
            url = if to.starts_with('/') { format!("{}{to}", origin(&url)) } else { to.to_owned() };
        }
        Err(failed(path, "too many redirects"))
    }
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
        status if status.is_server_error() => {
            Err(failed(path, &format!("the server says {status}")))
        }
        status => Err(Error::invalid(format!("{path}: the server says {status}"))),
    }
}

fn failed(path: &str, why: &str) -> Error {
    Error::Io(std::io::Error::other(format!("{path}: {why}")))
}

/// Scheme, host and port.
fn origin(url: &str) -> &str {
    let host_at = url.find("://").map_or(0, |at| at + 3);
    let end = url[host_at..].find(['/', '?', '#']).map_or(url.len(), |at| host_at + at);
    &url[..end]
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
        assert_ne!(origin("https://huggingface.co.evil.org/x"), origin("https://huggingface.co"));
    }
}
