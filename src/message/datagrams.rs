//! Messages of one profile, there and back.

use super::decode::Decoding;
use super::encode::{Encoding, LANES};
use super::pack::PLAIN;
use super::profile::{MAX_MESSAGE_BYTES, Profile};
use super::start::Start;
use crate::error::{Error, Result};
use crate::parallel;
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Both directions of a profile.
pub struct Datagrams {
    start: Start,
    check_bytes: usize,
}

impl Datagrams {
    /// Prepares a profile: its past goes through the model once.
    ///
    /// # Errors
    /// `Invalid` for a profile that cannot be, `Inexact` if this machine fails the model's known-answer test.
    pub fn new(profile: &Profile) -> Result<Datagrams> {
        Ok(Datagrams { start: Start::new(profile)?, check_bytes: profile.check_bytes })
    }

    /// Compresses one message.
    ///
    /// # Errors
    /// `Invalid` for more than 65,536 bytes.
    pub fn compress(&self, plain: &[u8]) -> Result<Vec<u8>> {
        Ok(self.compress_many(&[plain])?.remove(0))
    }

    /// Decompresses one datagram.
    ///
    /// # Errors
    /// `Damaged` for what no message becomes. Without a check, most damage gives a wrong message instead.
    pub fn decompress(&self, datagram: &[u8]) -> Result<Vec<u8>> {
        self.decompress_many(&[datagram]).remove(0)
    }

    /// Compresses many messages, each to what [`compress`](Self::compress) makes of it.
    ///
    /// # Errors
    /// As [`compress`](Self::compress), for the first that fails.
    pub fn compress_many<T: AsRef<[u8]> + Sync>(&self, plains: &[T]) -> Result<Vec<Vec<u8>>> {
        let mut packed: Vec<Vec<u8>> = plains.iter().map(|_| Vec::new()).collect();
        let messages: Vec<&[u8]> = plains.iter().map(AsRef::as_ref).collect();
        if messages.iter().any(|message| message.len() > MAX_MESSAGE_BYTES) {
            return Err(Error::invalid(format!("a message of more than {MAX_MESSAGE_BYTES} bytes")));
        }
        let threads = parallel::threads().min(messages.len().div_ceil(8)).max(1);
        let lanes = LANES.min(messages.len().div_ceil(threads)).max(1);
        let mut chunks: Vec<_> = messages.chunks(lanes).zip(packed.chunks_mut(lanes)).collect();
        let share = chunks.len().div_ceil(threads);
        let mut shares: Vec<_> = chunks.chunks_mut(share.max(1)).map(|s| (s, Ok(()))).collect();
        parallel::for_each_mut(&mut shares, |(chunks, result)| {
            *result = Encoding::new(&self.start, lanes).and_then(|mut encoding| {
                chunks.iter_mut().try_for_each(|(messages, packed)| {
                    let full: Vec<_> = messages.iter().copied().filter(|m| !m.is_empty()).collect();
                    let mut coded = encoding.encode(&full)?.into_iter();
                    for (message, packed) in messages.iter().zip(packed.iter_mut()) {
                        if !message.is_empty() {
                            *packed = coded.next().expect("one for each");
                        }
                        packed.extend(&Sha256::digest(message)[..self.check_bytes]);
                    }
                    Ok(())
                })
            });
        });
        shares.into_iter().try_for_each(|(_, result)| result)?;
        Ok(packed)
    }

    /// Decompresses many datagrams, each as [`decompress`](Self::decompress) would.
    pub fn decompress_many<T: AsRef<[u8]> + Sync>(&self, datagrams: &[T]) -> Vec<Result<Vec<u8>>> {
        let opened: Vec<_> = datagrams.iter().map(|datagram| self.open(datagram.as_ref())).collect();
        let coded: Vec<_> = opened.iter().enumerate().filter_map(|(i, opened)| match opened {
            Ok(Opened { form: Form::Coded(coded), .. }) => Some((i, *coded)),
            _ => None,
        }).collect();
        let threads = parallel::threads().min(coded.len().div_ceil(8)).max(1);
        let lanes = LANES.min(coded.len().div_ceil(threads)).max(1);
        let next = AtomicUsize::new(0);
        let mut shares: Vec<_> = (0..threads).map(|_| (Vec::new(), Ok(()))).collect();
        if !coded.is_empty() {
            parallel::for_each_mut(&mut shares, |(plains, result)| {
                *result = Decoding::new(&self.start, lanes).map(|mut decoding| {
                    decoding.decode(
                        || coded.get(next.fetch_add(1, Ordering::Relaxed)).copied(),
                        |number, plain| plains.push((number, plain)),
                    );
                });
            });
        }
        let mut results: Vec<Option<Result<Vec<u8>>>> = opened.iter().map(|_| None).collect();
        for (plains, result) in shares {
            if let Err(error) = result {
                let text = error.to_string();
                return datagrams.iter().map(|_| Err(Error::invalid(text.clone()))).collect();
            }
            for (number, plain) in plains {
                results[number] = Some(plain);
            }
        }
        opened.into_iter().zip(results).map(|(opened, plain)| {
            let opened = opened?;
            let plain = match opened.form {
                Form::Plain(plain) => plain.to_vec(),
                Form::Coded(_) => plain.unwrap_or_else(|| Err(Error::damaged("no message")))?,
            };
            match opened.check == &Sha256::digest(&plain)[..self.check_bytes] {
                true => Ok(plain),
                false => Err(Error::damaged("the message does not match its check")),
            }
        }).collect()
    }

    fn open<'d>(&self, datagram: &'d [u8]) -> Result<Opened<'d>> {
        let Some(len) = datagram.len().checked_sub(self.check_bytes) else {
            return Err(Error::truncated("the check of a datagram"));
        };
        let (body, check) = datagram.split_at(len);
        let form = match body {
            [] => Form::Plain(body),
            [PLAIN, plain @ ..] => Form::Plain(plain),
            _ => Form::Coded(body),
        };
        Ok(Opened { form, check })
    }
}

struct Opened<'d> {
    form: Form<'d>,
    check: &'d [u8],
}

enum Form<'d> {
    Plain(&'d [u8]),
    Coded(&'d [u8]),
}
