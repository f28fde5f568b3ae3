//! What the machine can do faster: hints to the cache, and wider vectors for the same plain loops.

/// Which vector instructions the loops of the network are compiled for; the sums are the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Vectors {
    /// What every machine of this architecture has.
    Plain,
    /// 256-bit integer vectors.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 512-bit integer vectors.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Vectors {
    /// The widest that this machine has.
    pub fn best() -> Self {
        *Self::all().last().expect("plain code is always there")
    }

    /// All that this machine has, narrowest first.
    pub fn all() -> Vec<Self> {
        #[allow(unused_mut)] // on other architectures
        let mut all = vec![Vectors::Plain];
        #[cfg(target_arch = "x86_64")]
        {
            if std::is_x86_feature_detected!("avx2") {
                all.push(Vectors::Avx2);
                if std::is_x86_feature_detected!("avx512f")
                    && std::is_x86_feature_detected!("avx512bw")
                    && std::is_x86_feature_detected!("avx512vl")
                {
                    all.push(Vectors::Avx512);
                }
            }
        }
        all
    }
}

/// Asks for the cache line at `bytes[at]`.
#[inline(always)]
pub fn prefetch<T>(items: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(item) = items.get(at) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: SSE is part of x86-64, and a prefetch of any address reads nothing; this one is valid besides.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(item).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (items, at);
}
