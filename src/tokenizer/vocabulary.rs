//! The sorted vocabulary and the binary decisions that tell its tokens apart.
//!
//! A token is coded as its bytes, bit by bit from the most significant, and in front of each byte but the first
//! possibly the decision whether the token ends there. A decision that only one outcome can have does not exist. As
//! all tokens with a common beginning are neighbours, the decisions form a full binary tree: n leaves (the ranks) and
//! n - 1 nodes. Node m (1 to n - 1) is the boundary between the tokens m - 1 and m: it splits the range of ranks
//! below it, low..high, into low..m (left) and m..high (right). Where a node stands follows from its *level*, the
//! first place in which its two neighbours differ; in each range the boundary of the least level is decided first,
//! and there is exactly one. That makes it the Cartesian tree of the levels, built in one pass with a stack.

use std::sync::Arc;

use super::sorted::SortedTokens;
use crate::error::{Error, Result};

/// What a node decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Does the token end here? The left child is the token that ends, always a leaf, the first of the range; all
    /// tokens on the right go on.
    End,
    /// The next byte's bit of this index, 0 the most significant one, 7 the least; left is a 0, right a 1.
    Bit(u8),
}

/// Where a decision leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Child {
    /// To the next decision.
    Node(u32),
    /// To a token, by rank.
    Leaf(u32),
}

/// One decision of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// The number of whole bytes that are known; a bit is one of the byte at this index.
    pub depth: u16,
    /// What is decided.
    pub decision: Decision,
    /// Where the ended token or a 0 leads: to the ranks below the node's own number.
    pub left: Child,
    /// Where going on or a 1 leads: to the ranks from the node's own number.
    pub right: Child,
}

/// One decision on the way to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The number of the node, 1 to n - 1.
    pub node: u32,
    /// The first rank of the node's range. All tokens of the range agree in what is known so far, the bits that were
    /// forced included, so `bytes(low)` shows it.
    pub low: u32,
    /// One past the last rank of the node's range.
    pub high: u32,
    /// Which side the token is on.
    pub took_right: bool,
}

/// The coded tokens in byte order, with their decision tree.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    tokens: Arc<SortedTokens>,
    root: Child,
    /// One for each boundary; the entry of node m is at m - 1.
    nodes: Vec<Packed>,
}

/// A node in 12 bytes. Its leaves need no rank: left can only be the one before the boundary, right the one behind.
#[derive(Clone, Copy, Debug)]
struct Packed {
    /// The number of the left node, 0 for the leaf.
    left: u32,
    /// The number of the right node, 0 for the leaf.
    right: u32,
    depth: u16,
    decision: Decision,
}

impl Vocabulary {
    /// Builds the tree over a list of tokens.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no token.
    pub fn new(tokens: impl Into<Arc<SortedTokens>>) -> Result<Self> {
        let tokens = tokens.into();
        if tokens.is_empty() {
            return Err(Error::invalid("a vocabulary without tokens"));
        }
        let (nodes, root) = build(&tokens);
        Ok(Vocabulary { tokens, root, nodes })
    }

    /// The 256 single bytes, for coding without a model: the rank is the byte, eight decisions each.
    pub fn single_bytes() -> Self {
        let bytes = SortedTokens::new((0..=255u8).map(|byte| [byte])).expect("they ascend");
        Vocabulary::new(bytes).expect("there are 256")
    }

    /// The number of tokens, n; there are n - 1 nodes.
    #[inline]
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Always false; a vocabulary has at least one token.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// The bytes of a token. Panics if there is no such rank.
    #[inline]
    pub fn bytes(&self, rank: u32) -> &[u8] {
        self.tokens.bytes(rank)
    }

    /// All tokens in order.
    pub fn tokens(&self) -> &SortedTokens {
        &self.tokens
    }

    /// Where every walk begins; a leaf only if there is one token in all.
    #[inline]
    pub fn root(&self) -> Child {
        self.root
    }

    /// A node by its number, 1 to n - 1. Panics for others.
    #[inline]
    pub fn node(&self, number: u32) -> Node {
        let Packed { left, right, depth, decision } = self.nodes[number as usize - 1];
        let child = |node, leaf| if node == 0 { Child::Leaf(leaf) } else { Child::Node(node) };
        Node { depth, decision, left: child(left, number - 1), right: child(right, number) }
    }

    /// The decisions that lead from the root to a token, which the rank alone determines.
    pub fn path(&self, rank: u32) -> impl Iterator<Item = Step> + '_ {
        let mut at = self.root;
        let (mut low, mut high) = (0, self.len() as u32);
        std::iter::from_fn(move || {
            let Child::Node(number) = at else { return None };
            let step = Step { node: number, low, high, took_right: rank >= number };
            let node = self.node(number);
            if step.took_right {
                (low, at) = (number, node.right);
            } else {
                (high, at) = (number, node.left);
            }
            Some(step)
        })
    }
}

/// The order in which a node is decided: by depth, the end before the bits.
fn level(node: &Packed) -> u32 {
    u32::from(node.depth) * 9
        + match node.decision {
            Decision::End => 0,
            Decision::Bit(index) => 1 + u32::from(index),
        }
}

/// What the boundary between two neighbouring tokens decides.
fn boundary(before: &[u8], after: &[u8]) -> (u16, Decision) {
    let common = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let decision = match before.get(common) {
        None => Decision::End,
        Some(byte) => Decision::Bit((byte ^ after[common]).leading_zeros() as u8),
    };
    (common as u16, decision)
}

