//! Rows of weights that learn: finer than the product sees them.

use crate::kernels::operands::{BLOCK_BYTES, BLOCK_COLS, FINE_BITS, Push};

/// A weight moves by at most so many steps.
const MOST_STEPS: i32 = 64;

/// Columns that are rounded together; rows of weights are padded to a multiple of them.
const CHUNK: usize = 64;

/// What is added to column `col` of a row before it is rounded down: the fraction of `(col + 1) / golden ratio`, so
/// that of equal fractions as many become the next number as they deserve, everywhere in the row.
///
/// Without it a row would keep still until a weight has gone half a step. 2,654,435,769 is 2^32 over the golden ratio.
#[inline(always)]
fn dither(col: usize) -> i32 {
    ((col as u32 + 1).wrapping_mul(2_654_435_769) >> (32 - FINE_BITS)) as i32
}

#[inline(always)]
pub fn teach_row(
    fine: &mut [i32],
    pushes: &[Push],
    states: &[u8],
    from: &[i8],
    to: &mut [i8],
    most: i8,
) -> i32 {
    let (fine, []) = fine.as_chunks_mut::<CHUNK>() else { panic!("{} columns", fine.len()) };
    let states = states.as_chunks::<CHUNK>().0;
    let limit = MOST_STEPS << FINE_BITS;
    let n_chunks = fine.len();
    let steps = pushes.iter().fold(0i32, |sum, push| sum.wrapping_add(i32::from(push.step)));
    let mut sum = 0;
    for (number, fine) in fine.iter_mut().enumerate() {
        // The states are bytes 128 above their values.
        let mut pushed = fine.map(|fine| fine.wrapping_sub(steps.wrapping_mul(128)));
        for push in pushes {
            let state = &states[push.state as usize * n_chunks + number];
            let step = i32::from(push.step);
            for (pushed, &state) in pushed.iter_mut().zip(state) {
                *pushed = pushed.wrapping_add(step * i32::from(state));
            }
        }
        *fine = pushed.map(|pushed| pushed.clamp(-limit, limit));
        let at = number * CHUNK / BLOCK_COLS * BLOCK_BYTES;
        let mut weights = [0i8; CHUNK];
        for (block, four) in weights.as_chunks_mut::<BLOCK_COLS>().0.iter_mut().enumerate() {
            four.copy_from_slice(&from[at + block * BLOCK_BYTES..][..BLOCK_COLS]);
        }
        for (i, (weight, &fine)) in weights.iter_mut().zip(&*fine).enumerate() {
            let moved = (fine + dither(number * CHUNK + i)) >> FINE_BITS;
            *weight = (i32::from(*weight) + moved).clamp(-i32::from(most), i32::from(most)) as i8;
            sum += i32::from(*weight);
        }
        for (block, four) in weights.as_chunks::<BLOCK_COLS>().0.iter().enumerate() {
            to[at + block * BLOCK_BYTES..][..BLOCK_COLS].copy_from_slice(four);
        }
    }
    sum
}
