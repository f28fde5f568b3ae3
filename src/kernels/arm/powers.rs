//! The table of powers in registers: 64 numbers of 16 bits, which one instruction looks up by the byte.

use std::arch::aarch64::*;

use crate::kernels::plain::octaves::{POWERS_DOWN, STEPS};

/// The lower bytes of `POWERS_DOWN`, and the upper ones.
#[derive(Clone, Copy)]
pub struct Powers(uint8x16x4_t, uint8x16x4_t);

/// `POWERS_DOWN` in bytes.
const BYTES: [[u8; STEPS as usize]; 2] = {
    let mut bytes = [[0; STEPS as usize]; 2];
    let mut i = 0;
    while i < STEPS as usize {
        [bytes[0][i], bytes[1][i]] = POWERS_DOWN[i].to_le_bytes();
        i += 1;
    }
    bytes
};

impl Powers {
    #[inline(always)]
    pub fn new() -> Powers {
        // SAFETY: every processor of this architecture has the instruction; reads 64 bytes.
        unsafe { Powers(vld1q_u8_x4(BYTES[0].as_ptr()), vld1q_u8_x4(BYTES[1].as_ptr())) }
    }

    /// The powers at sixteen steps, of which the lowest six bits count.
    #[inline(always)]
    pub fn at(self, steps: uint8x16_t) -> [uint16x8_t; 2] {
        // SAFETY: every processor of this architecture has these instructions.
        unsafe {
            let steps = vandq_u8(steps, vdupq_n_u8(STEPS as u8 - 1));
            let (low, high) = (vqtbl4q_u8(self.0, steps), vqtbl4q_u8(self.1, steps));
            [vzip1q_u8(low, high), vzip2q_u8(low, high)].map(|eight| vreinterpretq_u16_u8(eight))
        }
    }
}
