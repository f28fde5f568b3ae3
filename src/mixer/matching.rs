//! Long repeats: where the same bytes came before, and what followed them then.
//!
//! One finder for each shortest length holds, by a hash of that many bytes, where they came last in any lane. A
//! match follows the earlier text byte by byte; after a miss it stays for a while, since records differ in one
//! field and go on alike.

use super::hash::mix;
use super::over::Sheet;
use super::platform::prefetch;
use super::text::Text;

/// Bytes compared behind a candidate to know how long it agrees.
const COMPARE: usize = 40;
/// A match that missed so many of its last 8 bytes is given up.
const MISSES: u32 = 7;
/// Places that are copied together where one table lies over another.
const BLOCK: usize = 16;
/// Matches longer than this are not asked again whether there is a longer one.
const LONG: u32 = 32;

/// The earlier text that one finder of one lane follows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Match {
    /// Position of the expected byte.
    pub from: usize,
    /// The lane in which `from` lies.
    lane: usize,
    /// Bytes that agreed since the last miss.
    pub len: u32,
    /// The last 8 bytes, newest in the lowest bit: 1 for a miss.
    pub missed: u8,
    /// Whether there is one.
    pub live: bool,
}

/// The extent of a lane, and how far it has been coded.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// First byte.
    pub start: usize,
    /// Behind the last byte.
    pub end: usize,
    /// The byte that comes next.
    pub position: usize,
}

/// Positions by the hash of the bytes before them.
#[derive(Clone)]
pub struct Finder {
    min_len: u32,
    bits: u32,
    /// Position plus one; 0 is none.
    pub table: Sheet<u32>,
}

impl Finder {
    /// A finder of matches of at least `min_len` bytes (at most 24), with `2^bits` places.
    pub fn new(min_len: u32, bits: u32) -> Self {
        Self { min_len, bits, table: Sheet::new(vec![0; 1 << bits], BLOCK) }
    }

    /// Bytes that a finder takes.
    pub fn memory_bytes(bits: u32) -> u64 {
        4 << bits
    }

    /// Where a lane's last bytes have their place; asks for it.
    #[inline]
    pub fn place(&self, text: &Text) -> usize {
        let keep = |number: u64, bytes: u32| {
            if bytes >= 8 { number } else { number & ((1 << (8 * bytes)) - 1) }
        };
        let n = self.min_len;
        let [a, b, c] = text.recent;
        let high =
            mix(n.into(), keep(b, n.saturating_sub(8).min(8)), keep(c, n.saturating_sub(16)));
        let place = (mix(n.into(), keep(a, n), high) >> (64 - self.bits)) as usize;
        prefetch(&self.table.own, place);
        place
    }

    /// Follows the match by one byte, looks for a better one and remembers this place.
    ///
    /// `lane` has just coded `byte`; its extent already says so, and `place` belongs to its text with that byte.
    pub fn push(
        &mut self,
        found: &mut Match,
        place: usize,
        history: &[u8],
        lanes: &[Extent],
        lane: usize,
        byte: u8,
    ) {
        let me = lanes[lane];
        if found.live {
            let agreed = history[found.from] == byte;
            found.len = if agreed { found.len.saturating_add(1) } else { 0 };
            found.missed = found.missed << 1 | u8::from(!agreed);
            found.from += 1;
            if found.from == lanes[found.lane].end {
                found.lane += 1;
            }
            let known = found.lane < lanes.len() && found.from < lanes[found.lane].position;
            found.live = known && found.missed.count_ones() <= MISSES;
        }
        if me.position - me.start < self.min_len as usize || me.position == me.end {
            return;
        }
        let place = self.table.place(place / BLOCK) * BLOCK + place % BLOCK;
        if !found.live || found.len < LONG {
            let from = self.table.own[place] as usize;
            if from > 0 {
                self.consider(found, from - 1, history, lanes, &me);
            }
        }
        self.table.own[place] = me.position as u32 + 1;
    }

    fn consider(
        &self,
        found: &mut Match,
        from: usize,
        history: &[u8],
        lanes: &[Extent],
        me: &Extent,
    ) {
        if found.live && found.from == from {
            return;
        }
        let lane = lanes.partition_point(|l| l.start <= from).saturating_sub(1);
        let there = lanes[lane];
        if from >= there.position {
            return;
        }
        let most = COMPARE.min(from - there.start).min(me.position - me.start);
        let len = common_suffix(&history[..from], &history[..me.position], most) as u32;
        if len >= self.min_len && (!found.live || len > found.len) {
            *found = Match { from, lane, len, missed: 0, live: true };
        }
    }
}

/// How many of their last `most` bytes two texts have in common; both are at least as long.
fn common_suffix(a: &[u8], b: &[u8], most: usize) -> usize {
    let (a, b) = (a[a.len() - most..].rchunks(8), b[b.len() - most..].rchunks(8));
    let mut len = 0;
    for (a, b) in a.zip(b) {
        let (Ok(a), Ok(b)) = (a.try_into(), b.try_into()) else {
            let same = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b);
            return len + same.count();
        };
        let differ = u64::from_le_bytes(a) ^ u64::from_le_bytes(b);
        len += differ.leading_zeros() as usize / 8;
        if differ != 0 {
            break;
        }
    }
    len
}

/// Classes of lengths, 0 to 15: finer where it matters.
#[inline(always)]
pub fn length_class(len: u32) -> usize {
    match len {
        0..=7 => len as usize,
        8..=11 => 8,
        12..=15 => 9,
        16..=23 => 10,
        24..=31 => 11,
        32..=63 => 12,
        64..=127 => 13,
        128..=511 => 14,
        _ => 15,
    }
}
