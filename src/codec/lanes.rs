//! How a group is cut into lanes.

use std::ops::Range;

/// Bytes per lane that the default aims at: below it, a lane's own start costs too much.
const LANE_BYTES: usize = 8 << 10;
/// Lanes up to which it is so. More of them cost a quarter of a per cent of a text (README.md), so a lane beyond has to be
/// worth it.
const SHORT_LANES: usize = 12;
/// Bytes per lane where there are more.
const LONG_LANE_BYTES: usize = 40 << 10;
/// Lanes that the default makes at most: their keys and values should stay in the third-level cache.
const DEFAULT_LANES: usize = 24;
/// The same with a model whose weights come from memory at every step: the more lanes share a reading, the better.
const DEFAULT_LANES_LARGE: usize = 32;
/// Bytes of a model's file from which on it counts as large.
pub(super) const LARGE_MODEL_BYTES: usize = 24 << 20;
/// Lanes that may be asked for.
pub const MAX_LANES: usize = 1024;
/// Rotary tables end at 2^24 positions, and a position can be one byte.
const MAX_LANE_BYTES: usize = 8 << 20;

/// The number of lanes of a group of `len` bytes with a model of `model_bytes`: `asked`, or (if 0) one for each
/// 8 KiB up to 12, and one for each 40 KiB up to 24 (with a large model one for each 8 KiB up to 32); never so few that a
/// lane exceeds 8 MiB, never more than bytes.
pub fn lane_count(len: usize, asked: usize, model_bytes: usize) -> usize {
    let wanted = match asked {
        0 if model_bytes > LARGE_MODEL_BYTES => (len / LANE_BYTES).min(DEFAULT_LANES_LARGE),
        0 => (len / LANE_BYTES).min(SHORT_LANES).max(len / LONG_LANE_BYTES).min(DEFAULT_LANES),
        asked => asked.min(MAX_LANES),
    };
    wanted.max(len.div_ceil(MAX_LANE_BYTES)).clamp(1, len.max(1))
}

/// The first byte of lane `i` of `n` even ones.
fn even(len: usize, n: usize, i: usize) -> usize {
    (i as u128 * len as u128 / n as u128) as usize
}

/// The lanes of a group. Where nothing moves the cuts, lane `i` of `n` holds the bytes from `i * len / n` to
/// `(i + 1) * len / n`.
#[derive(Clone, Debug)]
pub struct Lanes {
    ranges: Vec<Range<usize>>,
}

impl Lanes {
    /// Cuts `len` bytes into `n` lanes.
    pub fn new(len: usize, n: usize) -> Lanes {
        Lanes { ranges: (0..n).map(|i| even(len, n, i)..even(len, n, i + 1)).collect() }
    }

    /// The same with each of the `n - 1` cuts moved by so many units; `None` if a lane is left without bytes, or is
    /// longer than any may be.
    pub fn moved(len: usize, n: usize, shifts: &[i64]) -> Option<Lanes> {
        let unit = Self::unit(len, n) as i64;
        let mut edges = vec![0];
        for (i, &shift) in shifts.iter().enumerate() {
            let edge = even(len, n, i + 1) as i64 + shift.checked_mul(unit)?;
            edges.push(usize::try_from(edge).ok()?);
        }
        edges.push(len);
        let fits = |edge: &[usize]| edge[0] < edge[1] && edge[1] - edge[0] <= MAX_LANE_BYTES;
        let ranges = || edges.windows(2).map(|edge| edge[0]..edge[1]).collect();
        edges.windows(2).all(fits).then(|| Lanes { ranges: ranges() })
    }

    /// Bytes of the unit in which cuts are moved: a sixty-fourth of a lane.
    pub fn unit(len: usize, n: usize) -> usize {
        (len / (64 * n)).max(1)
    }

    /// Byte ranges, in lane order.
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_lanes_as_the_format_says() {
        const SMALL: usize = 9 << 20;
        const LARGE: usize = 600 << 20;
        let of = |kib: usize, model| lane_count(kib << 10, 0, model);
        assert_eq!(
            [0, 7, 16, 95, 96, 480, 519, 520].map(|kib| of(kib, SMALL)),
            [1, 1, 2, 11, 12, 12, 12, 13]
        );
        assert_eq!([959, 960, 16 << 10].map(|kib| of(kib, SMALL)), [23, 24, 24]);
        assert_eq!([7, 95, 255, 256, 16 << 10].map(|kib| of(kib, LARGE)), [1, 11, 31, 32, 32]);
        assert_eq!(lane_count(400 << 20, 1, SMALL), 50, "8 MiB a lane");
        assert_eq!(lane_count(3, 500, SMALL), 3, "a byte a lane");
        assert_eq!(lane_count(1 << 30, 5000, SMALL), MAX_LANES);
    }
}
