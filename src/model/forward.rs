//! The forward pass of a block of rows, on preallocated buffers.
//!
//! A row is one token at one position of one lane. Rows of several lanes, and several rows of one
//! lane, go through together; a row's result does not depend on its company.
//!
//! # Where the time goes
//!
//! builtin-v5 in the whole program, output layer learning, 1,000,000 bytes of English (232,000 tokens) on an Intel Xeon
//! with AMX (2 MB of second-level cache, a third-level cache of 29 GB/s a core), in parts of the time (`perf record`):
//!
//! | | encoding, one thread, 47 us a token | decoding, two threads, 24 lanes, 88 us of a core a token |
//! |---|---|---|
//! | products with weights | 29 % | 42 % |
//! | attention: products, scores to weights | 11 % | 16 % |
//! | frequencies | 10 % | 6 % |
//! | norms, quantising, gate, heads, storing | 16 % | 10 % |
//! | mixer and coder | 25 % | 19 % |
//! | learning | 6 % | 4 % |
//!
//! Encoding: products run at 600 G multiply-adds a second (at 1,000 to 1,450 in the bench, with 128 rows and nothing beside
//! them); were they for nothing, there would be 33 us left, and 300 KB/s on two cores allow 28. What is left is spread
//! thin: 16-bit logits and frequencies would save two, a gate in the last product's sink two, a mixer of
//! half its contexts five.
//!
//! Decoding: each thread reads all 8.3 MB of weights for 12 tokens, at 17 GB/s, since AMX lowers the clock and both read at
//! once: 40 us of the 88. 32 lanes decode a tenth faster, and cost 0.25 % of the bytes. Sharing the products of all lanes
//! between the threads (so that each reads half) was tried with threads that stay awake: the model's part shrinks as
//! it should, but mixing, a quarter of the time, is then done while the other waits, and all took 1.4 times as long. It
//! pays for one lane, which has nothing to mix meanwhile: two thirds of the time (`codec/decode.rs`).
//!
//! With AVX-512 VNNI instead it is 76 us a token to encode and 97 to decode; products with weights are a third of the
//! former, at 0.7 of the peak that registers alone give.
//!
//! What helped: runs of 64 tokens of a lane where the text is known (a third of all time: the
//! caches of eight lanes came from memory for every 16 tokens); fetching the next panels during a
//! product, but for a row alone, which the processor guesses well; fetching the next head's keys and
//! values while scores become weights (`kernels/operands/soon.rs`), which reads nothing else, and the first rows'
//! while the products before compute (`expect.rs`); one limb of weights for the
//! values instead of two; scores written out in registers; all lanes of a thread in one step
//! (`codec/decode.rs`); with AMX, sums that become numbers while the next block is multiplied, results an odd number of
//! cache lines apart, and VNNI for up to four rows (4 % of decoding: attention of one token has four).
//!
//! What did not: other distances of fetching (4 to 64 KB are alike), asking for every other line (the
//! processor does not guess the rest), large pages for the weights (again with AMX), fetching panels for tiles of AMX that are not full.
//!
//! Large models share all of a step between threads that stay awake (`parallel::awake`: to wake one took 50 us, a hundred times a
//! step). Qwen3-0.6B's shape in 32 lanes, groups of 64: of 70 ms 43 are products (`kernels/x86/amx/groups.rs`: after every 64 columns
//! 16 x 16 sums become numbers, and those instructions do not run beside the tiles' as one would hope); with 128 lanes, 139 of 265. The rest
//! is attention, whose keys and values come from memory, a head at a time.

mod attention;
mod expect;
mod spread;

use self::attention::AttentionScratch;
use self::expect::Expected;
use self::spread::Part;
use super::cache::LaneCache;
use super::four_bits::{Packed, Unpacked};
use super::layout::{BlockLayout, LinearSpan};
use super::observe::Observer;
use super::{Config, Model};
use crate::kernels::{
    Aligned, Isa, QuantRows, Strided, Way, gated_quantised, linear, norm_quantised, padded_cols,
    padded_rows, quantise_part, result_stride,
};

/// Rows that go through the network together: enough to use each weight many times while it is
/// in the first-level cache, few enough for the activations to stay in the second.
pub const MAX_ROWS: usize = 128;

/// One token to run.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Which lane of the session.
    pub lane: usize,
    /// The row of the embedding.
    pub token: u32,
    /// Its position in the lane's cache.
    pub position: usize,
}

