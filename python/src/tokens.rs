//! What the model alone expects: the mixer, which learns the text and improves on it, has no part in this.

use std::sync::Arc;

use llmzip::Result;
use llmzip::kernels::Isa;
use llmzip::model::{self, Feed, Session};
use llmzip::stream::WindowPolicy;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::buffers::Bytes;
use crate::models::Model;
use crate::work::{self, Caller};

/// Tokens that run through the model at a time.
const RUN: usize = 64;

fn session(model: &Arc<model::Model>) -> Result<Session> {
    let window = model.config().window;
    let mut session =
        Session::new(model.clone(), Isa::choose()?, 1, window, WindowPolicy::Slide, RUN)?;
    session.spread(rayon::current_num_threads());
    Ok(session)
}

/// Each token's bytes, and how many bits it costs.
#[pyfunction]
pub fn bits_per_token<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
    model: &Bound<'py, Model>,
) -> PyResult<Bound<'py, PyList>> {
    let (bytes, model) = (Bytes::of(data)?, &model.get().model);
    let text = bytes.as_slice();
    let costs = work::run(py, Caller::default(), |host| {
        let mut costs = Vec::new();
        model.token_bits(text, rayon::current_num_threads(), &mut |token, bits| {
            host.watch.leave_if_stopped();
            costs.push((token.to_vec(), bits));
            Ok(())
        })?;
        Ok(costs)
    })?;
    let pair = |(token, bits): (Vec<u8>, f64)| (PyBytes::new(py, &token), bits);
    PyList::new(py, costs.into_iter().map(pair))
}

/// The natural logarithms of the probabilities of all tokens behind a text, as doubles of this machine.
#[pyfunction]
pub fn next_log_probs<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
    model: &Bound<'py, Model>,
) -> PyResult<Bound<'py, PyBytes>> {
    let (bytes, model) = (Bytes::of(data)?, &model.get().model);
    let text = bytes.as_slice();
    let log_probs = work::run(py, Caller::default(), |host| {
        let mut tokens = vec![model.config().start_row];
        tokens.extend(model.tokenizer().encode(text)?);
        let mut session = session(model)?;
        let mut log_probs = Vec::with_capacity(8 * model.config().coded);
        let (before, last) = tokens.split_at(tokens.len() - 1);
        // Of what stands before the last token nobody asks what it predicts.
        session.states(&[Feed { lane: 0, tokens: before }], |_, _, _, _| {
            host.watch.leave_if_stopped()
        });
        session.advance(&[Feed { lane: 0, tokens: last }], |_, _, frequencies| {
            let total = (frequencies.total() as f64).ln();
            for &freq in frequencies.as_slice() {
                log_probs.extend_from_slice(&(f64::from(freq).ln() - total).to_ne_bytes());
            }
        });
        model.check_unchanged()?;
        Ok(log_probs)
    })?;
    Ok(PyBytes::new(py, &log_probs))
}
