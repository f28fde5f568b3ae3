//! Unsigned integers of variable length, seven bits a byte, the lowest bits first.
//!
//! The form is canonical: a value has exactly one encoding, so a header can be written again from
//! what was read and give the same bytes.

use crate::error::{Error, Result};

/// The longest encoding, that of `u64::MAX`.
pub const MAX_BYTES: usize = 10;

/// Appends `value` to `out`.
pub fn write(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The number of bytes that [`write`] appends for `value`.
pub fn encoded_len(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Reads a value from the bytes that `next` hands out.
///
/// Fails with what `next` fails with, and with [`Error::Damaged`] for a value over 64 bits or an
/// encoding that is longer than it needs to be; `what` names the field in that message.
pub fn read(what: &str, mut next: impl FnMut() -> Result<u8>) -> Result<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = next()?;
        let bits = u64::from(byte & 0x7F);
        if shift == 63 && bits > 1 {
            break;
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            if bits == 0 && shift > 0 {
                return Err(Error::damaged(format!("{what} is not in its shortest form")));
            }
            return Ok(value);
        }
    }
    Err(Error::damaged(format!("{what} has more than 64 bits")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_slice(mut bytes: &[u8]) -> Result<(u64, usize)> {
        let total = bytes.len();
        let value = read("x", || {
            let (&first, rest) = bytes.split_first().ok_or_else(|| Error::truncated("x"))?;
            bytes = rest;
            Ok(first)
        })?;
        Ok((value, total - bytes.len()))
    }

    #[test]
    fn edges_of_every_length_come_back() {
        for bits in 0..64 {
            for value in [(1u64 << bits) - 1, 1 << bits, u64::MAX >> (63 - bits)] {
                let mut out = Vec::new();
                write(&mut out, value);
                assert_eq!(out.len(), encoded_len(value));
                assert!(out.len() <= MAX_BYTES);
                assert_eq!(read_slice(&out).unwrap(), (value, out.len()));
            }
        }
    }

    #[test]
    fn long_forms_and_large_values_are_damage() {
        for bad in [
            &[0x80, 0][..],
            &[0xFF, 0x80, 0],
            &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2],
            &[0xFF; 11],
        ] {
            assert!(matches!(read_slice(bad), Err(Error::Damaged { .. })), "{bad:?}");
        }
        assert!(matches!(read_slice(&[0x80]), Err(Error::Truncated { .. })));
        assert!(matches!(read_slice(&[]), Err(Error::Truncated { .. })));
    }

    proptest! {
        #[test]
        fn what_can_be_read_is_written_the_same(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
            if let Ok((value, used)) = read_slice(&bytes) {
                let mut out = Vec::new();
                write(&mut out, value);
                prop_assert_eq!(&out[..], &bytes[..used]);
            }
        }
    }
}
