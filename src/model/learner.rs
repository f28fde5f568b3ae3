//! An output layer that learns while it predicts, from the [lessons](super::Lessons) of what it predicted.

use super::lessons::{Lessons, Taught};
use super::{Config, Model};
use crate::kernels::{
    Aligned, Isa, LANES, LinearView, Push, Soon, packed_index, padded_cols, padded_rows, teach_row,
};
use std::ops::Range;
use std::sync::{Mutex, PoisonError, RwLock};

/// Parts of an output layer, each of which one thread can make anew while another makes another.
pub const PARTS: usize = 8;

/// Rows of a part of an output layer that predicts so many tokens: whole panels.
pub(super) fn part_rows(predicted: usize) -> usize {
    predicted.div_ceil(PARTS).next_multiple_of(LANES)
}

/// An output layer that learns, for several threads: version 0 is the model's own, and each [`study`](Self::study) of
/// a part makes the next version of that.
///
/// The newest two versions are there, so that one can be made while the one before it is used.
pub struct Learner {
    parts: Vec<Part>,
}

/// Some rows of an output layer.
struct Part {
    /// Which: whole panels.
    rows: Range<usize>,
    /// By version, modulo 2.
    copies: [RwLock<Copy>; 2],
    progress: Mutex<Progress>,
}

/// A part as the product sees it.
struct Copy {
    /// Packed as the model's own.
    weights: Aligned<i8>,
    corrections: Vec<i32>,
}

/// What is needed to make the next version of a part. Rows are counted from its first.
struct Progress {
    version: usize,
    /// How far each weight has moved, `[row][padded column]`, in units of 2^-20 of its step. What nobody touches is
    /// never in memory.
    fine: Vec<i32>,
    /// By row: whether it moved when the newest version was made, and so is old in the copy that is written next.
    moved: Vec<bool>,
    /// By row: one more than the place of its first push among `links`; 0 if there is none.
    first: Vec<u32>,
    /// Pushes, and one more than the place of the row's next.
    links: Vec<(Push, u32)>,
    /// The pushes of one row.
    pushes: Vec<Push>,
    /// Rows to be written.
    rows: Vec<usize>,
}

impl Learner {
    /// Version 0 of a model's output layer.
    ///
    /// # Panics
    /// If the model cannot learn ([`Model::can_learn`]).
    pub fn new(model: &Model) -> Learner {
        assert!(model.can_learn(), "an output layer that cannot learn");
        let base = model.linear(model.layout.output());
        // Rows behind the predicted ones are embeddings only.
        let predicted = model.config.predicted;
        let rows_each = part_rows(predicted);
        let edge = |part: usize| (part * rows_each).min(predicted);
        let parts = (0..PARTS).map(|part| Part::new(&base, edge(part)..edge(part + 1))).collect();
        Learner { parts }
    }

    /// Bytes that one takes at most.
    pub fn memory_bytes(config: &Config) -> usize {
        6 * config.predicted * padded_cols(config.hidden) + 32 * config.predicted
    }

    /// Calls `f` for each part of a version of `base`, one of the newest two, with the part's first row.
    pub(super) fn for_each_part(
        &self,
        version: usize,
        base: &LinearView,
        mut f: impl FnMut(usize, &LinearView),
    ) {
        for part in self.parts.iter().filter(|part| !part.rows.is_empty()) {
            let copy = part.copies[version % 2].read().unwrap_or_else(PoisonError::into_inner);
            let view = LinearView {
                rows: part.rows.len(),
                weights: &copy.weights,
                scales: &base.scales[part.rows.start..],
                corrections: &copy.corrections,
                ..*base
            };
            f(part.rows.start, &view);
        }
    }

    /// Makes the next version of a part, from the newest one and what `lessons` push, while nobody uses the one before
    /// it.
    pub fn study(&self, isa: Isa, model: &Model, part: usize, lessons: &Lessons) {
        let Part { rows, copies, progress } = &self.parts[part];
        let base = model.linear(model.layout.output());
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.version += 1;
        let copy = &copies[progress.version % 2];
        let mut copy = copy.write().unwrap_or_else(PoisonError::into_inner);
        let taught = (&lessons.taught[part][..], &lessons.states[..]);
        progress.study(isa, &base, rows, model.config.weight_max, taught, &mut copy);
    }
}

impl Part {
    fn new(base: &LinearView, rows: Range<usize>) -> Part {
        let width = padded_cols(base.cols);
        let padded = rows.start..padded_rows(rows.end);
        let weights = &base.weights[padded.start * width..padded.end * width];
        let copy = || {
            RwLock::new(Copy {
                weights: Aligned::copy(weights),
                corrections: base.corrections[padded.clone()].to_vec(),
            })
        };
        let progress = Progress {
            version: 0,
            fine: vec![0; rows.len() * width],
            moved: vec![false; rows.len()],
            first: vec![0; rows.len()],
            links: Vec::new(),
            pushes: Vec::new(),
            rows: Vec::with_capacity(rows.len()),
        };
        Part { copies: [copy(), copy()], progress: Mutex::new(progress), rows }
    }
}

