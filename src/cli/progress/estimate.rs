//! How long it will still take, by what the last seconds were like.

use std::collections::VecDeque;
use std::time::Duration;

/// So far back the speed is looked at: long enough to be steady, short enough to follow a file that changes.
const RECENT: Duration = Duration::from_secs(20);
/// With less to look at, nothing is said.
const SHORTEST: Duration = Duration::from_millis(700);
/// At the beginning of a large file, which a model reads slowly, nothing is said for longer.
const FIRST: Duration = Duration::from_secs(3);
/// The beginning, as a part of the whole.
const BEGINNING: f64 = 0.02;

/// What was done at some moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sample {
    pub at: Duration,
    /// Bytes of the original.
    pub plain: u64,
    /// Those of them that did not come in one jump: a group that is stored or a run is done at once, and says nothing
    /// about the time that the others take.
    pub steady: u64,
}

/// The last samples.
#[derive(Debug, Default)]
pub struct Estimate {
    samples: VecDeque<Sample>,
}

impl Estimate {
    /// Takes a sample.
    pub fn note(&mut self, sample: Sample) {
        if sample.steady == 0 {
            // The time before anything was done is none in which it was done.
            self.samples.clear();
        }
        self.samples.push_back(sample);
        // One older than that stays, so that the time looked at is not too short.
        while self.samples.len() > 2 && self.samples[1].at + RECENT < sample.at {
            self.samples.pop_front();
        }
    }

    /// The time that is left until `total` bytes are done.
    pub fn left(&self, total: u64) -> Option<Duration> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        let steady = last.steady - first.steady;
        let (bytes, time) = match steady {
            0 => (last.plain, last.at),
            steady => (steady, last.at - first.at),
        };
        let missing = total.checked_sub(last.plain).filter(|missing| *missing > 0)?;
        let is_beginning = (last.plain as f64) < BEGINNING * total as f64;
        if bytes == 0 || time < if is_beginning { FIRST } else { SHORTEST } {
            return None;
        }
        let left = time.as_secs_f64() * missing as f64 / bytes as f64;
        Duration::try_from_secs_f64(left).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples four times a second; `step` has the bytes of each, and whether they come in a jump.
    fn after(steps: impl Iterator<Item = (u64, bool)>) -> Estimate {
        let mut estimate = Estimate::default();
        let mut sample = Sample::default();
        for (bytes, is_jump) in steps {
            sample.at += Duration::from_millis(250);
            sample.plain += bytes;
            sample.steady += if is_jump { 0 } else { bytes };
            estimate.note(sample);
        }
        estimate
    }

    fn left(estimate: &Estimate, total: u64) -> f64 {
        estimate.left(total).unwrap().as_secs_f64()
    }

    #[test]
    fn a_jump_says_nothing_about_the_rest() {
        let steady = std::iter::repeat_n((25_000, false), 8);
        let estimate = after(std::iter::once((5_000_000, true)).chain(steady));
        // 100 kB/s.
        let left = left(&estimate, 10_000_000);
        assert!((47.0..49.0).contains(&left), "{left}");
    }

    #[test]
    fn only_the_last_seconds_count() {
        let fast = std::iter::repeat_n((250_000, false), 40);
        let slow = std::iter::repeat_n((2_500, false), 100);
        let left = left(&after(fast.chain(slow)), 10_350_000);
        assert!((9.0..11.0).contains(&left), "{left}");
    }

    #[test]
    fn where_all_comes_in_jumps_their_mean_must_do() {
        let estimate =
            after([(0, false), (1 << 24, true), (0, false), (1 << 24, true)].into_iter());
        assert_eq!(left(&estimate, 1 << 26), 1.0);
    }

    #[test]
    fn nothing_is_said_too_early_or_at_the_end() {
        assert!(after(std::iter::repeat_n((500, false), 8)).left(1 << 30).is_none());
        assert!(after([(1000, false)].into_iter()).left(5000).is_none());
        assert!(after(std::iter::repeat_n((0, false), 10)).left(5000).is_none());
        assert!(after(std::iter::repeat_n((500, false), 10)).left(5000).is_none());
    }
}
