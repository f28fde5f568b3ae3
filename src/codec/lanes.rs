//! How a group is cut into lanes.

use std::ops::Range;

/// Bytes per lane that the default aims at: below it, a lane's own start costs too much.
const LANE_BYTES: usize = 8 << 10;
/// Lanes that the default makes at most.
const MAX_DEFAULT_LANES: usize = 32;
/// Lanes that may be asked for.
pub const MAX_LANES: usize = 1024;
/// Rotary tables end at 2^24 positions, and a position can be one byte.
const MAX_LANE_BYTES: usize = 8 << 20;

/// The number of lanes of a group of `len` bytes: `asked`, or (if 0) one for each 8 KiB, at most
/// 32; never so few that a lane exceeds 8 MiB, never more than bytes.
pub fn lane_count(len: usize, asked: usize) -> usize {
    let wanted = match asked {
        0 => (len / LANE_BYTES).min(MAX_DEFAULT_LANES),
        asked => asked.min(MAX_LANES),
    };
    wanted.max(len.div_ceil(MAX_LANE_BYTES)).clamp(1, len.max(1))
}

/// The lanes of a group: lane `i` of `n` holds the bytes from `i * len / n` to `(i + 1) * len / n`.
#[derive(Clone, Debug)]
pub struct Lanes {
    ranges: Vec<Range<usize>>,
}

impl Lanes {
    /// Cuts `len` bytes into `n` lanes.
    pub fn new(len: usize, n: usize) -> Lanes {
        let edge = |i: usize| (i as u128 * len as u128 / n as u128) as usize;
        Lanes { ranges: (0..n).map(|i| edge(i)..edge(i + 1)).collect() }
    }

    /// Byte ranges, in lane order.
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }
}
