//! Published tensors to their places in ours, a few rows at a time.

use super::calibration::Calibration;
use super::expected;
use super::feedback::Feedback;
use super::outliers::Channels;
use super::smoothing::Smoothing;
use super::tensors::TensorSource;
use crate::error::{Error, Result};
use crate::model::{Config, Layout, LinearSpan, WeightsBuilder, check_finite};
use crate::tokenizer::TokenizerSpec;

/// Rows that are floats in memory at once.
const ROWS_AT_ONCE: usize = 256;

/// Moves tensors to their places.
pub(super) struct Filler<'a> {
    pub(super) builder: WeightsBuilder,
    pub(super) config: &'a Config,
    pub(super) tensors: &'a dyn TensorSource,
    pub(super) channels: &'a Channels,
    pub(super) smoothing: &'a Smoothing,
    /// Shows what goes into the products, where weights are rounded with regard to it.
    pub(super) calibration: Option<&'a mut Calibration>,
    pub(super) values: Vec<f32>,
    pub(super) spread: Vec<f32>,
}

/// A matrix as it is published and as we want it.
struct Matrix<'a> {
    name: &'a str,
    /// Rows of the published matrix, or none for zeros.
    rows: &'a [Option<u32>],
    /// Whether its columns are channels of the residual stream.
    reads_channels: bool,
    /// The norm of a block that they come from.
    norm: Option<usize>,
}

