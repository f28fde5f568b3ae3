//! The keys and values of one lane, as int8, packed so that attention is two matrix products.
//!
//! A lane's positions live in a ring of slots: position `p` in slot `p % slots`. Which slots a
//! query sees is a set; since all sums over slots are integer sums and maxima, their order (and
//! so the size of the ring, and where it wraps) cannot matter.

use super::Config;
use crate::kernels::{QuantRows, SlotView, Soon, ValueScales, scale_log};
use std::ops::Range;

/// Slots come in blocks of this many: a K block of the products that read the values.
pub const SLOT_BLOCK: usize = 64;

/// Scales of values, as attention wants them.
#[derive(Clone)]
enum Scales {
    /// `scale_log` of each, times 2^16.
    Logs(Vec<i32>),
    Floats(Vec<f32>),
}

/// One lane: all heads of all blocks, and how far it has come.
#[derive(Clone)]
pub struct LaneCache {
    /// Packed by head: panels of 16 slots, `head_dim` columns. All heads lie in one allocation: a
    /// large one comes from the system as pages of zeros, which take no memory until they are used.
    keys: Vec<i8>,
    /// Packed by head: panels of 16 dimensions, `slots` columns.
    values: Vec<i8>,
    /// `[head][slot]`, and so are the next two.
    key_scales: Vec<f32>,
    /// 128 times the sum of the key, which the +128 of the queries adds to each score.
    key_corrections: Vec<i32>,
    value_scales: Scales,
    kv_heads: usize,
    head_dim: usize,
    slots: usize,
    /// Positions written so far; the next token stands here.
    pub position: usize,
}

impl LaneCache {
    /// An empty cache in which `window` positions stay visible while `run` are written at once.
    pub fn new(config: &Config, window: usize, run: usize) -> LaneCache {
        let slots = slots_for(window, run);
        let all_slots = slots * config.layers * config.kv_heads;
        LaneCache {
            keys: vec![0; all_slots * config.head_dim],
            values: vec![0; all_slots * config.head_dim],
            key_scales: vec![0.0; all_slots],
            key_corrections: vec![0; all_slots],
            value_scales: match config.attention_limbs() {
                1 => Scales::Logs(vec![0; all_slots]),
                _ => Scales::Floats(vec![0.0; all_slots]),
            },
            kv_heads: config.kv_heads,
            head_dim: config.head_dim,
            slots,
            position: 0,
        }
    }

    /// Where a head's slots stand among all, and its bytes.
    fn place(&self, layer: usize, head: usize) -> (Range<usize>, Range<usize>) {
        let from = (layer * self.kv_heads + head) * self.slots;
        let to = from + self.slots;
        (from..to, from * self.head_dim..to * self.head_dim)
    }

    /// Slots of such a cache.
    pub fn capacity(window: usize, run: usize) -> usize {
        slots_for(window, run)
    }

    /// Bytes that a cache of this shape takes.
    pub fn memory_bytes(config: &Config, window: usize, run: usize) -> usize {
        let per_slot = 2 * config.head_dim + 12;
        slots_for(window, run) * per_slot * config.layers * config.kv_heads
    }

    /// Slots that can hold anything when positions below `end` were written, in whole blocks.
    pub fn used_slots(&self, end: usize) -> usize {
        end.next_multiple_of(SLOT_BLOCK).min(self.slots)
    }

    /// The slots of positions `from..=position`, as the two runs into which the ring cuts them.
    pub fn visible(&self, from: usize, position: usize) -> [Range<usize>; 2] {
        let (first, last) = (from % self.slots, position % self.slots);
        if first <= last { [first..last + 1, 0..0] } else { [0..last + 1, first..self.slots] }
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
        let (slot, dim, slots) = (position % self.slots, self.head_dim, self.slots);
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
        (&self.values[self.place(layer, head).1], 16 * self.slots)
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

    /// What reading a head's keys and scales will read, of slots below `used`.
    pub fn soon(&self, layer: usize, head: usize, used: usize) -> Soon {
        let slots = self.slots(layer, head, used);
        let keys = &self.keys(layer, head)[..used * self.head_dim];
        let soon = Soon::NOTHING.and(keys).and(slots.k_scales).and(slots.k_corrections);
        match slots.v_scales {
            ValueScales::Logs(logs) => soon.and(logs),
            ValueScales::Floats(scales) => soon.and(scales),
        }
    }

    /// Takes over what another lane has seen.
    ///
    /// Only slots that hold something are touched: most of a fresh cache is not in memory yet.
    pub fn copy_from(&mut self, other: &LaneCache) {
        if self.slots != other.slots {
            return self.clone_from(other);
        }
        let used = other.used_slots(other.position);
        // Each head's first slots; each panel of values has the used ones in front.
        let (head, panel) = (self.slots * self.head_dim, 16 * self.slots);
        copy_fronts(&mut self.keys, &other.keys, head, used * self.head_dim);
        copy_fronts(&mut self.values, &other.values, panel, 16 * used);
        copy_fronts(&mut self.key_scales, &other.key_scales, self.slots, used);
        copy_fronts(&mut self.key_corrections, &other.key_corrections, self.slots, used);
        match (&mut self.value_scales, &other.value_scales) {
            (Scales::Logs(to), Scales::Logs(from)) => copy_fronts(to, from, self.slots, used),
            (Scales::Floats(to), Scales::Floats(from)) => copy_fronts(to, from, self.slots, used),
            (to, from) => to.clone_from(from),
        }
        self.position = other.position;
    }
}

/// Copies the first `used` elements of every `each`.
fn copy_fronts<T: Copy>(to: &mut [T], from: &[T], each: usize, used: usize) {
    for (to, from) in to.chunks_exact_mut(each).zip(from.chunks_exact(each)) {
        to[..used].copy_from_slice(&from[..used]);
    }
}

fn slots_for(window: usize, run: usize) -> usize {
    (window + run - 1).next_multiple_of(SLOT_BLOCK)
}
