//! Asking memory for what is read soon, while something else is computed.
//!
//! A product with few rows takes as long as its matrix takes to come from memory; the steps between two products
//! compute and read next to nothing. So those steps ask for the matrices of the products that follow.

/// Bytes of a cache line.
const LINE: usize = 64;

/// The most areas of one list.
const AREAS: usize = 5;

/// Areas of memory that will be read soon. They are never read through this list, so they may be gone by then.
#[derive(Clone, Copy, Debug)]
pub struct Soon {
    /// Each by its next line and the number of lines that are left.
    areas: [(*const u8, usize); AREAS],
}

impl Soon {
    /// Nothing.
    pub const NOTHING: Soon = Soon { areas: [(std::ptr::null(), 0); AREAS] };

    /// The list with one more area, if there is room for it.
    #[must_use]
    pub fn and<T>(mut self, items: &[T]) -> Soon {
        if let Some(area) = self.areas.iter_mut().find(|area| area.1 == 0) {
            *area = (items.as_ptr().cast(), size_of_val(items).div_ceil(LINE));
        }
        self
    }

    /// The first half of each area, and the second.
    #[must_use]
    pub fn halves(&self) -> [Soon; 2] {
        let first = self.areas.map(|(at, lines)| (at, lines / 2));
        let second =
            self.areas.map(|(at, lines)| (at.wrapping_add(lines / 2 * LINE), lines - lines / 2));
        [Soon { areas: first }, Soon { areas: second }]
    }

    /// Lines that are still to be asked for.
    pub fn lines(&self) -> usize {
        self.areas.iter().map(|area| area.1).sum()
    }

    /// Asks for the next lines, of one area only.
    #[inline(always)]
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub(super) fn fetch(&mut self, lines: usize) {
        if lines == 0 {
            return;
        }
        let Some((at, left)) = self.areas.iter_mut().find(|area| area.1 > 0) else { return };
        let now = lines.min(*left);
        for line in 0..now {
            #[cfg(target_arch = "x86_64")]
            {
                use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
                // SAFETY: SSE is part of x86-64, and a prefetch reads nothing, so that it may be any address.
                unsafe { _mm_prefetch::<_MM_HINT_T1>(at.wrapping_add(line * LINE).cast()) };
            }
            #[cfg(not(target_arch = "x86_64"))]
            let _ = line;
        }
        *at = at.wrapping_add(now * LINE);
        *left -= now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_all_there_is() {
        let (bytes, numbers) = ([0u8; 1000], [0f32; 100]);
        let soon = Soon::NOTHING.and(&bytes).and(&numbers);
        assert_eq!(soon.lines(), 16 + 7);
        let halves = soon.halves();
        assert_eq!(halves.map(|half| half.lines()), [8 + 3, 8 + 4]);
        for mut half in halves {
            let mut steps = 0;
            while half.lines() > 0 {
                half.fetch(2);
                steps += 1;
            }
            assert_eq!(steps, 4 + 2);
        }
        assert_eq!(Soon::NOTHING.lines(), 0);
    }
}
