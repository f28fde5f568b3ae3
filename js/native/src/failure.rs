//! Errors as JSON: a kind, a message, and the facts that the library's error has in fields.

use llmzip::{Error, Result};
use serde_json::{Value, json};

use crate::memory::answer;

/// Keeps the answer or the error; gives the code that says which.
pub fn finish(result: Result<Vec<u8>>) -> i32 {
    match result {
        Ok(bytes) => {
            answer(bytes);
            0
        }
        Err(error) => {
            answer(as_json(&error).to_string().into_bytes());
            1
        }
    }
}

fn as_json(error: &Error) -> Value {
    let message = error.to_string();
    match error {
        Error::NotLlmzip => json!({ "kind": "NotLlmzip", "message": message }),
        Error::Truncated { what } => {
            json!({ "kind": "Truncated", "message": message, "what": what })
        }
        Error::Damaged { what, group, bytes } => json!({
            "kind": "Damaged",
            "message": message,
            "what": what,
            "group": group,
            "bytes": bytes.as_ref().map(|bytes| [bytes.start, bytes.end]),
        }),
        Error::Unsupported { what } => {
            json!({ "kind": "Unsupported", "message": message, "what": what })
        }
        Error::MissingModel { identity, .. } => {
            json!({ "kind": "MissingModel", "message": message, "identity": identity })
        }
        Error::Invalid { what } => json!({ "kind": "Invalid", "message": message, "what": what }),
        Error::Memory { needed_bytes, limit_bytes } => json!({
            "kind": "Memory",
            "message": message,
            "neededBytes": needed_bytes,
            "limitBytes": limit_bytes,
        }),
        Error::TooLong { limit_bytes } => {
            json!({ "kind": "TooLong", "message": message, "limitBytes": limit_bytes })
        }
        Error::Inexact { what } => json!({ "kind": "Inexact", "message": message, "what": what }),
        Error::Io(_) => json!({ "kind": "Io", "message": message }),
        _ => json!({ "kind": "Other", "message": message }),
    }
}
