//! The service, run as a person or a machine would run it, and met by clients of every kind.

#[cfg(unix)]
#[path = "serve/access.rs"]
mod access;
#[path = "serve/client.rs"]
mod client;
#[path = "serve/faults.rs"]
mod faults;
#[path = "serve/load.rs"]
mod load;
#[path = "serve/questions.rs"]
mod questions;
#[path = "serve/service.rs"]
mod service;
#[cfg(unix)]
#[path = "serve/stopping.rs"]
mod stopping;
