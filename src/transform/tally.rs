//! Which transforms pay, as far as stretches have shown it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::Judge;

/// From this length on, what one stretch says holds for all of its kind.
const VERDICT_BYTES: usize = 512;
/// What so many bytes of shorter ones say together holds for the rest of them.
const TALLY_BYTES: usize = 4 << 10;

/// What is known of each kind of transform.
pub struct Tallies<'a> {
    judge: &'a dyn Judge,
    /// By its code.
    kinds: RefCell<BTreeMap<u8, Tally>>,
}

/// What stretches have shown of one kind.
#[derive(Default)]
struct Tally {
    bytes: usize,
    before: usize,
    after: usize,
    verdict: Option<bool>,
}

impl<'a> Tallies<'a> {
    /// Nothing is known yet.
    pub fn new(judge: &'a dyn Judge) -> Self {
        Tallies { judge, kinds: RefCell::default() }
    }

    /// Whether `after` is shorter than `before` when they are coded; once enough bytes have shown it, it is taken for granted.
    pub fn pays(&self, code: u8, before: &[u8], after: &[u8]) -> bool {
        let mut kinds = self.kinds.borrow_mut();
        let tally = kinds.entry(code).or_default();
        if let Some(verdict) = tally.verdict {
            return verdict;
        }
        // What a stretch costs in the recipe.
        let costs = (self.judge.cost(before), self.judge.cost(after) + 4);
        let pays = costs.1 < costs.0;
        tally.bytes += before.len();
        (tally.before, tally.after) = (tally.before + costs.0, tally.after + costs.1);
        if before.len() >= VERDICT_BYTES {
            tally.verdict = Some(pays);
        } else if tally.bytes >= TALLY_BYTES {
            tally.verdict = Some(tally.after < tally.before);
        }
        pays
    }
}
