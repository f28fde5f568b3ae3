//! Where each tensor lies in the tensor area of a `.llmw`: a function of the configuration alone.

use super::Config;
use crate::kernels::{
    LANES, LinearView, STEP_BYTES, packed_index, packed_len, padded_cols, padded_rows,
};

/// Every tensor begins at a multiple of this, so that a mapped file can be used in place.
pub const ALIGN: usize = 64;

/// One quantised matrix: packed weights, scales, and corrections or steps, each section aligned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinearSpan {
    /// Output rows.
    pub rows: usize,
    /// Input columns.
    pub cols: usize,
    /// Columns per scale; the padded width for whole rows.
    pub group_cols: usize,
    /// Bits of a weight, 8 or 4.
    pub bits: u8,
    /// Columns that share a step and an offset; 0 where weights have none.
    pub step_cols: usize,
    weights_at: usize,
    scales_at: usize,
    /// Of the corrections; of the steps where there are any, corrections are sums of what is unpacked then.
    last_at: usize,
}

impl LinearSpan {
    /// Number of scale groups of a row.
    pub fn groups(&self) -> usize {
        padded_cols(self.cols).div_ceil(self.group_cols)
    }

    /// Scales (and corrections) in all, ordered `[group][padded row]`.
    pub fn scale_count(&self) -> usize {
        self.groups() * padded_rows(self.rows)
    }

    /// Bytes of the packed weights.
    fn weight_bytes(&self) -> usize {
        packed_len(self.rows, self.cols) / 8 * usize::from(self.bits)
    }

    /// Bytes of the steps and offsets, ordered `[panel][32 columns][16 steps, 16 offsets]`.
    fn step_bytes(&self) -> usize {
        match self.step_cols {
            0 => 0,
            cols => padded_rows(self.rows) / LANES * (padded_cols(self.cols) / cols) * STEP_BYTES,
        }
    }

    /// Byte ranges of weights, scales, and corrections or steps in the tensor area.
    pub fn sections(&self) -> [std::ops::Range<usize>; 3] {
        let scale_bytes = 4 * self.scale_count();
        let last_bytes = if self.step_cols == 0 { scale_bytes } else { self.step_bytes() };
        [
            self.weights_at..self.weights_at + self.weight_bytes(),
            self.scales_at..self.scales_at + scale_bytes,
            self.last_at..self.last_at + last_bytes,
        ]
    }

    /// The matrix as the products take it; only for 8 bits.
    pub(super) fn view<'a>(&self, tensors: &'a [u8], weight_max: i8) -> LinearView<'a> {
        let [weights, scales, corrections] = self.sections();
        LinearView {
            rows: self.rows,
            cols: self.cols,
            group_cols: self.group_cols,
            weights: bytemuck::cast_slice(&tensors[weights]),
            scales: bytemuck::cast_slice(&tensors[scales]),
            corrections: bytemuck::cast_slice(&tensors[corrections]),
            weights_bounded_63: weight_max <= 63,
        }
    }

    /// Writes row `row` as `f32(weight) * scale` into `out`.
    pub(super) fn dequantise_row(&self, tensors: &[u8], row: usize, out: &mut [f32]) {
        let view = self.view(tensors, 127);
        let (width, height) = (padded_cols(self.cols), padded_rows(self.rows));
        for (block, values) in out[..self.cols].chunks_mut(4).enumerate() {
            let at = packed_index(width, row, 4 * block);
            let scale = view.scales[4 * block / self.group_cols * height + row];
            for (value, &weight) in values.iter_mut().zip(&view.weights[at..]) {
                *value = f32::from(weight) * scale;
            }
        }
    }
}

/// The tensors of one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockLayout {
    /// Norm before attention, `hidden` floats.
    pub attention_norm: usize,
    /// q, k and v as one matrix, rows in this order.
    pub qkv: LinearSpan,
    /// Biases of q, k and v, if the family has them.
    pub qkv_bias: Option<usize>,
    /// Norms of the heads of q and k, `head_dim` floats each, if the family has them.
    pub head_norms: Option<[usize; 2]>,
    /// Output of attention.
    pub attention_out: LinearSpan,
    /// Norm before the feed-forward part.
    pub feed_forward_norm: usize,
    /// Gate and up as one matrix, rows in this order.
    pub gate_up: LinearSpan,
    /// Down.
    pub down: LinearSpan,
}

