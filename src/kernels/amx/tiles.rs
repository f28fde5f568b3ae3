//! The AMX instructions themselves.

use std::arch::asm;
use std::mem::MaybeUninit;

/// Rows of a full tile.
pub(super) const TILE_ROWS: usize = 16;

/// Bytes of a full row of a tile, of every factor and of the sums.
const ROW_BYTES: usize = 64;

/// Rows of `a` in the two tiles that hold them, 1 to 16 each.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub first: usize,
    pub second: usize,
}

/// What `ldtilecfg` reads: 64 bytes, every reserved one zero.
#[repr(C, align(64))]
struct Config {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    /// Bytes of a row, for 8 tiles; the rest is reserved.
    row_bytes: [u16; 16],
    /// Rows, for 8 tiles; the rest is reserved.
    rows: [u8; 16],
}

const _: () = assert!(size_of::<Config>() == 64);

/// Sets the shapes of this thread's tiles, and makes them all zero.
///
/// Sums of the first rows are in tiles 0 and 1, of the second in 2 and 3; tiles 4 and 5 hold the
/// rows, 6 and 7 the panels. Where only one tile of rows is in use, both shapes are given alike:
/// 0 to 3 are all sums of its rows, and 4 holds them.
///
/// # Safety
/// The CPU and the operating system have AMX, and both shapes are within 1..=16.
pub(super) unsafe fn configure(shape: Shape) {
    let mut config =
        Config { palette: 1, start_row: 0, reserved: [0; 14], row_bytes: [0; 16], rows: [0; 16] };
    config.row_bytes[..8].fill(ROW_BYTES as u16);
    let (first, second, full) = (shape.first as u8, shape.second as u8, TILE_ROWS as u8);
    config.rows[..8].copy_from_slice(&[first, first, second, second, first, second, full, full]);
    // SAFETY: the instruction reads the 64 bytes of `config`, which are valid for palette 1.
    unsafe {
        asm!(
            "ldtilecfg [{}]",
            in(reg) &raw const config,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack, preserves_flags, readonly),
        );
    }
}

/// Frees this thread's tiles, so that the operating system need not save them.
///
/// # Safety
/// The CPU and the operating system have AMX.
pub(super) unsafe fn release() {
    // SAFETY: touches nothing but the tiles.
    unsafe {
        asm!(
            "tilerelease",
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack, preserves_flags, nomem),
        );
    }
}

/// Room for four tiles of sums, 4 KB.
#[repr(C, align(64))]
pub(super) struct Sums([MaybeUninit<[[i32; TILE_ROWS]; TILE_ROWS]>; 4]);

impl Sums {
    #[inline(always)]
    pub(super) fn new() -> Sums {
        Sums([const { MaybeUninit::uninit() }; 4])
    }

    /// Where a row of a tile is stored.
    #[inline(always)]
    pub(super) fn row(&self, tile: usize, row: usize) -> *const i32 {
        (&raw const self.0[tile]).cast::<i32>().wrapping_add(row * TILE_ROWS)
    }

    #[inline(always)]
    fn start(&mut self) -> *mut u8 {
        (&raw mut self.0).cast()
    }
}

/// Sums two tiles of rows against two panels, into tiles 0 and 1 of `sums` for the first rows and
/// 2 and 3 for the second.
///
/// # Safety
/// The tiles are configured. `steps` is at least 1; for each, 64 bytes of every configured row at
/// `a` and 1,024 of each panel at `b` can be read.
pub(super) unsafe fn two_by_two(
    a: *const u8,
    a_stride: usize,
    b: *const i8,
    b_stride: usize,
    steps: usize,
    sums: &mut Sums,
) {
    // SAFETY: reads what the caller promises, and writes the four tiles of `sums`, 16 rows of 64
    // bytes each at most. All general registers that change are outputs.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "2:",
            "tileloadd tmm4, [{a0} + {a_stride}*1]",
            "tileloadd tmm6, [{b0} + {row}*1]",
            "tdpbusd tmm0, tmm4, tmm6",
            "tileloadd tmm7, [{b1} + {row}*1]",
            "tdpbusd tmm1, tmm4, tmm7",
            "tileloadd tmm5, [{a1} + {a_stride}*1]",
            "tdpbusd tmm2, tmm5, tmm6",
            "tdpbusd tmm3, tmm5, tmm7",
            "add {a0}, 64",
            "add {a1}, 64",
            "add {b0}, 1024",
            "add {b1}, 1024",
            "dec {steps}",
            "jnz 2b",
            "tilestored [{c} + {row}*1], tmm0",
            "tilestored [{c} + {row}*1 + 1024], tmm1",
            "tilestored [{c} + {row}*1 + 2048], tmm2",
            "tilestored [{c} + {row}*1 + 3072], tmm3",
            a0 = inout(reg) a => _,
            a1 = inout(reg) a.wrapping_add(TILE_ROWS * a_stride) => _,
            a_stride = in(reg) a_stride,
            b0 = inout(reg) b => _,
            b1 = inout(reg) b.wrapping_add(b_stride) => _,
            row = in(reg) ROW_BYTES,
            steps = inout(reg) steps => _,
            c = in(reg) sums.start(),
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}

