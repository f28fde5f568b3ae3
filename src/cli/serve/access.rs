//! Around every request: who may ask, what is counted, and one line of the log.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use sha2::{Digest, Sha256};

use super::Shared;
use super::fault::Fault;
use super::metrics::{Done, Metrics};

/// What is asked without a token: whoever starts and watches a service has none.
const OPEN: [&str; 2] = ["/health", "/ready"];

/// Paths by which requests are counted; others are counted together.
pub const PATHS: [&str; 9] = [
    "/compress",
    "/decompress",
    "/info",
    "/tokens",
    "/models",
    "/health",
    "/ready",
    "/metrics",
    "/openapi.json",
];

/// The secret that requests must bring, by its hash: to compare hashes tells nothing of it by the time it takes.
pub struct Token([u8; 32]);

impl Token {
    pub fn new(token: &str) -> Token {
        Token(Sha256::digest(token).into())
    }

    fn is_in(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
        let Some((scheme, token)) = given.split_at_checked("Bearer ".len()) else { return false };
        scheme.eq_ignore_ascii_case(b"Bearer ") && <[u8; 32]>::from(Sha256::digest(token)) == self.0
    }
}

/// Lets requests with the token through, counts them, and writes a line when the answer has gone out.
pub async fn watch(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let path = PATHS.into_iter().find(|known| *known == path).unwrap_or("other");
    let mut line = Line {
        metrics: shared.metrics.clone(),
        method: request.method().clone(),
        begun: Instant::now(),
        received: Arc::default(),
        done: Done {
            path,
            status: 0,
            whole: false,
            seconds: 0.0,
            received_bytes: 0,
            sent_bytes: 0,
        },
    };
    let may = match &shared.token {
        Some(token) => OPEN.contains(&path) || token.is_in(request.headers()),
        None => true,
    };
    let received = line.received.clone();
    let response = match may {
        true => next.run(request.map(|body| Body::new(Counted { body, bytes: received }))).await,
        false => Fault::stranger().into_response(),
    };
    line.done.status = response.status().as_u16();
    response.map(|body| Body::new(Answer { body, line }))
}

/// A body whose bytes are counted.
struct Counted {
    body: Body,
    bytes: Arc<AtomicU64>,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        frame
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

/// An answer that is told of when it has gone out, or is given up.
struct Answer {
    body: Body,
    line: Line,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                self.line.done.sent_bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                // Who knows how long it is asks no more behind the last byte.
                self.line.done.whole = self.body.is_end_stream();
            }
            Poll::Ready(None) => self.line.done.whole = true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        frame
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

/// What is known of a request; it is told at the end.
struct Line {
    metrics: Arc<Metrics>,
    method: Method,
    begun: Instant,
    received: Arc<AtomicU64>,
    done: Done,
}

impl Drop for Line {
    fn drop(&mut self) {
        let done = &mut self.done;
        done.received_bytes = self.received.load(Ordering::Relaxed);
        done.seconds = self.begun.elapsed().as_secs_f64();
        self.metrics.done(done);
        tracing::info!(
            method = self.method.as_str(),
            path = done.path,
            status = done.status,
            whole = done.whole,
            received_bytes = done.received_bytes,
            sent_bytes = done.sent_bytes,
            seconds = done.seconds,
            "request"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_is_the_token() {
        let token = Token::new("secret");
        let is_in = |given: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, given.parse().unwrap());
            token.is_in(&headers)
        };
        assert!(is_in("Bearer secret") && is_in("bearer secret"));
        for other in ["", "Bearer", "Bearer ", "Bearer secre", "Bearer secret ", "Basic secret"] {
            assert!(!is_in(other), "{other}");
        }
        assert!(!token.is_in(&HeaderMap::new()));
    }
}
