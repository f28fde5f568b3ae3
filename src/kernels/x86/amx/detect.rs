//! Whether AMX may be used: the CPU, the operating system, and our own kernel must all agree.

use std::arch::asm;
use std::arch::x86_64::CpuidResult;

use super::product::product;
use crate::kernels::operands::{LANES, Operands, Raw};
use crate::kernels::plain;

/// Whether the AMX kernel may be chosen on this machine; asked once, for `Isa::available`.
///
/// The caller has found AVX-512 already. The kernel must also agree with plain code on a few
/// extreme products, since a wrong bit here would be a file that nobody else can open.
pub fn usable() -> bool {
    // SAFETY: the products are run only after the CPU has the instructions and the operating
    // system has allowed them.
    in_cpu() && in_system() && permitted() && unsafe { agrees() }
}

/// CPUID, which older compilers call unsafe and newer ones safe.
#[allow(unused_unsafe)]
fn cpuid(leaf: u32, part: u32) -> CpuidResult {
    // SAFETY: every x86-64 CPU has the instruction.
    unsafe { std::arch::x86_64::__cpuid_count(leaf, part) }
}

/// CPUID: tiles, their products of bytes, and tiles of the size that the kernel counts on.
fn in_cpu() -> bool {
    if cpuid(0, 0).eax < 0x1d {
        return false;
    }
    let features = cpuid(7, 0).edx;
    let (tiles, bytes) = (features >> 24 & 1 == 1, features >> 25 & 1 == 1);
    if !tiles || !bytes || cpuid(0x1d, 0).eax < 1 {
        return false;
    }
    // Palette 1: bytes of a tile and of its rows, then how many tiles and rows.
    let palette = cpuid(0x1d, 1);
    let tile_bytes = palette.eax >> 16;
    let (row_bytes, tiles) = (palette.ebx & 0xffff, palette.ebx >> 16);
    let rows = palette.ecx & 0xffff;
    tile_bytes >= 1024 && row_bytes >= 64 && tiles >= 8 && rows >= 16
}

/// XCR0: the operating system saves the tiles (bits 17 and 18).
fn in_system() -> bool {
    // OSXSAVE, without which XGETBV is no instruction.
    if cpuid(1, 0).ecx >> 27 & 1 == 0 {
        return false;
    }
    let low: u32;
    // SAFETY: the instruction was found to be there; register 0 always exists.
    unsafe {
        asm!(
            "xgetbv",
            in("ecx") 0,
            out("eax") low,
            out("edx") _,
            options(nomem, nostack, preserves_flags),
        );
    }
    low >> 17 & 3 == 3
}

/// Asks Linux to let this process use the tiles, for all its threads to come.
#[cfg(target_os = "linux")]
fn permitted() -> bool {
    const SYS_ARCH_PRCTL: i64 = 158;
    const ARCH_REQ_XCOMP_PERM: i64 = 0x1023;
    const XFEATURE_XTILEDATA: i64 = 18;
    let result: i64;
    // SAFETY: a system call that takes two numbers and changes no memory of ours. It overwrites
    // rcx and r11.
    unsafe {
        asm!(
            "syscall",
            inout("rax") SYS_ARCH_PRCTL => result,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XFEATURE_XTILEDATA,
            out("rcx") _,
            out("r11") _,
            options(nostack),
        );
    }
    result == 0
}

/// Other systems have other ways to ask, which are not written here.
#[cfg(not(target_os = "linux"))]
fn permitted() -> bool {
    false
}

/// Whether the kernel equals plain code, on shapes that take each of its paths.
///
/// # Safety
/// This process may use AMX, and the CPU has AVX-512 F and DQ.
unsafe fn agrees() -> bool {
    let bytes = |n: usize, period: usize| (0..n).map(move |i| (i * i + i / 7) % period);
    for (m, k, n_panels) in [(1, 64, 1), (16, 128, 4), (17, 64, 2), (33, 192, 3), (63, 64, 5)] {
        for extreme in [true, false] {
            let (a, b): (Vec<u8>, Vec<i8>) = if extreme {
                let signs = bytes(n_panels * LANES * k, 3);
                (vec![255; m * k], signs.map(|i| [127, -128, -127][i]).collect())
            } else {
                let b = bytes(n_panels * LANES * k, 253).map(|value| value as u8 as i8);
                (bytes(m * k, 256).map(|value| value as u8).collect(), b.collect())
            };
            let job = Operands {
                a: &a,
                a_stride: k,
                m,
                k,
                b: &b,
                b_panel_stride: k * LANES,
                n_panels,
                b_bounded_63: false,
                next: b.as_ptr(),
                awaited: None,
            };
            let stride = n_panels * LANES;
            let (mut expected, mut got) = (vec![0; m * stride], vec![0; m * stride]);
            // SAFETY: the operands and the sums have just been made to the size of the job; the rest is the caller's
            // promise.
            unsafe {
                plain::product::product(&job, &mut Raw { c: expected.as_mut_ptr(), stride });
                product(&job, &mut Raw { c: got.as_mut_ptr(), stride });
            }
            if got != expected {
                return false;
            }
        }
    }
    true
}
