//! The codes that zlib gives a block.

use super::blocks::{CODE_LENGTHS, END, Header, ORDER, spelt_bits};
use super::huffman::MAX_BITS;

/// The longest code of a code length.
const MAX_CODE_LENGTH: usize = 7;

/// What zlib writes in front of a block in which symbols come so often.
pub fn header(literals: &[u32], distances: &[u32]) -> Header {
    let literals = lengths(literals, MAX_BITS);
    let distances = lengths(distances, MAX_BITS);
    let spelt = spelling(&literals, &distances, false);
    let (code_lengths, written) = code_lengths(&spelt);
    Header { literals, distances, spelt, code_lengths, written }
}

/// The lengths of the codes of the symbols that spell code lengths, and how many of them are written.
pub fn code_lengths(spelt: &[(u8, u8)]) -> ([u8; CODE_LENGTHS], usize) {
    let mut counts = [0; CODE_LENGTHS];
    spelt.iter().for_each(|&(symbol, _)| counts[usize::from(symbol)] += 1);
    let mut all = [0; CODE_LENGTHS];
    let found = lengths(&counts, MAX_CODE_LENGTH);
    all[..found.len()].copy_from_slice(&found);
    let written = ORDER.iter().rposition(|&symbol| all[symbol] > 0).map_or(4, |last| last + 1);
    (all, written.max(4))
}

/// How the code lengths of a block are spelt: both lists by themselves, or in one as some other compressors do.
pub fn spelling(literals: &[u8], distances: &[u8], joined: bool) -> Vec<(u8, u8)> {
    let mut spelt = Vec::new();
    match joined {
        true => spell(&[literals, distances].concat(), &mut spelt),
        false => [literals, distances].into_iter().for_each(|list| spell(list, &mut spelt)),
    }
    spelt
}

fn spell(lengths: &[u8], spelt: &mut Vec<(u8, u8)>) {
    let (mut before, mut count) = (None, 0);
    for (i, &len) in lengths.iter().enumerate() {
        count += 1;
        let (most, least) = match (len, before == Some(len)) {
            (0, _) => (138, 3),
            (_, true) => (6, 3),
            (_, false) => (7, 4),
        };
        if count < most && lengths.get(i + 1) == Some(&len) {
            continue;
        }
        if count < least {
            spelt.extend((0..count).map(|_| (len, 0)));
        } else if len != 0 {
            if before != Some(len) {
                spelt.push((len, 0));
                count -= 1;
            }
            spelt.push((16, count as u8 - 3));
        } else if count <= 10 {
            spelt.push((17, count as u8 - 3));
        } else {
            spelt.push((18, count as u8 - 11));
        }
        debug_assert!(
            spelt.iter().all(|&(symbol, extra)| u32::from(extra) >> spelt_bits(symbol) == 0)
        );
        (before, count) = (Some(len), 0);
    }
}

/// Nodes that are waiting, the rarest first.
struct Heap {
    /// Numbers of nodes from 1 on; the children of `i` are `2 * i` and `2 * i + 1`.
    nodes: Vec<usize>,
    counts: Vec<u32>,
    /// How much lies below a node: of equally rare ones the shallower comes first.
    depths: Vec<u32>,
}

impl Heap {
    fn is_before(&self, a: usize, b: usize) -> bool {
        (self.counts[a], self.depths[a]) <= (self.counts[b], self.depths[b])
    }

    /// Lets the node at `i` sink to its place.
    fn sink(&mut self, mut i: usize) {
        let node = self.nodes[i];
        loop {
            let mut child = 2 * i;
            if child >= self.nodes.len() {
                break;
            }
            if child + 1 < self.nodes.len()
                && self.is_before(self.nodes[child + 1], self.nodes[child])
            {
                child += 1;
            }
            if self.is_before(node, self.nodes[child]) {
                break;
            }
            self.nodes[i] = self.nodes[child];
            i = child;
        }
        self.nodes[i] = node;
    }
}

