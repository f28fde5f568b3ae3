//! The keys and values of one lane, as int8, packed so that attention is two matrix products.
//!
//! Each block has a ring of slots, as many as its window needs ([`ring`]).
//! Which slots a query sees is a set; since all sums over slots are integer sums and maxima, their order (and
//! so the size of the ring, and where it wraps) cannot matter.

mod ring;

use self::ring::{Ring, rings, slots_for};
use super::Config;
use crate::kernels::{Aligned, QuantRows, SlotView, Soon, ValueScales, scale_log};
use std::ops::Range;

/// Slots come in blocks of this many: a K block of the products that read the values.
pub const SLOT_BLOCK: usize = 64;

/// Bytes of keys, and of values, that are asked for before attention reads them; how a longer read goes on, the
/// processor guesses.
const MOST_SOON: usize = 32 << 10;

/// Scales of values, as attention wants them.
#[derive(Clone)]
enum Scales {
    /// `scale_log` of each, times 2^16.
    Logs(Aligned<i32>),
    Floats(Aligned<f32>),
}

/// One lane: all heads of all blocks, and how far it has come.
#[derive(Clone)]
pub struct LaneCache {
    /// Packed by head: panels of 16 slots, `head_dim` columns. All heads lie in one allocation: a
    /// large one comes from the system as pages of zeros, which take no memory until they are used.
    keys: Aligned<i8>,
    /// Packed by head: panels of 16 dimensions, `slots` columns.
    values: Aligned<i8>,
    /// `[head][slot]`, and so are the next two.
    key_scales: Aligned<f32>,
    /// 128 times the sum of the key, which the +128 of the queries adds to each score.
    key_corrections: Aligned<i32>,
    value_scales: Scales,
    kv_heads: usize,
    head_dim: usize,
    /// By block.
    rings: Vec<Ring>,
    /// What the products gave for queries, keys and values of the first position, one block after the other, if it stays visible.
    start: Vec<f32>,
    /// Positions written so far; the next token stands here.
    pub position: usize,
}

impl LaneCache {
    /// An empty cache in which `window` positions stay visible while `run` are written at once, of at most `positions`
    /// in all.
    pub fn new(config: &Config, window: usize, run: usize, positions: usize) -> LaneCache {
        let mut all_slots = 0;
        let rings = rings(config, window, run, positions)
            .inspect(|ring| all_slots += ring.slots * config.kv_heads)
            .collect();
        LaneCache {
            keys: Aligned::zeroed(all_slots * config.head_dim),
            values: Aligned::zeroed(all_slots * config.head_dim),
            key_scales: Aligned::zeroed(all_slots),
            key_corrections: Aligned::zeroed(all_slots),
            value_scales: match config.attention_limbs() {
                1 => Scales::Logs(Aligned::zeroed(all_slots)),
                _ => Scales::Floats(Aligned::zeroed(all_slots)),
            },
            kv_heads: config.kv_heads,
            head_dim: config.head_dim,
            rings,
            start: vec![0.0; start_len(config)],
            position: 0,
        }
    }

    /// Where a head's slots stand among all, and its bytes.
    fn place(&self, layer: usize, head: usize) -> (Range<usize>, Range<usize>) {
        let Ring { first, slots, .. } = self.rings[layer];
        let from = first + head * slots;
        let to = from + slots;
        (from..to, from * self.head_dim..to * self.head_dim)
    }

    /// Slots of a head in a block that sees the whole window.
    pub fn capacity(config: &Config, window: usize, run: usize, positions: usize) -> usize {
        slots_for(config.keeps_start && window > 1, window, run, positions)
    }

    /// Bytes that a cache of this shape takes.
    pub fn memory_bytes(config: &Config, window: usize, run: usize, positions: usize) -> usize {
        let per_slot = 2 * config.head_dim + 12;
        let slots = rings(config, window, run, positions).map(|ring| ring.slots);
        slots.sum::<usize>() * per_slot * config.kv_heads + 4 * start_len(config)
    }

    /// Slots of a head that can hold anything when positions below `end` were written, in whole
    /// blocks of slots.
    pub fn used_slots(&self, layer: usize, end: usize) -> usize {
        end.next_multiple_of(SLOT_BLOCK).min(self.rings[layer].slots)
    }

