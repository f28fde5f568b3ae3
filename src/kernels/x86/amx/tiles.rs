//! The AMX instructions themselves, a few at a time.
//!
//! Each function is one piece of assembly on tiles that are named by hand; what a tile holds stays there from one piece
//! to the next, since the compiler never uses them.

use std::arch::asm;
use std::mem::MaybeUninit;

/// Rows of a full tile.
pub(super) const TILE_ROWS: usize = 16;

/// Bytes of a full row of a tile, of every factor and of the sums.
pub(super) const ROW_BYTES: usize = 64;

/// Bytes of a tile of packed weights.
pub(super) const TILE_BYTES: usize = TILE_ROWS * ROW_BYTES;

/// Numbers in a tile of sums.
pub(super) const TILE_SUMS: usize = TILE_ROWS * TILE_ROWS;

/// Rows of `a` in the two tiles that hold them, 1 to 16 each.
#[derive(Clone, Copy, PartialEq, Eq)]
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

/// One piece of assembly that changes tiles and nothing else of ours but memory.
macro_rules! tiles {
    ($($part:tt)*) => {
        asm!(
            $($part)*
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack, preserves_flags),
        )
    };
}

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
    unsafe { tiles!("ldtilecfg [{}]", in(reg) &raw const config,) };
}

/// Frees this thread's tiles, so that the operating system need not save them.
///
/// # Safety
/// The CPU and the operating system have AMX.
pub(super) unsafe fn release() {
    // SAFETY: touches nothing but the tiles.
    unsafe { tiles!("tilerelease",) };
}

/// Room for four tiles of sums, 4 KB.
#[repr(C, align(64))]
pub(super) struct Sums([MaybeUninit<[i32; TILE_SUMS]>; 4]);

impl Sums {
    /// Nothing stored yet.
    pub(super) const NEW: Sums = Sums([const { MaybeUninit::uninit() }; 4]);

    /// Where a tile is stored.
    #[inline(always)]
    pub(super) fn tile(&mut self, tile: usize) -> *mut i32 {
        self.0[tile].as_mut_ptr().cast()
    }
}

/// Makes the four tiles of sums zero.
///
/// # Safety
/// The tiles are configured.
#[inline(always)]
pub(super) unsafe fn zero() {
    // SAFETY: touches nothing but the tiles.
    unsafe { tiles!("tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",) };
}

/// Takes the four tiles of sums back from where `store` has put them.
///
/// # Safety
/// The tiles are configured, and were stored there in this shape.
#[inline(always)]
pub(super) unsafe fn load(sums: &mut Sums) {
    // SAFETY: reads the configured rows of the four tiles.
    unsafe {
        tiles!(
            "tileloadd tmm0, [{sums} + {row}*1]",
            "tileloadd tmm1, [{sums} + {row}*1 + 1024]",
            "tileloadd tmm2, [{sums} + {row}*1 + 2048]",
            "tileloadd tmm3, [{sums} + {row}*1 + 3072]",
            sums = in(reg) sums.tile(0),
            row = in(reg) ROW_BYTES,
        );
    }
}

/// Stores the four tiles of sums, one after the other.
///
/// # Safety
/// The tiles are configured.
#[inline(always)]
pub(super) unsafe fn store(sums: &mut Sums) {
    // SAFETY: writes the configured rows of the four tiles, which `sums` has room for.
    unsafe {
        tiles!(
            "tilestored [{sums} + {row}*1], tmm0",
            "tilestored [{sums} + {row}*1 + 1024], tmm1",
            "tilestored [{sums} + {row}*1 + 2048], tmm2",
            "tilestored [{sums} + {row}*1 + 3072], tmm3",
            sums = in(reg) sums.tile(0),
            row = in(reg) ROW_BYTES,
        );
    }
}

