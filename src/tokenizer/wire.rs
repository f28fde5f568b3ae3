//! Numbers and byte strings in the tokenizer's part of a model file.

use crate::error::{Error, Result};

/// Appends a number, seven bits a byte, the least significant first.
pub(super) fn put_number(out: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// A difference as a number, small magnitudes first: 0, -1, 1, -2 and so on.
pub(super) fn zigzag(difference: i32) -> u32 {
    (difference << 1 ^ difference >> 31) as u32
}

/// Undoes [`zigzag`].
pub(super) fn unzigzag(number: u32) -> i32 {
    (number >> 1) as i32 ^ -((number & 1) as i32)
}

/// What has not been read yet.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    /// The next `len` bytes.
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or_else(|| Error::truncated("a part of the tokenizer"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    /// A number in its only form: no more than 32 bits, no zero byte at the end.
    pub(super) fn number(&mut self) -> Result<u32> {
        let mut number = 0u64;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                if (byte == 0 && shift > 0) || number > u64::from(u32::MAX) {
                    break;
                }
                return Ok(number as u32);
            }
        }
        Err(Error::damaged("a number in the tokenizer"))
    }

    /// How many things follow, each of at least `least_bytes`: never more than the bytes left can hold, so that the
    /// caller may allocate for them, nor more than `most`.
    pub(super) fn count(&mut self, least_bytes: usize, most: usize) -> Result<usize> {
        let count = self.number()? as usize;
        if count > most {
            return Err(Error::damaged("a count in the tokenizer is too large"));
        }
        if count > self.rest.len() / least_bytes {
            return Err(Error::truncated("a part of the tokenizer"));
        }
        Ok(count)
    }

    /// An error if anything is left.
    pub(super) fn end(&self) -> Result<()> {
        match self.rest {
            [] => Ok(()),
            rest => Err(Error::damaged(format!("{} bytes behind the tokenizer", rest.len()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for number in [0, 1, 127, 128, 16383, 16384, 1 << 28, u32::MAX] {
            let mut bytes = Vec::new();
            put_number(&mut bytes, number);
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.number().unwrap(), number);
            reader.end().unwrap();
        }
        for difference in [0, -1, 1, 1 << 20, -(1 << 20), i32::MAX, i32::MIN] {
            assert_eq!(unzigzag(zigzag(difference)), difference);
        }
        assert_eq!([0, -1, 1].map(zigzag), [0, 1, 2]);
    }

    #[test]
    fn refuses_numbers_in_a_second_form() {
        for bytes in [&[0x80, 0][..], &[0xff, 0xff, 0xff, 0xff, 0x1f], &[0x80; 6]] {
            assert!(matches!(Reader::new(bytes).number(), Err(Error::Damaged { .. })));
        }
        assert!(matches!(Reader::new(&[0x80]).number(), Err(Error::Truncated { .. })));
    }
}