    /// The slots of what a query at `position` sees, as the two runs into which the ring cuts them.
    pub fn visible(&self, layer: usize, position: usize) -> [Range<usize>; 2] {
        self.rings[layer].visible(position)
    }

    /// Keeps what the products gave for the first position, if it stays visible.
    pub fn keep_start(&mut self, layer: usize, projected: &[f32]) {
        if self.rings[layer].keeps_start {
            self.start[layer * projected.len()..][..projected.len()].copy_from_slice(projected);
        }
    }

    /// What was kept, of `width` numbers a block.
    pub fn start(&self, layer: usize, width: usize) -> &[f32] {
        &self.start[layer * width..][..width]
    }

    /// If queries from `position` on see the first key at another place than those before it: at which.
    pub fn turned_start(&self, layer: usize, position: usize) -> Option<usize> {
        self.rings[layer].turned_start(position)
    }

    /// Stores the first key, turned to `place`, and the first value again: rows `key` and `value` of `quantised`.
    pub fn store_start(
        &mut self,
        layer: usize,
        head: usize,
        place: usize,
        quantised: &QuantRows,
        key: usize,
        value: usize,
    ) {
        let slot = self.rings[layer].start_slot(place);
        self.store_in(layer, head, slot, quantised, key, value);
    }

    /// Stores the key and the value of `position`: rows `key` and `value` of `quantised`.
    pub fn store(
        &mut self,
        layer: usize,
        head: usize,
        position: usize,
        quantised: &QuantRows,
        key: usize,
        value: usize,
    ) {
        let slot = self.rings[layer].slot(position);
        self.store_in(layer, head, slot, quantised, key, value);
    }

    fn store_in(
        &mut self,
        layer: usize,
        head: usize,
        slot: usize,
        quantised: &QuantRows,
        key: usize,
        value: usize,
    ) {
        let (dim, slots) = (self.head_dim, self.rings[layer].slots);
        let (of_slots, bytes) = self.place(layer, head);
        let row = |index: usize| quantised.data[index * dim..(index + 1) * dim].as_chunks::<4>().0;
        let panel =
            self.keys[bytes.clone()][slot / 16 * 16 * dim..][..16 * dim].as_chunks_mut::<64>().0;
        let mut sum = 0i32;
        for (line, four) in panel.iter_mut().zip(row(key)) {
            let four = four.map(|byte| byte.wrapping_sub(128) as i8);
            line[slot % 16 * 4..][..4].copy_from_slice(&four);
            sum += four.iter().map(|&cell| i32::from(cell)).sum::<i32>();
        }
        let panels = self.values[bytes].chunks_exact_mut(16 * slots);
        for (panel, sixteen) in panels.zip(row(value).as_chunks::<4>().0) {
            let line = panel[slot / 4 * 64..][..64].as_chunks_mut::<4>().0;
            for (cells, &byte) in line.iter_mut().zip(sixteen.as_flattened()) {
                cells[slot % 4] = byte.wrapping_sub(128) as i8;
            }
        }
        let slot = of_slots.start + slot;
        self.key_scales[slot] = quantised.scales[key];
        self.key_corrections[slot] = 128 * sum;
        match &mut self.value_scales {
            Scales::Logs(logs) => logs[slot] = scale_log(quantised.scales[value]) << 16,
            Scales::Floats(scales) => scales[slot] = quantised.scales[value],
        }
    }

    /// Packed keys of a head: panels of 16 slots.
    pub fn keys(&self, layer: usize, head: usize) -> &[i8] {
        &self.keys[self.place(layer, head).1]
    }

    /// Packed values of a head, and the bytes from one panel of 16 dimensions to the next.
    pub fn values(&self, layer: usize, head: usize) -> (&[i8], usize) {
        (&self.values[self.place(layer, head).1], 16 * self.rings[layer].slots)
    }

