//! Merging the bytes of a piece into tokens.
//!
//! Byte-pair encoding: of all neighbours that a rule joins, the pair of the first rule is joined, the leftmost if
//! there are several, until no rule fits. Short pieces are searched through again for each merge; long ones use a
//! heap, so that n bytes never cost more than n log n.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::spec::TokenizerSpec;
use crate::error::{Error, Result};

/// The longest piece that is merged on the stack; above it the heap is faster.
const SHORT: usize = 40;
/// No rule, after all others.
const NONE: u32 = u32::MAX;

/// The rules, ready to be looked up.
#[derive(Debug)]
pub(super) struct Merges {
    /// The rank of each single byte.
    byte_ranks: [u32; 256],
    /// Open addressing, a power of two, at most half full; a slot's next one is its right neighbour.
    slots: Vec<Slot>,
    /// 64 minus the number of bits of a slot's index.
    shift: u32,
}

/// One rule: the pair, its priority (0 comes first, [`NONE`] marks a free slot) and the rank that it makes.
#[derive(Clone, Copy, Debug)]
struct Slot {
    left: u32,
    right: u32,
    priority: u32,
    result: u32,
}

const FREE: Slot = Slot { left: NONE, right: NONE, priority: NONE, result: NONE };

/// What merging a long piece needs, kept from piece to piece.
#[derive(Default)]
pub(super) struct Scratch {
    parts: Vec<Part>,
    heap: BinaryHeap<Reverse<u64>>,
}

/// A token of a long piece, linked with its neighbours, at the index of its first byte. [`NONE`] as `next` is the
/// end, as `rank` a part that was joined to an earlier one.
#[derive(Clone, Copy)]
struct Part {
    rank: u32,
    previous: u32,
    next: u32,
    /// The rule that the heap's newest entry for this part and the next stands for.
    priority: u32,
    /// The rank that this rule makes.
    result: u32,
}

impl Merges {
    /// # Errors
    /// [`Error::Invalid`] if two rules join the same pair, or if the pairs were chosen so that looking them up would
    /// be slow.
    pub(super) fn new(spec: &TokenizerSpec) -> Result<Self> {
        let byte_ranks = std::array::from_fn(|byte| {
            spec.tokens().find(&[byte as u8]).expect("the spec has every byte")
        });
        let n_slots = (spec.merges().len() * 2).next_power_of_two().max(2);
        let shift = 64 - n_slots.trailing_zeros();
        let mut merges = Merges { byte_ranks, slots: vec![FREE; n_slots], shift };
        // Two looks for a rule are usual in a table half full; a file made to collide would need thousands.
        let mut looks_left = n_slots * 16 + 1024;
        for (merge, priority) in spec.merges().iter().zip(0..) {
            let mut at = merges.first_slot(merge.left, merge.right);
            while merges.slots[at].priority != NONE {
                if (merges.slots[at].left, merges.slots[at].right) == (merge.left, merge.right) {
                    return Err(Error::invalid(format!("merge {priority} is there twice")));
                }
                looks_left -= 1;
                if looks_left == 0 {
                    return Err(Error::invalid("the merges collide too often"));
                }
                at = (at + 1) & (n_slots - 1);
            }
            let &super::spec::Merge { left, right, result } = merge;
            merges.slots[at] = Slot { left, right, priority, result };
        }
        Ok(merges)
    }

    #[inline]
    fn first_slot(&self, left: u32, right: u32) -> usize {
        let pair = u64::from(left) << 32 | u64::from(right);
        // The golden ratio spreads pairs that differ little; the upper bits depend on all of the lower ones, and
        // the first shift lets them depend on the left rank more than once.
        let mixed = (pair ^ pair >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> self.shift) as usize
    }

