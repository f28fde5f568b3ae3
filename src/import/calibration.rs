//! A model run on a text while it is being made, to see what goes into its products.

use crate::container::WindowPolicy;
use crate::error::Result;
use crate::kernels::Isa;
use crate::model::{Feed, Model, ProductInputs, Session};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// Tokens of a text that are looked at; more of them change the weights little.
const MAX_TOKENS: usize = 16_384;

/// Bytes of inputs that are kept at a time; the model runs again for the next products.
const KEPT_BYTES: usize = 384 << 20;

/// Positions that a token sees meanwhile.
const WINDOW: usize = 512;

/// The inputs of a model's products, one product after the other.
///
/// Everything is the model's own arithmetic in a fixed order, so the numbers are the same everywhere.
pub(super) struct Calibration {
    model: Arc<Model>,
    tokens: Vec<u32>,
    isa: Isa,
    /// What was kept of products `first` and on and has not been asked for yet.
    kept: VecDeque<ProductInputs>,
    first: usize,
}

impl Calibration {
    /// For a text.
    pub(super) fn new(model: Arc<Model>, text: &[u8]) -> Result<Calibration> {
        // A token has at least one byte, and most have more.
        let mut tokens = model.tokenizer().encode(&text[..text.len().min(16 * MAX_TOKENS)])?;
        tokens.truncate(MAX_TOKENS);
        Ok(Calibration { model, tokens, isa: Isa::choose()?, kept: VecDeque::new(), first: 0 })
    }

    /// For a model of which only the products' inputs in general are of interest: tokens without a
    /// meaning, `(i * 2654435761 mod 2^32) mod coded` for i = 1 to `n_tokens`.
    pub(super) fn without_text(model: Arc<Model>, n_tokens: u32) -> Result<Calibration> {
        let coded = model.config().coded as u32;
        let tokens = (1..=n_tokens).map(|i| i.wrapping_mul(2_654_435_761) % coded).collect();
        Ok(Calibration { model, tokens, isa: Isa::choose()?, kept: VecDeque::new(), first: 0 })
    }

    /// The instruction set that runs.
    pub(super) fn isa(&self) -> Isa {
        self.isa
    }

    /// What goes into a product; products are asked for in ascending order, each once.
    pub(super) fn inputs(&mut self, product: usize) -> Result<ProductInputs> {
        if product >= self.first + self.kept.len() {
            let end = self.end_of_batch(product);
            (self.first, self.kept) = (product, self.run(product..end)?.into());
        }
        while self.first < product {
            self.kept.pop_front();
            self.first += 1;
        }
        self.first += 1;
        Ok(self.kept.pop_front().unwrap_or_default())
    }

    /// Products from `first` on that may be kept together.
    fn end_of_batch(&self, first: usize) -> usize {
        let config = self.model.config();
        let widths = [config.hidden, config.heads * config.head_dim, config.hidden];
        let mut left = KEPT_BYTES / self.tokens.len().max(1);
        let mut end = first;
        while end <= 4 * config.layers {
            let width = widths.get(end % 4).copied().unwrap_or(config.feed_forward);
            // A scale of 4 bytes serves 64 columns and more.
            let Some(rest) = left.checked_sub(width + width / 16 + 4) else { break };
            (left, end) = (rest, end + 1);
        }
        end.max(first + 1)
    }

    fn run(&self, products: Range<usize>) -> Result<Vec<ProductInputs>> {
        let window = self.model.config().window.min(WINDOW);
        let policy = WindowPolicy::Slide;
        let mut session = Session::new(self.model.clone(), self.isa, 1, window, policy, 64)?;
        session.observe(products);
        let start = [self.model.config().start_row];
        for tokens in [&start[..], &self.tokens] {
            session.advance(&[Feed { lane: 0, tokens }], |_, _, _| ());
        }
        Ok(session.observed())
    }
}