    /// Scales and corrections of a head's slots.
    pub fn slots(&self, layer: usize, head: usize, used: usize) -> SlotView<'_> {
        let from = self.place(layer, head).0.start;
        SlotView {
            k_scales: &self.key_scales[from..from + used],
            k_corrections: &self.key_corrections[from..from + used],
            v_scales: match &self.value_scales {
                Scales::Logs(logs) => ValueScales::Logs(&logs[from..from + used]),
                Scales::Floats(scales) => ValueScales::Floats(&scales[from..from + used]),
            },
            soon: Soon::NOTHING,
        }
    }

    /// What attention to a head will read of slots below `used`; of keys and values nothing, where these are `here`.
    pub fn soon(&self, layer: usize, head: usize, used: usize, here: bool) -> Soon {
        let slots = self.slots(layer, head, used);
        let mut soon = Soon::NOTHING.and(slots.k_scales).and(slots.k_corrections);
        soon = match slots.v_scales {
            ValueScales::Logs(logs) => soon.and(logs),
            ValueScales::Floats(scales) => soon.and(scales),
        };
        if here {
            return soon;
        }
        let keys = &self.keys(layer, head)[..used * self.head_dim];
        let values = self.values(layer, head).0;
        soon.and(&keys[..keys.len().min(MOST_SOON)]).and(&values[..values.len().min(MOST_SOON)])
    }

    /// The keys of all heads of a block, and their values.
    pub fn areas(&self, layer: usize) -> [&[i8]; 2] {
        let Ring { first, slots, .. } = self.rings[layer];
        let place = first * self.head_dim..(first + self.kv_heads * slots) * self.head_dim;
        [&self.keys[place.clone()], &self.values[place]]
    }

    /// Takes over what another lane has seen, which may have fewer slots in the blocks whose rings it has not filled.
    ///
    /// Only slots that hold something are touched: most of a fresh cache is not in memory yet.
    ///
    /// # Panics
    /// If what the other has seen lies in other slots here.
    pub fn copy_from(&mut self, other: &LaneCache) {
        for (layer, (ring, theirs)) in self.rings.iter().zip(&other.rings).enumerate() {
            let (dim, n) = (self.head_dim, self.kv_heads);
            let used = other.used_slots(layer, other.position);
            // The last slot is not part of the ring where the first position stays visible.
            let end = ring.slots.min(theirs.slots) - usize::from(ring.keeps_start);
            let whole = other.position <= end;
            assert!(ring.slots == theirs.slots || whole, "rings of other sizes");
            let fronts = |of_slot: usize, in_front: usize| Fronts {
                n: n * of_slot / in_front,
                from: theirs.first * of_slot,
                from_each: theirs.slots * in_front,
                to: ring.first * of_slot,
                to_each: ring.slots * in_front,
                used: used * in_front,
            };
            // Each head's first slots; each panel of values has the used ones in front.
            let (heads, panels, scales) = (fronts(dim, dim), fronts(dim, 16), fronts(1, 1));
            heads.copy(&mut self.keys, &other.keys);
            panels.copy(&mut self.values, &other.values);
            scales.copy(&mut self.key_scales, &other.key_scales);
            scales.copy(&mut self.key_corrections, &other.key_corrections);
            match (&mut self.value_scales, &other.value_scales) {
                (Scales::Logs(to), Scales::Logs(from)) => scales.copy(to, from),
                (Scales::Floats(to), Scales::Floats(from)) => scales.copy(to, from),
                (to, from) => to.clone_from(from),
            }
        }
        self.start.clone_from(&other.start);
        self.position = other.position;
    }
}

/// The first `used` elements of each of `n` equal parts, which have more room on one side than on the other.
struct Fronts {
    n: usize,
    from: usize,
    from_each: usize,
    to: usize,
    to_each: usize,
    used: usize,
}

impl Fronts {
    fn copy<T: Copy>(&self, to: &mut [T], from: &[T]) {
        let (to, from) = (&mut to[self.to..], &from[self.from..]);
        let parts = to.chunks_exact_mut(self.to_each).zip(from.chunks_exact(self.from_each));
        for (to, from) in parts.take(self.n) {
            to[..self.used].copy_from_slice(&from[..self.used]);
        }
    }
}

/// Numbers that are kept of the first position.
fn start_len(config: &Config) -> usize {
    if config.keeps_start { config.layers * config.qkv_rows() } else { 0 }
}
