//! Attention: keys and values stored, scores, weights and weighted sums, lane by lane.

use super::spread::Part;
use super::{Forward, Row, Scratch};
use crate::kernels::{
    Aligned, FloatEnv, Heads, QuantRows, SHARED_WORK, SlotView, Soon, Strided, attention_weights,
    combine_fine_values, combine_values, gemm_u8i8, heads_quantised, result_stride,
};
use crate::model::Config;
use crate::model::cache::LaneCache;
use crate::model::config::MAX_HEAD_DIM;
use crate::model::layout::BlockLayout;
use crate::parallel;

/// Positions of one lane whose scores are computed together.
const MAX_QUERIES: usize = 16;

/// Slots that take as long as all else that is done for a query.
const LEAST_SLOTS: usize = 64;

/// What attention reads, for all its threads.
#[derive(Clone, Copy)]
struct Sources<'a> {
    lanes: &'a [LaneCache],
    /// q, k and v of all rows.
    heads: &'a QuantRows,
    /// Rows, from the first on, whose keys and values need not be asked for any more.
    here: usize,
}

/// The buffers of one thread's attention.
#[derive(Clone)]
pub struct AttentionScratch {
    queries: Aligned<u8>,
    scores: Aligned<i32>,
    weights: Aligned<u8>,
    sums: Aligned<i32>,
    q_scales: Vec<f32>,
    factors: Vec<f32>,
}

impl AttentionScratch {
    /// Buffers for caches of `slots` slots.
    pub fn new(config: &Config, slots: usize) -> AttentionScratch {
        let queries = MAX_QUERIES * config.heads_per_kv();
        let limbs = config.attention_limbs();
        AttentionScratch {
            queries: Aligned::zeroed(queries * config.head_dim),
            scores: Aligned::zeroed(queries * slots),
            weights: Aligned::zeroed(limbs * queries * slots),
            sums: Aligned::zeroed(limbs * queries * config.head_dim),
            q_scales: vec![0.0; config.heads_per_kv()],
            factors: vec![0.0; queries],
        }
    }
}

impl AttentionScratch {
    /// Bytes that such buffers take.
    pub fn memory_bytes(config: &Config, slots: usize) -> usize {
        let (queries, limbs) = (MAX_QUERIES * config.heads_per_kv(), config.attention_limbs());
        queries * (config.head_dim * (1 + 4 * limbs) + slots * (4 + limbs) + 4) + 8 * 64
    }
}

