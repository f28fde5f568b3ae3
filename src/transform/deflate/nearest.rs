//! All places with the same three bytes, the nearest first: for compressors that search otherwise than zlib.

use super::blocks::{MAX_DISTANCE, MAX_MATCH, MIN_MATCH};
use super::compressor::same;

const HASH_BITS: u32 = 15;
/// Places that are looked at.
const STEPS: usize = 256;

/// The places of what was compressed so far.
pub struct Nearest<'a> {
    plain: &'a [u8],
    /// The newest place of each hash, plus 1; 0 is none.
    heads: Vec<u32>,
    /// For each place, by its lowest bits, the one before it, plus 1.
    before: Vec<u32>,
    inserted: usize,
}

impl<'a> Nearest<'a> {
    pub fn new(plain: &'a [u8]) -> Self {
        let (heads, before) = (vec![0; 1 << HASH_BITS], vec![0; MAX_DISTANCE]);
        Nearest { plain, heads, before, inserted: 0 }
    }

    fn hash(&self, at: usize) -> Option<usize> {
        let &[a, b, c] = self.plain.get(at..)?.first_chunk::<MIN_MATCH>()?;
        let three = u32::from_le_bytes([a, b, c, 0]);
        Some((three.wrapping_mul(0x9E37_79B1) >> (32 - HASH_BITS)) as usize)
    }

    /// Lengths and distances of the matches at a place, the nearest first.
    fn matches(&mut self, at: usize) -> impl Iterator<Item = (usize, usize)> {
        while self.inserted < at {
            if let Some(hash) = self.hash(self.inserted) {
                self.before[self.inserted % MAX_DISTANCE] = self.heads[hash];
                self.heads[hash] = self.inserted as u32 + 1;
            }
            self.inserted += 1;
        }
        let mut place = self.hash(at).map_or(0, |hash| self.heads[hash]) as usize;
        let most = MAX_MATCH.min(self.plain.len() - at);
        let places = std::iter::from_fn(move || {
            let here = place.checked_sub(1).filter(|here| at - here <= MAX_DISTANCE)?;
            let next = self.before[here % MAX_DISTANCE] as usize;
            // Places that were written over lead nowhere.
            place = if next < place { next } else { 0 };
            Some((same(&self.plain[here..], &self.plain[at..at + most]), at - here))
        });
        places.take(STEPS).filter(|(len, _)| *len >= MIN_MATCH)
    }

    /// The length of the longest match at a place; 0 where there is none.
    pub fn longest(&mut self, at: usize) -> usize {
        let mut longest = 0;
        for (len, _) in self.matches(at) {
            longest = longest.max(len);
            if longest == MAX_MATCH {
                break;
            }
        }
        longest
    }

    /// How many nearer matches of at least this length there are; `None` where that is not seen.
    pub fn hops(&mut self, at: usize, len: usize, distance: usize) -> Option<usize> {
        self.matches(at).filter(|(other, _)| *other >= len).position(|(_, other)| other == distance)
    }

    /// The distance of the match of at least this length behind so many nearer ones.
    pub fn at_hop(&mut self, at: usize, len: usize, hops: usize) -> Option<usize> {
        self.matches(at).filter(|(other, _)| *other >= len).nth(hops).map(|(_, distance)| distance)
    }
}
