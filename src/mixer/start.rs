//! What a mixer knows before it has seen anything.

use super::Mixer;
use super::counters::Counter;
use super::decide::{MATCH_ENTRIES, RUN_ENTRIES};
use super::history::histories;
use super::math::P_ONE;
use super::network::WEIGHT_ONE;
use super::plan::Plan;

/// Initial weights, state maps and probability maps.
#[derive(Clone, Debug, Default)]
pub struct StartValues {}

impl StartValues {
    /// The values that are built in.
    pub fn generic() -> Self {
        Self {}
    }

    /// Puts the values into a new mixer.
    pub(super) fn apply(&self, _mixer: &mut Mixer) {}
}

/// What a history of so many zeros and ones says at first.
pub fn state_maps(n: usize) -> Vec<[Counter; 256]> {
    let row = histories().counts.map(|[zeros, ones]| {
        let (zeros, ones) = (u64::from(zeros), u64::from(ones));
        // (n1 + 0.4) / (n + 0.8)
        let p = (10 * ones + 4) * u64::from(P_ONE) / (10 * (zeros + ones) + 8);
        Counter::new(p as u32, 6)
    });
    vec![row; n]
}

/// How often a run goes on.
pub fn run_maps(n: usize) -> Vec<[Counter; RUN_ENTRIES]> {
    let row = std::array::from_fn(|i| {
        let class = (i / 2) as u32;
        Counter::new((P_ONE / (2 * class + 3)) * (2 * class + 2), 4)
    });
    vec![row; n]
}

/// How often a match goes on, by its length.
pub fn match_maps(n: usize) -> Vec<Counter> {
    let row: Vec<Counter> = (0..16u64)
        .map(|class| {
            Counter::new((u64::from(P_ONE) * (class * class + 2) / (class * class + 3)) as u32, 4)
        })
        .collect();
    row.iter().copied().cycle().take(n * MATCH_ENTRIES).collect()
}

/// The first weights of every vector of the first layer.
pub fn first_weights(plan: &Plan, inputs: usize) -> Vec<i32> {
    let n = plan.contexts.len();
    let mut weights = vec![0; inputs];
    let share = if plan.with_model { WEIGHT_ONE / 12 } else { WEIGHT_ONE / 5 };
    weights[..n].fill(share);
    let last = inputs - 1;
    if plan.with_model {
        weights[last - 2] = WEIGHT_ONE * 3 / 4;
    }
    let matches = plan.n_counted() - plan.matches.len();
    weights[matches..matches + plan.matches.len()].fill(WEIGHT_ONE / 4);
    weights
}

/// The first weights of the second layer: the mean of its inputs.
pub fn second_weights(sets: usize) -> Vec<i32> {
    vec![WEIGHT_ONE / sets as i32; sets]
}
