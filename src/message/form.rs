//! What stands around the coded bytes of a datagram: a mark, or none, and a check, or none.

use super::pack::PLAIN;
use super::profile::Profile;
use crate::error::{Error, Result};
use sha2::{Digest, Sha256};

/// How the datagrams of a profile look.
#[derive(Clone)]
pub struct Form {
    profile: Profile,
    mark: Option<u8>,
}

/// A datagram taken apart.
pub struct Opened<'d> {
    pub body: Body<'d>,
    pub check: &'d [u8],
}

/// What a datagram holds.
#[derive(Clone, Copy)]
pub enum Body<'d> {
    Plain(&'d [u8]),
    Coded(&'d [u8]),
}

impl Form {
    pub fn new(profile: &Profile) -> Form {
        Form { mark: profile.mark(), profile: profile.clone() }
    }

    /// Bytes of the check.
    pub fn check_bytes(&self) -> usize {
        usize::from(self.profile.check_bytes)
    }

    /// The most bytes that coded ones may have to be worth it.
    pub fn most_coded(&self, plain: &[u8]) -> usize {
        (plain.len() + usize::from(self.needs_escape(plain)))
            .saturating_sub(usize::from(self.mark.is_some()))
    }

    /// Whether a message cannot be sent as it is.
    fn needs_escape(&self, plain: &[u8]) -> bool {
        match (self.mark, plain.first()) {
            (_, None) => false,
            (None, _) => true,
            (Some(_), Some(&first)) => first == PLAIN || Profile::is_mark(first),
        }
    }

    /// A datagram of coded bytes, or of the message itself where there are none.
    pub fn close(&self, plain: &[u8], coded: Option<&[u8]>, check: &[u8]) -> Vec<u8> {
        let mut datagram = Vec::with_capacity(1 + plain.len() + check.len());
        match coded {
            Some(coded) => {
                datagram.extend(self.mark);
                datagram.extend(coded);
            }
            None => {
                datagram.extend(self.needs_escape(plain).then_some(PLAIN));
                datagram.extend(plain);
            }
        }
        datagram.extend(check);
        datagram
    }

    /// Takes a datagram apart.
    ///
    /// # Errors
    /// `Truncated` if not even the check is there, `Invalid` for the mark of another profile.
    pub fn open<'d>(&self, datagram: &'d [u8]) -> Result<Opened<'d>> {
        let Some(len) = datagram.len().checked_sub(self.check_bytes()) else {
            return Err(Error::truncated("the check of a message"));
        };
        let (body, check) = datagram.split_at(len);
        let body = match (body, self.mark) {
            ([], _) => Body::Plain(body),
            ([PLAIN, plain @ ..], _) => Body::Plain(plain),
            (_, None) => Body::Coded(body),
            ([first, coded @ ..], Some(mark)) if *first == mark => Body::Coded(coded),
            ([first, ..], Some(_)) if Profile::is_mark(*first) => {
                return Err(self.profile.other_mark(*first));
            }
            (_, Some(_)) => Body::Plain(body),
        };
        match body {
            Body::Coded([]) => Err(Error::truncated("what follows the mark of a message")),
            _ => Ok(Opened { body, check }),
        }
    }

    /// The check of a message.
    pub fn check(&self, plain: &[u8]) -> Vec<u8> {
        Sha256::digest(plain)[..self.check_bytes()].to_vec()
    }
}
