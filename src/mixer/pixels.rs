//! Contexts of pixels in images of one bit each, every one with a table of direct counters.
//!
//! A hashed context is chosen for a whole byte. The neighbours of a pixel change with every bit. Where rows are, the records say
//! (`records.rs`); that they are pixels, bytes of one colour only.

use super::lane::Lane;

/// How many there are.
pub const CONTEXTS: usize = 5;
/// Rows of pixels that are looked at above the current one.
const ROWS: usize = 3;

/// How many of the last bytes had one colour only, fading: 2^16 where all had.
#[derive(Clone, Copy, Debug, Default)]
pub struct Blank(u32);

impl Blank {
    /// Notes a byte.
    #[inline(always)]
    pub fn push(&mut self, byte: u8) {
        let is_blank = matches!(byte, 0 | 255);
        self.0 = self.0 - (self.0 >> 8) + (u32::from(is_blank) << 8);
    }

    /// Whether this looks like an image: half of the last some hundred bytes.
    #[inline(always)]
    fn is_image(self) -> bool {
        self.0 > 1 << 15
    }
}

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
    /// 24 pixels of the `n`-th row above: of the byte there, and of its neighbours.
    #[inline(always)]
    fn row(&self, n: usize) -> u32 {
        let back = |distance: usize| u32::from(self.history[self.position - distance]);
        let at = n * self.record;
        back(at + 1) << 16 | back(at) << 8 | back(at - 1)
    }
}

/// The contexts of the next bit, where this is an image.
#[inline(always)]
pub fn contexts(lane: &Lane, place: &Place) -> Option<[u32; CONTEXTS]> {
    let reach = ROWS * place.record + 1;
    let has_rows = place.record > 0 && place.position - place.start >= reach;
    if !has_rows || !lane.blank.is_image() {
        return None;
    }
    let rows: [u32; ROWS] = std::array::from_fn(|n| place.row(n + 1));
    // Pixels of a row above: so many to the left of this one, and to the right.
    let above = |row: usize, left: u32, right: u32| {
        rows[row] >> (15 - lane.bits - right) & ((1 << (left + right + 1)) - 1)
    };
    let pixels = (lane.text.recent[0] as u32) << lane.bits | lane.partial ^ 1 << lane.bits;
    let left = |n: u32| pixels & ((1 << n) - 1);
    Some([
        left(4) | above(0, 3, 3) << 4 | above(1, 2, 2) << 11,
        left(8) | above(0, 5, 3) << 8,
        left(3) | above(0, 2, 2) << 3 | above(1, 2, 2) << 8 | above(2, 1, 1) << 13,
        left(2) | above(0, 6, 6) << 2,
        left(6) | above(0, 3, 3) << 6 | above(1, 1, 1) << 13 | above(2, 1, 1) << 16,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contexts before the bit `bit` of a picture's row `row`, of rows of `width` bytes.
    fn at(picture: &[u8], width: usize, row: usize, bit: usize) -> Option<[u32; CONTEXTS]> {
        let position = row * width + bit / 8;
        let mut lane = Lane::new(0, false);
        (0..position).for_each(|i| lane.text.push(picture[i], i + 1));
        lane.blank = Blank(1 << 16);
        for shift in 0..bit % 8 {
            lane.partial = lane.partial << 1 | u32::from(picture[position] >> (7 - shift) & 1);
            lane.bits += 1;
        }
        contexts(&lane, &Place { history: picture, start: 0, position, record: width })
    }

    #[test]
    fn pixels_around_a_pixel_are_found_at_every_bit() {
        const WIDTH: usize = 6;
        let picture: Vec<u8> = (0..8 * WIDTH as u32).map(|i| ((i * i * 37) >> 3) as u8).collect();
        let pixel =
            |row: usize, x: usize| u32::from(picture[row * WIDTH + x / 8] >> (7 - x % 8) & 1);
        let run = |row: usize, from: usize, n: usize| {
            (from..from + n).fold(0, |pixels, x| pixels << 1 | pixel(row, x))
        };
        for x in 16..24 {
            let said = at(&picture, WIDTH, 5, x).unwrap();
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
        assert_eq!(at(&picture, 10, 3, 7), None);
        assert!(at(&picture, 10, 3, 8).is_some());
        assert_eq!(at(&picture, 0, 0, 8), None);
    }

    #[test]
    fn an_image_is_mostly_blank() {
        let after = |bytes: &[u8]| {
            let mut blank = Blank::default();
            (0..100).for_each(|_| bytes.iter().for_each(|&b| blank.push(b)));
            blank.is_image()
        };
        assert!(after(&[0, 0, 0, 0, 0, 0, 255, 3, 255, 0]));
        assert!(!after(b"prose") && !after(&[0, 1, 2, 3]));
    }
}
