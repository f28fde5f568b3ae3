//! The keys and values of one lane, as int8, packed so that attention is two matrix products.
//!
//! A lane's positions live in a ring of slots: position `p` in slot `p % slots`. Which slots a
//! query sees is a set; since all sums over slots are integer sums and maxima, their order (and
//! so the size of the ring, and where it wraps) cannot matter.

use super::Config;
use crate::kernels::{QuantRows, SlotView};
use std::ops::Range;

/// Slots come in blocks of this many: a K block of the products that read the values.
pub const SLOT_BLOCK: usize = 64;

/// Keys and values of one head of one block.
#[derive(Clone)]
struct HeadCache {
    /// Packed: panels of 16 slots, `head_dim` columns.
    keys: Vec<i8>,
    /// Packed: panels of 16 dimensions, `slots` columns.
    values: Vec<i8>,
    key_scales: Vec<f32>,
    /// 128 times the sum of the key, which the +128 of the queries adds to each score.
    key_corrections: Vec<i32>,
    value_scales: Vec<f32>,
}

/// One lane: all heads of all blocks, and how far it has come.
#[derive(Clone)]
pub struct LaneCache {
    heads: Vec<HeadCache>,
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
        let head = |_| HeadCache {
            keys: vec![0; slots * config.head_dim],
            values: vec![0; slots * config.head_dim],
            key_scales: vec![0.0; slots],
            key_corrections: vec![0; slots],
            value_scales: vec![0.0; slots],
        };
        LaneCache {
            heads: (0..config.layers * config.kv_heads).map(head).collect(),
            kv_heads: config.kv_heads,
            head_dim: config.head_dim,
            slots,
            position: 0,
        }
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
        let cache = &mut self.heads[layer * self.kv_heads + head];
        let row = |index: usize| quantised.data[index * dim..(index + 1) * dim].as_chunks::<4>().0;
        let panel = cache.keys[slot / 16 * 16 * dim..][..16 * dim].as_chunks_mut::<64>().0;
        let mut sum = 0i32;
        for (line, four) in panel.iter_mut().zip(row(key)) {
            let four = four.map(|byte| byte.wrapping_sub(128) as i8);
            line[slot % 16 * 4..][..4].copy_from_slice(&four);
            sum += four.iter().map(|&cell| i32::from(cell)).sum::<i32>();
        }
        let panels = cache.values.chunks_exact_mut(16 * slots);
        for (panel, sixteen) in panels.zip(row(value).as_chunks::<4>().0) {
            let line = panel[slot / 4 * 64..][..64].as_chunks_mut::<4>().0;
            for (cells, &byte) in line.iter_mut().zip(sixteen.as_flattened()) {
                cells[slot % 4] = byte.wrapping_sub(128) as i8;
            }
        }
        cache.key_scales[slot] = quantised.scales[key];
        cache.key_corrections[slot] = 128 * sum;
        cache.value_scales[slot] = quantised.scales[value];
    }

    /// Packed keys of a head: panels of 16 slots.
    pub fn keys(&self, layer: usize, head: usize) -> &[i8] {
        &self.heads[layer * self.kv_heads + head].keys
    }

    /// Packed values of a head, and the bytes from one panel of 16 dimensions to the next.
    pub fn values(&self, layer: usize, head: usize) -> (&[i8], usize) {
        (&self.heads[layer * self.kv_heads + head].values, 16 * self.slots)
    }

    /// Scales and corrections of a head's slots.
    pub fn slots(&self, layer: usize, head: usize, used: usize) -> SlotView<'_> {
        let cache = &self.heads[layer * self.kv_heads + head];
        SlotView {
            k_scales: &cache.key_scales[..used],
            k_corrections: &cache.key_corrections[..used],
            v_scales: &cache.value_scales[..used],
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
        let (keys, panel) = (used * self.head_dim, 16 * self.slots);
        for (head, from) in self.heads.iter_mut().zip(&other.heads) {
            head.keys[..keys].copy_from_slice(&from.keys[..keys]);
            let panels = head.values.chunks_exact_mut(panel).zip(from.values.chunks_exact(panel));
            for (values, from) in panels {
                values[..16 * used].copy_from_slice(&from[..16 * used]);
            }
            head.key_scales[..used].copy_from_slice(&from.key_scales[..used]);
            head.key_corrections[..used].copy_from_slice(&from.key_corrections[..used]);
            head.value_scales[..used].copy_from_slice(&from.value_scales[..used]);
        }
        self.position = other.position;
    }
}

fn slots_for(window: usize, run: usize) -> usize {
    (window + run - 1).next_multiple_of(SLOT_BLOCK)
}
