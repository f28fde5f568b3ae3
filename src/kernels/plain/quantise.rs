//! Numbers to bytes, with a scale for each row and group.

use super::portable::ROUNDER;
use crate::kernels::operands::QuantPart;

/// Below this magnitude a whole group counts as zero: 2^-60.
const SMALLEST: f32 = f32::from_bits((127 - 60) << 23);

/// The bits of positive infinity; magnitudes from here on are infinite or NaN.
const INFINITE: u32 = 0x7f80_0000;

#[inline(always)]
pub fn quantise_part(x: &[f32], x_stride: usize, cols: usize, mut out: QuantPart<'_>) {
    for row in 0..out.rows() {
        quantise_row(&x[row * x_stride..][..cols], row, &mut out);
    }
}

/// Fills in row `row`.
#[inline(always)]
pub fn quantise_row(numbers: &[f32], row: usize, out: &mut QuantPart) {
    let (bytes, scales, group_cols) = out.row(row);
    let (bytes, padding) = bytes.split_at_mut(numbers.len());
    padding.fill(128);
    let parts = numbers.chunks(group_cols).zip(bytes.chunks_mut(group_cols));
    for ((numbers, bytes), scale) in parts.zip(scales) {
        *scale = quantise_group(numbers, bytes);
    }
}

/// Fills `bytes` and gives the scale.
#[inline(always)]
fn quantise_group(numbers: &[f32], bytes: &mut [u8]) -> f32 {
    // Compared as integers, so that infinities and NaN of any sign come out largest, and the
    // order of comparing cannot matter.
    let largest = numbers.iter().fold(0u32, |max, x| max.max(x.to_bits() & 0x7fff_ffff));
    if !(SMALLEST.to_bits()..INFINITE).contains(&largest) {
        bytes.fill(128);
        return 0.0;
    }
    let largest = f32::from_bits(largest);
    let factor = 127.0 / largest;
    for (byte, &x) in bytes.iter_mut().zip(numbers) {
        let y = x * factor;
        let y = if y > -127.0 { y } else { -127.0 };
        let y = if y < 127.0 { y } else { 127.0 };
        // The low byte of ROUNDER's bits is 0, so the low byte of the sum's is that of q.
        *byte = ((y + ROUNDER).to_bits() as u8) ^ 0x80;
    }
    largest / 127.0
}
