//! Every instruction set of this machine against the plain one, on bits; and the plain one against
//! the truth.

mod attention;
mod environment;
mod floats;
mod frequencies;
mod fused;
mod golden;
mod products;
mod quantised;
mod rotary;
mod teaching;
mod vectors;

use super::Isa;

/// A small generator of test numbers (xorshift64*), the same on every machine.
struct Numbers(u64);

impl Numbers {
    fn new(seed: u64) -> Numbers {
        Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn byte(&mut self) -> u8 {
        (self.next() >> 56) as u8
    }

    /// Evenly from -scale to scale.
    fn float(&mut self, scale: f32) -> f32 {
        ((self.next() >> 40) as f32 / 8_388_608.0 - 1.0) * scale
    }

    fn floats(&mut self, n: usize, scale: f32) -> Vec<f32> {
        (0..n).map(|_| self.float(scale)).collect()
    }

    /// Floats of every magnitude, denormal, infinite and NaN ones among them.
    fn wild(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| f32::from_bits((self.next() >> 32) as u32)).collect()
    }
}

/// The bits, with every NaN alike: which NaN an operation gives is not specified, and never used.
fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| if x.is_nan() { 0x7fc0_0000 } else { x.to_bits() }).collect()
}

/// What is faster than plain code here.
fn fast_sets() -> impl Iterator<Item = Isa> {
    Isa::available().into_iter().filter(|isa| *isa != Isa::SCALAR)
}
