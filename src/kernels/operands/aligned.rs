//! Numbers that begin where a cache line begins.
//!
//! A vector or a row of a tile is as long as a line. Where an ordinary list begins 16 bytes into one, as large ones do,
//! each of them lies in two lines: products took half as long again on AVX-512, and with AMX twice as long.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use super::fetch::LINE;

#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([u8; LINE]);

/// A growable list of plain numbers whose address is a multiple of 64.
#[derive(Clone)]
pub struct Aligned<T> {
    lines: Vec<Line>,
    len: usize,
    kind: PhantomData<T>,
}

impl<T> Default for Aligned<T> {
    fn default() -> Self {
        Aligned { lines: Vec::new(), len: 0, kind: PhantomData }
    }
}

impl<T: bytemuck::Pod> Aligned<T> {
    const IN_A_LINE: usize = LINE / size_of::<T>();

    /// `len` zeros; of a large list, what nobody writes takes no memory.
    pub fn zeroed(len: usize) -> Self {
        let lines = bytemuck::allocation::zeroed_vec(len.div_ceil(Self::IN_A_LINE));
        Aligned { lines, len, kind: PhantomData }
    }

    /// No numbers yet, but room for so many.
    pub fn with_capacity(len: usize) -> Self {
        Aligned { lines: Vec::with_capacity(len.div_ceil(Self::IN_A_LINE)), ..Self::default() }
    }

    /// The same numbers, aligned.
    pub fn copy(numbers: &[T]) -> Self {
        let mut copied = Self::zeroed(numbers.len());
        copied.copy_from_slice(numbers);
        copied
    }

    /// Makes the list `len` long, with `new` where numbers are added; within its capacity without allocating.
    pub fn resize(&mut self, len: usize, new: T) {
        let before = self.len;
        self.lines.resize(len.div_ceil(Self::IN_A_LINE), Line([0; LINE]));
        self.len = len;
        if let Some(added) = self.get_mut(before..) {
            added.fill(new);
        }
    }

    /// Takes all numbers out, keeping the memory.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.len = 0;
    }

    /// Adds numbers at the end.
    pub fn extend_from_slice(&mut self, numbers: &[T]) {
        let before = self.len;
        self.lines.resize((before + numbers.len()).div_ceil(Self::IN_A_LINE), Line([0; LINE]));
        self.len += numbers.len();
        self[before..].copy_from_slice(numbers);
    }
}

impl<T: bytemuck::Pod> Deref for Aligned<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }
}

impl<T: bytemuck::Pod> DerefMut for Aligned<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}

impl<T: bytemuck::Pod + PartialEq> PartialEq for Aligned<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: bytemuck::Pod + std::fmt::Debug> std::fmt::Debug for Aligned<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_and_shrinks_like_a_vec_and_stays_aligned() {
        let (mut list, mut plain) = (Aligned::<u32>::default(), Vec::new());
        for (round, len) in [0, 1, 15, 16, 17, 3, 0, 40, 33, 100].into_iter().enumerate() {
            list.resize(len, round as u32);
            plain.resize(len, round as u32);
            assert_eq!(*list, *plain);
            list.extend_from_slice(&[7; 5]);
            plain.extend_from_slice(&[7; 5]);
            assert_eq!(*list, *plain);
            assert_eq!(list.as_ptr().addr() % LINE, 0);
            if round % 4 == 3 {
                list.clear();
                plain.clear();
            }
        }
        assert_eq!(*Aligned::copy(&plain), *plain);
        assert_eq!(*Aligned::<u8>::zeroed(65), [0; 65]);
    }

    #[test]
    fn within_its_capacity_it_stays_where_it_is() {
        let mut list = Aligned::<f32>::with_capacity(100);
        list.resize(100, 1.0);
        let address = list.as_ptr();
        list.resize(3, 0.0);
        list.extend_from_slice(&[2.0; 97]);
        assert_eq!(list.as_ptr(), address);
    }
}
