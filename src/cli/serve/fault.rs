//! What a request can end with instead of a result, as HTTP says it.

use std::io;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use llmzip::error::Error;

/// Why there is no result.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{detail}")]
pub struct Fault {
    status: StatusCode,
    /// One word, for programs.
    pub kind: &'static str,
    detail: String,
    /// Seconds after which another try may do.
    retry_after: Option<u64>,
}

impl Fault {
    fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Fault { status, kind, detail: detail.into(), retry_after: None }
    }

    /// The question cannot be understood.
    pub fn question(detail: impl Into<String>) -> Self {
        Fault::new(StatusCode::BAD_REQUEST, "Question", detail)
    }

    /// Nobody is let in without the right token.
    pub fn stranger() -> Self {
        Fault::new(StatusCode::UNAUTHORIZED, "Unauthorized", "a bearer token is needed")
    }

    /// Too many wait already.
    pub fn busy(retry_after: u64) -> Self {
        let fault = Fault::new(StatusCode::TOO_MANY_REQUESTS, "Busy", "too many requests wait");
        Fault { retry_after: Some(retry_after), ..fault }
    }

    /// The service ends.
    pub fn stopping() -> Self {
        let fault = Fault::new(StatusCode::SERVICE_UNAVAILABLE, "Stopping", "the service stops");
        Fault { retry_after: Some(5), ..fault }
    }

    /// The work takes longer than a request may.
    pub fn out_of_time() -> Self {
        let detail = "the work took longer than a request may";
        Fault::new(StatusCode::SERVICE_UNAVAILABLE, "Time", detail)
    }

    /// No more of the body came.
    pub fn silent_client() -> Self {
        Fault::new(StatusCode::REQUEST_TIMEOUT, "Idle", "no more of the body came in time")
    }

    /// The body ended before its end.
    pub fn cut(detail: impl Into<String>) -> Self {
        Fault::new(StatusCode::BAD_REQUEST, "Cut", detail)
    }

    /// The body is longer than a request may have.
    pub fn too_large(limit_bytes: u64) -> Self {
        let detail = format!("the body has more than {limit_bytes} bytes");
        Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "TooLarge", detail)
    }

    /// Nobody is there any more to be told.
    pub fn gone() -> Self {
        Fault::cut("the client has gone")
    }

    /// A fault of ours.
    pub fn internal() -> Self {
        Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal", "a fault of the service's own")
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        let (status, kind) = match error {
            // What goes through our own readers and writers comes back as it was.
            Error::Io(error) => return Fault::from(error),
            Error::NotLlmzip => (StatusCode::UNPROCESSABLE_ENTITY, "NotLlmzip"),
            Error::Truncated { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "Truncated"),
            Error::Damaged { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "Damaged"),
            Error::Unsupported { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "Unsupported"),
            Error::MissingModel { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "MissingModel"),
            Error::Invalid { .. } => (StatusCode::BAD_REQUEST, "Invalid"),
            Error::Memory { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "Memory"),
            Error::TooLong { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "TooLong"),
            Error::Inexact { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "Inexact"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "Internal"),
        };
        Fault::new(status, kind, detail)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        let is_full = error.kind() == io::ErrorKind::StorageFull;
        match error.downcast::<Fault>() {
            Ok(fault) => fault,
            Err(_) if is_full => {
                let detail = "no place is left for the answer";
                Fault::new(StatusCode::INSUFFICIENT_STORAGE, "Storage", detail)
            }
            Err(_) => Fault::internal(),
        }
    }
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        io::Error::other(fault)
    }
}

/// RFC 9457 says what the fields are; `kind` is ours.
impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body = json!({
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "kind": self.kind,
            "detail": self.detail,
        });
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_comes_through_the_library_as_it_was() {
        let error = Error::Io(Fault::too_large(7).into());
        assert_eq!(Fault::from(error).kind, "TooLarge");
        assert_eq!(Fault::from(Error::NotLlmzip).kind, "NotLlmzip");
        assert_eq!(Fault::from(io::Error::from(io::ErrorKind::StorageFull)).kind, "Storage");
    }
}
