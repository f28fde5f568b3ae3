//! The payload of a stored group: its bytes, in pieces with a check each where they are many.
//!
//! A coded payload has checks of its own (`codec/CODING.md`). Without any here, one wrong bit would cost all of a group
//! that was stored.

use super::{Check, Decoded};
use crate::error::Error;

/// Bytes of a piece; groups up to this long are stored as they are.
pub const PIECE_BYTES: usize = 128 << 10;

/// Bytes of a piece's check.
const CHECK_BYTES: usize = 4;

/// Length of the payload of `plain_len` bytes that are stored.
pub fn payload_len(plain_len: u64) -> u64 {
    let piece = PIECE_BYTES as u64;
    match plain_len <= piece {
        true => plain_len,
        false => plain_len.saturating_add(plain_len.div_ceil(piece) * CHECK_BYTES as u64),
    }
}

/// The payload of a group.
pub fn pack(plain: &[u8]) -> Vec<u8> {
    if plain.len() <= PIECE_BYTES {
        return plain.to_vec();
    }
    let mut payload = Vec::with_capacity(payload_len(plain.len() as u64) as usize);
    for (number, piece) in plain.chunks(PIECE_BYTES).enumerate() {
        payload.extend_from_slice(piece);
        payload.extend_from_slice(&check(number, piece));
    }
    payload
}

/// The group of a payload, which may be cut short. Pieces that do not match their checks are in it too, and not good.
pub fn unpack(payload: Vec<u8>, plain_len: usize) -> Decoded {
    if plain_len <= PIECE_BYTES && payload.len() == plain_len {
        return Decoded::whole(payload);
    }
    let (mut good, mut end) = (Vec::new(), Ok(()));
    // The pieces move together where they are: there may be a gigabyte of them.
    let mut plain = payload;
    let (mut from, mut to) = (0, 0);
    while from < plain.len() {
        let stored = from..plain.len().min(from + PIECE_BYTES + CHECK_BYTES);
        let piece = from..stored.end.saturating_sub(CHECK_BYTES).max(from);
        let number = from / (PIECE_BYTES + CHECK_BYTES);
        if check(number, &plain[piece.clone()]) == plain[piece.end..stored.end] {
            good.push(to..to + piece.len());
        } else if end.is_ok() {
            end = Err(Error::damaged("stored bytes do not match their check"));
        }
        plain.copy_within(piece.clone(), to);
        (from, to) = (stored.end, to + piece.len());
    }
    if to < plain_len && end.is_ok() {
        end = Err(Error::truncated("the end of stored bytes"));
    }
    plain.truncate(to);
    plain.resize(plain_len, 0);
    Decoded { plain, good, end }
}

/// With its number, so that pieces that changed places are noticed.
fn check(number: usize, piece: &[u8]) -> [u8; CHECK_BYTES] {
    let mut check = Check::default();
    check.update(&(number as u64).to_le_bytes());
    check.update(piece);
    check.first()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(len: usize) -> Vec<u8> {
        (0..len).map(|i| ((i * i) >> 7) as u8).collect()
    }

    #[test]
    fn groups_around_a_piece_come_back() {
        for len in [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES, 400_000] {
            let plain = bytes(len);
            let payload = pack(&plain);
            assert_eq!(payload.len() as u64, payload_len(len as u64));
            assert!(payload.len() <= len + len / 16_384 + 4);
            assert_eq!(unpack(payload, len).into_plain().unwrap(), plain);
        }
        assert_eq!(payload_len(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_wrong_piece_costs_no_other() {
        let plain = bytes(3 * PIECE_BYTES + 10);
        let mut payload = pack(&plain);
        payload[PIECE_BYTES + 5] ^= 1;
        let decoded = unpack(payload, plain.len());
        assert_eq!(
            decoded.good,
            [0..PIECE_BYTES, 2 * PIECE_BYTES..3 * PIECE_BYTES, 3 * PIECE_BYTES..plain.len()]
        );
        assert!(decoded.end.is_err());
        for part in decoded.good {
            assert_eq!(decoded.plain[part.clone()], plain[part]);
        }
    }

    #[test]
    fn whole_pieces_of_a_payload_that_is_cut_short_are_good() {
        for len in [1000, 3 * PIECE_BYTES] {
            let plain = bytes(len);
            let payload = pack(&plain);
            for kept in [0, 1, len / 2, payload.len() - 1] {
                let decoded = unpack(payload[..kept].to_vec(), len);
                assert!(decoded.end.is_err() && decoded.plain.len() == len);
                let good: usize = decoded.good.iter().map(|part| part.len()).sum();
                let pieces = if len > PIECE_BYTES { kept / (PIECE_BYTES + CHECK_BYTES) } else { 0 };
                assert_eq!(good, pieces * PIECE_BYTES);
            }
        }
    }

    #[test]
    fn pieces_that_changed_places_are_not_good() {
        let plain = bytes(2 * PIECE_BYTES);
        let payload = pack(&plain);
        let (first, second) = payload.split_at(payload.len() / 2);
        assert!(unpack([second, first].concat(), plain.len()).good.is_empty());
    }
}