    /// The priority and result of the rule for a pair, or [`NONE`] twice.
    #[inline]
    fn rule(&self, left: u32, right: u32) -> (u32, u32) {
        let mut at = self.first_slot(left, right);
        loop {
            let slot = &self.slots[at];
            if (slot.left, slot.right) == (left, right) || slot.priority == NONE {
                return (slot.priority, slot.result);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// Appends the tokens of one piece, which is not empty.
    pub(super) fn encode(&self, piece: &[u8], scratch: &mut Scratch, out: &mut Vec<u32>) {
        if piece.len() <= SHORT {
            self.encode_short(piece, out);
        } else {
            self.encode_long(piece, scratch, out);
        }
    }

    fn encode_short(&self, piece: &[u8], out: &mut Vec<u32>) {
        let mut ranks = [0; SHORT];
        // The rule for each token and the one behind it.
        let mut priorities = [NONE; SHORT];
        let mut results = [NONE; SHORT];
        let mut n = piece.len();
        for (rank, &byte) in ranks.iter_mut().zip(piece) {
            *rank = self.byte_ranks[usize::from(byte)];
        }
        for i in 1..n {
            (priorities[i - 1], results[i - 1]) = self.rule(ranks[i - 1], ranks[i]);
        }
        loop {
            let (mut first, mut least) = (0, NONE);
            for (i, &priority) in priorities[..n].iter().enumerate() {
                if priority < least {
                    (first, least) = (i, priority);
                }
            }
            if least == NONE {
                break;
            }
            ranks[first] = results[first];
            ranks.copy_within(first + 2..n, first + 1);
            priorities.copy_within(first + 1..n, first);
            results.copy_within(first + 1..n, first);
            n -= 1;
            if first + 1 < n {
                (priorities[first], results[first]) = self.rule(ranks[first], ranks[first + 1]);
            }
            if first > 0 {
                (priorities[first - 1], results[first - 1]) =
                    self.rule(ranks[first - 1], ranks[first]);
            }
        }
        out.extend_from_slice(&ranks[..n]);
    }

    /// The heap orders by priority, then by place. An entry whose part has changed since is passed over: the part
    /// remembers which rule it waits for, and while that rule is the same, so is its pair.
    fn encode_long(&self, piece: &[u8], scratch: &mut Scratch, out: &mut Vec<u32>) {
        let Scratch { parts, heap } = scratch;
        parts.clear();
        heap.clear();
        parts.extend(piece.iter().zip(0u32..).map(|(&byte, at)| Part {
            rank: self.byte_ranks[usize::from(byte)],
            previous: at.wrapping_sub(1),
            next: at + 1,
            priority: NONE,
            result: NONE,
        }));
        parts[piece.len() - 1].next = NONE;
        for at in 1..piece.len() {
            self.await_rule(parts, heap, at - 1);
        }
        while let Some(Reverse(entry)) = heap.pop() {
            let at = entry as u32 as usize;
            if parts[at].rank == NONE || u64::from(parts[at].priority) != entry >> 32 {
                continue;
            }
            let joined = parts[at].next as usize;
            parts[at].rank = parts[at].result;
            parts[at].next = parts[joined].next;
            parts[joined].rank = NONE;
            if parts[at].next != NONE {
                let next = parts[at].next as usize;
                parts[next].previous = at as u32;
            }
            self.await_rule(parts, heap, at);
            if parts[at].previous != NONE {
                let previous = parts[at].previous as usize;
                self.await_rule(parts, heap, previous);
            }
        }
        let mut at = 0;
        while at != NONE {
            out.push(parts[at as usize].rank);
            at = parts[at as usize].next;
        }
    }

    /// Looks up the rule for a part and the next one, and enters it into the heap if there is one.
    fn await_rule(&self, parts: &mut [Part], heap: &mut BinaryHeap<Reverse<u64>>, at: usize) {
        let Part { rank, next, .. } = parts[at];
        let (priority, result) = match parts.get(next as usize) {
            Some(next) => self.rule(rank, next.rank),
            None => (NONE, NONE),
        };
        (parts[at].priority, parts[at].result) = (priority, result);
        if priority != NONE {
            heap.push(Reverse(u64::from(priority) << 32 | at as u64));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tokenizer::spec::tests::small_parts;

    fn small() -> (TokenizerSpec, Merges) {
        let spec = TokenizerSpec::new(small_parts()).unwrap();
        let merges = Merges::new(&spec).unwrap();
        (spec, merges)
    }

    /// The definition, word for word.
    fn by_definition(spec: &TokenizerSpec, piece: &[u8]) -> Vec<u32> {
        let mut ranks: Vec<u32> =
            piece.iter().map(|&byte| spec.tokens().find(&[byte]).unwrap()).collect();
        loop {
            let found = spec.merges().iter().find_map(|merge| {
                let place = ranks.windows(2).position(|pair| pair == [merge.left, merge.right]);
                place.map(|place| (place, merge.result))
            });
            let Some((place, result)) = found else { return ranks };
            ranks.splice(place..place + 2, [result]);
        }
    }

    #[test]
    fn applies_the_first_rule_before_the_others() {
        let (spec, merges) = small();
        let mut out = Vec::new();
        // "h e" comes before "t h", so "the" is made of "t" and "he".
        merges.encode(b" the", &mut Scratch::default(), &mut out);
        assert_eq!(
            out.iter().map(|&rank| spec.tokens().bytes(rank)).collect::<Vec<_>>(),
            [b" the"]
        );
    }

    #[test]
    fn refuses_the_same_pair_twice() {
        let mut parts = small_parts();
        parts.merges.push(parts.merges[1]);
        let spec = TokenizerSpec::new(parts).unwrap();
        assert!(matches!(Merges::new(&spec), Err(Error::Invalid { .. })));
    }

    #[test]
    fn works_without_any_rule() {
        let mut parts = small_parts();
        parts.merges.clear();
        let merges = Merges::new(&TokenizerSpec::new(parts).unwrap()).unwrap();
        let mut out = Vec::new();
        merges.encode(&[b'a'; 100], &mut Scratch::default(), &mut out);
        assert_eq!(out.len(), 100);
    }

    proptest! {
        #[test]
        fn both_ways_equal_the_definition(piece in "[the ab]{1,90}|[ é\n]{1,60}") {
            let (spec, merges) = small();
            let want = by_definition(&spec, piece.as_bytes());
            let mut out = Vec::new();
            merges.encode_long(piece.as_bytes(), &mut Scratch::default(), &mut out);
            prop_assert_eq!(&out, &want);
            if piece.len() <= SHORT {
                out.clear();
                merges.encode_short(piece.as_bytes(), &mut out);
                prop_assert_eq!(&out, &want);
            }
        }
    }
}
