//! Weights of 4 bits as bytes, in the layout of every other matrix.

use crate::kernels::operands::{BLOCK_COLS, LANES};

/// Columns of a row that share a step and an offset.
pub const STEP_COLS: usize = 32;

/// Bytes of the steps and offsets of one panel's [`STEP_COLS`] columns.
pub const STEP_BYTES: usize = 2 * LANES;

/// Blocks of 64 weights that the columns of a step have in a panel.
const STEP_BLOCKS: usize = STEP_COLS / BLOCK_COLS;

#[inline(always)]
pub fn unpack_nibbles(packed: &[u8], out: &mut [i8]) {
    assert!(packed.len().is_multiple_of(32) && out.len() == 2 * packed.len(), "whole blocks");
    for (block, out) in packed.as_chunks::<32>().0.iter().zip(out.as_chunks_mut::<64>().0) {
        let (low, high) = out.split_at_mut(32);
        for ((byte, low), high) in block.iter().zip(low).zip(high) {
            *low = (((byte & 15) ^ 8) as i8) - 8;
            *high = (*byte as i8) >> 4;
        }
    }
}

#[inline(always)]
pub fn unpack_stepped(packed: &[u8], steps: &[u8], limit: i8, out: &mut [i8], sums: &mut [i32]) {
    let n = steps.len() / STEP_BYTES;
    assert!(steps.len() == n * STEP_BYTES && sums.len() == n * LANES, "a sum for each step");
    assert!(packed.len() == n * STEP_BLOCKS * 32 && out.len() == 2 * packed.len(), "whole blocks");
    assert!(limit > 0, "a limit of {limit}");
    let limit = i16::from(limit);
    let packed = packed.as_chunks::<{ STEP_BLOCKS * 32 }>().0.iter();
    let out = out.as_chunks_mut::<{ STEP_BLOCKS * 64 }>().0.iter_mut();
    let sums = sums.as_chunks_mut::<LANES>().0.iter_mut();
    let steps = steps.as_chunks::<STEP_BYTES>().0.iter();
    for (((packed, out), steps), sums) in packed.zip(out).zip(steps).zip(sums) {
        // Four columns of a row lie side by side. The offset is taken into the shift, which changes nothing: it is whole.
        // No number leaves i16: 255 * 15 + 4 + 8 * 127 is 4,845, and the least is 4 - 8 * 128.
        let (mut step, mut offset) = ([0i16; 64], [0i16; 64]);
        for i in 0..64 {
            step[i] = i16::from(steps[i / BLOCK_COLS]);
            offset[i] = 8 * i16::from(steps[LANES + i / BLOCK_COLS] as i8) + 4;
        }
        // 8 weights of +-127.
        let mut columns = [0i16; 64];
        for (block, out) in packed.as_chunks::<32>().0.iter().zip(out.as_chunks_mut::<64>().0) {
            for i in 0..32 {
                let q = i16::from(block[i] & 15);
                let weight = ((step[i] * q + offset[i]) >> 3).max(-limit).min(limit);
                out[i] = weight as i8;
                columns[i] += weight;
            }
            for i in 0..32 {
                let q = i16::from(block[i] >> 4);
                let weight = ((step[32 + i] * q + offset[32 + i]) >> 3).max(-limit).min(limit);
                out[32 + i] = weight as i8;
                columns[32 + i] += weight;
            }
        }
        for (sum, four) in sums.iter_mut().zip(columns.as_chunks::<BLOCK_COLS>().0) {
            *sum = four.iter().map(|&column| i32::from(column)).sum();
        }
    }
}

/// Stores four halves, the first of them at `at` in the layout of [`pack`](crate::kernels::pack), into bytes that were zero there;
/// `at` is a multiple of 4. Of numbers in two's complement the last four bits are the half.
pub fn store_nibbles(packed: &mut [u8], at: usize, four: [u8; 4]) {
    let (block, within) = (at / 64, at % 64);
    let shift = within / 32 * 4;
    let place = &mut packed[block * 32 + within % 32..][..4];
    for (byte, weight) in place.iter_mut().zip(four) {
        *byte |= (weight & 15) << shift;
    }
}

#[cfg(test)]
mod tests {
    use super::{STEP_BLOCKS, STEP_BYTES, STEP_COLS, store_nibbles};
    use crate::kernels::operands::{BLOCK_BYTES, BLOCK_COLS, LANES};
    use crate::kernels::{Isa, unpack_nibbles, unpack_stepped};

