//! What the vectors of x86-64 share.
//!
//! Their methods are always inlined into a `Body`, which `run` of their set has compiled for these instructions and which
//! `Vectors` only gives out on machines that have them; nothing else may call them.

/// Implements operators by an intrinsic each.
macro_rules! operators {
    ($type:ident $registers:ident: $($operator:ident $method:ident $intrinsic:ident;)*) => {$(
        impl std::ops::$operator for $type {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: only called on machines with these instructions, see `vector.rs`.
                unsafe { $registers!($intrinsic self other) }
            }
        }
    )*};
}

/// An intrinsic of one or two operands for one register.
macro_rules! one {
    ($intrinsic:ident $a:ident $b:ident) => {
        Self($intrinsic($a.0, $b.0))
    };
    ($intrinsic:ident $a:ident by $b:ident) => {
        Self($intrinsic($a.0, $b))
    };
}

/// The same for two registers.
macro_rules! two {
    ($intrinsic:ident $a:ident $b:ident) => {
        Self($intrinsic($a.0, $b.0), $intrinsic($a.1, $b.1))
    };
    ($intrinsic:ident $a:ident by $b:ident) => {
        Self($intrinsic($a.0, $b), $intrinsic($a.1, $b))
    };
}

/// Methods of two vectors, and those that shift by one number of bits.
macro_rules! methods {
    ($registers:ident: $($method:ident $intrinsic:ident;)* | $($shift:ident $by:ident;)*) => {
        $(
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: only called on machines with these instructions, see `vector.rs`.
                unsafe { $registers!($intrinsic self other) }
            }
        )*
        $(
            #[inline(always)]
            fn $shift(self, bits: u32) -> Self {
                // SAFETY: only called on machines with these instructions, see `vector.rs`.
                unsafe {
                    // Constants become immediates.
                    let bits = _mm_cvtsi32_si128(bits as i32);
                    $registers!($by self by bits)
                }
            }
        )*
    };
}
