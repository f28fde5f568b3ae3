//! Finding the record length of tables and binaries from the data.
//!
//! A byte that comes three times at equal distances votes for that distance. Votes fade, so that a file may change
//! its layout.

/// Longest record that is looked for.
const MOST: usize = 2048;
/// Votes are halved after so many bytes.
const FADE: u32 = 4096;
/// Fewest votes that make a record.
const ENOUGH: u32 = 24;

/// Where each byte value came last in a lane, and at what distance before.
#[derive(Clone)]
pub struct Seen {
    last: [u32; 256],
    distance: [[u16; 2]; 256],
}

impl Seen {
    /// Nothing has come.
    pub fn new() -> Box<Self> {
        Box::new(Self { last: [0; 256], distance: [[0; 2]; 256] })
    }
}

/// The votes of all lanes.
#[derive(Clone)]
pub struct Records {
    votes: Vec<u32>,
    best: usize,
    until_fade: u32,
}

impl Records {
    /// Bytes that the votes take.
    pub fn memory_bytes() -> u64 {
        (size_of::<u32>() * (MOST + 1)) as u64
    }

    /// No votes.
    pub fn new() -> Self {
        Self { votes: vec![0; MOST + 1], best: 0, until_fade: FADE }
    }

    /// Notes a byte at `place` (counted from its lane's beginning).
    #[inline]
    pub fn push(&mut self, seen: &mut Seen, byte: u8, place: usize) {
        let b = byte as usize;
        let distance = (place as u32 + 1).wrapping_sub(seen.last[b]);
        seen.last[b] = place as u32 + 1;
        let d = distance.min(u32::from(u16::MAX)) as u16;
        let [d1, d2] = seen.distance[b];
        seen.distance[b] = [d, d1];
        if d == d1 && d == d2 && (2..=MOST as u32).contains(&distance) {
            // Long records have fewer bytes that repeat three times by chance, and fewer chances to vote.
            let votes = &mut self.votes[distance as usize];
            *votes += 2 + distance.ilog2();
            if *votes > self.votes[self.best] + self.votes[self.best] / 4 {
                self.best = distance as usize;
            }
        }
        self.until_fade -= 1;
        if self.until_fade == 0 {
            self.until_fade = FADE;
            self.votes.iter_mut().for_each(|v| *v -= *v / 4);
        }
    }

    /// The record length that fits best now, or 0.
    #[inline(always)]
    pub fn length(&self) -> usize {
        if self.votes[self.best] >= ENOUGH { self.best } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_length_of_records_with_noise() {
        let (mut records, mut seen) = (Records::new(), Seen::new());
        let mut noise = 1u32;
        for place in 0..20_000 {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let byte = match place % 37 {
                0 => 200,
                5 => 201,
                9 => 202,
                _ => (noise >> 24) as u8 & 127,
            };
            records.push(&mut seen, byte, place);
        }
        assert_eq!(records.length(), 37);
    }
}
