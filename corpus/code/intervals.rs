//! A set of whole numbers, kept as sorted ranges that neither touch nor overlap.

use std::fmt;
use std::ops::Range;

/// Ranges in ascending order; between two of them at least one number is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intervals {
    ranges: Vec<Range<u64>>,
}

impl Intervals {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds all numbers of `range`, joining what it touches.
    pub fn insert(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        let first = self.ranges.partition_point(|r| r.end < range.start);
        let last = self.ranges.partition_point(|r| r.start <= range.end);
        let mut joined = range;
        if first < last {
            joined.start = joined.start.min(self.ranges[first].start);
            joined.end = joined.end.max(self.ranges[last - 1].end);
        }
        self.ranges.splice(first..last, std::iter::once(joined));
    }

    /// Takes all numbers of `range` out, cutting ranges in two where it must.
    pub fn remove(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        let mut kept = Vec::with_capacity(self.ranges.len() + 1);
        for old in self.ranges.drain(..) {
            if old.start < range.start {
                kept.push(old.start..old.end.min(range.start));
            }
            if old.end > range.end {
                kept.push(old.start.max(range.end)..old.end);
            }
        }
        self.ranges = kept;
    }

    pub fn contains(&self, number: u64) -> bool {
        let after = self.ranges.partition_point(|r| r.start <= number);
        after > 0 && number < self.ranges[after - 1].end
    }

    /// How many numbers are in the set.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|r| r.end - r.start).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// What lies inside `bounds` and is not in the set.
    pub fn gaps(&self, bounds: Range<u64>) -> Intervals {
        let mut gaps = Intervals::new();
        gaps.insert(bounds);
        for range in &self.ranges {
            gaps.remove(range.clone());
        }
        gaps
    }
}

impl fmt::Display for Intervals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, range) in self.ranges.iter().enumerate() {
            let comma = if n > 0 { ", " } else { "" };
            match range.end - range.start {
                1 => write!(f, "{comma}{}", range.start)?,
                _ => write!(f, "{comma}{}-{}", range.start, range.end - 1)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_joined() {
        let mut set = Intervals::new();
        set.insert(5..8);
        set.insert(1..3);
        set.insert(3..5);
        assert_eq!(set.to_string(), "1-7");
        assert_eq!(set.len(), 7);
    }

    #[test]
    fn a_hole_cuts_a_range_in_two() {
        let mut set = Intervals::new();
        set.insert(0..10);
        set.remove(4..6);
        assert_eq!(set.to_string(), "0-3, 6-9");
        assert!(set.contains(3) && !set.contains(4) && !set.contains(5) && set.contains(6));
        assert_eq!(set.gaps(0..12).to_string(), "4-5, 10-11");
    }
}