    #[test]
    fn what_is_stored_comes_out_on_every_instruction_set() {
        let weights: Vec<i8> = (0..64 * 5).map(|i| (i * 7 % 16) as i8 - 8).collect();
        let mut packed = vec![0; weights.len() / 2];
        for (i, four) in weights.as_chunks::<4>().0.iter().enumerate() {
            store_nibbles(&mut packed, 4 * i, four.map(|weight| weight as u8));
        }
        for isa in Isa::available() {
            let mut out = vec![0; weights.len()];
            unpack_nibbles(isa, &packed, &mut out);
            assert_eq!(out, weights, "{}", isa.name());
        }
    }

    /// The definition, one weight after the other.
    fn by_definition(packed: &[u8], steps: &[u8], limit: i8) -> Vec<i8> {
        let weight = |i: usize| {
            let byte = packed[i / BLOCK_BYTES * 32 + i % 32];
            let q = i32::from(if i % 64 < 32 { byte & 15 } else { byte >> 4 });
            let (of, row) = (i / (BLOCK_BYTES * STEP_BLOCKS) * STEP_BYTES, i % 64 / BLOCK_COLS);
            let (step, offset) = (steps[of + row], steps[of + LANES + row] as i8);
            let whole = ((i32::from(step) * q + 4) >> 3) + i32::from(offset);
            whole.clamp(-i32::from(limit), i32::from(limit)) as i8
        };
        (0..2 * packed.len()).map(weight).collect()
    }

    #[test]
    fn every_step_and_offset_gives_the_same_weights_on_every_instruction_set() {
        // Each of the 256 steps with each of the 256 offsets, 16 rows at a time, and every half with each.
        let all = 1 << 16;
        let n = all / LANES;
        let mut steps = Vec::new();
        for pair in (0..all).step_by(LANES) {
            steps.extend((pair..pair + LANES).map(|pair| (pair % 256) as u8));
            steps.extend((pair..pair + LANES).map(|pair| (pair / 256) as u8));
        }
        // Four columns of a row lie in a block, and four blocks have all 16.
        let half = |i: usize| (i / 64 * 4 + i % 4) as u8 & 15;
        let block = |i: usize| half(i) | half(i + 32) << 4;
        let packed: Vec<u8> =
            (0..n * STEP_BLOCKS * 32).map(|i| block(i / 32 * 64 + i % 32)).collect();
        for limit in [127, 63] {
            let wanted = by_definition(&packed, &steps, limit);
            assert!(wanted.contains(&limit) && wanted.contains(&-limit) && wanted.contains(&0));
            assert!(wanted.iter().all(|weight| weight.unsigned_abs() <= limit.unsigned_abs()));
            for isa in Isa::available() {
                let (mut out, mut sums) = (vec![0; wanted.len()], vec![9; n * LANES]);
                unpack_stepped(isa, &packed, &steps, limit, &mut out, &mut sums);
                assert!(out == wanted, "{}", isa.name());
                for (row, sum) in sums.iter().enumerate() {
                    let first = row / LANES * BLOCK_BYTES * STEP_BLOCKS + row % LANES * BLOCK_COLS;
                    let columns = (0..STEP_COLS).map(|c| first + c / 4 * BLOCK_BYTES + c % 4);
                    let whole: i32 = columns.map(|at| i32::from(wanted[at])).sum();
                    assert_eq!(*sum, whole, "{}, row {row}", isa.name());
                }
            }
        }
    }

    #[test]
    fn any_number_of_steps_is_unpacked_and_nothing_beyond() {
        for n in 0..9 {
            let packed: Vec<u8> = (0..n * STEP_BLOCKS * 32).map(|i| (i * 89 + 7) as u8).collect();
            let steps: Vec<u8> = (0..n * STEP_BYTES).map(|i| (i * 151 + n) as u8).collect();
            let wanted = by_definition(&packed, &steps, 127);
            for isa in Isa::available() {
                // At every place in a cache line, so that no load counts on one.
                for at in [0, 1, 31, 63] {
                    let (mut out, mut sums) = (vec![99; wanted.len() + 128], vec![0; n * LANES]);
                    let place = at..at + wanted.len();
                    unpack_stepped(isa, &packed, &steps, 127, &mut out[place.clone()], &mut sums);
                    assert!(out[place.clone()] == wanted, "{} {n}", isa.name());
                    let around = out[..place.start].iter().chain(&out[place.end..]);
                    assert!(around.into_iter().all(|&byte| byte == 99), "{} {n}", isa.name());
                }
            }
        }
    }
}
