//! Hashes of contexts.

const K: u64 = 0x9e37_79b9_7f4a_7c15;

/// Adds a byte to the hash of a string; never 0 afterwards.
#[inline(always)]
pub fn step(hash: u32, byte: u8) -> u32 {
    (hash.wrapping_add(u32::from(byte)).wrapping_add(1)).wrapping_mul(0x2c1b_3c6d).rotate_left(11)
        | 1
}

/// One of `2^bits` places for a number.
#[inline(always)]
pub fn place(number: u32, bits: u32) -> usize {
    (number.wrapping_mul(0x9e37_79b1) >> (32 - bits)) as usize
}

/// Mixes two numbers under a label into 64 bits, all of which depend on all of them.
#[inline(always)]
pub fn mix(label: u64, a: u64, b: u64) -> u64 {
    let x = (a ^ label.wrapping_mul(0xd6e8_feb8_6659_fd93)).wrapping_mul(K);
    let x = (x ^ (x >> 29) ^ b).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 32)).wrapping_mul(K);
    x ^ (x >> 32)
}
