//! The known-answer test: a machine that computes other numbers is found before it does harm.

use super::{Feed, Model, Session};
use crate::container::WindowPolicy;
use crate::error::{Error, Result};
use crate::kernels::Isa;
use crate::mixer::{Mixer, MixerKind, StartValues};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, OnceLock};

/// Small enough that the prompt runs out of it.
const WINDOW: usize = 6;
/// Lengths of the ragged first feeds of three lanes, and single steps of one lane after them.
const FEEDS: [usize; 3] = [9, 4, 1];
const STEPS: usize = 3;
/// Tokens that each mixer sees.
const MIXED_TOKENS: usize = 16;

/// SHA-256 over the frequencies of a short fixed prompt: three ragged lanes at once, some of them
/// past the window, then single rows.
///
/// The tokens are `(i * 2654435761 mod 2^32) mod coded` for i = 1, 2, ... in feeding order, each
/// lane beginning with the start row. Each frequency is hashed as 4 little-endian bytes, in the
/// order of lanes and positions. A few decisions of the mixers follow.
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
        results[feed][index] =
            frequencies.as_slice().iter().flat_map(|f| f.to_le_bytes()).collect();
    });
    let mut hash = Sha256::new();
    results.iter().flatten().for_each(|bytes: &Vec<u8>| hash.update(bytes));
    for _ in 0..STEPS {
        session.advance(&[Feed { lane: 0, tokens: &[next()] }], |_, _, frequencies| {
            frequencies.as_slice().iter().for_each(|f| hash.update(f.to_le_bytes()));
        });
    }
    mixer_steps(model.start_values(), &mut hash);
    Ok(hash.finalize().into())
}

/// Adds the probabilities of a few decisions to the hash: of each kind of mixer with the model's
/// start values, in one lane, sixteen tokens of two bytes.
///
/// The numbers `max(n * 2654435761 mod 2^32, 1)` for `n` = 1, 2, ... are taken in turn: one as the
/// likeliest token of each token, one as each decision's branch, and one as the model's opinion on
/// it in units of 2^-32, whose bit 2^16 is what comes; no token ends after its first byte.
fn mixer_steps(start_values: &StartValues, hash: &mut Sha256) {
    for kind in MixerKind::ALL {
        let lane = 0..2 * MIXED_TOKENS;
        let mut mixer = Mixer::new(kind, true, std::slice::from_ref(&lane), start_values);
        let mut n = 0u32;
        let mut next = || {
            n += 1;
            n.wrapping_mul(2_654_435_761).max(1)
        };
        for _ in 0..MIXED_TOKENS {
            mixer.begin_token(0, next());
            for bit in 0..16 {
                if bit == 8 {
                    mixer.at_branch(next());
                    hash.update(mixer.predict_end(next()).to_le_bytes());
                    mixer.update_end(false);
                }
                mixer.at_branch(next());
                let x = next();
                hash.update(mixer.predict_bit(Some(x)).to_le_bytes());
                mixer.update_bit(x >> 16 & 1 == 1);
            }
            mixer.end_token();
        }
    }
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