impl Filler<'_> {
    /// Fills in all but the rotary frequencies.
    pub(super) fn fill(&mut self, spec: &TokenizerSpec, start_token: u32) -> Result<()> {
        let layout: Layout = self.builder.layout().clone();
        let c = self.config;
        let published = self.channels.n_published();
        let mut ids: Vec<Option<u32>> = expected::token_rows(spec).collect();
        if let Some(output) = &layout.output {
            self.matrix(output, 0, Matrix::of_tokens("lm_head.weight", &ids), None)?;
        }
        ids.push(Some(start_token));
        let embedding = Matrix::of_tokens("model.embed_tokens.weight", &ids);
        self.matrix(&layout.embedding, 0, embedding, None)?;
        let (query, key) = (c.heads * c.head_dim, c.kv_heads * c.head_dim);
        for (i, block) in layout.blocks.iter().enumerate() {
            let name = |part: &str| format!("model.layers.{i}.{part}");
            self.reading(&block.qkv, 2 * i)?;
            self.writing(&block.attention_out, 4 * i + 1, &name("self_attn.o_proj.weight"))?;
            self.reading(&block.gate_up, 2 * i + 1)?;
            self.writing(&block.down, 4 * i + 3, &name("mlp.down_proj.weight"))?;
            for (norm, at, part) in [
                (2 * i, block.attention_norm, "input_layernorm.weight"),
                (2 * i + 1, block.feed_forward_norm, "post_attention_layernorm.weight"),
            ] {
                let mut weights = self.vector(&name(part), published)?;
                self.smoothing.norm(norm, &mut weights);
                self.builder.put_floats(at, &self.channels.norm(&weights));
            }
            if let Some([query_norm, key_norm]) = block.head_norms {
                for (at, norm) in
                    [(query_norm, "self_attn.q_norm.weight"), (key_norm, "self_attn.k_norm.weight")]
                {
                    let weights = self.vector(&name(norm), c.head_dim)?;
                    self.builder.put_floats(at, &weights);
                }
            }
            if let Some(mut at) = block.qkv_bias {
                for (part, rows) in parts_of_bias(query, key) {
                    let bias = self.vector(&name(part), rows)?;
                    self.builder.put_floats(at, &bias);
                    at += 4 * rows;
                }
            }
        }
        let weights = self.vector("model.norm.weight", published)?;
        self.builder.put_floats(layout.final_norm, &self.channels.norm(&weights));
        Ok(())
    }

    /// The product of the blocks that reads the residual stream behind norm `norm`: matrices one below the other.
    fn reading(&mut self, span: &LinearSpan, norm: usize) -> Result<()> {
        let mut feedback = self.feedback(2 * norm)?;
        if let Some(feedback) = &mut feedback {
            feedback.ignore(|channel| self.channels.sources()[channel].is_none());
        }
        let mut first = 0;
        for (name, n_rows) in &expected::readers(self.config, norm) {
            self.tensors.expect(name, &[*n_rows, self.channels.n_published()])?;
            let rows: Vec<Option<u32>> = (0..*n_rows as u32).map(Some).collect();
            let matrix = Matrix { name, rows: &rows, reads_channels: true, norm: Some(norm) };
            self.matrix(span, first, matrix, feedback.as_ref())?;
            first += n_rows;
        }
        Ok(())
    }

    /// A product of the blocks that adds to the residual stream.
    fn writing(&mut self, span: &LinearSpan, product: usize, name: &str) -> Result<()> {
        let feedback = self.feedback(product)?;
        self.tensors.expect(name, &[self.channels.n_published(), span.cols])?;
        let matrix =
            Matrix { name, rows: self.channels.sources(), reads_channels: false, norm: None };
        self.matrix(span, 0, matrix, feedback.as_ref())
    }

    fn feedback(&mut self, product: usize) -> Result<Option<Feedback>> {
        let Some(calibration) = &mut self.calibration else { return Ok(None) };
        let inputs = calibration.inputs(product)?;
        Ok(Some(Feedback::new(calibration.isa(), &inputs)))
    }

    /// Stores a matrix from row `first` of the span on.
    fn matrix(
        &mut self,
        span: &LinearSpan,
        first: usize,
        matrix: Matrix<'_>,
        feedback: Option<&Feedback>,
    ) -> Result<()> {
        let Matrix { name, rows, reads_channels, norm } = matrix;
        let published = if reads_channels { self.channels.n_published() } else { span.cols };
        let all: Vec<u32> = rows.iter().flatten().copied().collect();
        self.tensors.expect_rows(name, &all, published)?;
        for (chunk, rows) in rows.chunks(ROWS_AT_ONCE).enumerate() {
            self.values.clear();
            for run in rows.chunk_by(|a, b| a.is_some() == b.is_some()) {
                let ids: Vec<u32> = run.iter().flatten().copied().collect();
                match ids[..] {
                    [] => self.values.resize(self.values.len() + run.len() * published, 0.0),
                    _ => self.tensors.rows(name, &ids, &mut self.values)?,
                }
            }
            if let Some(norm) = norm {
                self.smoothing.columns(norm, &mut self.values);
            }
            if reads_channels {
                self.channels.spread(&self.values, &mut self.spread);
                std::mem::swap(&mut self.values, &mut self.spread);
            }
            let row = first + chunk * ROWS_AT_ONCE;
            let importance = match reads_channels {
                true => self.channels.importance(),
                false => vec![1.0; span.cols],
            };
            self.put(span, row, feedback, &importance)
                .map_err(|e| Error::invalid(format!("tensor {name}: {e}")))?;
        }
        Ok(())
    }

    /// Quantises and stores the rows at hand.
    fn put(
        &mut self,
        span: &LinearSpan,
        first: usize,
        feedback: Option<&Feedback>,
        importance: &[f32],
    ) -> Result<()> {
        let (Some(feedback), Some(calibration)) = (feedback, &self.calibration) else {
            return self.builder.put_rows(span, first, &self.values, importance);
        };
        for (row, values) in (first..).zip(self.values.chunks_exact(span.cols)) {
            check_finite(row, values)?;
        }
        let builder = &mut self.builder;
        feedback.round_rows(
            calibration.isa(),
            &self.values,
            (span.group_cols, self.config.weight_max),
            |row, halves, steps| builder.store_stepped(span, first + row, halves, steps),
        );
        Ok(())
    }

    fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>> {
        let values = self.tensors.whole(name, &[len])?;
        match values.iter().all(|value| value.is_finite()) {
            true => Ok(values),
            false => Err(Error::invalid(format!("tensor {name} has a value that is not finite"))),
        }
    }
}

impl<'a> Matrix<'a> {
    /// One with a row for each token.
    fn of_tokens(name: &'a str, ids: &'a [Option<u32>]) -> Matrix<'a> {
        Matrix { name, rows: ids, reads_channels: true, norm: None }
    }
}

fn parts_of_bias(query: usize, key: usize) -> [(&'static str, usize); 3] {
    [
        ("self_attn.q_proj.bias", query),
        ("self_attn.k_proj.bias", key),
        ("self_attn.v_proj.bias", key),
    ]
}
