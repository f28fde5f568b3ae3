//! All counters of a mixer but those of its probability maps, in one table, so that those of a decision are read and
//! written together.
//!
//! ```text
//! [context][state]                          what bit histories are worth
//! [context][length class][bits known]       runs
//! [finder][decision][misses][length class]  matches
//! [node]  [byte][node]  [bytes][node]       direct counters of orders 0, 1 and 2
//! [context][hash]                           the same of contexts of pixels, and one that is silent
//! ```
//!
//! The first cell of a context's states, of its runs and of a finder's matches is a counter that says nothing and never
//! learns.

use super::counters::Counter;
use super::hash::place;
use super::history::histories;
use super::math::P_ONE;
use super::over::{Layered, Over};
use super::pixels;
use super::plan::TableBits;
use super::platform::{prefetch, zeros};
use super::shape::Shape;
use crate::kernels::vectors::WIDTH;

/// Cells of a context's states.
pub const STATES: usize = 256;
/// Classes of run lengths.
pub const RUN_CLASSES: usize = 8;
/// Cells of a context's runs: by class, and whether bits of the byte are known.
pub const RUN_ENTRIES: usize = 2 * RUN_CLASSES;
/// Cells of a finder's matches.
pub const MATCH_ENTRIES: usize = 10 * 4 * 16;

/// What a direct counter's cell differs from it by: a table of zeros is one of new counters, and need not be filled.
pub const DIRECT: i32 = Counter::HALF.word();

/// The table.
#[derive(Clone)]
pub struct Cells {
    words: Vec<u32>,
    /// Those that start values consist of: all but the direct counters.
    learned: usize,
    /// The first direct counter of each order.
    direct: [usize; 3],
    /// The first counter of contexts of pixels, and the base-2 logarithm of each one's.
    pixels: (usize, u32),
    /// The counters that these lie over: direct ones above order 0 are copied where they are asked for.
    over: Option<Over<u32>>,
}

/// The first cell of runs.
#[inline(always)]
const fn runs_at(shape: &Shape) -> usize {
    shape.contexts * STATES
}

/// The first cell of matches.
#[inline(always)]
const fn matches_at(shape: &Shape) -> usize {
    runs_at(shape) + shape.runs * RUN_ENTRIES
}

/// The first direct counter of each order; nodes of half a byte lie in one cache line.
#[inline(always)]
const fn direct_at(shape: &Shape) -> [usize; 3] {
    let first = (matches_at(shape) + shape.finders * MATCH_ENTRIES).next_multiple_of(WIDTH);
    [first, first + 256, first + 256 + (1 << 16)]
}

/// The first counter of contexts of pixels.
const fn pixels_at(shape: &Shape, bits: &TableBits) -> usize {
    direct_at(shape)[2] + if shape.counters > 2 { 1 << bits.counters } else { 0 }
}

/// Cells of a table.
const fn len(shape: &Shape, bits: &TableBits) -> usize {
    let behind = if shape.pixels > 0 { (shape.pixels << bits.pixels) + WIDTH } else { 0 };
    pixels_at(shape, bits) + behind
}

impl Cells {
    /// A table in which histories, runs and matches say what rules of thumb say.
    pub fn new(shape: &Shape, bits: &TableBits) -> Self {
        let direct = direct_at(shape);
        let mut words: Vec<u32> = zeros(len(shape, bits));
        // Places are kept as signed numbers.
        assert!(words.len() < 1 << 31);
        let learned = matches_at(shape) + shape.finders * MATCH_ENTRIES;
        let (states, rest) = words[..learned].split_at_mut(runs_at(shape));
        let (runs, matches) = rest.split_at_mut(matches_at(shape) - runs_at(shape));
        fill(states, &states_at_first());
        fill(runs, &runs_at_first());
        fill(matches, &matches_at_first());
        let pixels = (pixels_at(shape, bits), bits.pixels);
        Self { words, learned, direct, pixels, over: None }
    }

    /// Where the direct counters of orders 1 and 2 at these places are.
    #[inline(always)]
    pub fn direct(&mut self, places: [usize; 2]) -> [i32; 2] {
        let [_, order1, order2] = self.direct;
        let whole = order1;
        let words = [order1 + places[0], order2 + places[1]];
        match &mut self.over {
            None => words.map(|word| word as i32),
            Some(over) => words.map(|word| {
                // A light mixer has no order 2, and does not look at its place.
                let word = word.min(over.base().len() - 1);
                let (block, at) = ((word - whole) / WIDTH, (word - whole) % WIDTH);
                (whole + over.place(block, &mut self.words, whole) * WIDTH + at) as i32
            }),
        }
    }

    /// Where the counter of a context of pixels is; without one, that which is silent.
    #[inline(always)]
    pub fn pixels(&self, number: usize, context: Option<u32>) -> i32 {
        let (first, bits) = self.pixels;
        let at = match context {
            Some(context) => number << bits | place(context, bits),
            None => pixels::CONTEXTS << bits,
        };
        (first + at) as i32
    }

