//! Tables that lie over those of another mixer, which stay as they are: a block is copied when it is first asked for.
//!
//! A message of 44 bytes touches some two thousand lines of tables that a reference of 100 KB has filled with 50 MB. So a
//! mixer for it is made in microseconds, and many of them share one past. What is said and learned is the same as
//! in a whole copy.

use super::hash::place;
use std::sync::Arc;

/// A table that may lie over a frozen one.
pub trait Layered {
    /// Leaves what is there to others, which lie over it, as this one does from here on.
    fn freeze(&mut self);

    /// Forgets what was changed since it was frozen.
    fn clear(&mut self);

    /// Keeps what was changed, as if it had been there when it was frozen.
    fn commit(&mut self);

    /// Becomes a table of its own again, with what was changed since.
    fn settle(&mut self);
}

/// The blocks of a table that were copied, and what they were copied from.
#[derive(Clone)]
pub struct Over<T> {
    base: Arc<Vec<T>>,
    /// Elements of the base in front of its first block.
    base_lead: usize,
    block_len: usize,
    /// Number of a block plus one, 0 where there is none; a power of two of places, at most half of them taken.
    keys: Vec<u32>,
    /// Where its copy stands, beside each key.
    places: Vec<u32>,
    used: usize,
}

/// Places at the beginning.
const FIRST_PLACES: usize = 256;

impl<T: Copy + Default> Over<T> {
    /// Nothing copied of `base`, whose blocks of `block_len` elements begin behind `base_lead` others.
    pub fn new(base: Arc<Vec<T>>, base_lead: usize, block_len: usize) -> Self {
        let (keys, places) = (vec![0; FIRST_PLACES], vec![0; FIRST_PLACES]);
        Over { base, base_lead, block_len, keys, places, used: 0 }
    }

    /// Elements of the base in front of its first block.
    pub fn base_lead(&self) -> usize {
        self.base_lead
    }

    /// The table that this lies over.
    pub fn base(&self) -> &Arc<Vec<T>> {
        &self.base
    }

    /// Forgets all copies.
    pub fn clear(&mut self) {
        if self.used > 0 {
            self.keys.fill(0);
            self.used = 0;
        }
    }

    /// The number of the copy of a block among the blocks of `own`, which begin behind `lead` others and are followed by
    /// room for reading on.
    #[inline]
    pub fn place(&mut self, block: usize, own: &mut Vec<T>, lead: usize) -> usize {
        let key = block as u32 + 1;
        let mut at = self.first_place(key);
        loop {
            match self.keys[at] {
                known if known == key => return self.places[at] as usize,
                0 => return self.copy(block, at, own, lead),
                _ => at = (at + 1) & (self.keys.len() - 1),
            }
        }
    }

    #[inline(always)]
    fn first_place(&self, key: u32) -> usize {
        place(key, self.keys.len().ilog2())
    }

    fn copy(&mut self, block: usize, at: usize, own: &mut Vec<T>, lead: usize) -> usize {
        let place = self.used;
        self.keys[at] = block as u32 + 1;
        self.places[at] = place as u32;
        self.used += 1;
        let (to, from) = (lead + place * self.block_len, self.base_lead + block * self.block_len);
        // Vectors read on behind what they are asked for, at most as long as two blocks.
        let needed = to + 3 * self.block_len;
        if own.len() < needed {
            own.resize(needed.next_power_of_two().max(64 * self.block_len), T::default());
        }
        own[to..to + self.block_len].copy_from_slice(&self.base[from..from + self.block_len]);
        if 2 * self.used > self.keys.len() {
            self.widen();
        }
        place
    }

    /// The whole table, with the copies in `own` written into it.
    pub fn whole(&self, own: &[T], lead: usize) -> Vec<T> {
        let mut whole = Vec::clone(&self.base);
        let copies = self.keys.iter().zip(&self.places).filter(|(key, _)| **key != 0);
        for (&key, &place) in copies {
            let to = self.base_lead + (key as usize - 1) * self.block_len;
            let from = lead + place as usize * self.block_len;
            whole[to..to + self.block_len].copy_from_slice(&own[from..from + self.block_len]);
        }
        whole
    }