/// The buffers of a forward pass.
pub struct Scratch {
    residual: Aligned<f32>,
    projected: Aligned<f32>,
    /// What attention gives.
    mixed: Aligned<f32>,
    /// One row on its way to be quantised, for each thread.
    row: Aligned<f32>,
    quantised: QuantRows,
    heads: QuantRows,
    /// Of one row.
    start_heads: QuantRows,
    cos: Vec<f32>,
    sin: Vec<f32>,
    /// One for each thread.
    attention: Vec<AttentionScratch>,
    unpacked: Unpacked,
    expected: Expected,
    /// Who wants to see what goes into the products, if anybody does.
    pub(super) observer: Option<Observer>,
}

impl Scratch {
    /// Buffers for up to `rows` rows over caches of `slots` slots.
    pub fn new(config: &Config, rows: usize, slots: usize) -> Scratch {
        let c = config;
        let wide = result_stride(c.qkv_rows().max(2 * c.feed_forward).max(c.hidden));
        let (mixed, inner) = (c.heads * c.head_dim, c.hidden.max(c.feed_forward));
        let group = if c.activation_group == 0 { usize::MAX } else { c.activation_group };
        Scratch {
            residual: Aligned::zeroed(rows * c.hidden),
            projected: Aligned::zeroed(rows * wide),
            mixed: Aligned::zeroed(rows * mixed),
            row: Aligned::zeroed(inner),
            quantised: QuantRows::with_capacity(rows, inner.max(mixed), group),
            heads: QuantRows::with_capacity(
                rows * c.qkv_rows() / c.head_dim,
                c.head_dim,
                c.head_dim,
            ),
            start_heads: QuantRows::with_capacity(
                c.qkv_rows() / c.head_dim,
                c.head_dim,
                c.head_dim,
            ),
            cos: vec![0.0; rows * c.head_dim / 2],
            sin: vec![0.0; rows * c.head_dim / 2],
            attention: vec![AttentionScratch::new(c, slots)],
            unpacked: Unpacked::default(),
            expected: Expected::new(),
            observer: None,
        }
    }

    /// Bytes that such buffers take on so many threads.
    pub fn memory_bytes(config: &Config, rows: usize, slots: usize, threads: usize) -> usize {
        let c = config;
        let wide = result_stride(c.qkv_rows().max(2 * c.feed_forward).max(c.hidden));
        let (mixed, inner) = (c.heads * c.head_dim, c.hidden.max(c.feed_forward));
        let quantised = padded_cols(inner.max(mixed));
        // At least 64 columns have a scale of their own.
        let scales = quantised / 64 + c.qkv_rows() / c.head_dim;
        let floats = c.hidden + wide + mixed + scales + c.head_dim;
        let row = 4 * floats + quantised + padded_cols(c.head_dim) * (c.qkv_rows() / c.head_dim);
        let unpacked = if c.weight_bits == 4 { Unpacked::memory_bytes(c, rows) } else { [0, 0] };
        let thread = 4 * inner + AttentionScratch::memory_bytes(c, slots) + unpacked[1];
        let start_heads = (padded_cols(c.head_dim) + 4) * (c.qkv_rows() / c.head_dim);
        rows * row + start_heads + unpacked[0] + threads * thread
    }

    /// Buffers for as many threads.
    pub fn spread(&mut self, threads: usize) {
        let one = self.attention[0].clone();
        self.row = Aligned::zeroed(self.row.len() / self.attention.len() * threads.max(1));
        self.attention.resize(threads.max(1), one);
    }
}

/// A forward pass over some rows: where it runs, and on what.
pub struct Forward<'a> {
    /// Weights and shape.
    pub model: &'a Model,
    /// Instruction set.
    pub isa: Isa,
    /// Positions a query sees at most.
    pub window: usize,
}

