//! Contexts of single bits, each with a table of direct counters: pixels of images with one bit each, and bytes at fixed
//! distances.
//!
//! A hashed context is chosen for a whole byte. The neighbours of a pixel change with every bit.

use super::lane::Lane;

/// How many there are.
pub const CONTEXTS: usize = 16;
/// The first of them look at records, and are silent where none were found.
const OF_RECORDS: usize = 10;

/// Rows of pixels that are looked at above the current one.
const ROWS: usize = 3;

/// Where a lane stands, and what it has behind it.
pub struct Place<'a> {
    /// The group's plain bytes.
    pub history: &'a [u8],
    /// First byte of the lane, and the one that comes next.
    pub start: usize,
    pub position: usize,
    /// The record length that fits best, 0 if none does.
    pub record: usize,
}

impl Place<'_> {
    #[inline(always)]
    fn back(&self, distance: usize) -> u32 {
        u32::from(self.history[self.position - distance])
    }

    /// 24 pixels of the `n`-th row above: of the byte there, and of its neighbours.
    #[inline(always)]
    fn row(&self, n: usize) -> u32 {
        let at = n * self.record;
        self.back(at + 1) << 16 | self.back(at) << 8 | self.back(at - 1)
    }
}

/// The contexts of the next bit, and how many in front of the others are silent.
#[inline(always)]
pub fn contexts(lane: &Lane, place: &Place) -> ([u32; CONTEXTS], usize) {
    let (recent, partial, bits) = (lane.text.recent[0] as u32, lane.partial, lane.bits);
    let mut contexts = [0; CONTEXTS];
    let reach = ROWS * place.record + 1;
    let has_rows = place.record > 0 && place.position - place.start >= reach;
    if has_rows {
        let rows: [u32; ROWS] = std::array::from_fn(|n| place.row(n + 1));
        // Pixels of a row above: so many to the left of this one, and to the right.
        let above = |row: usize, left: u32, right: u32| {
            rows[row] >> (15 - bits - right) & ((1 << (left + right + 1)) - 1)
        };
        let pixels = recent << bits | partial ^ 1 << bits;
        let left = |n: u32| pixels & ((1 << n) - 1);
        let byte_above = place.back(place.record);
        let in_record = ((place.position - place.start) % place.record) as u32;
        let sloping = byte_above.wrapping_add(recent).wrapping_sub(rows[0] >> 16) & 0xff;
        contexts[..OF_RECORDS].copy_from_slice(&[
            left(4) | above(0, 3, 3) << 4 | above(1, 2, 2) << 11,
            left(8) | above(0, 5, 3) << 8,
            left(3) | above(0, 2, 2) << 3 | above(1, 2, 2) << 8 | above(2, 1, 1) << 13,
            left(2) | above(0, 6, 6) << 2,
            left(6) | above(0, 3, 3) << 6 | above(1, 1, 1) << 13 | above(2, 1, 1) << 16,
            left(12) | above(0, 1, 2) << 12,
            partial | byte_above << 8,
            partial | place.back(2 * place.record) << 8,
            partial | in_record << 8,
            partial | sloping << 8,
        ]);
    }
    let byte = |n: u32| recent >> (8 * (n - 1)) & 0xff;
    let expected = if lane.agree[0] { 256 | u32::from(lane.expected[0]) } else { 0 };
    contexts[OF_RECORDS..].copy_from_slice(&[
        partial | byte(2) << 8,
        partial | byte(3) << 8,
        partial | byte(4) << 8,
        partial | (byte(1) & 0xf0) << 4 | (byte(2) & 0xf0) << 8,
        partial | (place.position as u32 & 3) << 8 | (byte(4) & 0xf8) << 10,
        partial | expected << 8,
    ]);
    (contexts, if has_rows { 0 } else { OF_RECORDS })
}

/// The counter of a context among `2^bits`.
#[inline(always)]
pub fn hash(context: u32, bits: u32) -> usize {
    (context.wrapping_mul(0x9e37_79b1) >> (32 - bits)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mixer::text::Text;

    /// The contexts before the bit `at` of a picture's row `row`, of rows of `width` bytes.
    fn at(picture: &[u8], width: usize, row: usize, bit: usize) -> ([u32; CONTEXTS], usize) {
        let position = row * width + bit / 8;
        let mut lane = Lane::new(0, true);
        lane.text = Text::new(0);
        (0..position).for_each(|i| lane.text.push(picture[i], i + 1));
        for shift in 0..bit % 8 {
            lane.partial = lane.partial << 1 | u32::from(picture[position] >> (7 - shift) & 1);
            lane.bits += 1;
        }
        contexts(&lane, &Place { history: picture, start: 0, position, record: width })
    }

    #[test]
    fn pixels_around_a_pixel_are_found_at_every_bit() {
        const WIDTH: usize = 6;
        let picture: Vec<u8> = (0..8 * WIDTH as u32).map(|i| (i * i * 37 >> 3) as u8).collect();
        let pixel =
            |row: usize, x: usize| u32::from(picture[row * WIDTH + x / 8] >> (7 - x % 8) & 1);
        let run = |row: usize, from: usize, n: usize| {
            (from..from + n).fold(0, |pixels, x| pixels << 1 | pixel(row, x))
        };
        for x in 16..24 {
            let (said, silent) = at(&picture, WIDTH, 5, x);
            assert_eq!(silent, 0);
            let wanted = run(5, x - 4, 4) | run(4, x - 3, 7) << 4 | run(3, x - 2, 5) << 11;
            assert_eq!(said[0], wanted, "{x}");
            assert_eq!(said[3], run(5, x - 2, 2) | run(4, x - 6, 13) << 2, "{x}");
            let wanted = run(5, x - 3, 3)
                | run(4, x - 2, 5) << 3
                | run(3, x - 2, 5) << 8
                | run(2, x - 1, 3) << 13;
            assert_eq!(said[2], wanted, "{x}");
        }
    }

    #[test]
    fn rows_that_are_not_there_are_silent() {
        let picture = [7; 40];
        assert_eq!(at(&picture, 10, 3, 7).1, OF_RECORDS);
        assert_eq!(at(&picture, 10, 3, 8).1, 0);
        assert_eq!(at(&picture, 0, 0, 8).1, OF_RECORDS);
    }
}