    /// Bytes that a table takes.
    pub fn memory_bytes(shape: &Shape, bits: &TableBits) -> u64 {
        4 * len(shape, bits) as u64
    }

    /// All words, for vectors of places.
    #[inline(always)]
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// The same, to be written to.
    #[inline(always)]
    pub fn words_mut(&mut self) -> &mut [u32] {
        &mut self.words
    }

    /// Asks for an order-1 counter.
    #[inline(always)]
    pub fn prefetch_order1(&self, place: usize) {
        prefetch(&self.words, self.direct[1] + place);
    }

    /// Asks for an order-2 counter.
    #[inline(always)]
    pub fn prefetch_order2(&self, place: usize) {
        prefetch(&self.words, self.direct[2] + place);
    }

    /// The counters that start values consist of: of the `used` states of each context, of runs and of matches.
    pub fn learned<'a>(
        &'a mut self,
        shape: &Shape,
        used: usize,
    ) -> impl Iterator<Item = &'a mut u32> {
        let (states, rest) = self.words[..self.learned].split_at_mut(runs_at(shape));
        states.chunks_exact_mut(STATES).flat_map(move |row| &mut row[..used]).chain(rest)
    }

    /// Makes silent what never learns.
    pub fn silence(&mut self, shape: &Shape) {
        let rows = [
            (0, shape.contexts, STATES),
            (runs_at(shape), shape.runs, RUN_ENTRIES),
            (matches_at(shape), shape.finders, MATCH_ENTRIES),
        ];
        for (first, n, len) in rows {
            for row in 0..n {
                self.words[first + row * len] = Counter::HALF.word() as u32;
            }
        }
    }
}

impl Layered for Cells {
    fn freeze(&mut self) {
        let whole = self.direct[1];
        let base = std::sync::Arc::new(std::mem::take(&mut self.words));
        self.words = base[..whole].to_vec();
        self.over = Some(Over::new(base, whole, WIDTH));
    }

    fn clear(&mut self) {
        if let Some(over) = &mut self.over {
            over.clear();
            let whole = self.direct[1];
            self.words[..whole].copy_from_slice(&over.base()[..whole]);
        }
    }

    fn commit(&mut self) {
        if let Some(over) = &mut self.over {
            let whole = self.direct[1];
            over.commit(&self.words, whole);
            over.base_mut()[..whole].copy_from_slice(&self.words[..whole]);
        }
    }

    fn settle(&mut self) {
        if let Some(over) = self.over.take() {
            let whole = self.direct[1];
            let mut words = over.whole(&self.words, whole);
            words[..whole].copy_from_slice(&self.words[..whole]);
            self.words = words;
        }
    }
}

/// Where the counters of a shape's decisions are, each in its place among all that speak.
pub struct Places<'a>(pub &'a Shape);

impl Places<'_> {
    /// The first cell of a context's states.
    #[inline(always)]
    pub const fn context(&self, context: usize) -> i32 {
        (context * STATES) as i32
    }

    /// A context's run.
    #[inline(always)]
    pub const fn run(&self, context: usize, entry: usize) -> i32 {
        (runs_at(self.0) + context * RUN_ENTRIES + entry) as i32
    }

    /// A finder's match.
    #[inline(always)]
    pub const fn matching(&self, finder: usize, entry: usize) -> i32 {
        (matches_at(self.0) + finder * MATCH_ENTRIES + entry) as i32
    }

    /// A direct counter.
    #[inline(always)]
    pub const fn direct(&self, order: usize, place: usize) -> i32 {
        (direct_at(self.0)[order] + place) as i32
    }
}

fn fill(cells: &mut [u32], row: &[Counter]) {
    for (cell, counter) in cells.iter_mut().zip(row.iter().cycle()) {
        *cell = counter.word() as u32;
    }
}

/// What a history of so many zeros and ones says at first.
fn states_at_first() -> Vec<Counter> {
    let counts =
        histories().counts.iter().map(|&[zeros, ones]| (u64::from(zeros), u64::from(ones)));
    // (n1 + 0.4) / (n + 0.8)
    let p = |(zeros, ones)| (10 * ones + 4) * u64::from(P_ONE) / (10 * (zeros + ones) + 8);
    counts.map(|counts| Counter::new(p(counts) as u32, 6)).collect()
}

/// How often a run goes on.
fn runs_at_first() -> Vec<Counter> {
    let class = |entry: u32| entry / 2;
    let p = |class| P_ONE / (2 * class + 3) * (2 * class + 2);
    (0..RUN_ENTRIES as u32).map(|entry| Counter::new(p(class(entry)), 4)).collect()
}

/// How often a match goes on, by its length.
fn matches_at_first() -> Vec<Counter> {
    let p = |class: u64| u64::from(P_ONE) * (class * class + 2) / (class * class + 3);
    (0..16).map(|class| Counter::new(p(class) as u32, 4)).collect()
}