/// Sums two tiles of rows against one panel, into tiles 0 and 2 of `sums`.
///
/// # Safety
/// As for `two_by_two`.
pub(super) unsafe fn two_by_one(
    a: *const u8,
    a_stride: usize,
    b: *const i8,
    steps: usize,
    sums: &mut Sums,
) {
    // SAFETY: as in `two_by_two`.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm2",
            "2:",
            "tileloadd tmm6, [{b0} + {row}*1]",
            "tileloadd tmm4, [{a0} + {a_stride}*1]",
            "tdpbusd tmm0, tmm4, tmm6",
            "tileloadd tmm5, [{a1} + {a_stride}*1]",
            "tdpbusd tmm2, tmm5, tmm6",
            "add {a0}, 64",
            "add {a1}, 64",
            "add {b0}, 1024",
            "dec {steps}",
            "jnz 2b",
            "tilestored [{c} + {row}*1], tmm0",
            "tilestored [{c} + {row}*1 + 2048], tmm2",
            a0 = inout(reg) a => _,
            a1 = inout(reg) a.wrapping_add(TILE_ROWS * a_stride) => _,
            a_stride = in(reg) a_stride,
            b0 = inout(reg) b => _,
            row = in(reg) ROW_BYTES,
            steps = inout(reg) steps => _,
            c = in(reg) sums.start(),
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}

/// Sums one tile of rows against four panels, into the four tiles of `sums`.
///
/// # Safety
/// As for `two_by_two`, with both shapes alike.
pub(super) unsafe fn one_by_four(
    a: *const u8,
    a_stride: usize,
    b: *const i8,
    b_stride: usize,
    steps: usize,
    sums: &mut Sums,
) {
    // SAFETY: as in `two_by_two`.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "2:",
            "tileloadd tmm4, [{a0} + {a_stride}*1]",
            "tileloadd tmm6, [{b0} + {row}*1]",
            "tdpbusd tmm0, tmm4, tmm6",
            "tileloadd tmm7, [{b1} + {row}*1]",
            "tdpbusd tmm1, tmm4, tmm7",
            "tileloadd tmm6, [{b2} + {row}*1]",
            "tdpbusd tmm2, tmm4, tmm6",
            "tileloadd tmm7, [{b3} + {row}*1]",
            "tdpbusd tmm3, tmm4, tmm7",
            "add {a0}, 64",
            "add {b0}, 1024",
            "add {b1}, 1024",
            "add {b2}, 1024",
            "add {b3}, 1024",
            "dec {steps}",
            "jnz 2b",
            "tilestored [{c} + {row}*1], tmm0",
            "tilestored [{c} + {row}*1 + 1024], tmm1",
            "tilestored [{c} + {row}*1 + 2048], tmm2",
            "tilestored [{c} + {row}*1 + 3072], tmm3",
            a0 = inout(reg) a => _,
            a_stride = in(reg) a_stride,
            b0 = inout(reg) b => _,
            b1 = inout(reg) b.wrapping_add(b_stride) => _,
            b2 = inout(reg) b.wrapping_add(2 * b_stride) => _,
            b3 = inout(reg) b.wrapping_add(3 * b_stride) => _,
            row = in(reg) ROW_BYTES,
            steps = inout(reg) steps => _,
            c = in(reg) sums.start(),
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}

/// Sums one tile of rows against one panel, into tile 0 of `sums`.
///
/// # Safety
/// As for `two_by_two`, with both shapes alike.
pub(super) unsafe fn one_by_one(
    a: *const u8,
    a_stride: usize,
    b: *const i8,
    steps: usize,
    sums: &mut Sums,
) {
    // SAFETY: as in `two_by_two`.
    unsafe {
        asm!(
            "tilezero tmm0",
            "2:",
            "tileloadd tmm4, [{a0} + {a_stride}*1]",
            "tileloadd tmm6, [{b0} + {row}*1]",
            "tdpbusd tmm0, tmm4, tmm6",
            "add {a0}, 64",
            "add {b0}, 1024",
            "dec {steps}",
            "jnz 2b",
            "tilestored [{c} + {row}*1], tmm0",
            a0 = inout(reg) a => _,
            a_stride = in(reg) a_stride,
            b0 = inout(reg) b => _,
            row = in(reg) ROW_BYTES,
            steps = inout(reg) steps => _,
            c = in(reg) sums.start(),
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}
