//! Messages of one profile, there and back.

use super::decode::Decoding;
use super::encode::{Encoding, LANES};
use super::form::{Body, Form, Opened};
use super::profile::{MAX_MESSAGE_BYTES, Profile};
use super::start::Start;
use crate::error::{Error, Result};
use crate::parallel;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Both directions of a profile, whose past went through the model once.
///
/// It can be shared by threads; what is compressed depends on the profile and the message alone.
pub struct Datagrams {
    start: Start,
    form: Form,
}

impl Datagrams {
    /// Prepares a profile: its reference goes through the model and the mixer, at some 30 kB/s or more.
    ///
    /// # Errors
    /// `Invalid` for a profile that cannot be, `Inexact` if this machine fails the model's known-answer test.
    pub fn new(profile: &Profile) -> Result<Datagrams> {
        let start = Start::new(profile, MAX_MESSAGE_BYTES)?;
        Ok(Datagrams { start, form: Form::new(profile) })
    }

    /// Compresses one message; the result is never more than a byte longer, and the check.
    ///
    /// # Errors
    /// `Invalid` for more than 65,536 bytes.
    pub fn compress(&self, plain: &[u8]) -> Result<Vec<u8>> {
        Ok(self.compress_many(&[plain])?.remove(0))
    }

    /// Decompresses one datagram.
    ///
    /// # Errors
    /// `Damaged` for what no message becomes, `Invalid` for the mark of another profile. Without a check, most damage
    /// gives another message instead.
    pub fn decompress(&self, datagram: &[u8]) -> Result<Vec<u8>> {
        self.decompress_many(&[datagram]).remove(0)
    }

    /// Compresses many messages, each to what [`compress`](Self::compress) makes of it.
    ///
    /// # Errors
    /// As [`compress`](Self::compress), for the first that fails.
    pub fn compress_many<T: AsRef<[u8]>>(&self, plains: &[T]) -> Result<Vec<Vec<u8>>> {
        let messages: Vec<&[u8]> = plains.iter().map(AsRef::as_ref).collect();
        if messages.iter().any(|message| message.len() > MAX_MESSAGE_BYTES) {
            return Err(Error::invalid(format!(
                "a message of more than {MAX_MESSAGE_BYTES} bytes"
            )));
        }
        let mut packed: Vec<Vec<u8>> = messages.iter().map(|_| Vec::new()).collect();
        let (threads, lanes) = shares(messages.len());
        let mut chunks: Vec<_> = messages.chunks(lanes).zip(packed.chunks_mut(lanes)).collect();
        let each = chunks.len().div_ceil(threads).max(1);
        let mut shares: Vec<_> = chunks.chunks_mut(each).map(|share| (share, Ok(()))).collect();
        parallel::for_each_mut(&mut shares, |(chunks, result)| {
            *result = Encoding::new(&self.start, lanes).and_then(|mut encoding| {
                chunks.iter_mut().try_for_each(|(messages, packed)| {
                    self.compress_chunk(&mut encoding, messages, packed)
                })
            });
        });
        shares.into_iter().try_for_each(|(_, result)| result)?;
        Ok(packed)
    }

    fn compress_chunk(
        &self,
        encoding: &mut Encoding<'_>,
        messages: &[&[u8]],
        packed: &mut [Vec<u8>],
    ) -> Result<()> {
        let full: Vec<_> = messages.iter().copied().filter(|m| !m.is_empty()).collect();
        let mut coded = encoding.encode(&full, &self.form)?.into_iter();
        for (message, packed) in messages.iter().zip(packed) {
            let coded = if message.is_empty() { None } else { coded.next().flatten() };
            *packed = self.form.close(message, coded.as_deref(), &self.form.check(message));
        }
        Ok(())
    }

    /// Decompresses many datagrams, each as [`decompress`](Self::decompress) would.
    pub fn decompress_many<T: AsRef<[u8]>>(&self, datagrams: &[T]) -> Vec<Result<Vec<u8>>> {
        let opened: Vec<_> =
            datagrams.iter().map(|datagram| self.form.open(datagram.as_ref())).collect();
        let coded: Vec<_> = opened.iter().enumerate().filter_map(coded).collect();
        let plains = match self.decode_all(&coded, datagrams.len()) {
            Ok(plains) => plains,
            // What the model cannot do here it can do for none of them.
            Err(error) => {
                let text = error.to_string();
                return datagrams.iter().map(|_| Err(Error::invalid(text.clone()))).collect();
            }
        };
        let check = |(opened, plain): (Result<Opened<'_>>, Option<Result<Vec<u8>>>)| {
            let opened = opened?;
            let plain = match (opened.body, plain) {
                (Body::Plain(plain), _) => plain.to_vec(),
                (Body::Coded(_), Some(plain)) => plain?,
                (Body::Coded(_), None) => {
                    return Err(Error::damaged("a message that nobody decoded"));
                }
            };
            match opened.check == self.form.check(&plain) {
                true => Ok(plain),
                false => Err(Error::damaged("the message does not match its check")),
            }
        };
        opened.into_iter().zip(plains).map(check).collect()
    }

    /// Decodes coded bytes, each with its number among so many.
    fn decode_all(
        &self,
        coded: &[(usize, &[u8])],
        n: usize,
    ) -> Result<Vec<Option<Result<Vec<u8>>>>> {
        let mut plains: Vec<_> = (0..n).map(|_| None).collect();
        if coded.is_empty() {
            return Ok(plains);
        }
        let (threads, lanes) = shares(coded.len());
        let next = AtomicUsize::new(0);
        let mut shares: Vec<_> = (0..threads).map(|_| (Vec::new(), Ok(()))).collect();
        parallel::for_each_mut(&mut shares, |(plains, result)| {
            *result = Decoding::new(&self.start, lanes).map(|mut decoding| {
                decoding.decode(
                    || coded.get(next.fetch_add(1, Ordering::Relaxed)).copied(),
                    |number, plain| plains.push((number, plain)),
                );
            });
        });
        for (share, result) in shares {
            result?;
            for (number, plain) in share {
                plains[number] = Some(plain);
            }
        }
        Ok(plains)
    }
}

/// The coded bytes of a datagram that has any, with its number.
fn coded<'d>((number, opened): (usize, &Result<Opened<'d>>)) -> Option<(usize, &'d [u8])> {
    match opened {
        Ok(Opened { body: Body::Coded(coded), .. }) => Some((number, coded)),
        _ => None,
    }
}

/// Messages that are worth a thread of their own.
const LEAST_SHARE: usize = 4;

/// Threads for so many messages, and the lanes of each.
fn shares(n: usize) -> (usize, usize) {
    let threads = parallel::threads().min(n.div_ceil(LEAST_SHARE)).max(1);
    (threads, LANES.min(n.div_ceil(threads)).max(1))
}
