//! What each token of a text costs by the model alone.

use super::{Feed, Model, Session};
use crate::container::WindowPolicy;
use crate::error::Result;
use crate::kernels::Isa;
use std::sync::Arc;

/// Tokens that run through the model at a time.
const RUN: usize = 64;

impl Model {
    /// Shows each token of a text, as its bytes, with the bits that the model alone needs for it; `threads` may help.
    ///
    /// Each is predicted from those before it, the first from the beginning of a text. The mixer, which learns the text
    /// and improves on this, has no part in it. Bits are doubles of this machine: to look at, not to code with.
    ///
    /// # Errors
    /// What the text's tokens cannot be, a model whose file was changed meanwhile, and what `visit` fails with, which
    /// ends it there.
    pub fn token_bits(
        self: &Arc<Model>,
        text: &[u8],
        threads: usize,
        visit: &mut dyn FnMut(&[u8], f64) -> Result<()>,
    ) -> Result<()> {
        let tokens = self.tokenizer().encode(text)?;
        let window = self.config().window;
        let mut session = Session::with_positions(
            self.clone(),
            Isa::choose()?,
            1,
            window,
            WindowPolicy::Slide,
            RUN,
            tokens.len(),
        )?;
        session.spread(threads);
        let mut before = self.config().start_row;
        let mut fed = Vec::with_capacity(RUN);
        for run in tokens.chunks(RUN) {
            fed.clear();
            fed.push(before);
            fed.extend_from_slice(&run[..run.len() - 1]);
            before = run[run.len() - 1];
            let mut seen = Ok(());
            session.advance(&[Feed { lane: 0, tokens: &fed }], |_, index, frequencies| {
                let token = run[index];
                let freq = f64::from(frequencies.as_slice()[token as usize]);
                let bits = (frequencies.total() as f64 / freq).log2();
                if seen.is_ok() {
                    seen = visit(self.tokenizer().vocabulary().bytes(token), bits);
                }
            });
            seen?;
        }
        self.check_unchanged()
    }
}

#[cfg(test)]
mod tests {
    use crate::model::builtin;
    use crate::{Error, Options, compress};

    #[test]
    fn tokens_join_to_the_text_and_their_bits_to_about_its_size() {
        let text = b"The cat sat on the mat, and the dog sat on the cat. \xff\xfe".repeat(5);
        let (mut joined, mut bits) = (Vec::new(), 0.0);
        builtin()
            .token_bits(&text, 1, &mut |token, cost| {
                joined.extend_from_slice(token);
                bits += cost;
                Ok(())
            })
            .unwrap();
        assert_eq!(joined, text);
        // The mixer, which sees repeats, needs less; half of it would mean that they are bits of something else.
        let coded = 8.0 * compress(&text, &Options::default()).unwrap().len() as f64;
        assert!(bits > 0.5 * coded && bits < 8.0 * text.len() as f64, "{bits} and {coded}");
    }

    #[test]
    fn the_visitor_can_end_it() {
        let mut seen = 0;
        let ended = builtin().token_bits(b"one two three four", 1, &mut |_, _| {
            seen += 1;
            if seen == 2 { Err(Error::invalid("enough")) } else { Ok(()) }
        });
        assert!(matches!(ended, Err(Error::Invalid { .. })));
        assert_eq!(seen, 2);
        builtin().token_bits(b"", 1, &mut |_, _| panic!("of nothing")).unwrap();
    }
}
