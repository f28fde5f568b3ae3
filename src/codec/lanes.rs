//! How a group is cut into lanes.

use std::ops::Range;

/// Bytes per lane that the default aims at: below it, a lane's own start costs too much.
const LANE_BYTES: usize = 8 << 10;
/// Lanes that the default makes at most: their keys and values should stay in the third-level cache.
const DEFAULT_LANES: usize = 12;
/// The same with a model whose weights come from memory at every step: the more lanes share a reading, the better.
const DEFAULT_LANES_LARGE: usize = 32;
/// Bytes of a model's file from which on it counts as large.
pub(super) const LARGE_MODEL_BYTES: usize = 24 << 20;
/// Lanes that may be asked for.
pub const MAX_LANES: usize = 1024;
/// Rotary tables end at 2^24 positions, and a position can be one byte.
const MAX_LANE_BYTES: usize = 8 << 20;

/// The number of lanes of a group of `len` bytes with a model of `model_bytes`: `asked`, or (if 0) one for each
/// 8 KiB, at most 12 (32 with a large model); never so few that a lane exceeds 8 MiB, never more than bytes.
pub fn lane_count(len: usize, asked: usize, model_bytes: usize) -> usize {
    let most = if model_bytes > LARGE_MODEL_BYTES { DEFAULT_LANES_LARGE } else { DEFAULT_LANES };
    let wanted = match asked {
        0 => (len / LANE_BYTES).min(most),
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
