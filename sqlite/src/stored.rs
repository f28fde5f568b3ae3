//! What a value is when it is compressed: a frame of llmzip's, or the number of a prime and a message coded with it.
//!
//! A frame begins with F5. The number of a prime is one byte below F0; or a byte F0 + n with n from 1 to 4, and n bytes that
//! are the number, the highest first.

use llmzip::{Error, Result};

/// What every frame begins with.
const FRAME: u8 = 0xF5;
const LONG: u8 = 0xF0;
const LONGEST: usize = 4;

/// The two kinds of values.
#[derive(Debug, PartialEq, Eq)]
pub enum Stored<'a> {
    Frame(&'a [u8]),
    Message { prime: u32, message: &'a [u8] },
}

impl<'a> Stored<'a> {
    /// Which one this is.
    ///
    /// # Errors
    /// `NotLlmzip` or `Truncated` for what is neither.
    pub fn read(bytes: &'a [u8]) -> Result<Stored<'a>> {
        let Some((&first, rest)) = bytes.split_first() else { return Err(Error::NotLlmzip) };
        if first == FRAME {
            return Ok(Stored::Frame(bytes));
        }
        if first < LONG {
            return Ok(Stored::Message { prime: u32::from(first), message: rest });
        }
        let n = usize::from(first - LONG);
        if n == 0 || n > LONGEST {
            return Err(Error::NotLlmzip);
        }
        let cut = || Error::truncated("the number of the prime");
        let (number, message) = rest.split_at_checked(n).ok_or_else(cut)?;
        let prime = number.iter().fold(0, |prime, &byte| prime << 8 | u32::from(byte));
        Ok(Stored::Message { prime, message })
    }

    /// A message as it is stored.
    pub fn message(prime: u32, message: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(message.len() + 1 + LONGEST);
        match u8::try_from(prime) {
            Ok(short) if short < LONG => bytes.push(short),
            _ => {
                let number = prime.to_be_bytes();
                let zeros = number.iter().take_while(|&&byte| byte == 0).count();
                bytes.push(LONG + (LONGEST - zeros) as u8);
                bytes.extend_from_slice(&number[zeros..]);
            }
        }
        bytes.extend_from_slice(message);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_are_no_frames() {
        for prime in [0, 1, 239, 240, 245, 255, 256, 65_535, 65_536, 1 << 24, u32::MAX] {
            let bytes = Stored::message(prime, b"xyz");
            assert_ne!(bytes[0], FRAME);
            assert_eq!(Stored::read(&bytes).unwrap(), Stored::Message { prime, message: b"xyz" });
            for end in 0..bytes.len() - 3 {
                assert!(Stored::read(&bytes[..end]).is_err(), "{prime} {end}");
            }
        }
        let frame = llmzip::compress(b"abc", &llmzip::Options::default()).unwrap();
        assert_eq!(Stored::read(&frame).unwrap(), Stored::Frame(&frame));
        for first in [0xF0, 0xF6, 0xFF] {
            assert!(Stored::read(&[first, 0, 0, 0, 0, 0]).is_err());
        }
    }
}
