//! The floating-point settings that exact arithmetic needs, per thread.

use std::marker::PhantomData;

/// Holds this thread's floating-point unit in the exact settings while it lives.
///
/// Exact means: round to nearest even, keep denormal numbers as they are, raise no traps. A host
/// program may have set something else (audio code flushes denormals, for instance), and two
/// machines would then compute different bits. Dropping the value puts the old settings back, so
/// it must be dropped on the thread that made it; it cannot be sent to another.
#[must_use = "the settings go back when this value is dropped"]
pub struct FloatEnv {
    saved: u64,
    this_thread: PhantomData<*const ()>,
}

impl FloatEnv {
    /// Sets this thread's floating-point unit to exact arithmetic.
    ///
    /// Panics where settings are not exact and cannot be reached from here: that is so on architectures other than x86,
    /// ARM and WebAssembly, if a host program has changed them.
    // Never inlined, so that no floating-point operation of the caller moves across the change.
    #[inline(never)]
    pub fn exact() -> FloatEnv {
        let saved = control::read();
        if saved != control::EXACT {
            control::write(control::EXACT);
        }
        FloatEnv { saved, this_thread: PhantomData }
    }
}

impl Drop for FloatEnv {
    #[inline(never)]
    fn drop(&mut self) {
        control::write(self.saved);
    }
}

/// MXCSR.
#[cfg(target_arch = "x86_64")]
pub(super) mod control {
    pub use super::mxcsr::{EXACT, read, write};
}

/// MXCSR, and above it the control word of the x87, in which conversions of 64-bit integers are done.
#[cfg(target_arch = "x86")]
pub(super) mod control {
    use super::mxcsr;
    use std::arch::asm;

    #[cfg(not(target_feature = "sse2"))]
    compile_error!(
        "without SSE2, numbers are kept in the longer registers of the x87, which gives other bits"
    );

    /// Of the x87: all exceptions masked, round to nearest even, 64 bits of precision.
    const EXACT_X87: u16 = 0x037f;

    pub const EXACT: u64 = mxcsr::EXACT | (EXACT_X87 as u64) << 32;

    pub fn read() -> u64 {
        let mut word = 0u16;
        // SAFETY: stores the control word into two bytes that are ours.
        unsafe { asm!("fnstcw [{}]", in(reg) &raw mut word, options(nostack, preserves_flags)) };
        mxcsr::read() | u64::from(word) << 32
    }

    pub fn write(value: u64) {
        mxcsr::write(value & 0xffff_ffff);
        let word = (value >> 32) as u16;
        // SAFETY: the value is EXACT or was read from the register.
        unsafe { asm!("fldcw [{}]", in(reg) &raw const word, options(nostack, preserves_flags)) };
    }
}

#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
mod mxcsr {
    use std::arch::asm;

    /// All six exceptions masked, round to nearest even, neither FTZ nor DAZ, no sticky flags.
    pub const EXACT: u64 = 0x1f80;

    pub fn read() -> u64 {
        let mut value = 0u32;
        // SAFETY: stores the register into four bytes that are ours.
        unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut value, options(nostack, preserves_flags)) };
        u64::from(value)
    }

    pub fn write(value: u64) {
        let value = value as u32;
        // SAFETY: the value is EXACT or was read from the register, so no reserved bit is set.
        unsafe {
            asm!("ldmxcsr [{}]", in(reg) &raw const value, options(nostack, preserves_flags))
        };
    }
}

/// FPCR.
#[cfg(target_arch = "aarch64")]
pub(super) mod control {
    use std::arch::asm;

    /// Round to nearest even, no flush to zero, IEEE NaN handling, no traps.
    pub const EXACT: u64 = 0;

    pub fn read() -> u64 {
        let value: u64;
        // SAFETY: reads a register that every thread may read.
        unsafe { asm!("mrs {}, fpcr", out(reg) value, options(nostack, preserves_flags)) };
        value
    }

    pub fn write(value: u64) {
        // SAFETY: the value is EXACT or was read from the register.
        unsafe { asm!("msr fpcr, {}", in(reg) value, options(nostack, preserves_flags)) };
    }
}

/// FPSCR.
#[cfg(all(target_arch = "arm", target_abi = "eabihf"))]
pub(super) mod control {
    use std::arch::asm;

    /// Round to nearest even, no flush to zero, IEEE NaN handling, no traps, no vectors.
    pub const EXACT: u64 = 0;

    pub fn read() -> u64 {
        let value: u32;
        // SAFETY: reads a register that every thread may read.
        unsafe { asm!("vmrs {}, fpscr", out(reg) value, options(nostack, preserves_flags)) };
        u64::from(value)
    }

    pub fn write(value: u64) {
        let value = value as u32;
        // SAFETY: the value is EXACT or was read from the register.
        unsafe { asm!("vmsr fpscr, {}", in(reg) value, options(nostack, preserves_flags)) };
    }
}

/// WebAssembly: always exact.
#[cfg(target_family = "wasm")]
pub(super) mod control {
    pub const EXACT: u64 = 0;

    pub fn read() -> u64 {
        EXACT
    }

    pub fn write(_value: u64) {}
}

/// Machines whose settings are not reached from here: they are tried, and refused if they are not exact.
#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "x86",
    target_arch = "aarch64",
    all(target_arch = "arm", target_abi = "eabihf"),
    target_family = "wasm",
)))]
pub(super) mod control {
    pub const EXACT: u64 = 0;

    pub fn read() -> u64 {
        assert!(
            super::is_exact(),
            "this thread's floating-point unit rounds other than to nearest or drops denormal numbers"
        );
        EXACT
    }

    pub fn write(_value: u64) {}
}

/// Whether this thread's arithmetic is exact, by what it gives: rounded to nearest even, denormal numbers kept.
#[cfg(any(
    test,
    not(any(
        target_arch = "x86_64",
        target_arch = "x86",
        target_arch = "aarch64",
        all(target_arch = "arm", target_abi = "eabihf"),
        target_family = "wasm",
    ))
))]
#[inline(never)]
pub(super) fn is_exact() -> bool {
    use std::hint::black_box;
    // Half a unit in the last place of 1.
    let half = f32::EPSILON / 2.0;
    let sums = [(1.0, half), (-1.0, -half), (1.0, 3.0 * half)];
    let wanted = [1.0, -1.0, 1.0 + 4.0 * half];
    let rounds = sums
        .iter()
        .zip(wanted)
        .all(|(&(a, b), sum)| black_box::<f32>(a) + black_box::<f32>(b) == sum);
    let denormal = black_box(f32::from_bits(1 << 22));
    let made = black_box(f32::MIN_POSITIVE) * black_box(0.25);
    rounds && (denormal + denormal).to_bits() == 1 << 23 && made.to_bits() == 1 << 21
}