/// All nodes of the tree, and where it begins.
///
/// The stack holds the nodes from the root down the right edge of the tree so far. A new boundary of a lesser level
/// takes off those that it must stand above, and the last one taken becomes its left child.
fn build(tokens: &SortedTokens) -> (Vec<Packed>, Child) {
    let mut nodes: Vec<Packed> = Vec::with_capacity(tokens.len() - 1);
    let mut edge: Vec<u32> = Vec::new();
    for number in 1..tokens.len() as u32 {
        let (depth, decision) = boundary(tokens.bytes(number - 1), tokens.bytes(number));
        let mut node = Packed { left: 0, right: 0, depth, decision };
        while let Some(&top) = edge.last()
            && level(&nodes[top as usize - 1]) > level(&node)
        {
            node.left = top;
            edge.pop();
        }
        if let Some(&above) = edge.last() {
            nodes[above as usize - 1].right = number;
        }
        nodes.push(node);
        edge.push(number);
    }
    (nodes, edge.first().map_or(Child::Leaf(0), |&root| Child::Node(root)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn vocabulary<T: AsRef<[u8]>>(tokens: impl IntoIterator<Item = T>) -> Vocabulary {
        Vocabulary::new(SortedTokens::new(tokens).unwrap()).unwrap()
    }

    /// Walks the whole tree and checks each range against the definition.
    fn check(vocabulary: &Vocabulary) {
        let mut open = vec![(vocabulary.root(), 0, vocabulary.len() as u32)];
        let mut n_nodes = 0;
        while let Some((child, low, high)) = open.pop() {
            let Child::Node(number) = child else {
                assert_eq!((child, high), (Child::Leaf(low), low + 1));
                continue;
            };
            n_nodes += 1;
            assert!(low < number && number < high);
            let node = vocabulary.node(number);
            let depth = usize::from(node.depth);
            let first = vocabulary.bytes(low);
            for rank in low..high {
                let token = vocabulary.bytes(rank);
                assert_eq!(token[..depth], first[..depth]);
                let right = match node.decision {
                    Decision::End => token.len() > depth,
                    Decision::Bit(index) => {
                        assert_eq!(
                            u32::from(token[depth]) >> (8 - index),
                            u32::from(first[depth]) >> (8 - index)
                        );
                        token[depth] >> (7 - index) & 1 == 1
                    }
                };
                assert_eq!(right, rank >= number);
            }
            if node.decision == Decision::End {
                assert_eq!(node.left, Child::Leaf(low));
                assert_eq!(first.len(), depth);
            }
            open.push((node.left, low, number));
            open.push((node.right, number, high));
        }
        assert_eq!(n_nodes, vocabulary.len() - 1);
    }

    #[test]
    fn decides_a_small_vocabulary_as_worked_out_by_hand() {
        // a = 0x61, b = 0x62 (first differ in bit 6), z = 0x7a (bit 3).
        let vocabulary = vocabulary(["a", "ab", "abz", "b", "z"]);
        check(&vocabulary);
        let decisions = |rank| {
            let steps = vocabulary.path(rank);
            let decisions = steps.map(|step| {
                let node = vocabulary.node(step.node);
                (node.depth, node.decision, step.took_right)
            });
            decisions.collect::<Vec<_>>()
        };
        let (bit3, bit6) = ((0, Decision::Bit(3), false), (0, Decision::Bit(6), false));
        assert_eq!(decisions(0), [bit3, bit6, (1, Decision::End, false)]);
        assert_eq!(decisions(1), [bit3, bit6, (1, Decision::End, true), (2, Decision::End, false)]);
        assert_eq!(decisions(3), [bit3, (0, Decision::Bit(6), true)]);
        assert_eq!(decisions(4), [(0, Decision::Bit(3), true)]);
    }

    #[test]
    fn a_single_byte_is_its_eight_bits() {
        let vocabulary = Vocabulary::single_bytes();
        check(&vocabulary);
        for byte in 0..=255 {
            assert_eq!(vocabulary.bytes(byte), [byte as u8]);
            let bits =
                vocabulary.path(byte).fold(0, |bits, step| bits << 1 | step.took_right as u32);
            assert_eq!(bits, byte);
            assert_eq!(vocabulary.path(byte).count(), 8);
        }
    }

    #[test]
    fn one_token_needs_no_decision_and_none_is_refused() {
        assert_eq!(vocabulary(["a"]).root(), Child::Leaf(0));
        assert_eq!(vocabulary(["a"]).path(0).count(), 0);
        assert!(Vocabulary::new(SortedTokens::default()).is_err());
    }

    #[test]
    fn long_chains_of_prefixes_are_no_problem() {
        let longest = [b'a'; 1024];
        check(&vocabulary((1..=1024).map(|len| &longest[..len])));
    }

    proptest! {
        #[test]
        fn any_vocabulary_is_a_full_tree(
            tokens in prop::collection::btree_set(prop::collection::vec(0u8..4, 1..6), 1..60),
            wide in prop::collection::btree_set(prop::collection::vec(any::<u8>(), 1..4), 0..60),
        ) {
            let all: BTreeSet<_> = tokens.union(&wide).collect();
            let vocabulary = vocabulary(all);
            check(&vocabulary);
            for rank in 0..vocabulary.len() as u32 {
                let last = vocabulary.path(rank).last();
                let end = last.map_or(vocabulary.root(), |step| {
                    let node = vocabulary.node(step.node);
                    if step.took_right { node.right } else { node.left }
                });
                prop_assert_eq!(end, Child::Leaf(rank));
            }
        }
    }
}