/// Lengths of the codes of symbols that come so often, up to the last that has one; none is longer than `most`.
fn lengths(counts: &[u32], most: usize) -> Vec<u8> {
    let n = counts.len();
    let mut heap = Heap { nodes: vec![0], counts: counts.to_vec(), depths: vec![0; n] };
    heap.nodes.extend((0..n).filter(|&symbol| counts[symbol] > 0));
    // There are always two codes, so that each has a bit at least.
    let mut last = heap.nodes[1..].last().copied();
    while heap.nodes.len() < 3 {
        let symbol = match last {
            Some(last) if last >= 2 => 0,
            other => {
                let next = other.map_or(0, |last| last + 1);
                last = Some(next);
                next
            }
        };
        heap.counts[symbol] = 1;
        heap.nodes.push(symbol);
    }
    let last = last.unwrap_or(0);
    for i in (1..=(heap.nodes.len() - 1) / 2).rev() {
        heap.sink(i);
    }
    // Nodes in the order in which they were taken from the heap, and the node above each.
    let (mut taken, mut above) = (Vec::new(), vec![0; n]);
    while heap.nodes.len() > 2 {
        let first = heap.nodes.swap_remove(1);
        heap.sink(1);
        let second = heap.nodes[1];
        taken.extend([first, second]);
        let node = heap.counts.len();
        heap.counts.push(heap.counts[first] + heap.counts[second]);
        heap.depths.push(heap.depths[first].max(heap.depths[second]) + 1);
        above.push(0);
        (above[first], above[second]) = (node, node);
        heap.nodes[1] = node;
        heap.sink(1);
    }
    let root = heap.nodes[1];
    let mut depth = vec![0usize; heap.counts.len()];
    let mut n_codes = vec![0usize; most + 1];
    let mut overflow = 0usize;
    for &node in taken.iter().rev() {
        debug_assert!(above[node] <= root);
        depth[node] = (depth[above[node]] + 1).min(most);
        overflow += usize::from(depth[above[node]] == most);
        if node < n {
            n_codes[depth[node]] += 1;
        }
    }
    if overflow > 0 {
        shorten(&mut n_codes, overflow, most);
        let mut leaves = taken.iter().filter(|&&node| node < n);
        for bits in (1..=most).rev() {
            for &leaf in leaves.by_ref().take(n_codes[bits]) {
                depth[leaf] = bits;
            }
        }
    }
    depth[..=last].iter().map(|&len| len as u8).collect()
}

/// Makes room for codes that would be too long.
fn shorten(n_codes: &mut [usize], overflow: usize, most: usize) {
    let mut left = overflow as isize;
    while left > 0 {
        let bits = (1..most).rev().find(|&bits| n_codes[bits] > 0).unwrap_or(1);
        n_codes[bits] = n_codes[bits].saturating_sub(1);
        n_codes[bits + 1] += 2;
        n_codes[most] = n_codes[most].saturating_sub(1);
        left -= 2;
    }
}

/// The symbol at the end of a block comes once.
pub fn counts() -> ([u32; super::blocks::LITERALS], [u32; super::blocks::DISTANCES]) {
    let mut literals = [0; super::blocks::LITERALS];
    literals[END] = 1;
    (literals, [0; super::blocks::DISTANCES])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::deflate::huffman::is_possible;
    use proptest::prelude::*;

    #[test]
    fn two_codes_at_least() {
        assert_eq!(lengths(&[0; 30], 15), [1, 1]);
        assert_eq!(lengths(&[5, 0, 0], 15), [1, 1]);
        assert_eq!(lengths(&[0, 0, 0, 7], 15), [1, 0, 0, 1]);
    }

    #[test]
    fn spelling_is_zlibs() {
        let (mut literals, mut distances) = (vec![8; 5], vec![0; 12]);
        literals.extend([0; 4]);
        literals.extend([5, 5]);
        distances.push(3);
        let spelt = spelling(&literals, &distances, false);
        assert_eq!(spelt, [(8, 0), (16, 1), (17, 1), (5, 0), (5, 0), (18, 1), (3, 0)]);
    }

    proptest! {
        #[test]
        fn codes_are_complete(counts in prop::collection::vec(prop_oneof![Just(0u32), 1u32..4, 1u32..60_000], 19..286)) {
            for most in [7usize, 15] {
                let counts = &counts[..if most == 7 { 19 } else { counts.len() }];
                let lengths = lengths(counts, most);
                prop_assert!(is_possible(&lengths));
                let used: u64 = lengths.iter().filter(|&&len| len > 0).map(|&len| 1u64 << (15 - len)).sum();
                prop_assert_eq!(used, 1 << 15);
                prop_assert!(lengths.iter().all(|&len| usize::from(len) <= most));
            }
        }
    }
}
