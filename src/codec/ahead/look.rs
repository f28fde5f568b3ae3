//! What the model expected where a token came, for people to look at; nothing of it reaches the coder.

use crate::model::Frequencies;

/// As many of the likeliest tokens are noted.
pub const LIKELIEST: usize = 5;

/// The likeliest tokens with their probabilities, the likeliest first.
pub type Likeliest = [(u32, f32); LIKELIEST];

/// The model's opinion on one token.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// What the token would cost by the model alone.
    pub bits: f32,
    /// What the model expected instead. Behind the last token of a small vocabulary, probabilities are 0.
    pub likeliest: Likeliest,
}

impl Look {
    /// Looks at what the model expected where `token` came.
    pub fn new(frequencies: &Frequencies, token: u32) -> Look {
        let total = frequencies.total() as f64;
        let mut best = [(0, 0u32); LIKELIEST];
        for (other, &freq) in (0..).zip(frequencies.as_slice()) {
            if freq > best[LIKELIEST - 1].1 {
                // Of equally likely ones the first stays in front.
                let place = best.partition_point(|&(_, known)| known >= freq);
                best[place..].rotate_right(1);
                best[place] = (other, freq);
            }
        }
        let share = |freq: u32| f64::from(freq) / total;
        Look {
            bits: -share(frequencies.as_slice()[token as usize]).log2() as f32,
            likeliest: best.map(|(token, freq)| (token, share(freq) as f32)),
        }
    }
}