impl Progress {
    /// Moves the rows of a part that the lessons push, no weight beyond `most`, and writes them and those that moved
    /// last.
    fn study(
        &mut self,
        isa: Isa,
        base: &LinearView,
        part: &Range<usize>,
        most: i8,
        (taught, states): (&[Taught], &[u8]),
        copy: &mut Copy,
    ) {
        self.links.clear();
        for taught in taught {
            let first = &mut self.first[taught.row as usize - part.start];
            self.links.push((taught.push, *first));
            *first = self.links.len() as u32;
        }
        // In the order in which they lie in memory.
        let both = self.first.iter().zip(&self.moved).map(|(&first, &moved)| first > 0 || moved);
        self.rows.clear();
        self.rows.extend(both.enumerate().filter(|(_, any)| *any).map(|(row, _)| row));
        let width = padded_cols(base.cols);
        let base = &base.weights[part.start * width..];
        let weights = &mut copy.weights;
        for (i, &row) in self.rows.iter().enumerate() {
            if let Some(next) = self.rows.get(i + 2) {
                Soon::NOTHING.and(&self.fine[next * width..][..width]).fetch(usize::MAX);
            }
            self.pushes.clear();
            let mut link = std::mem::take(&mut self.first[row]);
            self.moved[row] = link > 0;
            while link > 0 {
                let (push, next) = self.links[link as usize - 1];
                self.pushes.push(push);
                link = next;
            }
            let fine = &mut self.fine[row * width..][..width];
            let at = packed_index(width, row, 0);
            let (from, to) = (&base[at..], &mut weights[at..]);
            let sum = teach_row(isa, fine, &self.pushes, states, from, to, most);
            copy.corrections[row] = 128 * sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::QuantRows;
    use crate::model::Frequencies;
    use crate::model::{Output, builtin};
    use std::sync::Arc;

    /// A state whose values are all alike, and what the model answers to it.
    fn asked(output: &mut Output) -> (QuantRows, Frequencies) {
        let mut states = QuantRows::default();
        states.reshape(1, output.model().config().hidden, usize::MAX);
        states.data.fill(160);
        states.scales.fill(0.01);
        let mut answer = Frequencies::default();
        output.answer(&states, 1, |_| true, |_, frequencies| answer = frequencies.clone());
        (states, answer)
    }

    #[test]
    fn what_came_becomes_likelier_version_by_version() {
        let model = builtin();
        let learner = Arc::new(Learner::new(&model));
        let mut output = Output::new(model.clone(), Isa::choose().unwrap(), 1);
        let (_, unlearned) = asked(&mut output);
        output.learn(learner);
        let token = 4_321;
        let share =
            |answer: &Frequencies| f64::from(answer.as_slice()[token]) / answer.total() as f64;
        let mut before = 0.0;
        for version in 0..8 {
            output.turn_to(version);
            let (states, answer) = asked(&mut output);
            assert!(version > 0 || answer.as_slice() == unlearned.as_slice());
            assert!(share(&answer) > before, "{} after {before}", share(&answer));
            before = share(&answer);
            let mut lessons = Lessons::default();
            for _ in 0..20 {
                lessons.note(&model, &states, 0, token as u32, &answer);
            }
            (0..PARTS).for_each(|part| output.study(part, &lessons));
        }
        assert!(before > 2.0 * share(&unlearned), "{before}");
    }

    #[test]
    fn neither_the_order_of_lessons_nor_that_of_parts_matters() {
        let model = builtin();
        let isa = Isa::choose().unwrap();
        let mut output = Output::new(model.clone(), isa, 1);
        let (states, answer) = asked(&mut output);
        let mut answers = Vec::new();
        for backwards in [false, true] {
            let mut lessons = [Lessons::default(), Lessons::default()];
            for token in 0..50 {
                lessons[token as usize % 2].note(&model, &states, 0, 37 * token, &answer);
            }
            let mut both = Lessons::default();
            let order = if backwards { [1, 0] } else { [0, 1] };
            order.iter().for_each(|&i| both.append(&lessons[i]));
            output.learn(Arc::new(Learner::new(&model)));
            for part in 0..PARTS {
                output.study(if backwards { PARTS - 1 - part } else { part }, &both);
            }
            output.turn_to(1);
            answers.push(asked(&mut output).1);
        }
        assert!(answers[0].as_slice() == answers[1].as_slice());
        assert!(answers[0].as_slice() != answer.as_slice());
    }
}
