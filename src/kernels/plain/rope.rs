//! Rotary positions: rotating pairs of a head by angles that grow with the position.

use super::real::{exp, ln, sin_cos};

#[inline(always)]
pub fn rope(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    assert!(sin.len() == cos.len() && head.len() == 2 * cos.len(), "a head and its angles");
    let (low, high) = head.split_at_mut(cos.len());
    for (((a, b), &cos), &sin) in low.iter_mut().zip(high).zip(cos).zip(sin) {
        let rotated = (*a * cos - *b * sin, *b * cos + *a * sin);
        (*a, *b) = rotated;
    }
}

/// Cosines and sines for every position below 2^24, from three small tables.
///
/// One table for each byte of the position; the rotations of the three bytes are multiplied as
/// complex numbers in double precision. Memory: 6 KB for each frequency.
#[derive(Clone, Debug)]
pub struct RopeTables {
    frequencies: usize,
    /// `[byte of the position][its value][frequency]`, cosine and sine.
    entries: Vec<(f64, f64)>,
}

impl RopeTables {
    /// Tables for these angles per position, in radians.
    pub fn new(inv_freq: &[f64]) -> RopeTables {
        let mut entries = Vec::with_capacity(3 * 256 * inv_freq.len());
        for shift in [0, 8, 16] {
            for value in 0..256u32 {
                let position = f64::from(value << shift);
                entries.extend(inv_freq.iter().map(|frequency| {
                    let (sin, cos) = sin_cos(position * frequency);
                    (cos, sin)
                }));
            }
        }
        RopeTables { frequencies: inv_freq.len(), entries }
    }

    /// Fills in the cosines and sines of one position.
    ///
    /// Low byte times middle byte, that times the high byte, each as
    /// `(c * c' - s * s', s * c' + c * s')`, then rounded to single precision.
    ///
    /// Panics when `position` is 2^24 or more, or a slice has another length than `inv_freq` had.
    pub fn cos_sin(&self, position: u32, cos: &mut [f32], sin: &mut [f32]) {
        assert!(position < 1 << 24, "position {position}");
        assert!(cos.len() == self.frequencies && sin.len() == self.frequencies, "table width");
        let byte = |table: usize| {
            let value = (position >> (8 * table)) as usize & 255;
            &self.entries[(table * 256 + value) * self.frequencies..][..self.frequencies]
        };
        let bytes = byte(0).iter().zip(byte(1)).zip(byte(2));
        for ((((&low, &middle), &high), cos), sin) in bytes.zip(cos).zip(sin) {
            let (c, s) = turn(turn(low, middle), high);
            (*cos, *sin) = (c as f32, s as f32);
        }
    }
}

/// The product of two rotations, each as cosine and sine.
#[inline(always)]
fn turn((c0, s0): (f64, f64), (c1, s1): (f64, f64)) -> (f64, f64) {
    (c0 * c1 - s0 * s1, s0 * c1 + c0 * s1)
}

/// The angle per position of each pair: `theta^(-2i / head_dim)`, for `i` below `head_dim / 2`.
///
/// `theta` is positive, finite and not denormal; other values give meaningless numbers.
pub fn inv_freq(theta: f64, head_dim: usize) -> Vec<f64> {
    let log = ln(theta);
    (0..head_dim / 2).map(|i| exp(-((2 * i) as f64 / head_dim as f64) * log)).collect()
}
