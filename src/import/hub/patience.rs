//! How long a server is waited for, and what happens when it is not ready.

use super::talk::Talk;
use crate::error::{Error, Result};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::time::Duration;

/// Bytes that must have come for a try to count as one that got further.
const SOME_BYTES: u64 = 64 << 10;

/// Times and counts of a download. A server that says nothing at all ends it after
/// `tries * first_byte` and the pauses in between: with the default, within two minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection, with its name looked up and its encryption agreed on.
    pub connect: Duration,
    /// For the beginning of an answer.
    pub first_byte: Duration,
    /// For the next bytes of anything; a shorter time than `first_byte` holds for the first ones too.
    pub between_bytes: Duration,
    /// After how much silence the caller is told whom the program waits for.
    pub note_after: Duration,
    /// Before the second try; each further pause is twice as long. A random half of it is left out, so
    /// that many programs do not come back at once.
    pub first_pause: Duration,
    /// The longest pause. A server that asks for a longer one is not waited for.
    pub longest_pause: Duration,
    /// How often the same bytes are asked for.
    pub tries: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            connect: Duration::from_secs(15),
            first_byte: Duration::from_secs(20),
            between_bytes: Duration::from_secs(20),
            note_after: Duration::from_secs(4),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            tries: 5,
        }
    }
}

/// Why a try failed.
pub(super) enum Trouble {
    /// It may go better the next time.
    Passing {
        /// Who has it.
        host: String,
        why: String,
        /// How long the server asks to be left alone.
        wait: Option<Duration>,
    },
    /// It will not.
    Final(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::Final(error)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Trouble::Final(error.into())
    }
}

impl Patience {
    /// Tries until it works, or there is no hope, or patience is at its end. `bytes_here` tells how far
    /// it got: after a try that brought something the count begins anew.
    pub(super) fn keep_trying<T>(
        &self,
        talk: &Talk,
        bytes_here: impl Fn() -> u64,
        mut attempt: impl FnMut() -> Result<T, Trouble>,
    ) -> Result<T> {
        let mut failed_tries = 0;
        loop {
            let before = bytes_here();
            let (host, why, wait) = match attempt() {
                Ok(result) => return Ok(result),
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::Passing { host, why, wait }) => (host, why, wait),
            };
            if bytes_here() >= before + SOME_BYTES {
                failed_tries = 0;
            }
            failed_tries += 1;
            if let Some(wait) = wait.filter(|&wait| wait > self.longest_pause) {
                return Err(failed(format!(
                    "{host}: {why}, and asks to be left alone for {} s; try again later",
                    wait.as_secs()
                )));
            }
            if failed_tries >= self.tries {
                return Err(failed(format!("{host}: {why} (given up after {failed_tries} tries)")));
            }
            let pause = wait.unwrap_or_default().max(self.pause(failed_tries, random()));
            talk.pausing(&host, &why, pause);
            std::thread::sleep(pause);
        }
    }

    /// The pause after so many failed tries, at least one; `random` is below 1.
    fn pause(&self, failed_tries: u32, random: f64) -> Duration {
        let doubled = 2u32.checked_pow(failed_tries - 1).unwrap_or(u32::MAX);
        let whole = self.first_pause.saturating_mul(doubled).min(self.longest_pause);
        whole.mul_f64(1.0 - random / 2.0)
    }
}

/// An error of the network.
pub(super) fn failed(what: String) -> Error {
    Error::Io(io::Error::other(what))
}

/// A number from 0 to below 1. The keys of the standard library's hashes are the only randomness that
/// every platform has without a crate for it.
fn random() -> f64 {
    let bits = RandomState::new().build_hasher().finish();
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_at_most_half_is_left_out() {
        let patience = Patience::default();
        let seconds = |tries, random| patience.pause(tries, random).as_secs_f64();
        assert_eq!([1, 2, 3, 4].map(|tries| seconds(tries, 0.0)), [1.0, 2.0, 4.0, 8.0]);
        assert_eq!([7, 40, 4000].map(|tries| seconds(tries, 0.0)), [60.0; 3]);
        assert_eq!(seconds(2, 0.5), 1.5);
        assert!((0..100).all(|_| (0.0..1.0).contains(&random())));
        assert_ne!(random(), random());
    }
}