impl Forward<'_> {
    /// Attention of one block, from the residual stream; what comes out is left to be added to it.
    pub(super) fn attention(
        &self,
        index: usize,
        block: &BlockLayout,
        rows: &[Row],
        lanes: &mut [LaneCache],
        scratch: &mut Scratch,
    ) {
        let c = &self.model.config;
        let heads_per_row = c.qkv_rows() / c.head_dim;
        self.norm_and_quantise(block.attention_norm, rows.len(), index > 0, scratch);
        self.observe(4 * index, rows.len(), c.hidden, scratch);
        self.product(rows.len(), &block.qkv, scratch);
        self.quantise_heads(block, rows.len(), scratch);
        for (i, row) in rows.iter().enumerate() {
            for head in 0..c.kv_heads {
                let key = i * heads_per_row + c.heads + head;
                let value = key + c.kv_heads;
                let lane = &mut lanes[row.lane];
                lane.store(index, head, row.position, &scratch.heads, key, value);
            }
        }
        self.turn_starts(index, block, rows, lanes, scratch);
        let Scratch { heads, mixed, attention, expected, .. } = &mut *scratch;
        let sources = Sources { lanes, heads, here: expected.rows };
        self.attend_all(index, 0, rows, sources, mixed, attention);
        let width = c.heads * c.head_dim;
        self.quantise_mixed(rows.len(), scratch);
        self.observe(4 * index + 1, rows.len(), width, scratch);
        self.product(rows.len(), &block.attention_out, scratch);
    }

    /// Where the first position of a lane stays visible: keeps what it is made of, and turns its key when it is time.
    fn turn_starts(
        &self,
        index: usize,
        block: &BlockLayout,
        rows: &[Row],
        lanes: &mut [LaneCache],
        scratch: &mut Scratch,
    ) {
        let c = &self.model.config;
        if !c.keeps_start {
            return;
        }
        let (width, half) = (c.qkv_rows(), c.head_dim / 2);
        let (mut cos, mut sin) = ([0.0; MAX_HEAD_DIM / 2], [0.0; MAX_HEAD_DIM / 2]);
        let (cos, sin) = (&mut cos[..half], &mut sin[..half]);
        for (i, row) in rows.iter().enumerate() {
            let lane = &mut lanes[row.lane];
            if row.position == 0 {
                let projected = &scratch.projected[i * result_stride(width)..];
                lane.keep_start(index, &projected[..width]);
            }
            let Some(place) = lane.turned_start(index, row.position) else { continue };
            self.model.rope.cos_sin(place as u32, cos, sin);
            let start = Strided { values: lane.start(index, width), stride: width };
            let out = scratch.start_heads.shaped(width / c.head_dim, c.head_dim, c.head_dim);
            heads_quantised(self.isa, start, cos, sin, &self.heads(block), out);
            for head in 0..c.kv_heads {
                let key = c.heads + head;
                lane.store_start(index, head, place, &scratch.start_heads, key, key + c.kv_heads);
            }
        }
    }

    /// What is done to each head of a row.
    fn heads(&self, block: &BlockLayout) -> Heads<'_> {
        let c = &self.model.config;
        let vector = |at, len| self.model.vector(at, len);
        Heads {
            queries: c.heads,
            keys: c.kv_heads,
            head_dim: c.head_dim,
            bias: block.qkv_bias.map(|at| vector(at, c.qkv_rows())),
            norms: block.head_norms.map(|at| at.map(|at| vector(at, c.head_dim))),
            eps: c.rms_eps(),
        }
    }

    /// Each head by itself: biases, norms and rotation of q and k, one scale each.
    fn quantise_heads(&self, block: &BlockLayout, rows: usize, scratch: &mut Scratch) {
        let c = &self.model.config;
        let (width, half) = (c.qkv_rows(), c.head_dim / 2);
        let heads = self.heads(block);
        let (cos, sin) = (&scratch.cos[..rows * half], &scratch.sin[..rows * half]);
        let stride = result_stride(width);
        let projected = Strided { values: &scratch.projected[..rows * stride], stride };
        let part = Part {
            first: 0,
            rows,
            cols: width,
            x: &mut [],
            buffers: &mut [],
            out: scratch.heads.shaped(width / c.head_dim * rows, c.head_dim, c.head_dim),
        };
        part.spread(scratch.attention.len(), &|part: Part| {
            let angles = part.first * half..(part.first + part.rows) * half;
            let (cos, sin) = (&cos[angles.clone()], &sin[angles]);
            heads_quantised(self.isa, projected.from_row(part.first), cos, sin, &heads, part.out);
        });
    }

    /// Attention of rows from `first` on, halved until there is a part for each thread; results go
    /// to `mixed`.
    fn attend_all(
        &self,
        index: usize,
        first: usize,
        rows: &[Row],
        sources: Sources,
        mixed: &mut [f32],
        scratch: &mut [AttentionScratch],
    ) {
        let c = &self.model.config;
        let width = c.heads * c.head_dim;
        let deepest = rows.iter().map(|row| row.position).max().unwrap_or(0);
        let window = c.block_window(index, self.window);
        let work = 2 * rows.len() * width * (window.min(deepest) + LEAST_SLOTS);
        if scratch.len() > 1 && rows.len() > 1 && work >= SHARED_WORK {
            let (rows, others) = rows.split_at(rows.len() / 2);
            let (mixed, other_mixed) = mixed.split_at_mut(rows.len() * width);
            let (scratch, other_scratch) = scratch.split_at_mut(scratch.len() / 2);
            let next = first + rows.len();
            parallel::join(
                || self.attend_all(index, first, rows, sources, mixed, scratch),
                || {
                    let _exact = FloatEnv::exact();
                    self.attend_all(index, next, others, sources, other_mixed, other_scratch);
                },
            );
            return;
        }
        let mut done = 0;
        for run in rows.chunk_by(|a, b| a.lane == b.lane) {
            for queries in run.chunks(MAX_QUERIES) {
                let out = &mut mixed[done * width..(done + queries.len()) * width];
                let row = first + done;
                done += queries.len();
                let after = rows.get(done).map(|row| {
                    let lane = &sources.lanes[row.lane];
                    let used = lane.used_slots(index, row.position + 1);
                    lane.soon(index, 0, used, first + done < sources.here)
                });
                let after = after.unwrap_or(Soon::NOTHING);
                self.attend(index, row, queries, (sources, after), out, &mut scratch[0]);
            }
        }
    }

    /// Attention of consecutive positions of one lane; they are rows `first` and on of `heads`.
    fn attend(
        &self,
        index: usize,
        first: usize,
        queries: &[Row],
        (Sources { lanes, heads, here }, after): (Sources, Soon),
        mixed: &mut [f32],
        scratch: &mut AttentionScratch,
    ) {
        let c = &self.model.config;
        let lane = &lanes[queries[0].lane];
        let (dim, group) = (c.head_dim, c.heads_per_kv());
        let heads_per_row = c.qkv_rows() / dim;
        let used = lane.used_slots(index, queries[queries.len() - 1].position + 1);
        let n_queries = queries.len() * group;
        let limbs = c.attention_limbs();
        // log2(e) / sqrt(head_dim): the exponentials are powers of two.
        let scale = std::f32::consts::LOG2_E / (dim as f32).sqrt();
        for head in 0..c.kv_heads {
            for (i, to) in
                scratch.queries.chunks_exact_mut(group * dim).take(queries.len()).enumerate()
            {
                let from = ((first + i) * heads_per_row + head * group) * dim;
                to.copy_from_slice(&heads.data[from..from + group * dim]);
            }
            let keys = lane.keys(index, head);
            let scores = &mut scratch.scores[..n_queries * used];
            gemm_u8i8(
                self.isa,
                &scratch.queries,
                dim,
                n_queries,
                dim,
                keys,
                16 * dim,
                used / 16,
                false,
                scores,
                used,
            );
            let (values, stride) = lane.values(index, head);
            // The first queries ask for all of the next head; a step often has no others.
            let mut soon = match head + 1 {
                next if next < c.kv_heads => lane.soon(index, next, used, first < here),
                _ => after,
            };
            let slots = lane.slots(index, head, used);
            let (high, low) = scratch.weights.split_at_mut(n_queries * used);
            for (i, row) in queries.iter().enumerate() {
                let of_row = i * group..(i + 1) * group;
                let place = of_row.start * used..of_row.end * used;
                let slots = SlotView { soon: std::mem::replace(&mut soon, Soon::NOTHING), ..slots };
                let visible = lane.visible(index, row.position);
                let query = (first + i) * heads_per_row + head * group;
                let (q_scales, scales) =
                    (&mut scratch.q_scales[..group], &heads.scales[query..query + group]);
                for (to, &from) in q_scales.iter_mut().zip(scales) {
                    *to = from * scale;
                }
                let low = (limbs == 2).then(|| &mut low[place.clone()]);
                attention_weights(
                    self.isa,
                    &mut scores[place.clone()],
                    &slots,
                    visible,
                    q_scales,
                    (&mut high[place], low),
                    &mut scratch.factors[of_row],
                );
            }
            let sums = &mut scratch.sums[..limbs * n_queries * dim];
            gemm_u8i8(
                self.isa,
                &scratch.weights,
                used,
                limbs * n_queries,
                used,
                values,
                stride,
                dim / 16,
                false,
                sums,
                dim,
            );
            for q in 0..n_queries {
                let at = (q / group * c.heads + head * group + q % group) * dim;
                let out = &mut mixed[at..at + dim];
                let (high, low) = sums.split_at(n_queries * dim);
                let place = q * dim..(q + 1) * dim;
                let factor = scratch.factors[q];
                if limbs == 1 {
                    combine_values(self.isa, &high[place], factor, out);
                } else {
                    combine_fine_values(self.isa, &high[place.clone()], &low[place], factor, out);
                }
            }
        }
    }
}
