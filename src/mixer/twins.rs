//! Fields that stand where one stood before: the value of the same key, the same coordinate of the next point, the same
//! column of the next row.
//!
//! The line above knows as much where there are lines. JSON on a single line has none, and rows of several lines have
//! the same field farther above.

use super::hash::mix;
use super::text::{FIELDS, Text};

/// Places of fields that are told apart by what stands before them.
const PLACES: usize = 256;
/// The class of a place where no such field is known.
pub const ALONE: u8 = 9;

/// Where the current field has its twin, and how the two have agreed so far.
#[derive(Clone, Debug)]
pub struct Twins {
    /// Where the last field of each place began, plus one; 0 where there was none, and no places at all where nobody asks.
    starts: Vec<u32>,
    /// The beginning of the current field's twin, plus one, or 0.
    start: u32,
    /// 0 while both are alike; then whether this one went on with the larger byte (odd) or the smaller, and
    /// twice how many bytes ago, up to 3.
    differs: u8,
    /// The last two bytes that ended fields.
    separators: u16,
}

impl Twins {
    /// No fields yet.
    pub fn new(are_used: bool) -> Self {
        let starts = if are_used { vec![0; PLACES] } else { Vec::new() };
        Self { starts, start: 0, differs: 0, separators: 0 }
    }

    /// Bytes that a lane's take.
    pub const fn memory_bytes() -> u64 {
        (PLACES * size_of::<u32>()) as u64
    }

    /// Notes the byte before `position`, which `text` has just noted and `history` holds.
    #[inline]
    pub fn push(&mut self, byte: u8, text: &Text, history: &[u8], position: usize) {
        if self.starts.is_empty() {
            return;
        }
        if text.field_start == position {
            return self.begin(byte, text, position);
        }
        if self.differs > 0 {
            self.differs += if self.differs < 7 { 2 } else { 0 };
        } else if self.start > 0 {
            let there = history[self.start as usize - 1 + (position - 1 - text.field_start)];
            self.differs = u8::from(byte != there) << u8::from(byte < there);
        }
    }

    fn begin(&mut self, separator: u8, text: &Text, position: usize) {
        self.separators = self.separators << 8 | u16::from(separator);
        // A single line of all there is has no columns.
        let column = if text.field < FIELDS { text.field as u64 } else { 0 };
        let what = u64::from(self.separators) << 32 | column;
        let start = &mut self.starts[(mix(77, what, u64::from(text.key)) >> 56) as usize];
        (self.start, self.differs) = (*start, 0);
        *start = position as u32 + 1;
    }

    /// How the current field has agreed with its twin, 0 to [`ALONE`].
    #[inline(always)]
    pub fn class(&self) -> u8 {
        if self.start == 0 { ALONE } else { self.differs }
    }

    /// The byte that the twin has at `position` of the current field, and the one behind it; zeros where there is no twin,
    /// or it would lie behind what is known.
    #[inline(always)]
    pub fn bytes(&self, text: &Text, history: &[u8], position: usize) -> [u8; 2] {
        let at = (self.start as usize).wrapping_sub(1).wrapping_add(position - text.field_start);
        if self.start == 0 || at + 1 >= position {
            return [0; 2];
        }
        [history[at], history[at + 1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The class and the bytes before each byte of a text.
    fn follow(bytes: &[u8]) -> Vec<(u8, [u8; 2])> {
        let (mut text, mut twins) = (Text::new(0), Twins::new(true));
        let turn = |(i, &byte): (usize, &u8)| {
            let before = (twins.class(), twins.bytes(&text, bytes, i));
            text.push(byte, i + 1);
            twins.push(byte, &text, bytes, i + 1);
            before
        };
        bytes.iter().enumerate().map(turn).collect()
    }

    /// The same of a line that is too long to have columns, after its beginning.
    fn follow_long(bytes: &[u8]) -> Vec<(u8, [u8; 2])> {
        let line = [&[b','; FIELDS][..], bytes].concat();
        follow(&line).split_off(FIELDS)
    }

    #[test]
    fn coordinates_of_one_axis_are_twins() {
        let points = b"[12.5,7.25],[12.6,7.31],[12.4,";
        let said = follow_long(points);
        // The third point's x: `12.` as before, then 4 where 6 stood.
        let x = points.len() - 5;
        assert_eq!(&points[x..], b"12.4,");
        assert_eq!(&said[x..x + 4], &[(0, *b"12"), (0, *b"2."), (0, *b".6"), (0, *b"6,")]);
        // Behind it, the smaller byte has come.
        assert_eq!(said[x + 4], (2, *b",7"));
    }

    #[test]
    fn values_of_one_key_are_twins() {
        let said = follow_long(b"{\"lat\":50,\"lon\":8}{\"lat\":51,\"lon\":9}");
        let lat = 25;
        assert_eq!(said[lat], (0, *b"50"));
        assert_eq!(said[lat + 1], (0, *b"0,"));
        assert_eq!(said[lat + 2].0, 1);
    }

    #[test]
    fn columns_of_rows_are_twins() {
        let said = follow(b"1,199,3\n1,200,3\n1,201,4\n");
        assert_eq!(said[18..21], [(0, *b"20"), (0, *b"00"), (0, *b"0,")]);
        assert_eq!(said[21], (1, *b",3"));
    }

    #[test]
    fn a_twin_never_says_what_is_not_known_yet() {
        let bytes: Vec<u8> = (0..4000u32).map(|i| b",,;:a1"[(i * i / 7 % 6) as usize]).collect();
        for (i, (class, said)) in follow(&bytes).into_iter().enumerate() {
            assert!(class <= ALONE);
            let known = bytes[..i].windows(2).any(|pair| pair == said);
            assert!(said == [0; 2] || known, "{i}");
        }
    }
}