/// Stores one of the four tiles of sums where `store` puts it, and makes it zero.
///
/// # Safety
/// The tiles are configured.
#[inline(always)]
pub(super) unsafe fn take<const TILE: usize>(sums: &mut Sums) {
    macro_rules! take {
        ($tile:literal) => {
            tiles!(
                concat!("tilestored [{sums} + {row}*1], tmm", $tile),
                concat!("tilezero tmm", $tile),
                sums = in(reg) sums.tile($tile),
                row = in(reg) ROW_BYTES,
            )
        };
    }
    // SAFETY: writes the configured rows of the tile, which `sums` has room for.
    unsafe {
        match TILE {
            0 => take!(0),
            1 => take!(1),
            2 => take!(2),
            _ => take!(3),
        }
    }
}

/// Stores the four tiles of sums, each with its first row at one of `places` and the others `stride` bytes apart.
///
/// # Safety
/// The tiles are configured, and 64 bytes of each of their rows can be written there.
#[inline(always)]
pub(super) unsafe fn store_apart(places: [*mut i32; 4], stride: usize) {
    let [first, second, third, fourth] = places;
    // SAFETY: the caller's promise.
    unsafe {
        tiles!(
            "tilestored [{first} + {stride}*1], tmm0",
            "tilestored [{second} + {stride}*1], tmm1",
            "tilestored [{third} + {stride}*1], tmm2",
            "tilestored [{fourth} + {stride}*1], tmm3",
            first = in(reg) first,
            second = in(reg) second,
            third = in(reg) third,
            fourth = in(reg) fourth,
            stride = in(reg) stride,
        );
    }
}

/// Adds 64 products to each sum of two tiles of rows and two panels.
///
/// # Safety
/// The tiles are configured; 64 bytes of every configured row, `stride` bytes apart from `first` and from `second` on,
/// and 1,024 of each panel can be read.
#[inline(always)]
pub(super) unsafe fn two_by_two(
    [first, second]: [*const u8; 2],
    stride: usize,
    panels: [*const i8; 2],
) {
    // SAFETY: the caller's promise.
    unsafe {
        tiles!(
            "tileloadd tmm4, [{first} + {stride}*1]",
            "tileloadd tmm6, [{one} + {row}*1]",
            "tdpbusd tmm0, tmm4, tmm6",
            "tileloadd tmm7, [{two} + {row}*1]",
            "tdpbusd tmm1, tmm4, tmm7",
            "tileloadd tmm5, [{second} + {stride}*1]",
            "tdpbusd tmm2, tmm5, tmm6",
            "tdpbusd tmm3, tmm5, tmm7",
            first = in(reg) first,
            second = in(reg) second,
            stride = in(reg) stride,
            one = in(reg) panels[0],
            two = in(reg) panels[1],
            row = in(reg) ROW_BYTES,
        );
    }
}

/// Adds 64 products to each sum of one tile of rows and four panels.
///
/// # Safety
/// As for `two_by_two`, with both shapes alike.
#[inline(always)]
pub(super) unsafe fn one_by_four(rows: *const u8, stride: usize, panels: [*const i8; 4]) {
    // SAFETY: the caller's promise.
    unsafe {
        tiles!(
            "tileloadd tmm4, [{rows} + {stride}*1]",
            "tileloadd tmm6, [{one} + {row}*1]",
            "tdpbusd tmm0, tmm4, tmm6",
            "tileloadd tmm7, [{two} + {row}*1]",
            "tdpbusd tmm1, tmm4, tmm7",
            "tileloadd tmm6, [{three} + {row}*1]",
            "tdpbusd tmm2, tmm4, tmm6",
            "tileloadd tmm7, [{four} + {row}*1]",
            "tdpbusd tmm3, tmm4, tmm7",
            rows = in(reg) rows,
            stride = in(reg) stride,
            one = in(reg) panels[0],
            two = in(reg) panels[1],
            three = in(reg) panels[2],
            four = in(reg) panels[3],
            row = in(reg) ROW_BYTES,
        );
    }
}