    /// Writes the copies in `own` into the base, of which a copy is made if others lie over it too, and forgets them.
    pub fn commit(&mut self, own: &[T], lead: usize) {
        let base = Arc::make_mut(&mut self.base);
        for (key, &place) in self.keys.iter_mut().zip(&self.places).filter(|(key, _)| **key != 0) {
            let to = self.base_lead + (*key as usize - 1) * self.block_len;
            let from = lead + place as usize * self.block_len;
            base[to..to + self.block_len].copy_from_slice(&own[from..from + self.block_len]);
            *key = 0;
        }
        self.used = 0;
    }

    /// The base, to be written to.
    pub fn base_mut(&mut self) -> &mut Vec<T> {
        Arc::make_mut(&mut self.base)
    }

    /// Which block a copy is of.
    pub fn block_of(&self, place: usize) -> Option<usize> {
        let is_it = |(key, at): &(&u32, &u32)| **key != 0 && **at as usize == place;
        let (key, _) = self.keys.iter().zip(&self.places).find(is_it)?;
        Some(*key as usize - 1)
    }

    fn widen(&mut self) {
        let (keys, places) = (std::mem::take(&mut self.keys), std::mem::take(&mut self.places));
        self.keys = vec![0; 2 * keys.len()];
        self.places = vec![0; 2 * keys.len()];
        for (key, place) in keys.into_iter().zip(places).filter(|(key, _)| *key != 0) {
            let mut at = self.first_place(key);
            while self.keys[at] != 0 {
                at = (at + 1) & (self.keys.len() - 1);
            }
            (self.keys[at], self.places[at]) = (key, place);
        }
    }
}

/// A table of blocks that is its own, or lies over another.
#[derive(Clone)]
pub struct Sheet<T> {
    /// The whole table, or the copies of its blocks.
    pub own: Vec<T>,
    block_len: usize,
    over: Option<Over<T>>,
}

impl<T: Copy + Default> Sheet<T> {
    /// A table of its own, which others shall copy by blocks of `block_len` elements.
    pub fn new(own: Vec<T>, block_len: usize) -> Self {
        Sheet { own, block_len, over: None }
    }

    /// Where a block stands, in blocks; it is there then.
    #[inline(always)]
    pub fn place(&mut self, block: usize) -> usize {
        match &mut self.over {
            None => block,
            Some(over) => over.place(block, &mut self.own, 0),
        }
    }
}

impl<T: Copy + Default> Layered for Sheet<T> {
    fn freeze(&mut self) {
        debug_assert!(self.over.is_none(), "one table over another");
        let base = Arc::new(std::mem::take(&mut self.own));
        self.over = Some(Over::new(base, 0, self.block_len));
    }

    fn clear(&mut self) {
        if let Some(over) = &mut self.over {
            over.clear();
        }
    }

    fn commit(&mut self) {
        if let Some(over) = &mut self.over {
            over.commit(&self.own, 0);
        }
    }

    fn settle(&mut self) {
        if let Some(over) = self.over.take() {
            self.own = over.whole(&self.own, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_sheet_over_another_reads_as_a_whole_copy(
            base in proptest::collection::vec(any::<u32>(), 64 * 40..64 * 40 + 1),
            writes in proptest::collection::vec((0usize..160, 0usize..16, any::<u32>()), 0..900),
        ) {
            let mut sheet = Sheet::new(base.clone(), 16);
            sheet.freeze();
            for _ in 0..2 {
                let mut whole = base.clone();
                for &(block, at, value) in &writes {
                    let place = sheet.place(block);
                    prop_assert_eq!(&sheet.own[16 * place..][..16], &whole[16 * block..][..16]);
                    sheet.own[16 * place + at] = value;
                    whole[16 * block + at] = value;
                }
                let mut kept = sheet.clone();
                kept.commit();
                kept.settle();
                prop_assert_eq!(&kept.own, &whole);
                let mut settled = sheet.clone();
                settled.settle();
                prop_assert_eq!(&settled.own, &whole);
                sheet.clear();
            }
            sheet.settle();
            prop_assert_eq!(sheet.own, base);
        }
    }
}
