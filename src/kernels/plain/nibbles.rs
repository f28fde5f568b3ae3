//! Weights of 4 bits as bytes, in the layout of every other matrix.

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

/// Stores four weights from -8 to 7, the first of them at `at` in the layout of
/// [`pack`](crate::kernels::pack), into bytes that were zero there; `at` is a multiple of 4.
pub fn store_nibbles(packed: &mut [u8], at: usize, four: [i8; 4]) {
    let (block, within) = (at / 64, at % 64);
    let shift = within / 32 * 4;
    let place = &mut packed[block * 32 + within % 32..][..4];
    for (byte, weight) in place.iter_mut().zip(four) {
        debug_assert!((-8..8).contains(&weight));
        *byte |= ((weight as u8) & 15) << shift;
    }
}

#[cfg(test)]
mod tests {
    use super::store_nibbles;
    use crate::kernels::{Isa, unpack_nibbles};

    #[test]
    fn what_is_stored_comes_out_on_every_instruction_set() {
        let weights: Vec<i8> = (0..64 * 5).map(|i| (i * 7 % 16) as i8 - 8).collect();
        let mut packed = vec![0; weights.len() / 2];
        for (i, four) in weights.as_chunks::<4>().0.iter().enumerate() {
            store_nibbles(&mut packed, 4 * i, *four);
        }
        for isa in Isa::available() {
            let mut out = vec![0; weights.len()];
            unpack_nibbles(isa, &packed, &mut out);
            assert_eq!(out, weights, "{}", isa.name());
        }
    }
}
