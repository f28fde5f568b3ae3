//! How many bits each token of a text costs, by the model alone.

use llmzip::Result;
use llmzip::kernels::Isa;
use llmzip::model::{Feed, Session};
use llmzip::stream::WindowPolicy;

use crate::models::given;

/// Tokens that run through the model at a time.
const RUN: usize = 64;

/// For each token its bytes as a 32-bit number and its bits in single precision, little-endian.
///
/// The mixer, which learns the text and lowers this, has no part in it.
pub fn bits_per_token(text: &[u8]) -> Result<Vec<u8>> {
    let model = given()?.model;
    let tokens = model.tokenizer().encode(text)?;
    let config = model.config();
    let (window, start) = (config.window, config.start_row);
    let mut session =
        Session::new(model.clone(), Isa::choose()?, 1, window, WindowPolicy::Slide, RUN)?;
    // Each token is predicted from those before it, the first from the beginning of a text.
    let mut fed = Vec::with_capacity(tokens.len());
    fed.extend(std::iter::once(start).chain(tokens.iter().copied()).take(tokens.len()));
    let mut answer = Vec::with_capacity(8 * tokens.len());
    session.advance(&[Feed { lane: 0, tokens: &fed }], |_, index, frequencies| {
        let token = tokens[index];
        let freq = f64::from(frequencies.as_slice()[token as usize]);
        let bits = (frequencies.total() as f64 / freq).log2() as f32;
        let bytes = model.tokenizer().decode(&[token]).len() as u32;
        answer.extend_from_slice(&bytes.to_le_bytes());
        answer.extend_from_slice(&bits.to_le_bytes());
    });
    Ok(answer)
}
