//! How a group is cut into lanes.

use std::ops::Range;

/// Bytes per lane that the default aims at: below it, a lane's own start costs too much.
const LANE_BYTES: usize = 8 << 10;
/// Lanes up to which it is so. More of them cost a quarter of a per cent of a text (docs/decisions.md), so a lane beyond has to be
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
/// Bytes of keys and values that the default makes room for: with all else that decoding a group takes, they fit into
/// [`DEFAULT_MEMORY_LIMIT`](crate::stream::DEFAULT_MEMORY_LIMIT). Of the large models some need 60 MB a lane.
const CACHE_BYTES: usize = 384 << 20;
/// Where cuts are moved, a lane holds at most this many times its even share: what a lane can need is known before
/// anything of a group is decoded. Text has four times the bytes a token that digits have.
const MOST_SHARES: usize = 4;
/// Rotary tables end at 2^24 positions, and a position can be one byte.
const MAX_LANE_BYTES: usize = 8 << 20;

/// What the number of lanes depends on beside the group.
#[derive(Clone, Copy, Debug)]
pub struct LanePolicy {
    /// The number that was asked for; 0 for the default.
    pub asked: usize,
    /// Bytes of the model's file.
    pub model_bytes: usize,
    /// Bytes of a lane's keys and values, for a whole window.
    pub cache_bytes: usize,
}

/// The number of lanes of a group of `len` bytes: as many as asked for, or (if 0) one for each
/// 8 KiB up to 12, and one for each 40 KiB up to 24 (with a large model one for each 8 KiB up to 32), but no more than
/// 384 MiB have room for; never so few that a lane exceeds 8 MiB, never more than bytes.
pub fn lane_count(len: usize, policy: LanePolicy) -> usize {
    let LanePolicy { asked, model_bytes, cache_bytes } = policy;
    let wanted = match asked {
        0 if model_bytes > LARGE_MODEL_BYTES => (len / LANE_BYTES).min(DEFAULT_LANES_LARGE),
        0 => (len / LANE_BYTES).min(SHORT_LANES).max(len / LONG_LANE_BYTES).min(DEFAULT_LANES),
        asked => asked.min(MAX_LANES),
    };
    let wanted = if asked == 0 { wanted.min(CACHE_BYTES / cache_bytes.max(1)) } else { wanted };
    wanted.max(len.div_ceil(MAX_LANE_BYTES)).clamp(1, len.max(1))
}

/// Bytes of the longest lane that `n` lanes of a group can have.
pub fn longest_lane(len: usize, n: usize) -> usize {
    if n == 1 { len } else { (MOST_SHARES * len.div_ceil(n)).min(MAX_LANE_BYTES).min(len) }
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
    /// longer than [`longest_lane`].
    pub fn moved(len: usize, n: usize, shifts: &[i64]) -> Option<Lanes> {
        let unit = Self::unit(len, n) as i64;
        let mut edges = vec![0];
        for (i, &shift) in shifts.iter().enumerate() {
            let edge = even(len, n, i + 1) as i64 + shift.checked_mul(unit)?;
            edges.push(usize::try_from(edge).ok()?);
        }
        edges.push(len);
        let most = longest_lane(len, n);
        let fits = |edge: &[usize]| edge[0] < edge[1] && edge[1] - edge[0] <= most;
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
        let count = |len, asked, model_bytes| {
            lane_count(len, LanePolicy { asked, model_bytes, cache_bytes: 1 << 20 })
        };
        let of = |kib: usize, model| count(kib << 10, 0, model);
        assert_eq!(
            [0, 7, 16, 95, 96, 480, 519, 520].map(|kib| of(kib, SMALL)),
            [1, 1, 2, 11, 12, 12, 12, 13]
        );
        assert_eq!([959, 960, 16 << 10].map(|kib| of(kib, SMALL)), [23, 24, 24]);
        assert_eq!([7, 95, 255, 256, 16 << 10].map(|kib| of(kib, LARGE)), [1, 11, 31, 32, 32]);
        assert_eq!(count(400 << 20, 1, SMALL), 50, "8 MiB a lane");
        assert_eq!(count(3, 500, SMALL), 3, "a byte a lane");
        assert_eq!(count(1 << 30, 5000, SMALL), MAX_LANES);
    }

    #[test]
    fn there_are_no_more_lanes_than_there_is_room_for_unless_asked_for() {
        let count = |len, asked, cache_bytes| {
            lane_count(len, LanePolicy { asked, model_bytes: 600 << 20, cache_bytes })
        };
        // The shape of Qwen3-0.6B's cache.
        let cache_bytes = 28 * 8 * (2 * 128 + 12) * 1024;
        assert_eq!([16 << 10, 1 << 20, 16 << 20].map(|len| count(len, 0, cache_bytes)), [2, 6, 6]);
        assert_eq!(count(1 << 20, 0, 2 << 30), 1);
        assert_eq!(count(1 << 20, 200, cache_bytes), 200);
    }

    #[test]
    fn no_lane_is_moved_to_more_than_four_shares() {
        // Ten lanes of 128 bytes, whose cuts move by two.
        let moved = |shift| Lanes::moved(1280, 10, &[shift, 192, 129, 66, 3, 0, 0, 0, 0]);
        assert_eq!(moved(192).expect("512 bytes").ranges()[0], 0..512);
        assert!(moved(193).is_none());
        let longest = [(100, 1), (100, 3), (1 << 30, 9)].map(|(len, n)| longest_lane(len, n));
        assert_eq!(longest, [100, 100, 8 << 20]);
    }
}
