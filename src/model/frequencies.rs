//! The model's opinion on the next token, in integers.

use crate::kernels::{Aligned, Isa, LARGEST_FREQUENCY, cumulative, frequencies};

/// Integer frequencies of the next token, with sums over any range in constant time.
#[derive(Clone, Default)]
pub struct Frequencies {
    freqs: Aligned<u32>,
    block_prefix: Aligned<u64>,
    best: u32,
    start: u32,
}

impl Frequencies {
    /// Room for `n` tokens.
    pub fn new(n: usize) -> Frequencies {
        Frequencies {
            freqs: Aligned::zeroed(n),
            block_prefix: Aligned::zeroed(n.div_ceil(16) + 1),
            best: 0,
            start: 0,
        }
    }

    /// Bytes that those of `n` tokens take.
    pub(crate) fn memory_bytes(n: usize) -> usize {
        4 * n + 8 * (n.div_ceil(16) + 1) + 2 * 64
    }

    /// The frequencies in token order, each at least 1.
    pub fn as_slice(&self) -> &[u32] {
        &self.freqs
    }

    /// Sum of the frequencies of tokens below `end`.
    #[inline]
    pub fn below(&self, end: usize) -> u64 {
        cumulative(&self.freqs, &self.block_prefix, end)
    }

    /// Sum of all frequencies; at least 2^28.
    pub fn total(&self) -> u64 {
        self.block_prefix[self.block_prefix.len() - 1]
    }

    /// The likeliest token: the first that is as frequent as the largest logit makes one.
    pub fn best(&self) -> u32 {
        self.best
    }

    /// What the model says of the end of the text, which is the beginning of another: the frequency of the row that stands
    /// before every lane, beside those of all tokens; 0 where the output layer does not have it.
    pub fn start(&self) -> u32 {
        self.start
    }

    pub(super) fn set_start(&mut self, start: u32) {
        self.start = start;
    }

    /// The token of which a point lies among its frequencies: the last with `below(token) <= point`.
    ///
    /// # Panics
    /// If the point is not below the total.
    pub(super) fn at(&self, point: u64) -> u32 {
        let block = self.block_prefix.partition_point(|&before| before <= point) - 1;
        let mut rest = point - self.block_prefix[block];
        for (token, &freq) in (16 * block as u32..).zip(&self.freqs[16 * block..]) {
            match rest.checked_sub(u64::from(freq)) {
                Some(less) => rest = less,
                None => return token,
            }
        }
        panic!("{point} of {}", self.total());
    }

    pub(super) fn fill(&mut self, isa: Isa, logits: &[f32]) {
        self.best = frequencies(isa, logits, &mut self.freqs, &mut self.block_prefix) as u32;
    }

    /// Takes those of `all` rows of the output layer, where the rows behind the tokens stand for
    /// tokens before them: row `n + i` is one more of token `duplicates[i].0`.
    pub(super) fn fill_adding(&mut self, all: &Frequencies, duplicates: &[(u32, u32)]) {
        let n = self.freqs.len();
        self.freqs.copy_from_slice(&all.freqs[..n]);
        for (&(token, _), &more) in duplicates.iter().zip(&all.freqs[n..]) {
            self.freqs[token as usize] += more;
        }
        let mut sum = 0;
        for (block, prefix) in self.freqs.chunks(16).zip(&mut self.block_prefix[1..]) {
            sum += block.iter().map(|&freq| u64::from(freq)).sum::<u64>();
            *prefix = sum;
        }
        let likely = |&freq: &u32| freq >= LARGEST_FREQUENCY;
        self.best = self.freqs.iter().position(likely).unwrap_or(0) as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_token_is_the_first_of_the_likeliest() {
        for n in [1, 15, 16, 17, 100, 1000] {
            for at in [0, n / 2, n - 1] {
                // One of many that are nearly as likely, and another like it behind.
                let mut logits = vec![1.0; n];
                logits[at] = 1.5;
                logits[n - 1] = 1.5;
                let mut frequencies = Frequencies::new(n);
                frequencies.fill(Isa::SCALAR, &logits);
                assert_eq!(frequencies.best() as usize, at, "{n} tokens");
            }
        }
    }

    #[test]
    fn a_duplicate_can_make_a_token_the_best() {
        let mut all = Frequencies::new(20);
        let mut logits = vec![0.0; 20];
        (logits[3], logits[19]) = (4.0, 5.0);
        all.fill(Isa::SCALAR, &logits);
        let mut frequencies = Frequencies::new(18);
        frequencies.fill_adding(&all, &[(7, 0), (9, 0)]);
        assert_eq!(frequencies.best(), 9);
    }

    #[test]
    fn every_point_has_its_token() {
        for n in [1, 15, 16, 17, 100] {
            let logits: Vec<f32> = (0..n).map(|i| (i % 7) as f32).collect();
            let mut frequencies = Frequencies::new(n);
            frequencies.fill(Isa::SCALAR, &logits);
            for token in 0..n {
                let (first, end) = (frequencies.below(token), frequencies.below(token + 1));
                assert_eq!([first, end - 1].map(|point| frequencies.at(point)), [token as u32; 2]);
            }
        }
    }
}
