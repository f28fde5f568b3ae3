//! The known-answer test: a machine that computes other numbers is found before it does harm.

use super::{Feed, Model, Session};
use crate::container::WindowPolicy;
use crate::error::{Error, Result};
use crate::kernels::Isa;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, OnceLock};

/// Small enough that the prompt runs out of it.
const WINDOW: usize = 6;
/// Lengths of the ragged first feeds of three lanes, and single steps of one lane after them.
const FEEDS: [usize; 3] = [9, 4, 1];
const STEPS: usize = 3;

/// SHA-256 over the frequencies of a short fixed prompt: three ragged lanes at once, some of them
/// past the window, then single rows.
///
/// The tokens are `(i * 2654435761 mod 2^32) mod coded` for i = 1, 2, ... in feeding order, each
/// lane beginning with the start row. Each frequency is hashed as 4 little-endian bytes, in the
/// order of lanes and positions.
///
/// # Errors
/// `Invalid` if this machine lacks what `LLMZIP_ISA` asks for.
pub fn known_answer(model: &Arc<Model>) -> Result<[u8; 32]> {
    let isa = Isa::choose()?;
    let coded = model.config().coded as u32;
    let mut session =
        Session::new(model.clone(), isa, FEEDS.len(), WINDOW, WindowPolicy::Slide, WINDOW)?;
    let mut counter = 0u32;
    let mut next = || {
        counter += 1;
        counter.wrapping_mul(2_654_435_761) % coded
    };
    let prompts = FEEDS.map(|len| {
        let mut tokens = vec![model.config().start_row];
        tokens.extend((1..len).map(|_| next()));
        tokens
    });
    let mut results = prompts.clone().map(|tokens| vec![Vec::new(); tokens.len()]);
    let feeds: Vec<_> =
        prompts.iter().enumerate().map(|(lane, tokens)| Feed { lane, tokens }).collect();
    session.advance(&feeds, |feed, index, frequencies| {
        results[feed][index] = bytemuck::cast_slice(frequencies.as_slice()).to_vec();
    });
    let mut hash = Sha256::new();
    results.iter().flatten().for_each(|bytes: &Vec<u8>| hash.update(bytes));
    for _ in 0..STEPS {
        session.advance(&[Feed { lane: 0, tokens: &[next()] }], |_, _, frequencies| {
            hash.update(bytemuck::cast_slice::<u32, u8>(frequencies.as_slice()));
        });
    }
    Ok(hash.finalize().into())
}

/// Runs the test once per model and process.
///
/// # Errors
/// `Inexact` if the answer is not the one stored with the model.
pub fn check_known_answer(model: &Arc<Model>) -> Result<()> {
    static PASSED: OnceLock<Mutex<HashSet<super::ModelId>>> = OnceLock::new();
    let passed = PASSED.get_or_init(Mutex::default);
    let mut passed = passed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if passed.contains(model.id()) {
        return Ok(());
    }
    if known_answer(model)? != *model.expected_answer() {
        return Err(Error::Inexact { what: format!("model {}", model.name()) });
    }
    passed.insert(*model.id());
    Ok(())
}
