//! Where weights come from, one interface for every kind of file.

use crate::error::{Error, Result};
use std::ops::Range;

/// Named matrices and vectors of floats, read a few rows at a time.
///
/// Names are those of Hugging Face's files (`model.layers.0.mlp.up_proj.weight`).
pub(super) trait TensorSource {
    /// The shape of a tensor, rows first; `None` if there is none of this name.
    fn shape(&self, name: &str) -> Option<Vec<usize>>;

    /// Appends `rows` consecutive rows of a matrix, or that part of a vector, as f32.
    ///
    /// The caller has compared the shape.
    fn read(&self, name: &str, rows: Range<usize>, out: &mut Vec<f32>) -> Result<()>;
}

impl dyn TensorSource + '_ {
    /// A whole tensor whose shape is known.
    ///
    /// # Errors
    /// `Invalid` naming the tensor that is missing or has another shape.
    pub(super) fn whole(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        self.expect(name, shape)?;
        let n_rows = *shape.first().ok_or_else(|| other_shape(name, shape, &[0]))?;
        let mut out = Vec::new();
        self.read(name, 0..n_rows, &mut out)?;
        Ok(out)
    }

    /// The rows of a matrix of `cols` columns that `ids` name, appended in that order.
    ///
    /// # Errors
    /// `Invalid` naming the tensor and what it lacks.
    pub(super) fn rows(&self, name: &str, ids: &[u32], out: &mut Vec<f32>) -> Result<()> {
        // Neighbours in the file are read together; most of a matrix is one run.
        for run in ids.chunk_by(|a, b| a.checked_add(1) == Some(*b)) {
            let first = run[0] as usize;
            self.read(name, first..first + run.len(), out)?;
        }
        Ok(())
    }

    /// Refuses a matrix that is missing, has other columns, or too few rows for `ids`.
    pub(super) fn expect_rows(&self, name: &str, ids: &[u32], cols: usize) -> Result<()> {
        let shape = self.shape(name).ok_or_else(|| missing(name))?;
        let [n_rows, n_cols] = shape[..] else { return Err(other_shape(name, &shape, &[0, cols])) };
        if n_cols != cols {
            return Err(other_shape(name, &shape, &[n_rows, cols]));
        }
        match ids.iter().find(|&&id| id as usize >= n_rows) {
            Some(id) => Err(Error::invalid(format!("tensor {name} has no row for token {id}"))),
            None => Ok(()),
        }
    }

    /// Refuses a tensor that is missing or has another shape.
    pub(super) fn expect(&self, name: &str, shape: &[usize]) -> Result<()> {
        let found = self.shape(name).ok_or_else(|| missing(name))?;
        if found == shape { Ok(()) } else { Err(other_shape(name, &found, shape)) }
    }
}

/// Two tensors that lie in the same bytes, if there are any: `places` has first byte, end and name.
///
/// No program writes such files, and a small one could stand for any number of weights.
pub(super) fn overlapping(mut places: Vec<(u64, u64, &str)>) -> Option<[&str; 2]> {
    places.retain(|(start, end, _)| start < end);
    places.sort_unstable();
    let pairs = places.windows(2).find(|pair| pair[1].0 < pair[0].1)?;
    Some([pairs[0].2, pairs[1].2])
}

fn missing(name: &str) -> Error {
    Error::invalid(format!("no tensor {name}"))
}

fn other_shape(name: &str, found: &[usize], wanted: &[usize]) -> Error {
    Error::invalid(format!("tensor {name} has shape {found:?}, the configuration says {wanted:?}"))
}