impl Forward<'_> {
    /// Runs `rows` through all blocks, storing keys and values, and leaves the quantised normed
    /// hidden states, ready for the output layer, in the returned buffer.
    ///
    /// Rows of one lane must come in the order of their positions.
    pub fn run<'s>(
        &self,
        rows: &[Row],
        lanes: &mut [LaneCache],
        scratch: &'s mut Scratch,
    ) -> &'s QuantRows {
        let hidden = self.model.config.hidden;
        let half = self.model.config.head_dim / 2;
        for (i, row) in rows.iter().enumerate() {
            self.model.embed(row.token, &mut scratch.residual[i * hidden..(i + 1) * hidden]);
            let place = i * half..(i + 1) * half;
            let (cos, sin) = (&mut scratch.cos[place.clone()], &mut scratch.sin[place]);
            self.model.rope.cos_sin(row.position as u32, cos, sin);
        }
        self.expect(0, rows, lanes, scratch);
        for (index, block) in self.model.layout.blocks.iter().enumerate() {
            self.attention(index, block, rows, lanes, scratch);
            self.expect(index + 1, rows, lanes, scratch);
            self.feed_forward(index, block, rows.len(), scratch);
        }
        self.norm_and_quantise(self.model.layout.final_norm, rows.len(), true, scratch);
        self.observe(4 * self.model.layout.blocks.len(), rows.len(), hidden, scratch);
        &scratch.quantised
    }

    /// The rows' norms, quantised; first, if so asked, what the last product gave is added to them.
    fn norm_and_quantise(&self, norm_at: usize, rows: usize, adds: bool, scratch: &mut Scratch) {
        let config = &self.model.config;
        let hidden = config.hidden;
        let added = Strided { values: &scratch.projected, stride: result_stride(hidden) };
        let (weight, eps) = (self.model.vector(norm_at, hidden), config.rms_eps());
        let part = Part {
            first: 0,
            rows,
            cols: hidden,
            x: &mut scratch.residual[..rows * hidden],
            buffers: &mut scratch.row,
            out: scratch.quantised.shaped(rows, hidden, self.group_of(hidden)),
        };
        part.spread(scratch.attention.len(), &|part: Part| {
            let added = adds.then(|| added.from_row(part.first));
            norm_quantised(self.isa, part.x, added, weight, eps, part.buffers, part.out);
        });
    }

    /// What attention gave, quantised.
    fn quantise_mixed(&self, rows: usize, scratch: &mut Scratch) {
        let config = &self.model.config;
        let cols = config.heads * config.head_dim;
        let part = Part {
            first: 0,
            rows,
            cols,
            x: &mut scratch.mixed[..rows * cols],
            buffers: &mut [],
            out: scratch.quantised.shaped(rows, cols, self.group_of(cols)),
        };
        part.spread(scratch.attention.len(), &|part: Part| {
            quantise_part(self.isa, part.x, cols, cols, part.out);
        });
    }

    /// Columns that share a scale in rows of `cols`.
    fn group_of(&self, cols: usize) -> usize {
        match self.model.config.activation_group {
            0 => padded_cols(cols),
            group => group,
        }
    }

    /// The quantised rows by a matrix, into `projected`, at the stride of results.
    fn product(&self, rows: usize, span: &LinearSpan, scratch: &mut Scratch) {
        let (input, out) = (&scratch.quantised, &mut scratch.projected);
        let threads = scratch.attention.len();
        if span.bits == 4 {
            let matrix = Packed::new(span, self.model.tensors(), self.model.config.weight_max);
            return scratch.unpacked.product(self.isa, input, rows, &matrix, out, threads);
        }
        let weights = self.model.linear(span);
        let panels = 0..padded_rows(weights.rows) / 16;
        let stride = result_stride(weights.rows);
        let way = match threads {
            0 | 1 => Way::Asking(&scratch.expected.awaited),
            _ => Way::Threads(threads),
        };
        linear(self.isa, input, 0..rows, &weights, panels, out, stride, way);
    }

    /// Shows a product's inputs to who wants to see them.
    fn observe(&self, number: usize, rows: usize, cols: usize, scratch: &mut Scratch) {
        if let Some(observer) = &mut scratch.observer {
            observer.keep(number, rows, &scratch.quantised, cols);
        }
    }

    /// What the last product gave is added to the residual stream on the way in, and what comes out
    /// is left to be added.
    fn feed_forward(&self, index: usize, block: &BlockLayout, rows: usize, scratch: &mut Scratch) {
        let width = self.model.config.feed_forward;
        self.norm_and_quantise(block.feed_forward_norm, rows, true, scratch);
        self.observe(4 * index + 2, rows, self.model.config.hidden, scratch);
        self.product(rows, &block.gate_up, scratch);
        let both = Strided { values: &scratch.projected, stride: result_stride(2 * width) };
        let part = Part {
            first: 0,
            rows,
            cols: 2 * width,
            x: &mut [],
            buffers: &mut scratch.row,
            out: scratch.quantised.shaped(rows, width, self.group_of(width)),
        };
        part.spread(scratch.attention.len(), &|part: Part| {
            gated_quantised(self.isa, both.from_row(part.first), width, part.buffers, part.out);
        });
        self.observe(4 * index + 3, rows, width, scratch);
        self.product(rows, &block.down, scratch);
    }
}
