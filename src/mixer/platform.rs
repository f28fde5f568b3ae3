//! What the machine can do faster: hints to the cache, and tables in large pages.

use crate::kernels::fetch_close;
use crate::parallel;

/// Asks for the cache line at `bytes[at]`.
#[inline(always)]
pub fn prefetch<T>(items: &[T], at: usize) {
    if let Some(item) = items.get(at) {
        fetch_close(item);
    }
}

/// Asks for large pages behind a table that will be read in no order: most of its reads miss the page tables
/// otherwise. A hint; nothing depends on it.
fn scattered<T>(table: &mut [T]) {
    #[cfg(target_os = "linux")]
    {
        /// What large pages are aligned to; smaller tables do without.
        const LARGE: usize = 2 << 20;
        const MADV_HUGEPAGE: std::ffi::c_int = 14;
        unsafe extern "C" {
            fn madvise(
                address: *mut std::ffi::c_void,
                length: usize,
                advice: std::ffi::c_int,
            ) -> std::ffi::c_int;
        }
        let (start, bytes) = (table.as_mut_ptr().cast::<u8>(), size_of_val(table));
        let lead = start.align_offset(LARGE);
        if bytes > lead && bytes - lead >= 2 * LARGE {
            let length = (bytes - lead) / LARGE * LARGE;
            // SAFETY: the range lies within `table`, which is borrowed mutably, and begins at a page; this advice
            // changes no content.
            unsafe { madvise(start.add(lead).cast(), length, MADV_HUGEPAGE) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = table;
}

/// A table of zeros that is in memory, put there by several threads if it is large.
///
/// Otherwise its first accesses would have every page made, one after the other; and since they read before they
/// write, twice each, of which the second time stops all threads for as long as a thousand decisions take.
pub fn zeros<T: Copy + Default + Send>(len: usize) -> Vec<T> {
    let mut table = vec![T::default(); len];
    scattered(&mut table);
    touch(&mut table);
    table
}

/// Writes a zero into each page.
fn touch<T: Copy + Default + Send>(table: &mut [T]) {
    const PART: usize = 2 << 20;
    const PAGE: usize = 4 << 10;
    let mut parts: Vec<_> = table.chunks_mut(PART / size_of::<T>()).collect();
    parallel::for_each_mut(&mut parts, |part| {
        let pages = part.chunks_mut(PAGE / size_of::<T>());
        // A zero that the compiler does not know: it would leave out the writing of one into zeros.
        pages.for_each(|page| page[0] = std::hint::black_box(T::default()));
    });
}
