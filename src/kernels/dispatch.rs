//! One body, compiled once for each instruction set.

/// Defines a public function that runs `$body` compiled for the instruction set in its first
/// argument.
///
/// The body is `#[inline(always)]` plain Rust. It takes on the target features of the function it
/// is inlined into, so the compiler vectorises it for each set, and the bits stay equal because
/// IEEE 754 operations give the same result in a vector as alone. No set here is allowed to fuse
/// a multiplication with an addition: Rust never asks for that.
macro_rules! for_every_isa {
    (
        $(#[$doc:meta])*
        pub fn $name:ident($($arg:ident: $kind:ty),* $(,)?) $(-> $result:ty)? = $body:ident;
    ) => {
        $(#[$doc])*
        #[allow(clippy::too_many_arguments)]
        pub fn $name(isa: $crate::kernels::Isa, $($arg: $kind),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2($($arg: $kind),*) $(-> $result)? {
                    $body($($arg),*)
                }

                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
                fn avx512($($arg: $kind),*) $(-> $result)? {
                    $body($($arg),*)
                }

                use $crate::kernels::isa::Set;
                match isa.set() {
                    // SAFETY: a value of `Isa` with this set exists only where the CPU has it.
                    Set::Avx2 => return unsafe { avx2($($arg),*) },
                    // SAFETY: as above; `Amx` is offered only beside AVX-512.
                    Set::Avx512 | Set::Amx => return unsafe { avx512($($arg),*) },
                    Set::Scalar => {}
                }
            }
            let _ = isa;
            $body($($arg),*)
        }
    };
}
