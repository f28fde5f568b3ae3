//! The output layer: from states to frequencies.

use super::forward::MAX_ROWS;
use super::frequencies::Frequencies;
use super::learner::Learner;
use super::lessons::Lessons;
use super::{Config, Model};
use crate::kernels::{
    Aligned, FloatEnv, Isa, LANES, LinearView, QuantRows, Way, frequency, linear, result_stride,
};
use crate::parallel;
use std::sync::Arc;

/// Bytes of logits that should stay in the second-level cache, between the product and the frequencies.
const LOGITS_BYTES: usize = 1100 << 10;

/// Rows of one tile of AMX: fewer waste a part of it.
const TILE_ROWS: usize = 16;

/// Rows whose logits are in memory together.
fn rows_at_once(predicted: usize) -> usize {
    match LOGITS_BYTES / (4 * result_stride(predicted)) {
        // Not even a tile's stay close, nor do the weights: let these come from memory once for all.
        0..TILE_ROWS => MAX_ROWS,
        rows => rows.min(2 * TILE_ROWS),
    }
}

/// What the logits of a row become.
#[derive(Clone, Default)]
struct Tables {
    /// Which row.
    row: usize,
    frequencies: Frequencies,
    /// Those of all rows of the output layer, where these are more than the tokens.
    all: Frequencies,
}

impl Tables {
    /// From the logits of the `predicted` rows, and of `start`, the row that stands before every lane, if there is one.
    fn fill(
        &mut self,
        isa: Isa,
        logits: &[f32],
        predicted: usize,
        start: Option<usize>,
        duplicates: &[(u32, u32)],
    ) {
        let best = match duplicates {
            [] => {
                self.frequencies.fill(isa, &logits[..predicted]);
                self.frequencies.best()
            }
            _ => {
                self.all.fill(isa, &logits[..predicted]);
                self.frequencies.fill_adding(&self.all, duplicates);
                self.all.best()
            }
        };
        let of_start = |row: usize| frequency(logits[row], logits[best as usize]);
        self.frequencies.set_start(start.map_or(0, of_start));
    }
}

/// An output layer of a model, with its buffers.
pub struct Output {
    model: Arc<Model>,
    isa: Isa,
    threads: usize,
    logits: Aligned<f32>,
    /// For each thread, but no more than there are rows at a time.
    tables: Vec<Tables>,
    /// If it learns, and which version answers.
    learner: Option<Arc<Learner>>,
    version: usize,
}

impl Output {
    /// An output layer as the model has it, for up to `rows` rows at a time.
    pub fn new(model: Arc<Model>, isa: Isa, rows: usize) -> Output {
        let config = model.config();
        Output {
            isa,
            threads: 1,
            logits: Aligned::zeroed(
                rows_at_once(config.predicted).min(rows) * result_stride(config.predicted),
            ),
            tables: vec![Tables {
                row: 0,
                frequencies: Frequencies::new(config.coded),
                all: match config.predicted > config.coded {
                    true => Frequencies::new(config.predicted),
                    false => Frequencies::default(),
                },
            }],
            learner: None,
            version: 0,
            model,
        }
    }

    /// Whose output layer it is.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// Lets the product take up to `threads` threads of the caller's pool.
    pub(super) fn spread(&mut self, threads: usize) {
        self.threads = threads;
        let rows = self.logits.len() / result_stride(self.model.config().predicted);
        let tables = self.tables[0].clone();
        self.tables.resize(threads.min(rows).max(1), tables);
    }

    /// Bytes that one for up to `rows` rows takes on `threads` threads.
    pub(super) fn memory_bytes(config: &Config, rows: usize, threads: usize) -> usize {
        let rows = rows_at_once(config.predicted).min(rows);
        let all = if config.predicted > config.coded { config.predicted } else { 0 };
        let tables = Frequencies::memory_bytes(config.coded) + Frequencies::memory_bytes(all);
        rows * 4 * result_stride(config.predicted) + threads.min(rows).max(1) * tables
    }

    /// Answers from here on as `learner`, which belongs to the same model, has learned.
    pub fn learn(&mut self, learner: Arc<Learner>) {
        self.learner = Some(learner);
    }

    /// Answers from here on in this version of what the learner has learned.
    pub fn turn_to(&mut self, version: usize) {
        self.version = version;
    }

    /// Shows `visit` the frequencies after each of the first `n_rows` states that is wanted, and its row; the visitor
    /// may take them away.
    pub fn answer(
        &mut self,
        states: &QuantRows,
        n_rows: usize,
        wanted: impl Fn(usize) -> bool,
        mut visit: impl FnMut(usize, &mut Frequencies),
    ) {
        let _exact = FloatEnv::exact();
        let predicted = self.model.config().predicted;
        let spec = self.model.tokenizer.spec();
        let (duplicates, rowless) = (spec.duplicates(), spec.rowless());
        let base = self.model.linear(self.model.layout.output());
        let stride = result_stride(predicted);
        let start = self.model.start_in_output();
        let at_once = rows_at_once(predicted);
        for first in (0..n_rows).step_by(at_once) {
            let rows = first..(first + at_once).min(n_rows);
            if !rows.clone().any(&wanted) {
                continue;
            }
            let (isa, way, logits) = (self.isa, Way::Threads(self.threads), &mut self.logits);
            let mut product = |first: usize, view: &LinearView| {
                // Rows behind the predicted ones are embeddings only.
                let panels = 0..view.rows.min(predicted).div_ceil(LANES);
                linear(isa, states, rows.clone(), view, panels, &mut logits[first..], stride, way);
            };
            match &self.learner {
                Some(learner) => learner.for_each_part(self.version, &base, product),
                None => product(0, &base),
            }
            // A row of zeros makes a logit of 0, which would be nothing to some models and all to others.
            for row in rows.clone() {
                let logits = &mut self.logits[(row - rows.start) * stride..];
                rowless.iter().for_each(|&token| logits[token as usize] = f32::MIN);
            }
            let (logits, first) = (&self.logits, rows.start);
            let fill = |tables: &mut Tables| {
                let _exact = FloatEnv::exact();
                let logits = &logits[(tables.row - first) * stride..][..stride];
                tables.fill(isa, logits, predicted, start, duplicates);
            };
            let mut rows = rows.filter(|&row| wanted(row));
            loop {
                let mut filled = 0;
                for (tables, row) in self.tables.iter_mut().zip(&mut rows) {
                    tables.row = row;
                    filled += 1;
                }
                match &mut self.tables[..filled] {
                    [] => break,
                    [one] => fill(one),
                    several => parallel::for_each_mut(several, fill),
                }
                for tables in &mut self.tables[..filled] {
                    visit(tables.row, &mut tables.frequencies);
                }
            }
        }
    }

    /// Makes the next version of a part, of [`PARTS`](super::PARTS), of what the learner has learned.
    ///
    /// # Panics
    /// Unless it learns.
    pub fn study(&self, part: usize, lessons: &Lessons) {
        let learner = self.learner.as_ref().expect("an output layer that learns");
        learner.study(self.isa, &self.model, part, lessons);
    }
}
