//! Requests to the hub and to where it sends us: addresses, token and client are the crate's; redirects,
//! times and what an answer means are ours.

use super::date;
use super::listing::{Listing, MAX_LISTING_BYTES};
use super::patience::{Patience, Trouble, failed};
use super::talk::Talk;
use crate::error::{Error, Result, shown};
use crate::import::registry::is_commit;
use hf_hub::api::sync::{Api, ApiBuilder, ApiError};
use hf_hub::{Cache, Repo, RepoType};
use std::io::{self, Read};
use std::time::{Duration, SystemTime};
use ureq::http::{Response, StatusCode};
use ureq::{Body, Timeout};

/// Redirects that are followed; the hub sends one or two.
const MAX_REDIRECTS: usize = 6;

/// Talks to one endpoint about one repository.
pub(super) struct Client<'a> {
    /// The hub, with the user's token.
    hub: Api,
    /// Everybody else. It never had the token.
    stores: Api,
    endpoint: &'a str,
    repository: &'a str,
    pub(super) patience: &'a Patience,
}

/// An answer that is no redirect.
pub(super) struct Reply {
    pub(super) response: Response<Body>,
    /// Who sent it.
    pub(super) host: String,
}

impl<'a> Client<'a> {
    pub(super) fn new(
        cache: &Cache,
        endpoint: &'a str,
        token: Option<String>,
        repository: &'a str,
        patience: &'a Patience,
    ) -> Result<Client<'a>> {
        check_scheme(endpoint)?;
        let api = |token| {
            ApiBuilder::from_cache(cache.clone())
                .with_endpoint(endpoint.to_owned())
                .with_token(token)
                .with_progress(false)
                .with_user_agent("llmzip", env!("CARGO_PKG_VERSION"))
                .build()
                .map_err(|error: ApiError| failed(shown(&error.to_string())))
        };
        Ok(Client { hub: api(token)?, stores: api(None)?, endpoint, repository, patience })
    }

    /// What the hub has of the repository at a commit, branch or tag.
    pub(super) fn listing(&self, revision: &str, talk: &Talk) -> Result<Listing> {
        let api_url = repo(self.repository, revision).api_url();
        let url = format!("{}/api/{api_url}?blobs=true", self.endpoint);
        let listing = self.patience.keep_trying(
            talk,
            || 0,
            || {
                let reply = self.get(&url, 0, talk)?;
                if reply.response.status() == StatusCode::NOT_FOUND {
                    let what = format!("the hub has no {} at {revision}", self.repository);
                    return Err(Error::invalid(what).into());
                }
                refuse(&reply.response, self.repository)?;
                self.read_listing(reply)
            },
        )?;
        talk.answered();
        match is_commit(&listing.commit) {
            true => Ok(listing),
            false => Err(failed(format!(
                "{}: the hub does not say which commit {revision} is",
                self.repository
            ))),
        }
    }

    fn read_listing(&self, Reply { response, host }: Reply) -> Result<Listing, Trouble> {
        let mut json = Vec::new();
        let mut body = response.into_body().into_reader().take(MAX_LISTING_BYTES + 1);
        body.read_to_end(&mut json)
            .map_err(|error| self.trouble(&host, ureq::Error::from(error)))?;
        if json.len() as u64 > MAX_LISTING_BYTES {
            let what = format!("{host}: a list of files of more than {MAX_LISTING_BYTES} bytes");
            return Err(Error::damaged(what).into());
        }
        Listing::parse(&json).map_err(|error| {
            if error.is_eof() {
                let why = "the connection ended early".to_owned();
                return Trouble::Passing { host, why, wait: None };
            }
            let why = shown(&error.to_string());
            Error::damaged(format!("{host}: no list of files: {why}")).into()
        })
    }

    /// Where the hub has a file.
    pub(super) fn url(&self, commit: &str, file: &str) -> String {
        self.hub.repo(repo(self.repository, commit)).url(file)
    }

    /// Asks for a file from byte `start` on, through all redirects.
    ///
    /// The crate follows them too, but without a word: whom we wait for could not be told, plain http not
    /// be refused, and another port of the same host would get the token.
    pub(super) fn get(&self, url: &str, start: u64, talk: &Talk) -> Result<Reply, Trouble> {
        let mut url = url.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            check_scheme(&url)?;
            let host = host(&url).to_owned();
            talk.asking(&host);
            let response = self.ask(&url, start).map_err(|error| self.trouble(&host, error))?;
            if is_passing(response.status()) {
                let why = format!("says {}", response.status());
                return Err(Trouble::Passing { host, why, wait: retry_after(&response) });
            }
            if !response.status().is_redirection() {
                return Ok(Reply { response, host });
            }
            let to = header(&response, "location")
                .ok_or_else(|| failed(format!("{host}: a redirect to nowhere")))?;
            url = if to.starts_with('/') { format!("{}{to}", origin(&url)) } else { to.to_owned() };
        }
        Err(failed(format!("{}: too many redirects", host(&url))).into())
    }

    /// One request. The crate lends its client through the request for a model's information only, whose
    /// address can be changed; that client knows no times.
    fn ask(&self, url: &str, start: u64) -> Result<Response<Body>, ureq::Error> {
        let patience = self.patience;
        let is_hub = origin(url) == origin(self.endpoint);
        let api = if is_hub { &self.hub } else { &self.stores };
        let mut request = api.repo(repo(self.repository, "main")).info_request().uri(url);
        request = request.header("accept-encoding", "identity");
        if start > 0 {
            request = request.header("range", format!("bytes={start}-"));
        }
        request
            .config()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_resolve(Some(patience.connect))
            .timeout_connect(Some(patience.connect))
            .timeout_recv_response(Some(patience.first_byte))
            .timeout_per_read(Some(patience.between_bytes))
            .timeout_per_write(Some(patience.between_bytes))
            .build()
            .call()
    }

    /// What an error of the transport means, and whether it may pass.
    pub(super) fn trouble(&self, host: &str, error: ureq::Error) -> Trouble {
        let &Patience { connect, first_byte, between_bytes, .. } = self.patience;
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

/// A model's repository as the crate calls it.
pub(super) fn repo(repository: &str, revision: &str) -> Repo {
    Repo::with_revision(repository.to_owned(), RepoType::Model, revision.to_owned())
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

pub(super) fn header<'r>(response: &'r Response<Body>, name: &str) -> Option<&'r str> {
    response.headers().get(name)?.to_str().ok()
}

/// An error for everything that is no success.
pub(super) fn refuse(response: &Response<Body>, what: &str) -> Result<()> {
    match response.status() {
        status if status.is_success() => Ok(()),
        // The hub says the same of what is not there and of what one may not know to be there.
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Error::invalid(format!(
            "{what}: the hub does not have it, or does not give it to this user; set HF_TOKEN, or \
             accept the model's conditions on its page"
        ))),
        status => Err(Error::invalid(format!("{what}: the server says {status}"))),
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
pub(super) fn check_scheme(url: &str) -> Result<()> {
    let Some(rest) = origin(url).strip_prefix("http://") else {
        return match url.starts_with("https://") {
            true => Ok(()),
            false => Err(Error::invalid(format!("{}: not an https address", shown(url)))),
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
            "{}: plain http is refused, because a token or a model could be read or changed on \
             the way",
            shown(url)
        ))),
    }
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
