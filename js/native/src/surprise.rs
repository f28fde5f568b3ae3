//! How many bits each token of a text costs, by the model alone.

use llmzip::Result;

use crate::models::given;

/// For each token its bytes as a 32-bit number and its bits in single precision, little-endian.
///
/// The mixer, which learns the text and lowers this, has no part in it.
pub fn bits_per_token(text: &[u8]) -> Result<Vec<u8>> {
    let mut answer = Vec::new();
    given()?.model.token_bits(text, 1, &mut |token, bits| {
        answer.extend_from_slice(&(token.len() as u32).to_le_bytes());
        answer.extend_from_slice(&(bits as f32).to_le_bytes());
        Ok(())
    })?;
    Ok(answer)
}
