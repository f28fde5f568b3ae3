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

/// Machines whose settings cannot change (WebAssembly), or that are not reached from here.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) mod control {
    pub const EXACT: u64 = 0;

    pub fn read() -> u64 {
        EXACT
    }

    pub fn write(_value: u64) {}
}