impl BlockLayout {
    /// Bytes of all weights.
    pub fn weight_bytes(&self) -> usize {
        let spans = [&self.qkv, &self.attention_out, &self.gate_up, &self.down];
        spans.iter().map(|span| span.rows * span.cols * usize::from(span.bits) / 8).sum()
    }
}

/// The whole tensor area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// One row per token, packed like every matrix; also the output layer where tied.
    pub embedding: LinearSpan,
    /// Blocks in order.
    pub blocks: Vec<BlockLayout>,
    /// Last norm, `hidden` floats.
    pub final_norm: usize,
    /// The output layer if it is a matrix of its own: its first `predicted` rows.
    pub output: Option<LinearSpan>,
    /// Frequencies of the rotary pairs, `head_dim / 2` f64.
    pub inv_freq: usize,
    /// Bytes of the area.
    pub len: usize,
}

impl Layout {
    /// Places the tensors of `config`, which must be valid.
    pub fn new(config: &Config) -> Layout {
        let mut area = Area { end: 0, weight_group: config.weight_group, bits: 8, step_cols: 0 };
        let c = config;
        let embedding = area.linear(c.rows, c.hidden);
        (area.bits, area.step_cols) = (c.weight_bits, c.weight_steps);
        let blocks = (0..c.layers)
            .map(|_| BlockLayout {
                attention_norm: area.floats(c.hidden),
                qkv: area.linear(c.qkv_rows(), c.hidden),
                qkv_bias: c.qkv_bias.then(|| area.floats(c.qkv_rows())),
                head_norms: c.qk_norm.then(|| [area.floats(c.head_dim), area.floats(c.head_dim)]),
                attention_out: area.linear(c.hidden, c.heads * c.head_dim),
                feed_forward_norm: area.floats(c.hidden),
                gate_up: area.linear(2 * c.feed_forward, c.hidden),
                down: area.linear(c.hidden, c.feed_forward),
            })
            .collect();
        let final_norm = area.floats(c.hidden);
        (area.bits, area.step_cols) = (8, 0);
        let output = (!c.tied).then(|| area.linear(c.predicted, c.hidden));
        let inv_freq = area.take(8 * c.head_dim / 2);
        Layout { embedding, blocks, final_norm, output, inv_freq, len: area.end }
    }

    /// The matrix that makes the logits.
    pub fn output(&self) -> &LinearSpan {
        self.output.as_ref().unwrap_or(&self.embedding)
    }
}

/// Hands out aligned places one after the other.
struct Area {
    end: usize,
    weight_group: usize,
    bits: u8,
    step_cols: usize,
}

impl Area {
    fn take(&mut self, bytes: usize) -> usize {
        let at = self.end;
        self.end = (at + bytes).next_multiple_of(ALIGN);
        at
    }

    fn floats(&mut self, len: usize) -> usize {
        self.take(4 * len)
    }

    fn linear(&mut self, rows: usize, cols: usize) -> LinearSpan {
        let group_cols = match self.weight_group {
            0 => padded_cols(cols),
            group => group.min(padded_cols(cols)),
        };
        let (bits, step_cols) = (self.bits, self.step_cols);
        let mut span = LinearSpan {
            rows,
            cols,
            group_cols,
            bits,
            step_cols,
            weights_at: 0,
            scales_at: 0,
            last_at: 0,
        };
        let [weights, scales, last] = span.sections().map(|section| section.len());
        span.weights_at = self.take(weights);
        span.scales_at = self.take(scales);
        span.last_at = self.take(last);
        span
    }
}

/// `len` floats at byte `at`.
pub(super) fn floats(tensors: &[u8], at: usize, len: usize) -> &[f32] {
    bytemuck::cast_slice(&tensors[at..at + 4 * len])
}

/// `len` doubles at byte `at`.
pub(super) fn doubles(tensors: &[u8], at: usize, len: usize) -> &[f64] {
    bytemuck::cast_slice(&tensors[at..at + 8 * len])
}
