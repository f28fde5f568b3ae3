//! Adaptive probability maps: what a prediction has been worth so far in some context.
//!
//! For each context a map holds the observed probability at 32 points of the stretched prediction, from -15.5 to
//! 15.5; between them it interpolates. At the start it changes nothing.

use super::counters::Counter;
use super::math::{P_ONE, Squash};
use super::over::Sheet;
use super::platform::{prefetch, zeros};

const POINTS: usize = 32;
/// The stretched prediction of the last point, and minus that of the first.
const LAST: i32 = 31 * 1024;

/// One probability map.
#[derive(Clone)]
pub struct Map {
    /// `[context][point]`, as differences from `start`.
    pub points: Sheet<u32>,
    start: [Counter; POINTS],
    /// The point that learns.
    at: usize,
}

impl Map {
    /// A map for `contexts` contexts that changes nothing yet; it is put into memory at once if most of it will be
    /// `used`.
    pub fn new(contexts: usize, used: bool, squash: &Squash) -> Self {
        let start = std::array::from_fn(|i| Counter::new(squash.of(i as i32 * 2048 - LAST), 6));
        let len = POINTS * contexts;
        let points = if used { zeros(len) } else { vec![0; len] };
        Self { points: Sheet::new(points, POINTS), start, at: 0 }
    }

    #[inline(always)]
    fn point(&self, at: usize) -> Counter {
        Counter::from_table(self.points.own[at], self.start[at % POINTS])
    }

    /// Bytes that a map takes.
    pub const fn memory_bytes(contexts: usize) -> u64 {
        (POINTS * contexts * size_of::<Counter>()) as u64
    }

    /// Makes room for `contexts` contexts; the new ones change nothing yet.
    pub fn grow(&mut self, contexts: usize) {
        self.points.own.resize(POINTS * contexts, 0);
    }

    /// Contexts that there is room for.
    pub fn contexts(&self) -> usize {
        self.points.own.len() / POINTS
    }

    /// Asks for the points of a context that will be needed soon.
    #[inline(always)]
    pub fn prefetch(&self, context: usize) {
        prefetch(&self.points.own, context * POINTS);
        prefetch(&self.points.own, context * POINTS + POINTS / 2);
    }

    /// What has come of predictions near the stretched probability `x` in this context, in `1..2^22`.
    #[inline(always)]
    pub fn refine(&mut self, x: i32, context: usize) -> u32 {
        let x = (x + LAST).clamp(0, 2 * LAST - 1) as u32;
        let (cell, part) = ((x >> 11) as usize, x & 2047);
        let at = self.points.place(context) * POINTS + cell;
        self.at = at + usize::from(part >= 1024);
        // At most 2^22 * 2^11 needs 33 bits.
        let sum = u64::from(self.point(at).p()) * u64::from(2048 - part)
            + u64::from(self.point(at + 1).p()) * u64::from(part);
        ((sum >> 11) as u32).clamp(1, P_ONE - 1)
    }

    /// Learns what came after the last `refine`.
    #[inline(always)]
    pub fn update(&mut self, bit: bool) {
        let mut point = self.point(self.at);
        point.update(-i32::from(bit));
        self.points.own[self.at] = point.to_table(self.start[self.at % POINTS]);
    }
}
