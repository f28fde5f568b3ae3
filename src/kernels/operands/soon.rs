//! Asking memory for what is read soon, while something else is computed.
//!
//! A product with few rows takes as long as its matrix takes to come from memory; the steps between two products
//! compute and read next to nothing. So those steps ask for the matrices of the products that follow.

use std::cell::Cell;

use super::fetch::{LINE, fetch_near};

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
    pub fn fetch(&mut self, lines: usize) {
        if lines == 0 {
            return;
        }
        let Some((at, left)) = self.areas.iter_mut().find(|area| area.1 > 0) else { return };
        let now = lines.min(*left);
        for line in 0..now {
            fetch_near(at.wrapping_add(line * LINE));
        }
        *at = at.wrapping_add(now * LINE);
        *left -= now;
    }
}

/// Areas of memory that will be read after some products, which ask for them piece by piece while they compute.
///
/// Kept as addresses: nothing is ever read through them.
#[derive(Clone, Debug, Default)]
pub struct Awaited {
    /// Each by its first line's address and the number of its lines.
    areas: Vec<(usize, usize)>,
    /// The first that is left.
    next: Cell<usize>,
    /// Lines of it that were asked for.
    done: Cell<usize>,
}

impl Awaited {
    /// Room for so many areas.
    pub fn with_capacity(areas: usize) -> Awaited {
        Awaited { areas: Vec::with_capacity(areas), ..Awaited::default() }
    }

    /// Nothing any more.
    pub fn clear(&mut self) {
        self.areas.clear();
        self.next.set(0);
        self.done.set(0);
    }

    /// Adds an area, if there is room for it.
    pub fn push<T>(&mut self, items: &[T]) {
        if self.areas.len() < self.areas.capacity() && !items.is_empty() {
            self.areas.push((items.as_ptr().addr(), size_of_val(items).div_ceil(LINE)));
        }
    }

    /// Lines that are still to be asked for.
    #[cfg(test)]
    pub fn lines(&self) -> usize {
        self.areas[self.next.get()..].iter().map(|area| area.1).sum::<usize>() - self.done.get()
    }

    /// The next lines, all of one area and at most so many: where they are and how many.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub(crate) fn piece(&self, most: usize) -> (*const i8, usize) {
        let Some(&(at, lines)) = self.areas.get(self.next.get()) else {
            return (std::ptr::null(), 0);
        };
        let done = self.done.get();
        let now = most.min(lines - done);
        if done + now == lines {
            self.next.set(self.next.get() + 1);
            self.done.set(0);
        } else {
            self.done.set(done + now);
        }
        (std::ptr::without_provenance(at + done * LINE), now)
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

    #[test]
    fn pieces_are_all_there_is() {
        let (one, two) = ([0u8; 1000], [0u8; 64]);
        let mut awaited = Awaited::with_capacity(4);
        for _ in 0..2 {
            awaited.clear();
            [&one[..], &[], &two].iter().for_each(|area| awaited.push(area));
            let start = one.as_ptr().addr();
            let pieces = [(start, 7), (start + 7 * LINE, 7), (start + 14 * LINE, 2)];
            for (at, lines) in pieces.into_iter().chain([(two.as_ptr().addr(), 1), (0, 0)]) {
                let (to, asked) = awaited.piece(7);
                assert_eq!((to.addr(), asked), (at, lines));
            }
            assert_eq!(awaited.lines(), 0);
        }
    }
}
