//! The product in plain Rust, which defines what every other kernel must give.

use crate::kernels::operands::{BLOCK_BYTES, LANES, Operands, Sink};

/// Sums every row against every panel.
///
/// # Safety
/// The sink takes every row and panel.
pub unsafe fn product<S: Sink>(job: &Operands, sink: &mut S) {
    for panel in 0..job.n_panels {
        let b = &job.b[panel * job.b_panel_stride..][..job.k * LANES];
        for row in 0..job.m {
            let a = &job.a[row * job.a_stride..][..job.k];
            // At most 255 * 128 * MAX_K = 2,147,450,880 in magnitude, below 2^31.
            let mut sums = [0i32; LANES];
            for (four, block) in a.as_chunks::<4>().0.iter().zip(b.as_chunks::<BLOCK_BYTES>().0) {
                for (sum, weights) in sums.iter_mut().zip(block.as_chunks::<4>().0) {
                    for (&x, &weight) in four.iter().zip(weights) {
                        *sum += i32::from(x) * i32::from(weight);
                    }
                }
            }
            // SAFETY: row and panel are within the job; the rest is the caller's promise.
            unsafe { sink.put(row, panel, &sums) };
        }
    }
}
