//! Bit histories: what one context has seen, in one byte.
//!
//! A state stands for the numbers of zeros and ones seen, at first with their order, later with the last bit only.
//! When a bit comes that differs from many before it, part of the older evidence is forgotten, so that a state
//! says what happened lately. What a state means is learned: it selects an adaptive probability.

use crate::kernels::vectors::BEHIND;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A context that has seen nothing.
#[cfg(test)]
pub const EMPTY: u8 = 0;

/// The longest history kept bit by bit.
const EXACT: u32 = 4;

/// How many of the more frequent bit a state can count beside `k` of the rarer one.
const MOST: [u32; 6] = [41, 22, 12, 8, 7, 6];

/// What remains of `n` bits when the opposite one comes.
fn weaken(n: u32) -> u32 {
    match n {
        0..=3 => n,
        4..=5 => n - 1,
        6..=7 => 4,
        8..=12 => 5,
        13..=25 => 6,
        _ => 7,
    }
}

/// The table of states.
pub struct Histories {
    /// By bit and state: the state that follows.
    pub next: [u8; 512 + BEHIND],
    /// Bits seen, at most 47: what a slot is worth.
    pub seen: [u8; 256],
    /// Zeros and ones that the state stands for.
    pub counts: [[u8; 2]; 256],
    /// Number of states in use.
    pub len: usize,
}

static HISTORIES: LazyLock<Box<Histories>> = LazyLock::new(build);

/// The table, computed on the first call.
pub fn histories() -> &'static Histories {
    &HISTORIES
}

/// One state while the table is built.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum State {
    /// The last bits in order, `len <= EXACT` of them.
    Exact { len: u32, bits: u32 },
    /// Counts of zeros and ones, and the last bit.
    Counted { counts: [u32; 2], last: u32 },
}

impl State {
    fn counts(self) -> [u32; 2] {
        match self {
            State::Exact { len, bits } => [len - bits.count_ones(), bits.count_ones()],
            State::Counted { counts, .. } => counts,
        }
    }

    fn after(self, bit: u32) -> State {
        if let State::Exact { len, bits } = self
            && len < EXACT
        {
            return State::Exact { len: len + 1, bits: bits << 1 | bit };
        }
        let mut counts = self.counts();
        let (same, other) = (bit as usize, 1 - bit as usize);
        counts[same] += 1;
        counts[other] = weaken(counts[other]);
        while !allowed(counts) {
            // Keep the ratio: the larger number gives way, and on a tie the older evidence does.
            let larger = if counts[same] > counts[other] { same } else { other };
            counts[larger] -= 1;
        }
        if counts[0] + counts[1] <= EXACT {
            // Forgetting has led back among the short histories: the older bits first, then the new one.
            let old = if bit == 1 { 0 } else { (1 << counts[1]) - 1 };
            let old_len = counts[other];
            let bits = if bit == 1 {
                (old << counts[1]) | ((1 << counts[1]) - 1)
            } else {
                old << counts[0]
            };
            return State::Exact { len: old_len + counts[same], bits };
        }
        State::Counted { counts, last: bit }
    }
}

fn allowed(counts: [u32; 2]) -> bool {
    let rarer = counts[0].min(counts[1]) as usize;
    rarer < MOST.len() && counts[0].max(counts[1]) <= MOST[rarer]
}

fn build() -> Box<Histories> {
    let mut table = Box::new(Histories {
        next: [0; 512 + BEHIND],
        seen: [0; 256],
        counts: [[0; 2]; 256],
        len: 0,
    });
    let start = State::Exact { len: 0, bits: 0 };
    let mut numbers = HashMap::from([(start, 0usize)]);
    let mut states = vec![start];
    let mut done = 0;
    while done < states.len() {
        let state = states[done];
        for bit in 0..2 {
            let next = state.after(bit);
            let number = *numbers.entry(next).or_insert_with(|| {
                states.push(next);
                states.len() - 1
            });
            table.next[256 * bit as usize + done] =
                u8::try_from(number).expect("at most 256 states");
        }
        let counts = state.counts();
        table.counts[done] = counts.map(|n| n as u8);
        table.seen[done] = (counts[0] + counts[1]) as u8;
        done += 1;
    }
    table.len = done;
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_states_fit_a_byte_and_only_the_first_is_empty() {
        let table = histories();
        assert!(table.len <= 256 && table.len > 150, "{}", table.len);
        assert_eq!(table.seen[EMPTY as usize], 0);
        for state in 0..table.len {
            assert!((state == 0) == (table.seen[state] == 0));
            assert!(
                (0..2).all(|bit| (1..table.len).contains(&usize::from(table.next[256 * bit + state])))
            );
        }
    }

    #[test]
    fn a_run_of_one_bit_reaches_the_end_and_stays() {
        let table = histories();
        for bit in 0..2 {
            let state = (0..100).fold(EMPTY, |s, _| table.next[256 * bit + s as usize]);
            assert_eq!(u32::from(table.counts[state as usize][bit]), MOST[0]);
            assert_eq!(table.counts[state as usize][1 - bit], 0);
        }
    }

    #[test]
    fn zeros_and_ones_are_treated_alike() {
        let table = histories();
        for pattern in 0u32..1 << 12 {
            let (mut a, mut b) = (EMPTY, EMPTY);
            for i in 0..12 {
                let bit = (pattern >> i & 1) as usize;
                a = table.next[256 * bit + a as usize];
                b = table.next[256 * (1 - bit) + b as usize];
                let [zeros, ones] = table.counts[a as usize];
                assert_eq!(table.counts[b as usize], [ones, zeros]);
            }
        }
    }

    #[test]
    fn an_unexpected_bit_weakens_long_runs() {
        let table = histories();
        let run = (0..30).fold(EMPTY, |s, _| table.next[256 + s as usize]);
        assert_eq!(table.counts[table.next[run as usize] as usize], [1, 7]);
    }
}
